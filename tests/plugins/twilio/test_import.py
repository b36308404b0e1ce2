"""Pointing a number at our trunk: one write, and a true report of what became of it."""

from typing import Any

import attrs
import pytest

from trunkline.engine import ImportOutcome
from trunkline.errors import (
    AccountSuspended,
    CarrierRefused,
    CarrierUnavailable,
    CredentialsRejected,
    NumberNotFound,
    PermissionMissing,
    RateLimited,
    TrunklineError,
    WriteOutcomeUnknown,
)

NUMBER = r"/IncomingPhoneNumbers/PN\w+\.json$"


def do_import(desk: Any, route: Any, snapshot: Any, label: str = "healthy") -> Any:
    (outcome,) = desk.engine.import_numbers(desk.account(label), route, [snapshot])
    assert isinstance(outcome, ImportOutcome)
    return outcome


def is_ours(desk: Any, number: str, route: Any, label: str = "healthy") -> bool:
    return bool(desk.routing(number, label)["trunk_sid"] == route.id)


@pytest.fixture
def number(desk: Any) -> str:
    return str(desk.numbers(count=1)[0])


def test_an_import_is_one_write_whose_answer_is_the_read_back(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    outcome = do_import(desk, route, snapshot)
    assert outcome.error is None
    assert outcome.readback.points_at == route.id
    assert is_ours(desk, number, route)
    (asked,) = desk.asked()
    assert (asked.method, asked.form) == ("POST", {"TrunkSid": route.id})


def test_a_number_that_is_ours_already_is_not_written_again(desk: Any, number: str) -> None:
    route, _ = desk.imported(number)
    (snapshot,) = desk.snapshots([number])
    desk.forget()
    assert do_import(desk, route, snapshot).readback.points_at == route.id
    assert [entry.method for entry in desk.asked()] == ["GET"]


def test_a_number_that_receives_faxes_is_refused_unwritten(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=5)
    route, snapshot = desk.ready(number)
    assert isinstance(do_import(desk, route, snapshot).error, CarrierRefused)
    assert not desk.asked()


def test_a_number_that_is_not_in_use_is_listed_warned_of_and_refused_unwritten(desk: Any, number: str) -> None:
    desk.change("numbers", number, status="pending-review")
    assert number in {each.number for each in desk.engine.list_numbers(desk.account())}
    route, snapshot = desk.ready(number)
    (warning,) = desk.engine.plan_import(desk.account(), [snapshot]).warnings
    assert (warning.code, warning.numbers) == ("number_not_active", (number,))
    desk.forget()
    outcome = do_import(desk, route, snapshot)
    assert isinstance(outcome.error, CarrierRefused)
    assert "pending review" in str(outcome.error)
    assert not desk.asked()


def test_messages_stay_where_they_were(desk: Any, number: str) -> None:
    before = desk.routing(number)
    desk.imported(number)
    after = desk.routing(number)
    assert {name for name in before if before[name] != after[name]} <= {"trunk_sid"}


LOST_AFTER = ["timeout_after", "reset_after", "truncated_json", "cut_short"]


@pytest.mark.parametrize("kind", LOST_AFTER)
def test_a_write_whose_answer_was_lost_is_found_by_reading_back(desk: Any, number: str, kind: str) -> None:
    route, snapshot = desk.ready(number)
    desk.fault(kind, method="POST")
    outcome = do_import(desk, route, snapshot)
    assert outcome.error is None
    assert is_ours(desk, number, route)
    assert [entry.method for entry in desk.asked()] == ["POST", "GET"]


def test_an_answer_that_is_older_than_the_write_is_not_believed(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    desk.fault("patch_json", method="POST", patch={"trunk_sid": None})
    assert do_import(desk, route, snapshot).readback.points_at == route.id
    assert len(desk.asked("POST")) == 1


NOT_APPLIED = [
    {"kind": "timeout_before"},
    {"kind": "reset_before"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "html", "status": 502},
    {"kind": "html", "status": 200},
    {"kind": "html", "status": 403},
    {"kind": "empty"},
    {"kind": "status", "status": 200, "body": "[]"},
    {"kind": "status", "status": 302},
]


@pytest.mark.parametrize("fault", NOT_APPLIED)
def test_a_write_that_took_no_effect_is_told_so_and_not_repeated(desk: Any, number: str, fault: dict[str, Any]) -> None:
    route, snapshot = desk.ready(number)
    before = desk.routing(number)
    desk.fault(**fault, method="POST")
    error = do_import(desk, route, snapshot).error
    # What we hung up on may come yet.
    assert isinstance(error, WriteOutcomeUnknown if fault["kind"] == "timeout_before" else CarrierUnavailable)
    assert "routed as before" in error.summary
    assert desk.routing(number) == before
    assert [entry.method for entry in desk.asked()] == ["POST", "GET"]


@pytest.mark.parametrize("fault", [*NOT_APPLIED, *({"kind": kind} for kind in LOST_AFTER)])
def test_where_reading_back_fails_too_the_outcome_is_unknown(desk: Any, number: str, fault: dict[str, Any]) -> None:
    route, snapshot = desk.ready(number)
    desk.fault(**fault, method="POST")
    desk.fault("status", status=500, method="GET", times=None)
    assert isinstance(do_import(desk, route, snapshot).error, WriteOutcomeUnknown)
    assert len(desk.asked("POST")) == 1


def test_a_number_that_is_neither_as_before_nor_ours_leaves_the_outcome_unknown(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    desk.change("numbers", number, voice_url="https://someone.example/else")
    desk.fault("timeout_before", method="POST")
    assert isinstance(do_import(desk, route, snapshot).error, WriteOutcomeUnknown)
    assert len(desk.asked("POST")) == 1


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 21245, CarrierRefused),
        (401, 20003, PermissionMissing),
        (403, 20403, AccountSuspended),
        (401, 10001, AccountSuspended),
        (400, 20005, AccountSuspended),
        (403, 70051, PermissionMissing),
        (401, 70051, PermissionMissing),
        (403, 20008, PermissionMissing),
        (404, 20404, NumberNotFound),
        (404, None, NumberNotFound),
        (403, None, PermissionMissing),
        (400, 20429, RateLimited),
    ],
)
def test_a_refused_write_is_told_by_its_code_before_its_status(
    desk: Any, number: str, status: int, code: int | None, error: type[TrunklineError]
) -> None:
    route, snapshot = desk.ready(number)
    body = {"code": code, "message": "no", "status": status} if code else None
    desk.fault("status", status=status, json=body, method="POST", headers={"Twilio-Request-Id": "RQ77"}, times=None)
    told = do_import(desk, route, snapshot).error
    assert isinstance(told, error)
    assert (told.reply.status, told.reply.code, told.reply.request_id) == (status, str(code) if code else None, "RQ77")
    assert len(desk.asked("POST")) == 1
    assert not is_ours(desk, number, route)


def test_both_shapes_of_an_error_body_are_read(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    problem = {"type": "about:blank", "title": "Forbidden", "status": 403, "code": 70051, "detail": "lacks it"}
    headers = {"Content-Type": "application/problem+json"}
    desk.fault("status", status=403, json=problem, headers=headers, method="POST")
    error = do_import(desk, route, snapshot).error
    assert isinstance(error, PermissionMissing)
    assert error.reply.code == "70051"
    assert "Forbidden: lacks it" in error.detail


def test_wrong_credentials_are_called_wrong_when_nothing_answers_to_them(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    error = do_import(desk, route, snapshot, "bad_credentials").error
    assert isinstance(error, CredentialsRejected)
    assert [(entry.method, entry.status) for entry in desk.asked()] == [("POST", 401), ("GET", 401)]


def test_a_second_number_on_a_trial_account_is_refused_with_what_to_do(desk: Any) -> None:
    one, two = desk.numbers("trial", 2)
    route, first = desk.ready(one, "trial")
    (second,) = desk.snapshots([two], "trial")
    assert do_import(desk, route, first, "trial").error is None
    error = do_import(desk, route, second, "trial").error
    assert isinstance(error, CarrierRefused)
    assert "one number" in error.summary
    assert "Upgrade" in error.summary


def test_after_the_first_refusal_the_other_numbers_of_a_trial_account_are_refused_unwritten(desk: Any) -> None:
    desk.sandbox.carrier.add_account("many", numbers=40, type="Trial")
    numbers = desk.numbers("many", 40)
    route = desk.engine.prepare_route(desk.account("many"))
    snapshots = desk.snapshots(numbers, "many")
    desk.forget()
    outcomes = list(desk.engine.import_numbers(desk.account("many"), route, snapshots))
    assert [outcome.number for outcome in outcomes if not outcome.error] == [
        number for number in numbers if is_ours(desk, number, route, "many")
    ]
    refused = [outcome.error for outcome in outcomes if outcome.error]
    assert len(refused) == 39
    assert {(error.code, error.summary) for error in refused} == {(refused[0].code, refused[0].summary)}
    assert "Upgrade" in refused[0].summary
    # At most ten are under way when the first is refused, and those beside them may have begun.
    assert len(desk.asked()) <= 20


def test_a_pause_is_honoured_and_then_told_of(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    desk.fault("status", status=429, headers={"Retry-After": "3"}, json={"code": 20429}, method="POST", times=None)
    error = do_import(desk, route, snapshot).error
    assert isinstance(error, RateLimited)
    assert error.retry_after == 3
    assert all(seconds >= 3 for seconds in desk.sleeps)
    assert desk.sleeps
    assert not is_ours(desk, number, route)


def test_a_pause_without_a_length_is_told_without_one(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    desk.fault("status", status=429, json={"code": 20429}, method="POST", times=None)
    error = do_import(desk, route, snapshot).error
    assert isinstance(error, RateLimited)
    assert error.retry_after is None


def test_a_handle_that_is_no_number_sid_is_never_made_part_of_an_address(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    odd = attrs.evolve(snapshot, number=attrs.evolve(snapshot.number, handle="../Applications/AP1"))
    assert isinstance(do_import(desk, route, odd).error, NumberNotFound)
    assert not desk.asked()


def test_many_numbers_are_imported_with_one_write_each(desk: Any) -> None:
    numbers = desk.numbers(count=40, start=30)
    route = desk.engine.prepare_route(desk.account())
    snapshots = desk.snapshots(numbers)
    desk.forget()
    outcomes = list(desk.engine.import_numbers(desk.account(), route, snapshots))
    assert {outcome.number for outcome in outcomes if outcome.readback} == set(numbers)
    assert [entry.method for entry in desk.asked()] == ["POST"] * 40
    assert max(entry.in_flight for entry in desk.asked()) <= 10
