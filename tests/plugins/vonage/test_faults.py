"""Every hook under every fault that a carrier, or what stands before it, can have."""

from collections.abc import Callable
from typing import Any

import pytest

from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierRefused,
    CarrierTimedOut,
    CarrierUnavailable,
    CredentialsRejected,
    PermissionMissing,
    RateLimited,
    TrunklineError,
)

from .conftest import ROUTE

Hook = Callable[[Any, Any, Any], Any]

READS: dict[str, Hook] = {
    "test_credentials": lambda desk, route, snapshot: desk.engine.test_credentials(desk.account()),
    "suggest_name": lambda desk, route, snapshot: desk.engine.suggest_name(desk.account()),
    "list_numbers": lambda desk, route, snapshot: list(desk.engine.list_numbers(desk.account())),
    "read_routing": lambda desk, route, snapshot: desk.snapshots([snapshot.number.number]),
    "read_routing_of_many": lambda desk, route, snapshot: desk.snapshots(desk.numbers(count=9)),
    "plan_import": lambda desk, route, snapshot: desk.engine.plan_import(desk.account(), [snapshot]),
    "verify_number": lambda desk, route, snapshot: desk.engine.verify_number(
        desk.account(), snapshot.number.ref, route
    ),
}
WRITES: dict[str, Hook] = {
    "import_number": lambda desk, route, snapshot: desk.put(route, snapshot),
    "release_number": lambda desk, route, snapshot: desk.release(route, snapshot),
}

OLD_401 = {"error-code": "401", "error-code-label": "authentication failed"}
PROBLEM = {"type": "https://x.example/#y", "title": "No", "detail": "No.", "instance": "0123"}
FAULTS: dict[str, tuple[dict[str, Any], type[TrunklineError]]] = {
    "401": ({"kind": "status", "status": 401}, CredentialsRejected),
    "401 old": ({"kind": "status", "status": 401, "json": OLD_401}, CredentialsRejected),
    "401 problem": ({"kind": "status", "status": 401, "json": PROBLEM}, CredentialsRejected),
    "401 on 200": ({"kind": "status", "status": 200, "json": OLD_401}, CredentialsRejected),
    "403": ({"kind": "status", "status": 403}, PermissionMissing),
    "404": ({"kind": "status", "status": 404, "json": PROBLEM}, CarrierRefused),
    "420": ({"kind": "status", "status": 420, "json": {"error-code": "420"}}, CarrierRefused),
    "429": ({"kind": "status", "status": 429}, RateLimited),
    "429 and how long": ({"kind": "status", "status": 429, "headers": {"Retry-After": "5"}}, RateLimited),
    "429 html": ({"kind": "html", "status": 429}, RateLimited),
    "500": ({"kind": "status", "status": 500}, CarrierUnavailable),
    "500 in the body": ({"kind": "status", "status": 200, "json": {"error-code": "500"}}, CarrierUnavailable),
    "503": ({"kind": "status", "status": 503}, CarrierUnavailable),
    "408": ({"kind": "status", "status": 408}, CarrierUnavailable),
    "302": ({"kind": "status", "status": 302, "headers": {"Location": "https://x.example/"}}, CarrierAnswerUnexpected),
    "html": ({"kind": "html", "status": 200}, CarrierAnswerUnexpected),
    "html 403": ({"kind": "html", "status": 403}, CarrierAnswerUnexpected),
    "html 502": ({"kind": "html", "status": 502}, CarrierUnavailable),
    "empty": ({"kind": "empty"}, CarrierAnswerUnexpected),
    "no object": ({"kind": "status", "status": 200, "body": "[1, 2]"}, CarrierAnswerUnexpected),
    "deep": ({"kind": "status", "status": 200, "body": "[" * 100_000}, CarrierAnswerUnexpected),
    "truncated": ({"kind": "truncated_json"}, CarrierAnswerUnexpected),
    "cut short": ({"kind": "cut_short"}, CarrierUnavailable),
    "oversized": ({"kind": "oversized", "size": 5 * 1024 * 1024}, CarrierAnswerUnexpected),
    "timeout": ({"kind": "timeout_before"}, CarrierTimedOut),
    "reset": ({"kind": "reset_before"}, CarrierUnavailable),
}


@pytest.fixture
def prepared(desk: Any) -> tuple[Any, Any]:
    ready: tuple[Any, Any] = desk.ready(desk.numbers(count=1)[0])
    return ready


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("hook", READS)
def test_a_read_that_fails_is_an_error_of_the_right_family(
    desk: Any, prepared: tuple[Any, Any], hook: str, fault: str
) -> None:
    options, error = FAULTS[fault]
    desk.fault(**options, times=None)
    if hook == "test_credentials" and error in (CredentialsRejected, PermissionMissing):
        assert not READS[hook](desk, *prepared).passed
        return
    with pytest.raises(error) as caught:
        READS[hook](desk, *prepared)
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == (5.0 if "how long" in fault else None)
    assert str(caught.value)


@pytest.mark.parametrize("hook", READS)
def test_a_hook_that_only_reads_sends_nothing_but_get(desk: Any, prepared: tuple[Any, Any], hook: str) -> None:
    READS[hook](desk, *prepared)
    assert {entry.method for entry in desk.asked()} == {"GET"}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("hook", WRITES)
def test_a_write_hook_under_a_lasting_fault_of_everything_writes_nothing(desk: Any, hook: str, fault: str) -> None:
    number = desk.numbers(start=13)[0]
    prepared = desk.imported(number) if hook == "release_number" else desk.ready(number)
    before = desk.settings(number)
    options, error = FAULTS[fault]
    desk.fault(**options, times=None)
    if hook == "import_number":
        assert isinstance(WRITES[hook](desk, *prepared).error, error)
    else:
        with pytest.raises(error):
            WRITES[hook](desk, *prepared)
    assert desk.settings(number) == before
    assert not desk.asked("POST")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("hook", WRITES)
def test_a_fault_of_the_write_alone_never_makes_the_report_differ_from_what_is(
    desk: Any, hook: str, fault: str
) -> None:
    number = desk.numbers(start=13)[0]
    earlier = desk.settings(number)
    prepared = desk.imported(number) if hook == "release_number" else desk.ready(number)
    options, error = FAULTS[fault]
    desk.fault(**options, method="POST", times=None)
    if hook == "import_number":
        outcome = WRITES[hook](desk, *prepared)
        done = outcome.error is None
        is_ours = desk.snapshots([number])[0].points_at == ROUTE
        assert done is is_ours
    else:
        try:
            done = WRITES[hook](desk, *prepared).code == "restored"
        except TrunklineError:
            done = False
        assert done is (desk.settings(number) == earlier)
    assert done is (options["kind"] in ("truncated_json", "cut_short", "oversized"))
    # Only what was certainly not processed is sent again.
    assert len(desk.asked("POST")) == (4 if error is RateLimited else 1)


@pytest.mark.parametrize("hook", [*READS, *WRITES])
def test_reads_that_fail_twice_and_then_work_are_no_error(desk: Any, prepared: tuple[Any, Any], hook: str) -> None:
    desk.fault("status", status=503, method="GET", times=2)
    outcome = {**READS, **WRITES}[hook](desk, *prepared)
    assert getattr(outcome, "error", None) is None


@pytest.mark.parametrize("hook", [*READS, *WRITES])
def test_a_wrong_content_type_alone_harms_nothing(desk: Any, prepared: tuple[Any, Any], hook: str) -> None:
    desk.fault("wrong_content_type", times=None)
    outcome = {**READS, **WRITES}[hook](desk, *prepared)
    assert getattr(outcome, "error", None) is None


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
