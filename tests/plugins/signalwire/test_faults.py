"""Every hook under every fault that a carrier, or what stands before it, can have."""

from collections.abc import Callable
from typing import Any

import pytest

from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierTimedOut,
    CarrierUnavailable,
    CredentialsRejected,
    NumberNotFound,
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
    "read_routing_of_many": lambda desk, route, snapshot: desk.snapshots(desk.numbers(count=9)),
    "plan_import": lambda desk, route, snapshot: desk.engine.plan_import(desk.account(), [snapshot]),
    "verify_number": lambda desk, route, snapshot: desk.engine.verify_number(
        desk.account(), snapshot.number.ref, route
    ),
}
WRITES: dict[str, Hook] = {
    "prepare_route": lambda desk, route, snapshot: desk.engine.prepare_route(desk.account(marker="another")),
    "import_number": lambda desk, route, snapshot: desk.import_(route, snapshot),
    "release_number": lambda desk, route, snapshot: desk.release(route, snapshot),
}
VERDICTS = ("test_credentials",)
"""Hooks whose answer to a refusal is a verdict."""

FAULTS: dict[str, tuple[dict[str, Any], type[TrunklineError]]] = {
    "401": ({"kind": "status", "status": 401}, CredentialsRejected),
    "401 in words": ({"kind": "status", "status": 401, "json": {"error": "Unauthorized"}}, CredentialsRejected),
    "401 laml": ({"kind": "status", "status": 401, "json": {"code": 20003, "status": 401}}, CredentialsRejected),
    "403": ({"kind": "status", "status": 403}, PermissionMissing),
    "403 in words": ({"kind": "status", "status": 403, "json": {"error": "Forbidden"}}, PermissionMissing),
    "429": ({"kind": "status", "status": 429}, RateLimited),
    "429 and how long": ({"kind": "status", "status": 429, "headers": {"Retry-After": "5"}}, RateLimited),
    "500": ({"kind": "status", "status": 500, "json": {"error": "Internal Server Error"}}, CarrierUnavailable),
    "503": ({"kind": "status", "status": 503}, CarrierUnavailable),
    "408": ({"kind": "status", "status": 408}, CarrierUnavailable),
    "302": ({"kind": "status", "status": 302, "headers": {"Location": "https://x.example/"}}, CredentialsRejected),
    "html": ({"kind": "html", "status": 200}, CarrierAnswerUnexpected),
    "html 403": ({"kind": "html", "status": 403}, CarrierAnswerUnexpected),
    "html 404": ({"kind": "html", "status": 404}, CredentialsRejected),
    "html 502": ({"kind": "html", "status": 502}, CarrierUnavailable),
    "empty": ({"kind": "empty"}, CarrierAnswerUnexpected),
    "no object": ({"kind": "status", "status": 200, "body": "[1, 2]"}, CarrierAnswerUnexpected),
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
    if hook in VERDICTS and error in (CredentialsRejected, PermissionMissing):
        assert not READS[hook](desk, *prepared).passed
        return
    with pytest.raises(error) as caught:
        READS[hook](desk, *prepared)
    if error is RateLimited:
        assert caught.value.retry_after == (5.0 if "how long" in fault else None)
    assert str(caught.value)


@pytest.mark.parametrize("hook", READS)
def test_a_404_at_a_list_means_that_the_space_is_not_this_projects(
    desk: Any, prepared: tuple[Any, Any], hook: str
) -> None:
    desk.fault("status", status=404, json={"error": "Not Found"}, times=None)
    if hook in (*VERDICTS, "verify_number"):
        assert not READS[hook](desk, *prepared).passed
        return
    with pytest.raises(CredentialsRejected, match="space"):
        READS[hook](desk, *prepared)


@pytest.mark.parametrize("hook", READS)
def test_a_hook_that_only_reads_sends_nothing_but_get(desk: Any, prepared: tuple[Any, Any], hook: str) -> None:
    READS[hook](desk, *prepared)
    assert set(desk.methods()) == {"GET"}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("hook", WRITES)
def test_a_write_hook_under_a_lasting_fault_changes_nothing_or_says_so(
    desk: Any, prepared: tuple[Any, Any], hook: str, fault: str
) -> None:
    route, snapshot = prepared
    number = snapshot.number.number
    before, scripts = desk.held(number), len(desk.project().scripts)
    options, _ = FAULTS[fault]
    applied = options["kind"] in ("truncated_json", "cut_short", "oversized")
    desk.fault(**options, times=None)
    if hook == "import_number":
        outcome = WRITES[hook](desk, route, snapshot)
        assert outcome.readback is None
        code = outcome.error.code
        if applied:
            assert code == "unverified_write"
    else:
        with pytest.raises(TrunklineError) as caught:
            WRITES[hook](desk, route, snapshot)
        code = caught.value.code
    assert code in {
        "credentials_rejected",
        "permission_missing",
        "rate_limited",
        "carrier_unavailable",
        "carrier_timed_out",
        "carrier_answer_unexpected",
        "unverified_write",
    }
    if not applied:
        assert desk.held(number) == before
        assert len(desk.project().scripts) == scripts
    writes = [asked for asked in desk.asked() if asked.method != "GET"]
    # Only what was certainly not processed is sent again.
    assert len(writes) <= (4 if "429" in fault else 1)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("hook", WRITES)
def test_a_fault_of_the_writes_alone_ends_in_the_truth(
    desk: Any, prepared: tuple[Any, Any], hook: str, fault: str
) -> None:
    route, snapshot = prepared
    number = snapshot.number.number
    if hook == "release_number":
        assert desk.import_(route, snapshot).error is None
        desk.forget()
    before = desk.held(number)
    options, _ = FAULTS[fault]
    for method in ("PUT", "POST"):
        desk.fault(**options, method=method, times=None)
    try:
        outcome = WRITES[hook](desk, route, snapshot)
    except TrunklineError:
        outcome = None
    held = desk.held(number)
    if hook == "import_number":
        ours = held["call_relay_script_url"] == route.data["address"]
        assert (outcome.error is None) is ours
    elif hook == "release_number" and (outcome is None or outcome.outcome.value == "left_alone"):
        assert held == before
    elif hook == "prepare_route":
        made = [each for each in desk.project().scripts.values() if each.display_name == "another"]
        assert len(made) == (0 if outcome is None else 1)
    bodies = [(asked.method, asked.path, str(asked.json)) for asked in desk.asked() if asked.method != "GET"]
    assert "429" in fault or len(bodies) == len(set(bodies))


def test_a_404_at_the_write_is_a_number_that_is_gone(desk: Any, prepared: tuple[Any, Any]) -> None:
    desk.fault("status", status=404, method="PUT", json={"error": "Not Found"})
    assert isinstance(desk.import_(*prepared).error, NumberNotFound)


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
