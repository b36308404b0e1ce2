"""A process that is killed at any point of a guided set-up loses nothing, and makes nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from acme import KEY, PASSWORD, SET_UP, Carrier
from harness import CONNECTIONS, NUMBERS, World, world_on
from killing import be_killed
from test_guided import code, created, evidence_row, guided, made_at_the_carrier, made_of, steps

from trunkline.errors import CarrierRefused, CarrierUnavailable
from trunkline.secret import Secret
from trunkline_service import recovery
from trunkline_service.storage import set_ups

BEGINNING = ("before", "set_up")
MAKING = [(when, f"make {step}") for step in SET_UP for when in ("before", "after")]
POINTS = [BEGINNING, *MAKING, ("after", "set_up")]
SOME = [BEGINNING, ("before", "make trunk"), ("after", "make login")]
UNDOING = [("before", "undo"), *((when, f"undo {step}") for step in SET_UP for when in ("before", "after"))]


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """The same on SQLite, where the database makes no difference."""
    yield from _lasting(sqlite_url, tmp_path)


@pytest.fixture
def lasting(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A service whose carrier keeps its books in a file, on each database in turn."""
    yield from _lasting(database_url, tmp_path)


def _lasting(url: str, tmp_path: Path) -> Iterator[World]:
    carrier = Carrier(tmp_path / "carrier.json")
    carrier.open(KEY, *NUMBERS)
    with world_on(url, tmp_path, carrier) as made:
        yield made


def create_and_be_killed(
    world: World, folder: Path, body: dict[str, Any], *, when: str, hook: str, fail: tuple[str, ...] = ()
) -> None:
    be_killed(
        {
            "url": world.url,
            "folder": str(folder),
            "carrier": str(folder / "carrier.json"),
            "organization": world.organization,
            "key": world.key,
            "create": body,
            "idempotency_key": "k",
            "when": when,
            "hook": hook,
            "fail": fail,
        }
    )


def pending(world: World) -> dict[str, Any]:
    (found,) = world.get(CONNECTIONS).json()
    assert found["status"] == "pending"
    made: dict[str, Any] = found
    return made


def past_the_lease(world: World) -> None:
    world.clock.forward(milliseconds=set_ups.LEASE_MS + 1)


def nothing_is_left(world: World) -> bool:
    return (made_at_the_carrier(world), world.get(CONNECTIONS).json()) == ([], [])


@pytest.mark.parametrize(("when", "hook"), POINTS)
def test_a_set_up_that_is_killed_is_finished(lasting: World, tmp_path: Path, when: str, hook: str) -> None:
    world, body = lasting, guided(lasting)
    create_and_be_killed(world, tmp_path, body, when=when, hook=hook)
    id = pending(world)["id"]
    assert evidence_row(world, body).reserved_at is not None
    assert recovery.sweep(world.service) == 0, "a running lease is not taken over"
    assert code(world.post(CONNECTIONS, body)) == (400, "evidence_reserved")
    assert code(world.call("DELETE", f"{CONNECTIONS}/{id}")) == (409, "connection_not_ready")

    world.clock.forward(minutes=20)
    assert recovery.sweep(world.service) == 1
    made = world.get(f"{CONNECTIONS}/{id}").json()
    assert made["status"] == "connected"
    assert made_at_the_carrier(world) == list(SET_UP)
    assert steps(world, id) == [(name, "done") for name in SET_UP]
    assert made_of(world, id)["password"] == Secret(PASSWORD)
    row = evidence_row(world, body)
    assert row.spent_at > row.good_until, "it was reserved in time"
    assert recovery.sweep(world.service) == 0

    again = world.post(CONNECTIONS, body, Idempotency_Key="k")
    assert (again.status_code, again.json()) == (201, made)
    assert again.headers["idempotent-replayed"] == "true"
    assert world.get(CONNECTIONS).json() == [made]


@pytest.mark.parametrize(("when", "hook"), POINTS)
def test_the_same_request_again_goes_on_where_it_was_killed(world: World, tmp_path: Path, when: str, hook: str) -> None:
    body = guided(world)
    create_and_be_killed(world, tmp_path, body, when=when, hook=hook)
    id = pending(world)["id"]
    for seconds in (0, 125):
        world.clock.forward(seconds=seconds)
        running = world.post(CONNECTIONS, body, Idempotency_Key="k")
        assert code(running) == (409, "idempotency_key_running")
        assert int(running.headers["retry-after"]) > 0
    past_the_lease(world)
    answer = world.post(CONNECTIONS, body, Idempotency_Key="k")
    assert (answer.status_code, answer.json()["id"], answer.json()["status"]) == (201, id, "connected")
    assert world.post(CONNECTIONS, body, Idempotency_Key="k").content == answer.content
    assert made_at_the_carrier(world) == list(SET_UP)
    assert len(world.get(CONNECTIONS).json()) == 1


def test_the_same_request_is_answered_after_recovery_finished_it_under_a_dropped_key(
    world: World, tmp_path: Path
) -> None:
    body = guided(world)
    create_and_be_killed(world, tmp_path, body, when="after", hook="make trunk")
    world.clock.forward(seconds=125)
    assert code(world.post(CONNECTIONS, body, Idempotency_Key="k")) == (409, "idempotency_key_running")
    past_the_lease(world)
    assert recovery.sweep(world.service) == 1
    answer = world.post(CONNECTIONS, body, Idempotency_Key="k")
    assert (answer.status_code, [answer.json()]) == (201, world.get(CONNECTIONS).json())


@pytest.mark.parametrize(("when", "hook"), SOME)
def test_a_killed_set_up_that_cannot_be_finished_is_undone(world: World, tmp_path: Path, when: str, hook: str) -> None:
    body = guided(world)
    create_and_be_killed(world, tmp_path, body, when=when, hook=hook)
    past_the_lease(world)
    world.carrier.fail["set_up"] = CarrierRefused("Acme says no.")
    assert recovery.sweep(world.service) == 1
    assert nothing_is_left(world)
    world.carrier.fail.clear()
    assert created(world, body, Idempotency_Key="k")["status"] == "connected", "the evidence is free again"


@pytest.mark.parametrize(("when", "hook"), SOME[1:])
def test_a_killed_set_up_waits_while_the_carrier_is_down(world: World, tmp_path: Path, when: str, hook: str) -> None:
    body = guided(world)
    create_and_be_killed(world, tmp_path, body, when=when, hook=hook)
    past_the_lease(world)
    world.carrier.fail["set_up"] = CarrierUnavailable("Acme is down.")
    assert recovery.sweep(world.service) == 0
    pending(world)
    assert recovery.sweep(world.service) == 0, "the next try waits its turn"
    world.carrier.fail.clear()
    past_the_lease(world)
    assert recovery.sweep(world.service) == 1
    assert made_at_the_carrier(world) == list(SET_UP)


def test_a_carrier_that_stays_down_ends_the_wait(world: World, tmp_path: Path) -> None:
    body = guided(world)
    create_and_be_killed(world, tmp_path, body, when="after", hook="make trunk")
    world.carrier.fail |= dict.fromkeys(("set_up", "undo"), CarrierUnavailable("Acme is down."))
    world.clock.forward(hours=2)
    assert recovery.sweep(world.service) == 0
    assert world.get(CONNECTIONS).json()[0]["status"] == "error"
    assert evidence_row(world, body).reserved_at is None
    world.carrier.fail.clear()
    past_the_lease(world)
    assert recovery.sweep(world.service) == 1
    assert nothing_is_left(world)


@pytest.mark.parametrize(("when", "hook"), UNDOING)
def test_an_undoing_that_is_killed_goes_on(lasting: World, tmp_path: Path, when: str, hook: str) -> None:
    world, body = lasting, guided(lasting)
    # What is in place when the last step is refused, so that all three are there to be undone.
    create_and_be_killed(world, tmp_path, body, when=when, hook=hook, fail=("end of set_up",))
    id = pending(world)["id"]
    assert code(world.call("DELETE", f"{CONNECTIONS}/{id}")) == (409, "connection_not_ready")
    past_the_lease(world)
    assert recovery.sweep(world.service) == 1
    assert nothing_is_left(world)
    assert created(world, body, Idempotency_Key="k")["status"] == "connected"


@pytest.mark.parametrize(("when", "hook"), SOME)
def test_a_killed_set_up_can_be_deleted_when_its_lease_ran_out(
    world: World, tmp_path: Path, when: str, hook: str
) -> None:
    body = guided(world)
    create_and_be_killed(world, tmp_path, body, when=when, hook=hook)
    past_the_lease(world)
    assert world.call("DELETE", f"{CONNECTIONS}/{pending(world)['id']}").status_code == 204
    assert nothing_is_left(world)
    assert evidence_row(world, body).reserved_at is None


@pytest.mark.parametrize(("when", "hook"), SOME[1:])
def test_the_next_set_up_of_the_account_first_finishes_what_was_killed(
    world: World, tmp_path: Path, when: str, hook: str
) -> None:
    body = guided(world)
    create_and_be_killed(world, tmp_path, body, when=when, hook=hook)
    killed, other = pending(world)["id"], guided(world)
    past_the_lease(world)
    made = created(world, other)
    assert world.get(f"{CONNECTIONS}/{killed}").json()["status"] == "connected"
    assert steps(world, made["id"]) == [(name, "found") for name in SET_UP]
    assert made_at_the_carrier(world) == list(SET_UP)
    assert made_of(world, made["id"]) == made_of(world, killed)
