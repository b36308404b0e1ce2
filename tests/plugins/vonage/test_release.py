"""Everything is given back as it was found, and nothing that was changed since is touched."""

from typing import Any

import pytest

from trunkline.errors import CarrierRefused, CarrierUnavailable, TrunklineError, WriteOutcomeUnknown
from trunkline.numbers import ReleaseOutcome
from trunkline.releases import restored, restored_before

RESTORED, LEFT_ALONE, CANNOT = ReleaseOutcome.RESTORED, ReleaseOutcome.LEFT_ALONE, ReleaseOutcome.CANNOT_RESTORE
WEBHOOK = "https://hooks.acme.example/sms?token=4cc355"


@pytest.mark.parametrize("hidden", ["listed", "listed_as_url"])
@pytest.mark.parametrize("at", [0, 5, *range(7, 25, 2)])
def test_import_and_release_give_back_exactly_the_state_before(desk: Any, at: int, hidden: str) -> None:
    desk.switch(hidden_fields=hidden)
    number = desk.numbers(start=at)[0]
    before = desk.held(number).listed(desk.carrier_account().switches)
    route, snapshot = desk.imported(number)
    release = desk.release(route, snapshot)
    assert (release.outcome, release.code) == (RESTORED, "restored")
    assert [entry.method for entry in desk.asked()] == ["GET", "POST", "GET"]
    after = desk.held(number).listed(desk.carrier_account().switches)
    if "messagesCallbackType" in before:
        # The deprecated pair says what `app_id` says.
        assert before.pop("messagesCallbackValue") == after["app_id"]
        del before["messagesCallbackType"]
    assert after == before


def test_fields_that_cannot_be_read_are_lost_as_the_plan_warned_and_the_release_says_so(desk: Any) -> None:
    number = desk.numbers(start=19)[0]
    route, snapshot = desk.imported(number)
    release = desk.release(route, snapshot)
    assert release.outcome is RESTORED
    assert desk.settings(number) == {}
    assert "if they were set, set them again" in release.detail


def test_a_release_in_part_says_what_it_cleared_too(desk: Any) -> None:
    desk.switch(clears_left_out=False, takes_empty_voice=False)
    route, snapshot = desk.imported(desk.numbers()[0])
    release = desk.release(route, snapshot)
    assert release.outcome is CANNOT
    assert "if they were set, set them again" in release.detail


@pytest.mark.parametrize("hidden", ["listed", "listed_as_url"])
def test_fields_that_the_list_shows_are_put_back_without_a_word(desk: Any, hidden: str) -> None:
    desk.switch(hidden_fields=hidden)
    number = desk.numbers(start=19)[0]
    before = desk.settings(number)
    route, snapshot = desk.imported(number)
    release = desk.release(route, snapshot)
    assert release == restored()
    assert desk.settings(number) == before != {}


def test_a_release_that_writes_nothing_says_nothing_of_what_a_write_clears(desk: Any) -> None:
    number = desk.numbers(start=13)[0]
    earlier = desk.settings(number)
    route, snapshot = desk.imported(number)
    desk.change(number, **earlier)
    assert desk.release(route, snapshot) == restored_before()


def test_what_was_set_beside_voice_since_stays_set(desk: Any) -> None:
    number = desk.numbers(start=13)[0]
    route, snapshot = desk.imported(number)
    desk.change(number, moHttpUrl=WEBHOOK)
    release = desk.release(route, snapshot)
    assert release.outcome is RESTORED
    assert "moHttpUrl" in release.detail
    assert "4cc355" not in release.detail
    assert desk.settings(number) == {
        "moHttpUrl": WEBHOOK,
        "voiceCallbackType": "tel",
        "voiceCallbackValue": "442079460001",
    }


def test_an_application_that_was_linked_since_keeps_the_messages_and_the_earlier_one_gets_the_calls(desk: Any) -> None:
    number = desk.numbers(start=9)[0]
    first, second = desk.carrier_account().applications
    route, snapshot = desk.imported(number)
    desk.change(number, app_id=second)
    release = desk.release(route, snapshot)
    assert release.outcome is RESTORED
    assert desk.settings(number) == {"app_id": second, "voiceCallbackType": "app", "voiceCallbackValue": first}


def test_where_the_deprecated_type_is_taken_no_more_that_is_refused_and_nothing_is_changed(desk: Any) -> None:
    number = desk.numbers(start=9)[0]
    _, second = desk.carrier_account().applications
    route, snapshot = desk.imported(number)
    desk.change(number, app_id=second)
    desk.switch(takes_app_type=False)
    before = desk.settings(number)
    with pytest.raises(CarrierRefused):
        desk.release(route, snapshot)
    assert desk.settings(number) == before


def test_a_number_that_was_routed_elsewhere_since_is_left_alone(desk: Any) -> None:
    number = desk.numbers()[0]
    route, snapshot = desk.imported(number)
    desk.change(number, voiceCallbackType="tel", voiceCallbackValue="442079460001")
    release = desk.release(route, snapshot)
    assert (release.outcome, release.code) == (LEFT_ALONE, "changed_since")
    assert not desk.asked("POST")


def test_a_number_that_was_put_back_by_hand_needs_nothing(desk: Any) -> None:
    number = desk.numbers(start=13)[0]
    earlier = desk.settings(number)
    route, snapshot = desk.imported(number)
    desk.change(number, **earlier)
    release = desk.release(route, snapshot)
    assert (release.outcome, release.code) == (RESTORED, "restored_before")
    assert not desk.asked("POST")


@pytest.mark.parametrize("still", [True, False])
def test_a_number_that_was_ours_before_the_import_has_no_earlier_routing(desk: Any, still: bool) -> None:
    number = desk.numbers()[0]
    desk.imported(number)
    route, snapshot = desk.ready(number)
    if not still:
        desk.change(number, voiceCallbackType=None, voiceCallbackValue=None)
    release = desk.release(route, snapshot)
    assert release.outcome is (CANNOT if still else LEFT_ALONE)
    assert not desk.asked("POST")


def test_an_application_that_was_deleted_is_named_by_its_end(desk: Any) -> None:
    number = desk.numbers(start=9)[0]
    application = desk.settings(number)["app_id"]
    route, snapshot = desk.imported(number)
    desk.sandbox.carrier.remove("healthy", "applications", application)
    release = desk.release(route, snapshot)
    assert (release.outcome, release.code) == (CANNOT, "earlier_application_deleted")
    assert application[-4:] in release.detail
    assert desk.settings(number)["voiceCallbackType"] == "sip"


def test_a_dead_sms_webhook_keeps_the_number_with_us_and_can_be_mended(desk: Any) -> None:
    number = desk.numbers(start=7)[0]
    before = desk.settings(number)
    route, snapshot = desk.imported(number)
    desk.switch(dead_hosts=("hooks.acme.example",))
    with pytest.raises(CarrierRefused) as caught:
        desk.release(route, snapshot)
    assert caught.value.reason == "sms_webhook_unreachable"
    assert "hooks.acme.example" in str(caught.value)
    assert "s3same" not in str(caught.value)
    desk.switch(dead_hosts=())
    assert desk.release(route, snapshot).outcome is RESTORED
    assert desk.settings(number) == before


# Lost answers


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "truncated_json", "cut_short"])
def test_a_release_whose_answer_was_lost_is_found_by_reading_back(desk: Any, kind: str) -> None:
    number = desk.numbers(start=13)[0]
    before = desk.settings(number)
    route, snapshot = desk.imported(number)
    desk.fault(kind, method="POST")
    assert desk.release(route, snapshot).code == "restored"
    assert desk.settings(number) == before
    assert len(desk.asked("POST")) == 1


@pytest.mark.parametrize("kind", ["timeout_before", "reset_before", "html", "empty", "status"])
def test_a_release_that_did_not_arrive_can_be_asked_for_again(desk: Any, kind: str) -> None:
    number = desk.numbers(start=13)[0]
    before = desk.settings(number)
    route, snapshot = desk.imported(number)
    desk.fault(kind, method="POST")
    # What we hung up on may come yet.
    with pytest.raises(WriteOutcomeUnknown if kind == "timeout_before" else CarrierUnavailable):
        desk.release(route, snapshot)
    assert len(desk.asked("POST")) == 1
    assert desk.release(route, snapshot).code == "restored"
    assert desk.settings(number) == before


def test_a_release_that_cannot_be_read_back_is_unknown(desk: Any) -> None:
    route, snapshot = desk.imported(desk.numbers()[0])
    desk.fault("status", method="GET", status=503, after=1, times=None)
    with pytest.raises(WriteOutcomeUnknown):
        desk.release(route, snapshot)


@pytest.mark.parametrize("at", [0, 9])
def test_where_an_update_merges_an_empty_voice_callback_restores_what_leaving_it_out_does_not(
    desk: Any, at: int
) -> None:
    desk.switch(clears_left_out=False)
    number = desk.numbers(start=at)[0]
    before = desk.settings(number)
    route, snapshot = desk.imported(number)
    release = desk.release(route, snapshot)
    assert (release.outcome, release.code) == (RESTORED, "restored")
    assert desk.settings(number) == before
    first, second = desk.asked("POST")
    assert "voiceCallbackType" not in first.form
    assert (second.form["voiceCallbackType"], second.form["voiceCallbackValue"]) == ("", "")


@pytest.mark.parametrize("kind", ["timeout_after", "timeout_before"])
def test_an_emptying_write_whose_answer_was_lost_is_settled_by_reading_back(desk: Any, kind: str) -> None:
    desk.switch(clears_left_out=False)
    number = desk.numbers()[0]
    route, snapshot = desk.imported(number)
    desk.fault(kind, method="POST", after=1)
    if kind == "timeout_after":
        assert desk.release(route, snapshot).code == "restored"
    else:
        with pytest.raises(WriteOutcomeUnknown):
            desk.release(route, snapshot)
    assert len(desk.asked("POST")) == 2
    desk.forget()
    assert desk.release(route, snapshot).outcome is RESTORED
    assert desk.settings(number) == {}


@pytest.mark.parametrize("at", [0, 9])
def test_where_an_update_merges_and_takes_nothing_empty_nothing_is_restored_and_that_is_said(
    desk: Any, at: int
) -> None:
    desk.switch(clears_left_out=False, takes_empty_voice=False)
    route, snapshot = desk.imported(desk.numbers(start=at)[0])
    release = desk.release(route, snapshot)
    assert (release.outcome, release.code) == (CANNOT, "restored_in_part")
    assert "still routed to this platform" in release.detail


def test_a_list_that_lags_behind_for_long_leaves_the_release_unknown(desk: Any) -> None:
    route, snapshot = desk.imported(desk.numbers(start=13)[0])
    desk.switch(lag=5)
    with pytest.raises(WriteOutcomeUnknown):
        desk.release(route, snapshot)
    desk.switch(lag=0)
    for _ in range(5):
        desk.snapshots([snapshot.number.number])
    assert desk.release(route, snapshot).code == "restored_before"


@pytest.mark.parametrize("status", [401, 403, 420, 429])
def test_a_refused_release_is_an_error_and_changes_nothing(desk: Any, status: int) -> None:
    number = desk.numbers(start=13)[0]
    route, snapshot = desk.imported(number)
    before = desk.settings(number)
    desk.fault("status", method="POST", status=status, times=None)
    with pytest.raises(TrunklineError):
        desk.release(route, snapshot)
    assert desk.settings(number) == before
