"""Importing: one write, read back; nothing repeated blindly, nothing reported that is not so."""

from typing import Any

import pytest

from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierRefused,
    CarrierUnavailable,
    NumberNotFound,
    WriteOutcomeUnknown,
)
from trunkline.numbers import NumberRef


def outcome(desk: Any, route: Any, snapshot: Any, label: str = "healthy") -> Any:
    (found,) = desk.engine.import_numbers(desk.account(label), route, [snapshot])
    return found


@pytest.mark.parametrize("name", [None, "Head office", "Call menu", "Warehouse", "Softphones", "Old menu"])
def test_an_import_is_one_write_and_one_read(desk: Any, name: str | None) -> None:
    number = desk.number(connection_id=desk.connection(name).id if name else None)
    route, snapshot = desk.ready(number.phone_number)
    found = outcome(desk, route, snapshot)
    assert found.error is None
    assert found.readback.points_at == route.id == number.connection_id
    assert (found.readback.view.kind, found.readback.view.host) == ("fqdn_connection", "sip.platform.example")
    (write,) = desk.writes()
    assert (write.method, write.json) == ("PATCH", {"connection_id": route.id})
    assert len(desk.asked()) == 2


def test_nothing_but_the_connection_changes(desk: Any) -> None:
    number = next(n for n in desk.held().numbers.values() if n.voice.get("forwarding_type") == "always")
    before = {"voice": dict(number.voice), "pin": number.external_pin, "tags": list(number.tags)}
    desk.imported(number.phone_number)
    assert {"voice": number.voice, "pin": number.external_pin, "tags": number.tags} == before


def test_a_number_that_is_there_already_is_not_written(desk: Any) -> None:
    number = desk.number(connection_id=desk.connection("Acme Main").id)
    route, snapshot = desk.ready(number.phone_number)
    assert outcome(desk, route, snapshot).error is None
    assert not desk.writes()
    assert len(desk.asked()) == 1


def test_one_that_left_meanwhile_is_written(desk: Any) -> None:
    number = desk.number(connection_id=desk.connection("Acme Main").id)
    route, snapshot = desk.ready(number.phone_number)
    desk.change("numbers", number.phone_number, connection_id=None)
    assert outcome(desk, route, snapshot).error is None
    assert len(desk.writes()) == 1


LOST_AFTER = ("timeout_after", "reset_after", "truncated_json", "cut_short")
LOST_BEFORE = ("timeout_before", "reset_before", "html", "empty", "status")


@pytest.mark.parametrize("kind", LOST_AFTER)
def test_a_lost_answer_to_a_write_that_was_made_is_settled_by_reading(desk: Any, kind: str) -> None:
    route, snapshot = desk.ready(desk.number().phone_number)
    desk.fault(kind, method="PATCH")
    found = outcome(desk, route, snapshot)
    assert found.error is None
    assert found.readback.points_at == route.id
    assert len(desk.asked("PATCH")) == 1


def test_a_lost_answer_to_a_write_that_was_not_made_says_that_nothing_changed(desk: Any) -> None:
    number = desk.number()
    route, snapshot = desk.ready(number.phone_number)
    desk.fault("reset_before", method="PATCH")
    found = outcome(desk, route, snapshot)
    assert isinstance(found.error, CarrierUnavailable)
    assert "Nothing was changed" in str(found.error)
    assert number.connection_id is None
    assert len(desk.asked("PATCH")) == 1


def test_what_reading_back_cannot_settle_stays_open(desk: Any) -> None:
    number = desk.number()
    route, snapshot = desk.ready(number.phone_number)
    desk.fault("timeout_after", method="PATCH")
    desk.fault("status", method="GET", status=503, times=None)
    assert isinstance(outcome(desk, route, snapshot).error, WriteOutcomeUnknown)
    assert number.connection_id == route.id


def test_a_read_back_that_fails_after_a_good_answer_stays_open(desk: Any) -> None:
    route, snapshot = desk.ready(desk.number().phone_number)
    desk.fault("status", method="GET", status=503, times=None)
    assert isinstance(outcome(desk, route, snapshot).error, WriteOutcomeUnknown)


def test_a_third_connection_stays_open(desk: Any) -> None:
    number = desk.number()
    route, snapshot = desk.ready(number.phone_number)
    desk.fault("timeout_before", method="PATCH")
    number.connection_id = desk.connection("Head office").id
    assert isinstance(outcome(desk, route, snapshot).error, WriteOutcomeUnknown)


def test_what_telnyx_passes_over_in_silence_is_no_import(desk: Any) -> None:
    number = desk.number()
    route, snapshot = desk.ready(number.phone_number)
    desk.switch(foreign_connection="ignored")
    del desk.held().connections[route.id]
    found = outcome(desk, route, snapshot)
    assert isinstance(found.error, CarrierAnswerUnexpected)
    assert number.connection_id is None


@pytest.mark.parametrize("stale", [0, 1, 2])
def test_reads_that_lag_behind_are_read_again(desk: Any, stale: int) -> None:
    desk.switch(stale_reads=stale)
    route, snapshot = desk.ready(desk.number().phone_number)
    assert outcome(desk, route, snapshot).error is None
    assert len(desk.asked("GET")) == 1 + stale


def test_reads_that_lag_too_long_leave_it_open(desk: Any) -> None:
    desk.switch(stale_reads=9)
    route, snapshot = desk.ready(desk.number().phone_number)
    assert isinstance(outcome(desk, route, snapshot).error, WriteOutcomeUnknown)
    assert len(desk.asked("PATCH")) == 1


@pytest.mark.parametrize("way", ["refused", "not_found"])
def test_a_connection_that_was_deleted_meanwhile_is_a_refusal(desk: Any, way: str) -> None:
    desk.switch(foreign_connection=way)
    number = desk.number()
    route, snapshot = desk.ready(number.phone_number)
    del desk.held().connections[route.id]
    found = outcome(desk, route, snapshot)
    assert isinstance(found.error, CarrierRefused)
    assert number.connection_id is None


def test_an_odd_handle_is_never_put_into_an_address(desk: Any) -> None:
    import attrs

    route, snapshot = desk.ready(desk.number().phone_number)
    for handle in ("../balance", "1/voice", "", "1?x"):
        odd = attrs.evolve(snapshot, number=attrs.evolve(snapshot.number, handle=handle))
        assert isinstance(outcome(desk, route, odd).error, NumberNotFound)
    assert not desk.asked()
    assert NumberRef


def test_an_answer_about_another_number_is_not_believed(desk: Any) -> None:
    route, snapshot = desk.ready(desk.number().phone_number)
    desk.fault("patch_json", method="PATCH", patch={"data": {"phone_number": "+13035550100"}})
    found = outcome(desk, route, snapshot)
    assert found.error is None
    assert found.readback.number.number == snapshot.number.number


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "10009", "credentials_rejected"),
        (403, "10010", "permission_missing"),
        (403, "20012", "account_suspended"),
        (422, "20100", "account_suspended"),
        (403, "10038", "permission_missing"),
        (404, "10005", "number_not_found"),
        (422, "10015", "carrier_refused"),
        (422, "10035", "carrier_refused"),
        (422, "10036", "carrier_unavailable"),
        (409, "10012", "carrier_refused"),
        (429, "10011", "rate_limited"),
    ],
)
def test_a_refusal_is_sorted_by_its_code_and_nothing_is_changed(desk: Any, status: int, code: str, error: str) -> None:
    number = desk.number()
    route, snapshot = desk.ready(number.phone_number)
    body = {"errors": [{"code": code, "title": "No", "detail": "x", "source": {"pointer": "/connection_id"}}]}
    desk.fault("status", method="PATCH", status=status, json=body, times=None)
    found = outcome(desk, route, snapshot)
    assert found.error.code == error
    assert found.error.reply.code == code
    assert number.connection_id is None


def test_many_numbers_go_side_by_side_and_one_bad_sinks_no_other(desk: Any) -> None:
    numbers = [n for n in desk.held().numbers.values() if n.connection_id is None and n.status == "active"][:40]
    route = desk.engine.prepare_route(desk.account())
    snapshots = desk.snapshots([n.phone_number for n in numbers])
    desk.sandbox.carrier.remove("healthy", "numbers", numbers[3].id)
    desk.forget()
    outcomes = list(desk.engine.import_numbers(desk.account(), route, snapshots))
    assert [each.number for each in outcomes if each.error] == [numbers[3].phone_number]
    assert len(desk.asked("PATCH")) == 40
    assert max(each.in_flight for each in desk.asked()) <= 8
