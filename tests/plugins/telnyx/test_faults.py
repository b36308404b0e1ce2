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
WRITES: dict[str, Hook] = {
    "set_up_account": lambda desk, route, snapshot: desk.set_up(),
}
VERDICTS = ("test_credentials",)
"""Hooks whose answer to a refusal is a verdict."""

FAULTS: dict[str, tuple[dict[str, Any], type[TrunklineError]]] = {
    "401": ({"kind": "status", "status": 401}, CredentialsRejected),
    "403": ({"kind": "status", "status": 403}, PermissionMissing),
    "404": ({"kind": "status", "status": 404}, CarrierRefused),
    "429": ({"kind": "status", "status": 429}, RateLimited),
    "429 and how long": ({"kind": "status", "status": 429, "headers": {"Retry-After": "5"}}, RateLimited),
    "429 and when": ({"kind": "status", "status": 429, "headers": {"x-ratelimit-reset": "7"}}, RateLimited),
    "500": ({"kind": "status", "status": 500}, CarrierUnavailable),
    "503": ({"kind": "status", "status": 503}, CarrierUnavailable),
    "408": ({"kind": "status", "status": 408}, CarrierUnavailable),
    "302": ({"kind": "status", "status": 302, "headers": {"Location": "https://x.example/"}}, CarrierAnswerUnexpected),
    "html": ({"kind": "html", "status": 200}, CarrierAnswerUnexpected),
    "html 403": ({"kind": "html", "status": 403}, CarrierAnswerUnexpected),
    "html 502": ({"kind": "html", "status": 502}, CarrierUnavailable),
    "empty": ({"kind": "empty"}, CarrierAnswerUnexpected),
    "no object": ({"kind": "status", "status": 200, "body": "[1, 2]"}, CarrierAnswerUnexpected),
    "no data": ({"kind": "status", "status": 200, "json": {"errors": []}}, CarrierAnswerUnexpected),
    "truncated": ({"kind": "truncated_json"}, CarrierAnswerUnexpected),
    "cut short": ({"kind": "cut_short"}, CarrierUnavailable),
    "oversized": ({"kind": "oversized", "size": 5 * 1024 * 1024}, CarrierAnswerUnexpected),
    "timeout": ({"kind": "timeout_before"}, CarrierTimedOut),
    "reset": ({"kind": "reset_before"}, CarrierUnavailable),
}


@pytest.fixture
def prepared(desk: Any) -> tuple[Any, Any]:
    ready: tuple[Any, Any] = desk.ready(desk.number(connection_id=desk.connection("Head office").id).phone_number)
    return ready


TOLERATED = {
    ("suggest_name", "403"),
    ("suggest_name", "404"),
    ("verify_number", "404"),
}
"""What may not be read is left out of a name, and a number that is not there is a verdict."""


def state(desk: Any) -> dict[str, Any]:
    held = {label: desk.held(label).described() for label in ("healthy", "guided")}
    return {
        label: {name: each[name] for name in ("connections", "outbound_voice_profiles")} for label, each in held.items()
    }


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("hook", WRITES)
def test_a_write_hook_under_a_lasting_fault_changes_nothing_or_says_so(
    desk: Any, prepared: tuple[Any, Any], hook: str, fault: str
) -> None:
    before = state(desk)
    options, _ = FAULTS[fault]
    desk.fault(**options, times=None)
    applied = options["kind"] in ("truncated_json", "cut_short", "oversized")
    code, found = outcome_of(desk, prepared, hook)
    if hook == "release_number" and fault == "404":
        assert found.code == "number_not_on_account"
        return
    assert code in CODES, code
    if applied and hook == "import_number":
        assert code == "unverified_write"
    if not applied:
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


def outcome_of(desk: Any, prepared: tuple[Any, Any], hook: str) -> tuple[str | None, Any]:
    try:
        found = WRITES[hook](desk, *prepared)
    except TrunklineError as error:
        return error.code, error
    if hook == "import_number":
        return (found.error.code if found.error else None), found
    return None, found


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
