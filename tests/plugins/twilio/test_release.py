"""Giving a number back as it was found."""

from typing import Any

import attrs
import pytest

from trunkline.errors import CarrierRefused, CarrierUnavailable, RateLimited, WriteOutcomeUnknown
from trunkline.numbers import Release


def release(desk: Any, route: Any, snapshot: Any, label: str = "healthy") -> Release:
    result: Release = desk.engine.release_number(desk.account(label), snapshot.number.ref, route, snapshot)
    return result


def told(result: Release) -> tuple[str, str]:
    return result.outcome.value, result.code


RESTORED = ("restored", "restored")


@pytest.mark.parametrize("at", [at for at in range(30) if at != 5])
def test_an_import_and_a_release_leave_everything_as_it_was(desk: Any, at: int) -> None:
    (number,) = desk.numbers(count=1, start=at)
    before = desk.routing(number)
    route, snapshot = desk.imported(number)
    assert desk.routing(number)["trunk_sid"] == route.id
    assert told(release(desk, route, snapshot)) == RESTORED
    assert desk.routing(number) == before
    assert [entry.method for entry in desk.asked()] == ["GET", "POST"]


def test_what_changed_besides_the_trunk_is_put_back_too_and_messages_are_not_touched(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=25)
    before = desk.routing(number)
    route, snapshot = desk.imported(number)
    desk.change("numbers", number, voice_url="", voice_method="POST", voice_caller_id_lookup=False)
    desk.change("numbers", number, sms_url="https://messages.example/new", status_callback="https://status.example/")
    assert told(release(desk, route, snapshot)) == RESTORED
    (write,) = desk.asked("POST")
    assert not [name for name in write.form if name.startswith("Sms")]
    assert desk.routing(number) == {**before, "sms_url": "https://messages.example/new"}


def test_the_trunk_itself_stays(desk: Any) -> None:
    (number,) = desk.numbers(count=1)
    route, snapshot = desk.imported(number)
    release(desk, route, snapshot)
    assert route.id in desk.carrier_account().trunks
    assert not desk.asked("DELETE")


@pytest.mark.parametrize("change", [{"trunk_sid": ""}, {"voice_application_sid": "AP" + "1" * 32}])
def test_what_was_changed_since_is_left_alone(desk: Any, change: dict[str, str]) -> None:
    (number,) = desk.numbers(count=1, start=9)
    route, snapshot = desk.imported(number)
    desk.change("numbers", number, **change)
    before = desk.routing(number)
    assert told(release(desk, route, snapshot)) == ("left_alone", "changed_since")
    assert desk.routing(number) == before
    assert not desk.asked("POST")


def test_a_number_that_was_on_our_trunk_before_has_no_earlier_routing(desk: Any) -> None:
    (number,) = desk.numbers(count=1)
    route, _ = desk.imported(number)
    (snapshot,) = desk.snapshots([number])
    assert told(release(desk, route, snapshot)) == ("cannot_restore", "no_earlier_routing")
    assert not desk.asked("POST")


def test_a_number_that_is_gone_is_looked_for_in_the_list_too_before_it_is_given_up_for_lost(desk: Any) -> None:
    (number,) = desk.numbers(count=1)
    route, snapshot = desk.imported(number)
    desk.sandbox.carrier.remove("healthy", "numbers", number)
    assert told(release(desk, route, snapshot)) == ("cannot_restore", "number_not_on_account")
    assert [(entry.method, entry.status) for entry in desk.asked()] == [("GET", 404), ("GET", 200)]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_single_404_is_not_believed_where_the_list_still_has_the_number(desk: Any, method: str) -> None:
    (number,) = desk.numbers(count=1)
    route, snapshot = desk.imported(number)
    desk.fault("status", status=404, json={"code": 20404, "status": 404}, method=method, path="/PN")
    with pytest.raises(CarrierUnavailable, match="lists it all the same"):
        release(desk, route, snapshot)
    assert desk.routing(number)["trunk_sid"] == route.id
    assert told(release(desk, route, snapshot)) == RESTORED


def test_a_number_that_came_back_under_another_handle_is_not_the_one_that_was_imported(desk: Any) -> None:
    (number,) = desk.numbers(count=1)
    route, snapshot = desk.imported(number)
    before = attrs.evolve(snapshot, number=attrs.evolve(snapshot.number, handle="PN" + "0" * 32))
    assert told(release(desk, route, before)) == ("cannot_restore", "number_not_on_account")
    assert not desk.asked("POST")


def test_an_earlier_trunk_that_was_deleted_cannot_be_restored_and_the_customer_is_told_what_to_do(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=9)
    route, snapshot = desk.imported(number)
    desk.sandbox.carrier.remove("healthy", "trunks", snapshot.restore["trunk_sid"])
    result = release(desk, route, snapshot)
    assert told(result) == ("cannot_restore", "earlier_trunk_deleted")
    assert "set where its calls go in the Twilio Console" in result.detail
    assert desk.routing(number)["trunk_sid"] == route.id


def test_an_earlier_application_that_was_deleted_cannot_be_restored(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=11)
    route, snapshot = desk.imported(number)
    desk.carrier_account().applications.clear()
    assert told(release(desk, route, snapshot)) == ("cannot_restore", "earlier_application_deleted")


def test_any_other_refusal_is_an_error_that_quotes_no_address(desk: Any) -> None:
    (number,) = desk.numbers(count=1)
    route, snapshot = desk.imported(number)
    message = "VoiceUrl https://menu:s3same-0pen@calls.acme.example/voice is not valid"
    desk.fault("status", status=400, json={"code": 21402, "message": message}, method="POST")
    with pytest.raises(CarrierRefused) as caught:
        release(desk, route, snapshot)
    assert caught.value.reply.code == "21402"
    assert "s3same" not in caught.value.detail + caught.value.summary


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "truncated_json", "cut_short"])
def test_a_release_whose_answer_was_lost_is_found_by_reading_back(desk: Any, kind: str) -> None:
    (number,) = desk.numbers(count=1, start=7)
    before = desk.routing(number)
    route, snapshot = desk.imported(number)
    desk.fault(kind, method="POST")
    assert told(release(desk, route, snapshot)) == RESTORED
    assert desk.routing(number) == before
    assert [entry.method for entry in desk.asked()] == ["GET", "POST", "GET"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "timeout_before"},
        {"kind": "reset_before"},
        {"kind": "status", "status": 500},
        {"kind": "html", "status": 502},
        {"kind": "empty"},
    ],
)
def test_a_release_that_took_no_effect_is_told_so_and_not_repeated(desk: Any, fault: dict[str, Any]) -> None:
    (number,) = desk.numbers(count=1)
    route, snapshot = desk.imported(number)
    desk.fault(**fault, method="POST")
    # What we hung up on may come yet.
    with pytest.raises(WriteOutcomeUnknown if fault["kind"] == "timeout_before" else CarrierUnavailable):
        release(desk, route, snapshot)
    assert len(desk.asked("POST")) == 1
    assert desk.routing(number)["trunk_sid"] == route.id


def test_where_reading_back_fails_too_the_outcome_is_unknown(desk: Any) -> None:
    (number,) = desk.numbers(count=1)
    route, snapshot = desk.imported(number)
    desk.fault("timeout_after", method="POST")
    desk.fault("status", status=500, method="GET", after=1, times=None)
    with pytest.raises(WriteOutcomeUnknown):
        release(desk, route, snapshot)
    assert len(desk.asked("POST")) == 1


def test_a_pause_that_does_not_end_is_told_of(desk: Any) -> None:
    (number,) = desk.numbers(count=1)
    route, snapshot = desk.imported(number)
    desk.fault("status", status=429, method="POST", times=None)
    with pytest.raises(RateLimited):
        release(desk, route, snapshot)


def test_what_twilio_does_not_take_back_is_named_and_not_shown(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=7)
    route, snapshot = desk.imported(number)
    desk.fault("patch_json", method="POST", patch={"voice_url": "https://other.example/"})
    desk.fault("patch_json", method="GET", after=1, patch={"voice_url": "https://other.example/"})
    result = release(desk, route, snapshot)
    assert told(result) == ("cannot_restore", "restored_in_part")
    assert "voice_url" in result.detail
    assert "s3same" not in result.detail


def test_an_answer_that_is_older_than_the_write_is_not_believed(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=7)
    before = desk.routing(number)
    route, snapshot = desk.imported(number)
    desk.fault("patch_json", method="POST", patch={"trunk_sid": route.id})
    assert told(release(desk, route, snapshot)) == RESTORED
    assert desk.routing(number) == before


def test_a_field_that_the_snapshot_does_not_know_is_not_written(desk: Any) -> None:
    (number,) = desk.numbers(count=1)
    route, snapshot = desk.imported(number)
    kept = {name: value for name, value in snapshot.restore.items() if name != "status_callback"}
    desk.change("numbers", number, status_callback="https://status.example/")
    assert told(release(desk, route, attrs.evolve(snapshot, restore=kept))) == RESTORED
    (write,) = desk.asked("POST")
    assert "StatusCallback" not in write.form


def test_a_status_is_no_setting_and_is_never_written_back(desk: Any) -> None:
    (number,) = desk.numbers(count=1)
    desk.change("numbers", number, status="pending-review")
    route, snapshot = desk.ready(number)
    desk.change("numbers", number, status="in-use", trunk_sid=route.id)
    release = desk.engine.release_number(desk.account(), snapshot.number.ref, route, snapshot)
    assert release.code == "restored"
    assert desk.asked("POST")[0].form == {"TrunkSid": ""}
