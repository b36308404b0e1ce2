"""Releasing: exactly what was there before, or nothing; a number is never given up."""

from typing import Any

import pytest

from trunkline.errors import CarrierRefused, CarrierUnavailable, TrunklineError, WriteOutcomeUnknown
from trunkline.numbers import ReleaseOutcome
from trunkline_sandbox.telnyx.accounts import give_connection

RESTORED, LEFT, CANNOT = ReleaseOutcome.RESTORED, ReleaseOutcome.LEFT_ALONE, ReleaseOutcome.CANNOT_RESTORE


def released(desk: Any, route: Any, snapshot: Any, label: str = "healthy") -> Any:
    return desk.engine.release_number(desk.account(label), snapshot.number.ref, route, snapshot)


def held(number: Any) -> dict[str, Any]:
    return {name: getattr(number, name) for name in ("connection_id", "voice", "tags", "external_pin", "status")}


@pytest.mark.parametrize("name", [None, "Head office", "Call menu", "Warehouse", "Softphones", "Old menu"])
def test_import_and_release_give_back_what_was_there(desk: Any, name: str | None) -> None:
    number = desk.number(connection_id=desk.connection(name).id if name else None)
    before = held(number)
    route, snapshot = desk.imported(number.phone_number)
    assert number.connection_id == route.id
    result = released(desk, route, snapshot)
    assert (result.outcome, result.code) == (RESTORED, "restored")
    assert held(number) == before
    assert len(desk.asked()) == 3
    assert len(desk.writes()) == 1
    assert released(desk, route, snapshot).code == "restored_before"
    assert len(desk.writes()) == 1


@pytest.mark.parametrize(
    ("null", "empty", "code", "writes"),
    [
        ("clears", "refused", "restored", 1),
        ("ignored", "clears", "restored", 2),
        ("refused", "clears", "restored", 2),
        ("ignored", "ignored", "cannot_detach", 2),
        ("refused", "refused", "cannot_detach", 2),
    ],
)
def test_a_number_that_was_on_no_connection_is_taken_off_by_what_works(
    desk: Any, null: str, empty: str, code: str, writes: int
) -> None:
    desk.switch(null_connection=null, empty_connection=empty)
    number = desk.number()
    route, snapshot = desk.imported(number.phone_number)
    result = released(desk, route, snapshot)
    assert result.code == code
    assert (number.connection_id is None) == (result.outcome is RESTORED)
    assert [each.json["connection_id"] for each in desk.asked("PATCH")] == [None, ""][:writes]


def test_what_was_changed_since_is_left_alone(desk: Any) -> None:
    number = desk.number()
    route, snapshot = desk.imported(number.phone_number)
    desk.change("numbers", number.phone_number, connection_id=desk.connection("Call menu").id)
    assert released(desk, route, snapshot).outcome is LEFT
    assert not desk.writes()


@pytest.mark.parametrize("way", ["refused", "ignored", "not_found"])
def test_an_earlier_connection_that_is_gone_cannot_be_restored(desk: Any, way: str) -> None:
    office = desk.connection("Head office")
    number = desk.number(connection_id=office.id)
    route, snapshot = desk.imported(number.phone_number)
    desk.sandbox.carrier.remove("healthy", "connections", office.id)
    desk.switch(foreign_connection=way)
    result = released(desk, route, snapshot)
    assert (result.outcome, result.code) == (CANNOT, "earlier_connection_deleted")
    assert number.connection_id == route.id


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("kind", ["fax_application", "external_connection", "uac_connection"])
def test_an_earlier_application_that_is_there_is_not_called_deleted(desk: Any, kind: str, known: bool) -> None:
    desk.switch(applications_are_connections=known)
    other = give_connection(desk.sandbox.carrier.world, desk.held(), "Other", kind)
    number = desk.number()
    number.connection_id = other.id
    route, snapshot = desk.imported(number.phone_number)
    desk.fault("status", method="PATCH", status=422, json={"errors": [{"code": "10015", "title": "No"}]})
    with pytest.raises(CarrierRefused):
        released(desk, route, snapshot)
    assert released(desk, route, snapshot).outcome is RESTORED


def test_a_customers_own_connection_is_where_the_number_stays(desk: Any) -> None:
    number = desk.number(connection_id=desk.connection("Acme Main").id)
    route, snapshot = desk.imported(number.phone_number)
    result = released(desk, route, snapshot)
    assert (result.outcome, result.code) == (RESTORED, "restored_before")
    assert not desk.writes()


def test_a_snapshot_that_shows_our_own_connection_tells_nothing_of_before(desk: Any) -> None:
    number = desk.number()
    route, _ = desk.imported(number.phone_number, "no_connection")
    (later,) = desk.snapshots([number.phone_number], "no_connection")
    result = released(desk, route, later, "no_connection")
    assert (result.outcome, result.code) == (CANNOT, "no_earlier_routing")
    desk.change("numbers", number.phone_number, connection_id=None)
    assert released(desk, route, later, "no_connection").outcome is LEFT


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "truncated_json", "cut_short"])
@pytest.mark.parametrize("name", [None, "Head office"])
def test_a_lost_answer_is_settled_by_reading(desk: Any, kind: str, name: str | None) -> None:
    number = desk.number(connection_id=desk.connection(name).id if name else None)
    route, snapshot = desk.imported(number.phone_number)
    desk.fault(kind, method="PATCH")
    assert released(desk, route, snapshot).outcome is RESTORED
    assert number.connection_id == snapshot.points_at
    assert len(desk.asked("PATCH")) == 1


@pytest.mark.parametrize("kind", ["timeout_before", "reset_before", "html", "empty", "status"])
@pytest.mark.parametrize("name", [None, "Head office"])
def test_a_write_that_was_not_made_is_said_and_not_repeated(desk: Any, kind: str, name: str | None) -> None:
    number = desk.number(connection_id=desk.connection(name).id if name else None)
    route, snapshot = desk.imported(number.phone_number)
    desk.fault(kind, method="PATCH")
    # What we hung up on may come yet.
    told = (
        (WriteOutcomeUnknown, "may come yet") if kind == "timeout_before" else (CarrierUnavailable, "Release it again")
    )
    with pytest.raises(told[0], match=told[1]):
        released(desk, route, snapshot)
    assert number.connection_id == route.id
    assert len(desk.asked("PATCH")) == 1


def test_what_reading_back_cannot_settle_stays_open(desk: Any) -> None:
    route, snapshot = desk.imported(desk.number().phone_number)
    desk.fault("timeout_after", method="PATCH")
    desk.fault("status", method="GET", after=1, status=503, times=None)
    with pytest.raises(WriteOutcomeUnknown):
        released(desk, route, snapshot)


def test_reads_that_lag_behind_do_not_write_twice(desk: Any) -> None:
    number = desk.number()
    route, snapshot = desk.imported(number.phone_number)
    desk.switch(stale_reads=2)
    assert released(desk, route, snapshot).outcome is RESTORED
    assert len(desk.asked("PATCH")) == 1


def test_no_release_ever_deletes(desk: Any) -> None:
    numbers = [n for n in desk.held().numbers.values() if n.status == "active"][:12]
    for number in numbers:
        route, snapshot = desk.imported(number.phone_number)
        try:
            released(desk, route, snapshot)
        except TrunklineError:
            pytest.fail("a release of an odd number failed")
    assert not desk.asked("DELETE")
    assert not desk.asked("POST")
