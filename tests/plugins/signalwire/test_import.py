"""Pointing a number at our route: one write, and a true report of what became of it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
import pytest

from trunkline.errors import (
    CarrierRefused,
    CarrierUnavailable,
    CredentialsRejected,
    NumberNotFound,
    PermissionMissing,
    RateLimited,
    WriteOutcomeUnknown,
)

ONE = r"/phone_numbers/[0-9a-f-]{36}$"


@pytest.fixture
def number(desk: Any) -> str:
    return str(desk.numbers(count=1)[0])


def test_an_import_is_one_write_whose_answer_is_the_read_back(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    outcome = desk.import_(route, snapshot)
    assert outcome.error is None
    assert outcome.readback.points_at == route.id
    assert outcome.readback.view.kind == "script"
    (asked,) = desk.asked()
    assert asked.method == "PUT"
    assert asked.json == {
        "call_handler": "relay_script",
        "call_relay_script_url": route.data["address"],
        "call_receive_mode": "voice",
    }
    assert desk.held(number)["call_relay_script_url"] == route.data["address"]


def test_an_import_leaves_messages_and_the_name_alone(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=27)
    before = desk.held(number)
    desk.imported(number)
    after = desk.held(number)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"call_handler", "call_relay_script_url"}


def test_a_number_that_is_ours_already_is_not_written_again(desk: Any, number: str) -> None:
    route, _ = desk.imported(number)
    (snapshot,) = desk.snapshots([number])
    assert snapshot.points_at == route.id
    desk.forget()
    assert desk.import_(route, snapshot).readback.points_at == route.id
    assert desk.methods() == ["GET"]


def test_a_number_that_was_ours_when_read_and_is_not_now_is_written(desk: Any, number: str) -> None:
    route, _ = desk.imported(number)
    (snapshot,) = desk.snapshots([number])
    desk.change("numbers", number, call_handler="relay_topic", call_relay_topic="office", call_relay_script_url=None)
    desk.forget()
    assert desk.import_(route, snapshot).error is None
    assert desk.methods() == ["GET", "PUT"]


def test_a_number_that_receives_faxes_is_refused_unwritten(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=5)
    route, snapshot = desk.ready(number)
    assert isinstance(desk.import_(route, snapshot).error, CarrierRefused)
    assert not desk.asked()


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "truncated_json", "cut_short", "empty", "html"])
def test_a_lost_answer_is_read_back_and_never_written_again(desk: Any, number: str, kind: str) -> None:
    route, snapshot = desk.ready(number)
    desk.fault(kind, method="PUT")
    outcome = desk.import_(route, snapshot)
    assert desk.methods() == ["PUT", "GET"]
    applied = kind not in ("empty", "html")
    assert (desk.held(number)["call_handler"] == "relay_script") is applied
    if applied:
        assert outcome.readback.points_at == route.id
    else:
        assert isinstance(outcome.error, CarrierUnavailable)


@pytest.mark.parametrize(
    "fault",
    [{"kind": "status", "status": 500}, {"kind": "status", "status": 502, "body": "<html>"}, {"kind": "reset_before"}],
)
def test_a_write_that_did_not_happen_is_told_as_such(desk: Any, number: str, fault: dict[str, Any]) -> None:
    route, snapshot = desk.ready(number)
    before = desk.held(number)
    desk.fault(**fault, method="PUT")
    assert isinstance(desk.import_(route, snapshot).error, CarrierUnavailable)
    assert desk.methods() == ["PUT", "GET"]
    assert desk.held(number) == before


def test_where_reading_back_fails_too_the_outcome_is_unknown(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    desk.fault("timeout_after", method="PUT")
    desk.fault("status", status=500, method="GET", times=None)
    assert isinstance(desk.import_(route, snapshot).error, WriteOutcomeUnknown)
    assert desk.methods().count("PUT") == 1


def test_where_somebody_else_wrote_meanwhile_the_outcome_is_unknown(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    desk.fault("reset_before", method="PUT")
    desk.change("numbers", number, call_handler="relay_topic", call_relay_topic="elsewhere")
    assert isinstance(desk.import_(route, snapshot).error, WriteOutcomeUnknown)
    assert desk.methods().count("PUT") == 1


def test_a_429_is_sent_again_and_its_patience_kept(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    desk.fault("status", status=429, method="PUT", headers={"Retry-After": "2"})
    assert desk.import_(route, snapshot).error is None
    assert desk.methods() == ["PUT", "PUT"]
    assert desk.sleeps[-1] >= 2


@pytest.mark.parametrize("retry_after", [None, 3])
def test_the_carriers_own_limit_on_writes_ends_in_patience_or_rate_limited(
    desk: Any, number: str, retry_after: int | None
) -> None:
    route, snapshot = desk.ready(number)
    desk.switch(writes_per_10_seconds=0, retry_after=retry_after)
    error = desk.import_(route, snapshot).error
    assert isinstance(error, RateLimited)
    assert error.retry_after == retry_after
    assert error.reply.code == "rate_limit_exceeded"


def test_a_handle_that_is_no_id_of_a_number_asks_nothing(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    odd = attrs.evolve(snapshot, number=attrs.evolve(snapshot.number, handle="../../fabric/resources"))
    assert isinstance(desk.import_(route, odd).error, NumberNotFound)
    assert not desk.asked()


@pytest.mark.parametrize("patch", [{"number": "+18085550199"}, {"id": "0" * 8}, {"call_handler": 7}, [1, 2], "text"])
def test_an_answer_about_something_else_is_read_back(desk: Any, number: str, patch: Any) -> None:
    route, snapshot = desk.ready(number)
    desk.fault("patch_json", method="PUT", patch=patch)
    assert desk.import_(route, snapshot).readback.points_at == route.id
    assert desk.methods() == ["PUT", "GET"]


def test_a_token_that_lost_its_scope_since_is_told_apart_from_a_bad_one(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    desk.change("account", "-", scopes=["Voice"])
    assert isinstance(desk.import_(route, snapshot).error, PermissionMissing)
    assert desk.methods() == ["PUT", "GET"]
    desk.fault("status", status=401, times=None)
    assert isinstance(desk.import_(route, snapshot).error, CredentialsRejected)


@pytest.mark.parametrize(
    ("code", "word"),
    [("insufficient_balance", "balance"), ("account_limit_exceeded", "limit"), ("10001", "enabled")],
)
def test_a_refusal_with_a_reason_of_its_own_is_told_and_ends_the_matter(
    desk: Any, number: str, code: str, word: str
) -> None:
    route, snapshot = desk.ready(number)
    refusal = {"errors": [{"type": "validation_error", "code": code, "message": "no", "url": "x"}]}
    desk.fault("status", status=422, method="PUT", json=refusal)
    error = desk.import_(route, snapshot).error
    assert isinstance(error, CarrierRefused)
    assert error.reply.code == code
    assert word in error.summary
    assert desk.methods() == ["PUT"]


def test_a_refusal_that_is_about_something_else_makes_no_bin(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    refusal = {"errors": [{"detail": "Number is locked", "status": "422", "title": "Invalid", "code": "422"}]}
    desk.fault("status", status=422, method="PUT", json=refusal)
    assert isinstance(desk.import_(route, snapshot).error, CarrierRefused)
    assert desk.methods() == ["PUT"]


# The script's address is not accepted


@pytest.mark.parametrize(
    "body",
    [
        {"error": "Bad Request"},
        {"errors": [{"detail": "Call handler is wrong", "status": "422", "title": "Invalid", "code": "422"}]},
        {"errors": [{"type": "x", "code": "invalid_parameter", "message": "no", "attribute": "call_relay_script_url"}]},
        {},
    ],
    ids=str,
)
@pytest.mark.parametrize("status", [400, 422])
def test_every_shape_of_a_refusal_of_the_address_leads_to_the_bin(
    desk: Any, number: str, body: Any, status: int
) -> None:
    route, snapshot = desk.ready(number)
    desk.fault("status", status=status, method="PUT", json=body)
    assert desk.import_(route, snapshot).readback.points_at == route.id
    assert len(desk.project().bins) == 1


@pytest.mark.parametrize("answer", ["refused", "dropped"])
def test_where_the_scripts_address_is_not_accepted_a_laml_bin_takes_its_place(
    desk: Any, number: str, answer: str
) -> None:
    desk.switch(script_address=answer)
    route, snapshot = desk.ready(number)
    before = desk.held(number)
    outcome = desk.import_(route, snapshot)
    assert outcome.error is None
    assert outcome.readback.points_at == route.id
    assert [(asked.method, asked.path.rpartition("/")[2][:8]) for asked in desk.asked()] == [
        ("PUT", snapshot.number.handle[:8]),
        ("GET", "LamlBins"),
        ("POST", "LamlBins"),
        ("PUT", snapshot.number.handle[:8]),
    ]
    (own,) = desk.project().bins.values()
    assert own.name == "trunkline 1 org 7"
    assert "sip:{{To}}@sip.platform.example:5061;transport=tls" in own.contents
    assert desk.held(number)["call_request_url"] == own.request_url
    # Everything later knows it for ours, too.
    (again,) = desk.snapshots([number])
    assert again.points_at == route.id
    assert desk.engine.verify_number(desk.account(), snapshot.number.ref, route).inbound.code == "routed_here"
    later = desk.engine.prepare_route(desk.account())
    assert (later.id, later.kind, later.made) == (route.id, "laml_bin", False)
    assert desk.release(route, snapshot).outcome.value in ("restored", "cannot_restore")
    assert desk.held(number) == {**before, "call_handler": desk.held(number)["call_handler"]}


def test_what_points_at_the_script_stays_ours_when_the_bin_takes_its_place(desk: Any) -> None:
    first, second = desk.numbers(count=2, start=60)
    before = desk.held(first)
    _, snapshot = desk.imported(first)
    desk.switch(script_address="refused")
    desk.imported(second)
    route = desk.engine.prepare_route(desk.account())
    assert route.kind == "laml_bin"
    (present,) = desk.snapshots([first])
    assert present.points_at == route.id
    assert desk.engine.verify_number(desk.account(), snapshot.number.ref, route).inbound.code == "routed_here"
    desk.forget()
    assert desk.import_(route, present).error is None
    assert not desk.asked("PUT")
    desk.switch(null_handler="accepted")
    assert desk.release(route, snapshot).code == "restored"
    assert desk.held(first) == before


def test_many_numbers_at_once_share_one_bin(desk: Any) -> None:
    desk.switch(script_address="refused")
    numbers = desk.numbers(count=40, start=60)
    route = desk.engine.prepare_route(desk.account())
    outcomes = list(desk.engine.import_numbers(desk.account(), route, desk.snapshots(numbers)))
    assert [outcome.error for outcome in outcomes] == [None] * 40
    assert len(desk.project().bins) == 1
    assert len([s for s in desk.project().scripts.values() if s.display_name.startswith("trunkline")]) == 1


def test_imports_from_many_engines_share_one_bin_and_one_script(desk: Any) -> None:
    desk.switch(script_address="refused")
    route = desk.engine.prepare_route(desk.account())
    work = [(desk.engine, snapshot) for snapshot in desk.snapshots(desk.numbers(count=8, start=60))]

    def run(each: Any) -> Any:
        engine, snapshot = each
        return next(engine.import_numbers(desk.account(), route, [snapshot]))

    with ThreadPoolExecutor(8) as pool:
        assert [outcome.error for outcome in pool.map(run, work)] == [None] * 8
    assert len(desk.project().bins) == 1


def test_with_the_bin_there_an_import_is_one_write_again(desk: Any) -> None:
    desk.switch(script_address="refused")
    first, second = desk.numbers(count=2, start=60)
    desk.imported(first)
    route, snapshot = desk.ready(second)
    assert route.kind == "laml_bin"
    assert desk.import_(route, snapshot).error is None
    assert desk.methods() == ["PUT"]


def test_a_token_that_may_make_no_bin_is_told_so_and_nothing_is_changed(desk: Any) -> None:
    desk.switch("video_only", script_address="refused")
    (number, *_) = desk.numbers("video_only")
    route, snapshot = desk.ready(number, "video_only")
    before = desk.held(number, "video_only")
    assert isinstance(desk.import_(route, snapshot, "video_only").error, PermissionMissing)
    assert desk.held(number, "video_only") == before
    assert len(desk.asked("PUT")) == 1


def test_a_lost_answer_to_the_write_that_points_at_the_bin_is_read_back(desk: Any, number: str) -> None:
    desk.switch(script_address="refused")
    route, snapshot = desk.ready(number)
    desk.fault("timeout_after", method="PUT", after=1)
    assert desk.import_(route, snapshot).readback.points_at == route.id
    assert len(desk.asked("PUT")) == 2


@pytest.mark.parametrize("how", ["refused", "without_address"])
def test_where_no_usable_script_can_be_made_the_route_is_a_bin_from_the_start(desk: Any, number: str, how: str) -> None:
    desk.switch(scripts=how)
    route, snapshot = desk.ready(number)
    assert (route.kind, route.made) == ("laml_bin", True)
    assert desk.import_(route, snapshot).error is None
    assert desk.methods() == ["PUT"]
    assert desk.engine.prepare_route(desk.account()).id == route.id
    assert len(desk.project().bins) == 1


def test_a_404_at_the_write_is_a_number_that_is_gone(desk: Any, number: str) -> None:
    route, snapshot = desk.ready(number)
    desk.fault("status", status=404, method="PUT", json={"error": "Not Found"})
    assert isinstance(desk.import_(route, snapshot).error, NumberNotFound)
