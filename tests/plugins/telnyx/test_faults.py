"""Guided set-up under every fault, and answers of another form than Telnyx documents."""

from collections.abc import Callable
from typing import Any

import pytest

from trunkline.errors import (
    CarrierAnswerUnexpected,
    TrunklineError,
)

Hook = Callable[[Any, Any, Any], Any]

READS: dict[str, Hook] = {
    "test_credentials": lambda desk, route, snapshot: desk.engine.test_credentials(desk.account()),
    "suggest_name": lambda desk, route, snapshot: desk.engine.suggest_name(desk.account()),
    "list_numbers": lambda desk, route, snapshot: list(desk.engine.list_numbers(desk.account())),
    "read_routing": lambda desk, route, snapshot: desk.snapshots([snapshot.number.number]),
    "read_routing_of_many": lambda desk, route, snapshot: desk.snapshots(
        [n.phone_number for n in list(desk.held().numbers.values())[:9]]
    ),
    "plan_import": lambda desk, route, snapshot: desk.engine.plan_import(desk.account(), [snapshot]),
    "verify_number": lambda desk, route, snapshot: desk.engine.verify_number(
        desk.account(), snapshot.number.ref, route
    ),
}
FAULTS: dict[str, dict[str, Any]] = {
    "401": {"kind": "status", "status": 401},
    "403": {"kind": "status", "status": 403},
    "404": {"kind": "status", "status": 404},
    "429": {"kind": "status", "status": 429},
    "429 and how long": {"kind": "status", "status": 429, "headers": {"Retry-After": "5"}},
    "429 and when": {"kind": "status", "status": 429, "headers": {"x-ratelimit-reset": "7"}},
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503},
    "408": {"kind": "status", "status": 408},
    "302": {"kind": "status", "status": 302, "headers": {"Location": "https://x.example/"}},
    "html": {"kind": "html", "status": 200},
    "html 403": {"kind": "html", "status": 403},
    "html 502": {"kind": "html", "status": 502},
    "empty": {"kind": "empty"},
    "no object": {"kind": "status", "status": 200, "body": "[1, 2]"},
    "no data": {"kind": "status", "status": 200, "json": {"errors": []}},
    "truncated": {"kind": "truncated_json"},
    "cut short": {"kind": "cut_short"},
    "oversized": {"kind": "oversized", "size": 5 * 1024 * 1024},
    "timeout": {"kind": "timeout_before"},
    "reset": {"kind": "reset_before"},
}


@pytest.fixture
def prepared(desk: Any) -> tuple[Any, Any]:
    ready: tuple[Any, Any] = desk.ready(desk.number(connection_id=desk.connection("Head office").id).phone_number)
    return ready


def state(desk: Any) -> dict[str, Any]:
    held = {label: desk.held(label).described() for label in ("healthy", "guided")}
    return {
        label: {name: each[name] for name in ("connections", "outbound_voice_profiles")} for label, each in held.items()
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_a_guided_set_up_under_a_lasting_fault_changes_nothing_or_says_so(desk: Any, fault: str) -> None:
    before = state(desk)
    options = FAULTS[fault]
    desk.fault(**options, times=None)
    with pytest.raises(TrunklineError) as caught:
        desk.set_up()
    assert caught.value.code in CODES
    if options["kind"] not in ("truncated_json", "cut_short", "oversized"):
        assert state(desk) == before
    # Only what was certainly not processed is sent again.
    assert len(desk.writes()) <= (4 if "429" in fault else 1)


CODES = {
    "credentials_rejected",
    "permission_missing",
    "number_not_found",
    "carrier_refused",
    "rate_limited",
    "carrier_unavailable",
    "carrier_timed_out",
    "carrier_answer_unexpected",
    "unverified_write",
}


# Answers of another form


@pytest.mark.parametrize(
    ("hook", "path", "patch"),
    [
        ("list_numbers", "/phone_numbers$", {"data": {"0": {"id": None}}}),
        ("list_numbers", "/phone_numbers$", {"data": {"0": {"phone_number": 7}}}),
        ("list_numbers", "/phone_numbers$", {"data": {"0": {"status": None}}}),
        ("list_numbers", "/phone_numbers$", {"meta": {"page_number": 4}}),
        ("read_routing", "/phone_numbers$", {"data": {"0": {"connection_id": {"id": 1}}}}),
        ("read_routing", "/phone_numbers$", {"data": {"0": {"connection_id": True}}}),
        ("plan_import", "/fqdn_connections/", {"data": {"id": None}}),
        ("plan_import", "/fqdns$", {"data": {"0": {"id": None}}}),
        ("test_credentials", "/outbound_voice_profiles/", {"data": {"whitelisted_destinations": "US"}}),
        ("test_credentials", "/outbound_voice_profiles/", {"data": {"id": None}}),
        ("verify_number", "/phone_numbers/[0-9]+$", {"data": {"phone_number": "+13035550100"}}),
    ],
)
def test_an_answer_of_another_form_is_said_to_be_one(
    desk: Any, prepared: tuple[Any, Any], hook: str, path: str, patch: dict[str, Any]
) -> None:
    desk.fault("patch_json", path=path, patch=patch, times=None)
    with pytest.raises(CarrierAnswerUnexpected):
        READS[hook](desk, *prepared)


@pytest.mark.parametrize(
    ("path", "patch"),
    [
        ("/phone_numbers", {"data": {"*": {"new_field": {"a": [1]}}}}),
        ("/fqdn_connections/", {"data": {"new_field": 1, "inbound": {"more": None}, "$remove": ["tags"]}}),
        ("/balance", {"data": {"available_credit": None}}),
        ("/balance", {"data": {"available_credit": "NaN"}}),
        ("/fqdn_connections/", {"data": {"inbound": None}}),
        ("/phone_numbers/[0-9]+/voice", {"data": {"call_forwarding": None, "translated_number": None}}),
    ],
)
def test_what_is_new_or_null_is_survived(
    desk: Any, prepared: tuple[Any, Any], path: str, patch: dict[str, Any]
) -> None:
    desk.fault("patch_json", path=path, patch=patch, times=None)
    for hook in READS:
        READS[hook](desk, *prepared)
