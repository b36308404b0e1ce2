"""What Vonage's refusals say of themselves."""

from typing import Any

import pytest

from trunkline.errors import (
    CredentialsRejected,
    PermissionMissing,
)

OLD_401 = {"error-code": "401", "error-code-label": "authentication failed"}
PROBLEM = {"type": "https://x.example/#y", "title": "No", "detail": "No.", "instance": "0123"}


def test_the_code_in_the_body_counts_before_the_status(desk: Any) -> None:
    desk.fault("status", status=420, json=OLD_401, times=None)
    with pytest.raises(CredentialsRejected) as caught:
        list(desk.engine.list_numbers(desk.account()))
    assert (caught.value.reply.status, caught.value.reply.code) == (420, "401")


def test_a_refusal_keeps_the_carriers_request_id(desk: Any) -> None:
    desk.fault("status", status=403, json=PROBLEM, times=None)
    with pytest.raises(PermissionMissing) as caught:
        list(desk.engine.list_numbers(desk.account()))
    assert caught.value.reply.request_id == "0123"
    desk.forget()
    with pytest.raises(CredentialsRejected) as rejected:
        list(desk.engine.list_numbers(desk.account("bad_credentials")))
    assert len(rejected.value.reply.request_id or "") == 32
