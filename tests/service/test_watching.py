"""Watching: drift is found without being asked for, once over all replicas, with few requests, and only real drift."""

from __future__ import annotations

import attrs
from acme import KEY
from harness import CONNECTIONS, NUMBERS, PHONE_NUMBERS, World

from trunkline.checks import Outcome
from trunkline.errors import (
    AccountSuspended,
    CarrierTimedOut,
    CarrierUnavailable,
    CredentialsRejected,
    PluginBroken,
    RateLimited,
)
from trunkline_service.storage import locks
from trunkline_service.watching import watch

ONE, TWO, THREE = NUMBERS
DUE = {"minutes": 70}


def number_states(world: World) -> dict[str, tuple[str, str]]:
    return {
        each["number"]: (each["status"], each["voip_verification_status"]) for each in world.get(PHONE_NUMBERS).json()
    }


def reasons(world: World) -> list[tuple[str, str]]:
    """Why something changed, newest first, with what it became."""
    return [(each["reason"]["code"], each["after"]["status"]) for each in world.get("/v1/events").json()]


def imported(world: World, *numbers: str) -> int:
    """A connection with verified numbers."""
    connection = world.connect()["id"]
    for result in world.import_(connection, *numbers)["results"]:
        assert world.post(f"{PHONE_NUMBERS}/{result['id']}/verify-voip").json()["status"] == "active"
    world.carrier.calls.clear()
    world.clock.forward(**DUE)
    return int(connection)


def test_numbers_that_were_routed_elsewhere_or_left_the_account_are_marked_and_told(any_world: World) -> None:
    world = any_world
    imported(world, ONE, TWO, THREE)
    account = world.carrier.accounts[KEY]["numbers"]
    ours, account[ONE]["points_at"] = account[ONE]["points_at"], "elsewhere"
    gone = account.pop(TWO)
    assert watch(world.service) == 1
    assert number_states(world) == {ONE: ("failed",) * 2, TWO: ("failed",) * 2, THREE: ("active", "verified")}
    assert set(reasons(world)[:2]) == {("routed_elsewhere", "failed"), ("not_on_account", "failed")}
    told = len(reasons(world))
    world.clock.forward(**DUE)
    assert watch(world.service) == 1
    assert len(reasons(world)) == told
    account[ONE]["points_at"], account[TWO] = ours, gone
    world.clock.forward(**DUE)
    assert watch(world.service) == 1
    assert number_states(world) == dict.fromkeys(NUMBERS, ("active", "verified"))
    assert reasons(world)[:2] == [("verified", "active")] * 2


def test_where_nothing_changed_all_numbers_cost_one_question(world: World) -> None:
    imported(world, ONE, TWO, THREE)
    before = world.get(PHONE_NUMBERS).json()
    assert watch(world.service) == 1
    assert world.carrier.calls == ["read_routing"]
    assert world.get(PHONE_NUMBERS).json() == before


def test_a_connection_without_numbers_is_tested(world: World) -> None:
    path = f"{CONNECTIONS}/{world.connect()['id']}"
    world.carrier.calls.clear()
    assert watch(world.service) == 0
    world.clock.forward(**DUE)
    world.carrier.outcomes["credentials_valid"] = Outcome.FAIL
    assert watch(world.service) == 1
    assert world.carrier.calls == ["test_credentials"]
    assert (world.get(path).json()["status"], reasons(world)[0]) == ("error", ("credentials_rejected", "error"))
    world.carrier.outcomes.clear()
    world.clock.forward(**DUE)
    assert watch(world.service) == 1
    assert (world.get(path).json()["status"], reasons(world)[0]) == ("connected", ("credentials_accepted", "connected"))


def test_where_no_carrier_tells_the_routing_of_numbers_the_connection_is_tested(world: World) -> None:
    connection = world.connect(provider="typed")["id"]
    assert world.import_(connection, ONE)["imported_count"] == 1
    world.carrier.accounts[KEY]["numbers"][ONE]["points_at"] = "elsewhere"
    world.carrier.calls.clear()
    world.clock.forward(**DUE)
    assert watch(world.service) == 1
    assert world.carrier.calls == ["test_credentials"]
    assert number_states(world) == {ONE: ("provisioning", "unverified")}


def test_a_carrier_that_cannot_be_asked_has_not_changed_anything(world: World) -> None:
    connection = imported(world, ONE)
    before = (number_states(world), reasons(world))
    for failing in (CarrierUnavailable, CarrierTimedOut, RateLimited, PluginBroken, RuntimeError):
        world.carrier.fail["read_routing"] = failing("x")
        assert watch(world.service) == 1
        assert (number_states(world), reasons(world)) == before
        assert world.get(f"{CONNECTIONS}/{connection}").json()["status"] == "connected"
        world.clock.forward(**DUE)


def test_credentials_that_are_good_no_more_mark_the_connection_and_not_its_numbers(world: World) -> None:
    connection = imported(world, ONE)
    world.carrier.fail["read_routing"] = AccountSuspended("The account is suspended.")
    assert watch(world.service) == 1
    assert world.get(f"{CONNECTIONS}/{connection}").json()["status"] == "error"
    assert reasons(world)[0] == ("account_suspended", "error")
    assert number_states(world) == {ONE: ("active", "verified")}


def test_a_verdict_on_credentials_that_were_changed_meanwhile_is_of_no_use(world: World) -> None:
    path = f"{CONNECTIONS}/{world.connect()['id']}"
    world.carrier.open("new key", identity=world.carrier.accounts[KEY]["identity"])
    changed = []

    def change() -> None:
        if not changed:
            changed.append(True)
            evidence = world.evidence({"apiKey": "new key"})
            patch = {"credentials": {"apiKey": "new key"}, "verification_evidence_id": evidence}
            changed.append(world.call("PATCH", path, patch).status_code)
            world.carrier.fail["test_credentials"] = CredentialsRejected("The old key is good no more.")

    world.carrier.before["test_credentials"] = change
    world.clock.forward(**DUE)
    assert watch(world.service) == 1
    assert changed == [True, 200]
    assert world.get(path).json()["status"] == "connected"


def test_a_number_that_is_missing_once_is_not_missed(world: World) -> None:
    """A list may change while it is read: only who is missing twice is gone."""
    imported(world, ONE, TWO)
    account = world.carrier.accounts[KEY]["numbers"]
    aside = {TWO: account.pop(TWO)}
    world.carrier.after["read_routing"] = lambda numbers: account.update(aside)
    assert watch(world.service) == 1
    assert world.carrier.calls == ["read_routing", "read_routing"]
    assert number_states(world)[TWO] == ("active", "verified")


def test_what_was_released_while_it_was_looked_at_is_left_as_it_is(any_world: World) -> None:
    world = any_world
    imported(world, ONE)
    (number,) = world.get(PHONE_NUMBERS).json()
    world.carrier.accounts[KEY]["numbers"][ONE]["points_at"] = "elsewhere"
    released = []

    def release(numbers: object) -> None:
        if not released:
            released.append(world.call("DELETE", f"{PHONE_NUMBERS}/{number['id']}").status_code)

    world.carrier.after["read_routing"] = release
    assert watch(world.service) == 1
    assert released == [200]
    assert world.get(f"{PHONE_NUMBERS}/{number['id']}").json()["status"] == "released"
    assert reasons(world)[0] == ("released", "released")


def test_of_all_replicas_one_watches_and_a_killed_one_is_followed(any_world: World) -> None:
    world, service = any_world, any_world.service
    imported(world, ONE)
    other = attrs.evolve(service)
    inner: list[int] = []
    world.carrier.before["read_routing"] = lambda numbers: inner.append(watch(other))
    assert watch(service) == 1
    assert inner == [0]
    world.clock.forward(**DUE)
    world.carrier.before.clear()
    with locks.holding(service.database, "watch", service.now, lease_ms=600_000):
        assert watch(other) == 0
        world.clock.forward(minutes=11)
        assert watch(other) == 1


def test_connections_fall_due_apart_and_not_at_all_where_watching_is_off(world: World) -> None:
    for _ in range(8):
        world.connect()
    world.clock.forward(**DUE)
    assert watch(attrs.evolve(world.service, watch_minutes=0)) == 0
    assert watch(world.service) == 8
    world.clock.forward(minutes=50)
    assert watch(world.service) == 0
    seen = 0
    for _ in range(20):
        world.clock.forward(minutes=1)
        count = watch(world.service)
        assert count < 8
        seen += count
    assert seen >= 8


def test_watching_writes_nothing_at_the_carrier(world: World) -> None:
    imported(world, ONE, TWO)
    world.carrier.accounts[KEY]["numbers"][ONE]["points_at"] = "elsewhere"
    before = repr(world.carrier.accounts)
    for _ in range(3):
        world.clock.forward(**DUE)
        watch(world.service)
    assert repr(world.carrier.accounts) == before
    assert set(world.carrier.calls) <= {"read_routing", "test_credentials", "verify_number"}
