"""Giving routing back: exactly what was there, only if it is still ours, and never the number itself."""

from typing import Any

import pytest

from trunkline.errors import CarrierUnavailable, WriteOutcomeUnknown
from trunkline_signalwire import handlers

SETTABLE = [name for name, handler in handlers.HANDLERS.items() if handler.fields]
BY_HAND = [name for name, handler in handlers.HANDLERS.items() if not handler.fields]
WAYS = [{}, {"keeps_other_fields": True}, {"derived_resource": "own"}, {"script_address": "refused"}]


@pytest.mark.parametrize("ways", WAYS, ids=str)
@pytest.mark.parametrize("handler", SETTABLE)
def test_an_import_and_a_release_leave_the_number_as_it_was(desk: Any, handler: str, ways: dict[str, Any]) -> None:
    desk.switch("every_handler", **ways)
    if handler == "relay_script" and "script_address" in ways:
        ways = {}
    number = desk.with_handler(handler)
    before = desk.held(number, "every_handler")
    route, snapshot = desk.imported(number, "every_handler")
    assert desk.held(number, "every_handler") != before
    release = desk.release(route, snapshot, "every_handler")
    assert (release.outcome.value, release.code) == ("restored", "restored")
    assert desk.held(number, "every_handler") == before
    assert not desk.asked("DELETE")


def test_a_release_is_one_read_and_one_write(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=7)
    route, snapshot = desk.imported(number)
    assert desk.release(route, snapshot).code == "restored"
    assert desk.methods() == ["GET", "PUT"]
    (put,) = desk.asked("PUT")
    assert not [name for name in put.json if not name.startswith("call_")]


def test_webhooks_come_back_with_password_method_fallback_and_status_address(desk: Any) -> None:
    for start in (7, 23):
        (number,) = desk.numbers(count=1, start=start)
        before = desk.held(number)
        desk.release(*desk.imported(number))
        assert desk.held(number) == before


@pytest.mark.parametrize("handler", BY_HAND)
def test_what_a_put_cannot_set_is_left_with_words_that_name_the_resource(desk: Any, handler: str) -> None:
    number = desk.with_handler(handler)
    route, snapshot = desk.imported(number, "every_handler")
    release = desk.release(route, snapshot, "every_handler")
    assert (release.outcome.value, release.code) == ("cannot_restore", "cannot_be_restored_by_api")
    assert snapshot.restore["calling_handler_resource_id"] in release.detail
    assert handlers.HANDLERS[handler].words in release.detail
    assert "Dashboard" in release.detail
    assert desk.methods() == ["GET"]


def test_a_webhook_that_was_assigned_as_a_resource_cannot_be_restored_either(desk: Any) -> None:
    number = desk.numbers("every_handler", count=1)[0]
    assert desk.held(number, "every_handler")["call_handler"] == "laml_webhooks"
    route, snapshot = desk.imported(number, "every_handler")
    assert desk.release(route, snapshot, "every_handler").code == "cannot_be_restored_by_api"
    assert desk.methods() == ["GET"]


@pytest.mark.parametrize(
    ("null", "empty", "expected", "writes", "handler"),
    [
        ("accepted", "accepted", ("restored", "restored"), 1, None),
        ("refused", "accepted", ("cannot_restore", "handler_cannot_be_cleared"), 2, "laml_webhooks"),
        ("ignored", "accepted", ("cannot_restore", "handler_cannot_be_cleared"), 2, "laml_webhooks"),
        ("error", "accepted", ("cannot_restore", "handler_cannot_be_cleared"), 2, "laml_webhooks"),
        ("refused", "refused", ("cannot_restore", "handler_cannot_be_cleared"), 2, "relay_script"),
        ("error", "refused", ("cannot_restore", "handler_cannot_be_cleared"), 2, "relay_script"),
    ],
)
def test_a_number_without_a_handler_is_taken_off_ours_as_far_as_the_api_lets_it(
    desk: Any, null: str, empty: str, expected: tuple[str, str], writes: int, handler: str | None
) -> None:
    desk.switch(null_handler=null, empty_webhook=empty)
    (number,) = desk.numbers(count=1, start=1)
    before = desk.held(number)
    route, snapshot = desk.imported(number)
    release = desk.release(route, snapshot)
    assert (release.outcome.value, release.code) == expected
    assert len(desk.asked("PUT")) == writes
    held = desk.held(number)
    assert held["call_handler"] == handler
    assert ("no longer come" in release.detail) is (handler == "laml_webhooks")
    if expected[0] == "restored":
        assert held == before
    elif handler == "laml_webhooks":
        assert held == {**before, "call_handler": handler}


def test_what_was_changed_since_is_left_alone(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=7)
    route, snapshot = desk.imported(number)
    desk.change("numbers", number, call_handler="relay_topic", call_relay_topic="elsewhere")
    held = desk.held(number)
    release = desk.release(route, snapshot)
    assert (release.outcome.value, release.code) == ("left_alone", "changed_since")
    assert desk.held(number) == held
    assert desk.methods() == ["GET"]


def test_another_script_on_the_same_space_is_not_ours(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=7)
    route, snapshot = desk.imported(number)
    menu = next(script for script in desk.project().scripts.values() if script.display_name == "Call menu")
    desk.change("numbers", number, call_relay_script_url=menu.request_url)
    assert desk.release(route, snapshot).code == "changed_since"


def test_what_was_put_back_by_hand_counts_as_restored(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=7)
    route, snapshot = desk.imported(number)
    fields = {name: value for name, value in snapshot.restore.items() if name.startswith("call")}
    desk.change("numbers", number, **fields)
    assert desk.release(route, snapshot).code == "restored_before"
    assert not desk.asked("PUT")


def test_a_snapshot_that_was_ours_has_nothing_to_restore(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=7)
    route, _ = desk.imported(number)
    (snapshot,) = desk.snapshots([number])
    release = desk.release(route, snapshot)
    assert (release.outcome.value, release.code) == ("cannot_restore", "no_earlier_routing")
    assert not desk.asked("PUT")


def test_an_application_that_was_deleted_since_is_told(desk: Any) -> None:
    number = desk.with_handler("laml_application")
    route, snapshot = desk.imported(number, "every_handler")
    desk.sandbox.carrier.remove("every_handler", "objects", snapshot.restore["call_laml_application_id"])
    release = desk.release(route, snapshot, "every_handler")
    assert (release.outcome.value, release.code) == ("cannot_restore", "earlier_routing_refused")
    assert "LaML application" in release.detail
    assert desk.held(number, "every_handler")["call_handler"] == "relay_script"


def test_where_unused_fields_may_not_be_emptied_the_routing_comes_back_and_the_rest_is_named(desk: Any) -> None:
    desk.switch("every_handler", keeps_other_fields=True, blanks="refused")
    number = desk.with_handler("relay_topic")
    before = desk.held(number, "every_handler")
    route, snapshot = desk.imported(number, "every_handler")
    release = desk.release(route, snapshot, "every_handler")
    assert (release.outcome.value, release.code) == ("restored", "restored")
    assert "call_relay_script_url" in release.detail
    assert len(desk.asked("PUT")) == 2
    held = desk.held(number, "every_handler")
    assert {name for name in held if held[name] != before[name]} == {"call_relay_script_url"}


def test_what_the_carrier_did_not_take_back_is_named_without_its_value(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=7)
    route, snapshot = desk.imported(number)
    desk.fault("patch_json", method="PUT", patch={"call_request_url": "https://else.example/path"})
    release = desk.release(route, snapshot)
    assert (release.outcome.value, release.code) == ("cannot_restore", "restored_in_part")
    assert "call_request_url" in release.detail
    assert "example" not in release.detail


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "truncated_json", "cut_short"])
def test_a_lost_answer_that_took_effect_is_read_back(desk: Any, kind: str) -> None:
    (number,) = desk.numbers(count=1, start=7)
    before = desk.held(number)
    route, snapshot = desk.imported(number)
    desk.fault(kind, method="PUT")
    assert desk.release(route, snapshot).code == "restored"
    assert desk.methods() == ["GET", "PUT", "GET"]
    assert desk.held(number) == before


@pytest.mark.parametrize("fault", [{"kind": "reset_before"}, {"kind": "status", "status": 500}, {"kind": "empty"}])
def test_a_lost_write_leaves_the_number_ours_and_says_so(desk: Any, fault: dict[str, Any]) -> None:
    (number,) = desk.numbers(count=1, start=7)
    route, snapshot = desk.imported(number)
    desk.fault(**fault, method="PUT")
    with pytest.raises(CarrierUnavailable, match="still routed"):
        desk.release(route, snapshot)
    assert len(desk.asked("PUT")) == 1
    assert desk.release(route, snapshot).code == "restored"


def test_where_reading_back_fails_the_outcome_is_unknown(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=7)
    route, snapshot = desk.imported(number)
    desk.fault("timeout_after", method="PUT")
    desk.fault("status", status=500, method="GET", after=1, times=None)
    with pytest.raises(WriteOutcomeUnknown):
        desk.release(route, snapshot)
    assert len(desk.asked("PUT")) == 1
