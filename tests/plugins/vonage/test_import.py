"""A number is pointed at the platform by one write that loses nothing of what is set on it."""

from typing import Any

import pytest

from trunkline.errors import (
    CarrierRefused,
    CarrierUnavailable,
    SnapshotStale,
    WriteOutcomeUnknown,
)

from .conftest import PLATFORM, ROUTE

WEBHOOK = "https://menu:s3same@hooks.acme.example/sms?token=4cc355"


def ours(number: str) -> dict[str, str]:
    return {"voiceCallbackType": "sip", "voiceCallbackValue": f"sip:{number}@{PLATFORM}"}


def test_a_number_is_imported_by_reading_writing_and_reading_back(desk: Any) -> None:
    number = desk.numbers()[0]
    outcome = desk.put(*desk.ready(number))
    assert outcome.error is None
    assert outcome.readback.points_at == ROUTE
    assert [entry.method for entry in desk.asked()] == ["GET", "POST", "GET"]
    assert desk.settings(number) == ours(number)
    (write,) = desk.asked("POST")
    assert write.path == "/number/update"
    assert write.form == {"country": "US", "msisdn": number[1:], **ours(number)}


@pytest.mark.parametrize("at", range(7, 25, 2))
def test_all_that_is_set_beside_voice_stays_set(desk: Any, at: int) -> None:
    desk.switch(hidden_fields="listed")
    number = desk.numbers(start=at)[0]
    before = desk.settings(number)
    desk.imported(number)
    kept = {name: value for name, value in before.items() if not name.startswith(("voiceCallback", "messages"))}
    if before.get("messagesCallbackValue") not in (None, before.get("app_id")):
        kept |= {name: value for name, value in before.items() if name.startswith("messages")}
    assert desk.settings(number) == kept | ours(number)


@pytest.mark.parametrize("way", ["listed", "listed_as_url"])
def test_a_status_webhook_that_the_list_shows_is_sent_again_under_its_own_name(desk: Any, way: str) -> None:
    desk.switch(hidden_fields=way)
    number = desk.numbers()[0]
    desk.change(number, voiceStatusCallback="https://hooks.acme.example/end", moSmppSysType="inbound")
    desk.imported(number)
    assert desk.settings(number)["voiceStatusCallback"] == "https://hooks.acme.example/end"
    assert desk.settings(number)["moSmppSysType"] == "inbound"


def test_messages_that_another_application_handles_stay_with_it(desk: Any) -> None:
    number = desk.numbers()[0]
    first, second = desk.carrier_account().applications
    desk.change(number, app_id=first, messagesCallbackType="app", messagesCallbackValue=second)
    desk.imported(number)
    assert desk.settings(number) == ours(number) | {
        "app_id": first,
        "messagesCallbackType": "app",
        "messagesCallbackValue": second,
    }


def test_an_application_listed_as_voice_alone_stays_linked(desk: Any) -> None:
    number = desk.numbers(start=9)[0]
    application = desk.settings(number)["app_id"]
    desk.fault("patch_json", path="/account/numbers", patch={"numbers": {"*": {"$remove": ["app_id"]}}}, times=None)
    route = desk.engine.prepare_route(desk.account())
    (snapshot,) = desk.snapshots([number])
    assert desk.put(route, snapshot).error is None
    assert desk.settings(number)["app_id"] == application


def test_what_is_set_when_the_write_leaves_counts_not_what_was_set_at_the_snapshot(desk: Any) -> None:
    number = desk.numbers()[0]
    route, snapshot = desk.ready(number)
    desk.change(number, moHttpUrl=WEBHOOK)
    assert desk.put(route, snapshot).error is None
    assert desk.settings(number)["moHttpUrl"] == WEBHOOK


def test_calls_that_were_routed_elsewhere_since_the_snapshot_are_not_overwritten(desk: Any) -> None:
    number = desk.numbers()[0]
    route, snapshot = desk.ready(number)
    desk.change(number, voiceCallbackType="tel", voiceCallbackValue="442079460001")
    assert isinstance(desk.put(route, snapshot).error, SnapshotStale)
    assert not desk.asked("POST")


def test_a_number_that_became_ours_since_the_snapshot_is_not_written(desk: Any) -> None:
    number = desk.numbers()[0]
    route, snapshot = desk.imported(number)
    assert desk.put(route, snapshot).error is None
    assert not desk.asked("POST")


def test_a_number_without_voice_is_refused_unwritten(desk: Any) -> None:
    outcome = desk.put(*desk.ready(desk.numbers(start=3)[0]))
    assert isinstance(outcome.error, CarrierRefused)
    assert not desk.asked("POST")


def test_a_number_that_goes_between_read_and_write_is_refused(desk: Any) -> None:
    number = desk.numbers()[0]
    route, snapshot = desk.ready(number)
    desk.fault("status", method="POST", status=420, json={"error-code": "420", "error-code-label": "method failed"})
    outcome = desk.put(route, snapshot)
    assert (type(outcome.error), outcome.error.reply.code) == (CarrierRefused, "420")


# The SMS webhook


@pytest.mark.parametrize("status", [420, 200])
@pytest.mark.parametrize("label", ["method failed", "Callback URL {url} not reachable", "{url}"])
def test_a_dead_sms_webhook_is_an_error_of_its_own_and_nothing_is_changed(desk: Any, status: int, label: str) -> None:
    desk.switch("dead_webhook", refusal_status=status, webhook_label=label)
    number = desk.numbers("dead_webhook")[0]
    before = desk.settings(number, "dead_webhook")
    outcome = desk.put(*desk.ready(number, "dead_webhook"), "dead_webhook")
    error = outcome.error
    assert isinstance(error, CarrierRefused)
    assert error.reason == "sms_webhook_unreachable"
    assert "gone.acme.example" in str(error)
    assert "dashboard" in str(error)
    for text in (str(error), error.detail, repr(error.reply)):
        assert "s3same" not in text
        assert "/sms" not in text
    assert desk.settings(number, "dead_webhook") == before
    assert len(desk.asked("POST")) == 1


def test_once_the_webhook_answers_again_the_import_goes_through(desk: Any) -> None:
    number = desk.numbers("dead_webhook")[0]
    route, snapshot = desk.ready(number, "dead_webhook")
    assert desk.put(route, snapshot, "dead_webhook").error is not None
    desk.switch("dead_webhook", dead_hosts=())
    assert desk.put(route, snapshot, "dead_webhook").error is None
    assert desk.settings(number, "dead_webhook")["moHttpUrl"].startswith("https://gone")


# Lost answers


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "truncated_json", "cut_short", "wrong_content_type"])
def test_a_write_whose_answer_was_lost_is_found_by_reading_back(desk: Any, kind: str) -> None:
    number = desk.numbers()[0]
    route, snapshot = desk.ready(number)
    desk.fault(kind, method="POST")
    outcome = desk.put(route, snapshot)
    assert outcome.error is None
    assert outcome.readback.points_at == ROUTE
    assert len(desk.asked("POST")) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "timeout_before"},
        {"kind": "reset_before"},
        {"kind": "empty"},
        {"kind": "html"},
        {"kind": "html", "status": 200},
        {"kind": "html", "status": 403},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 200, "body": "{}"},
        {"kind": "status", "status": 200, "json": {"error-code": "500", "error-code-label": "internal"}},
        {"kind": "status", "status": 200, "json": {"error-code": None}},
        {"kind": "status", "status": 302, "headers": {"Location": "https://elsewhere.example/"}},
    ],
    ids=str,
)
def test_a_write_that_did_not_arrive_is_reported_unavailable_and_not_repeated(desk: Any, fault: dict[str, Any]) -> None:
    number = desk.numbers()[0]
    route, snapshot = desk.ready(number)
    desk.fault(**fault, method="POST", times=None)
    outcome = desk.put(route, snapshot)
    # What we hung up on may come yet.
    late = fault["kind"] == "timeout_before"
    assert isinstance(outcome.error, WriteOutcomeUnknown if late else CarrierUnavailable)
    assert desk.settings(number) == {}
    assert len(desk.asked("POST")) == 1


def test_a_lost_answer_that_reading_back_does_not_settle_is_unknown(desk: Any) -> None:
    route, snapshot = desk.ready(desk.numbers()[0])
    desk.fault("reset_after", method="POST")
    desk.fault("status", method="GET", status=503, after=1, times=None)
    assert isinstance(desk.put(route, snapshot).error, WriteOutcomeUnknown)
    assert len(desk.asked("POST")) == 1


def test_an_accepted_write_that_cannot_be_read_back_is_unknown(desk: Any) -> None:
    route, snapshot = desk.ready(desk.numbers()[0])
    desk.fault("status", method="GET", status=503, after=1, times=None)
    outcome = desk.put(route, snapshot)
    assert isinstance(outcome.error, WriteOutcomeUnknown)
    assert "accepted" in str(outcome.error)


def test_a_lost_answer_and_another_routing_since_is_unknown(desk: Any) -> None:
    number = desk.numbers()[0]
    route, snapshot = desk.ready(number)
    desk.fault("reset_after", method="POST")
    patch = {"numbers": {"*": {"voiceCallbackType": "tel", "voiceCallbackValue": "44"}}}
    desk.fault("patch_json", method="GET", patch=patch, after=1)
    assert isinstance(desk.put(route, snapshot).error, WriteOutcomeUnknown)


@pytest.mark.parametrize(("lag", "imported"), [(2, True), (3, False)])
def test_a_list_that_lags_behind_is_read_again_and_then_the_outcome_is_unknown(
    desk: Any, lag: int, imported: bool
) -> None:
    desk.switch(lag=lag)
    outcome = desk.put(*desk.ready(desk.numbers()[0]))
    assert (outcome.error is None) is imported
    if not imported:
        assert isinstance(outcome.error, WriteOutcomeUnknown)
    assert len(desk.asked("POST")) == 1


# What nobody has seen


@pytest.mark.parametrize("way", ["as_written", "escaped", "upper_host"])
def test_an_address_is_recognised_however_it_is_listed(desk: Any, way: str) -> None:
    desk.switch(sip_value=way)
    number = desk.numbers()[0]
    route, snapshot = desk.imported(number)
    assert desk.put(route, snapshot).error is None
    assert not desk.asked("POST")
    assert desk.release(route, snapshot).outcome.value == "restored"
    assert desk.settings(number) == {}


def test_an_update_that_merges_is_survived(desk: Any) -> None:
    desk.switch(clears_left_out=False)
    number = desk.numbers(start=11)[0]
    before = desk.settings(number)
    route, snapshot = desk.imported(number)
    assert desk.release(route, snapshot).outcome.value == "restored"
    assert desk.settings(number) == before


def test_a_sip_address_that_drives_the_application_out_is_survived(desk: Any) -> None:
    desk.switch(sip_drops_application=True)
    number = desk.numbers(start=9)[0]
    before = desk.settings(number)
    route, snapshot = desk.imported(number)
    assert "app_id" not in desk.settings(number)
    assert desk.release(route, snapshot).outcome.value == "restored"
    assert desk.settings(number) == before


@pytest.mark.parametrize("retry_after", [1, None])
def test_a_429_of_a_write_is_waited_for(desk: Any, retry_after: int | None) -> None:
    route, snapshot = desk.ready(desk.numbers()[0])
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    desk.fault("status", method="POST", status=429, headers=headers, times=2)
    assert desk.put(route, snapshot).error is None
    assert len(desk.asked("POST")) == 3
    if retry_after:
        assert sum(desk.sleeps) >= 2


def test_writes_of_one_account_are_a_second_apart(desk: Any) -> None:
    numbers = desk.numbers(count=4, start=30)
    route = desk.engine.prepare_route(desk.account())
    snapshots = desk.snapshots(numbers)
    outcomes = list(desk.engine.import_numbers(desk.account(), route, snapshots))
    assert all(outcome.error is None for outcome in outcomes)
    waited = sorted(desk.sleeps)
    assert len(waited) == 3
    assert waited[0] > 0.5
    assert waited[2] - waited[1] > 0.5


def test_no_number_is_ever_bought_or_cancelled(desk: Any) -> None:
    for number in desk.numbers(count=3):
        route, snapshot = desk.imported(number)
        desk.release(route, snapshot)
        assert not desk.asked(None, "buy|cancel")
