"""Phone numbers: verified, given agents, given back."""

from __future__ import annotations

from typing import Any

import pytest
from acme import KEY
from harness import CONNECTIONS, NUMBERS, PHONE_NUMBERS, World

from trunkline.checks import Outcome
from trunkline.errors import CarrierRefused, CarrierUnavailable, WriteOutcomeUnknown
from trunkline_service import recovery

ONE = NUMBERS[0]


def imported(world: World) -> tuple[int, str]:
    id = world.import_(world.connect()["id"], ONE)["results"][0]["id"]
    return id, f"{PHONE_NUMBERS}/{id}"


def test_a_number_that_is_not_routed_here_fails_and_may_be_tried_again(any_world: World) -> None:
    world = any_world
    _, path = imported(world)
    route = world.points_at(ONE)
    world.carrier.accounts[KEY]["numbers"][ONE]["points_at"] = "elsewhere"
    failed = world.post(f"{path}/verify-voip")
    assert failed.status_code == 200
    assert failed.json()["voip_verification_status"] == "failed"
    assert failed.json()["voip_last_verified_at"] is None
    assert failed.json()["checks"] == {"inbound_routed": False, "outbound_authorized": None}
    assert failed.json()["check_details"]["inbound_routed"]["remedy"] == "Route it again."
    world.carrier.accounts[KEY]["numbers"][ONE]["points_at"] = route
    verified = world.post(f"{path}/verify-voip").json()
    assert (verified["voip_verification_status"], verified["status"]) == ("verified", "active")
    assert verified["voip_last_verified_at"].endswith("Z")


def test_a_failure_keeps_the_time_of_the_last_success(world: World) -> None:
    _, path = imported(world)
    first = world.post(f"{path}/verify-voip").json()["voip_last_verified_at"]
    world.carrier.outcomes["inbound_routed"] = Outcome.FAIL
    assert world.post(f"{path}/verify-voip").json()["voip_last_verified_at"] == first


def test_what_cannot_be_told_changes_nothing(any_world: World) -> None:
    _, path = imported(any_world)
    any_world.carrier.outcomes["inbound_routed"] = Outcome.UNKNOWN
    before = any_world.get(path).json()
    any_world.post(f"{path}/verify-voip")
    assert any_world.get(path).json() == before


@pytest.mark.parametrize("value", ["agent-1", 7, 2**63 - 1, None])
def test_agents_are_kept_as_they_are_given(any_world: World, value: Any) -> None:
    _, path = imported(any_world)
    any_world.call("PATCH", path, {"outbound_agent_id": "stays"})
    changed = any_world.call("PATCH", path, {"inbound_agent_id": value}).json()
    assert (changed["inbound_agent_id"], changed["outbound_agent_id"]) == (value, "stays")
    assert type(any_world.get(path).json()["inbound_agent_id"]) is type(value)


def test_routing_that_somebody_changed_since_is_left_alone(any_world: World) -> None:
    world = any_world
    id, path = imported(world)
    world.carrier.accounts[KEY]["numbers"][ONE]["points_at"] = "elsewhere"
    released = world.call("DELETE", path).json()
    assert released == {
        "id": id,
        "number": ONE,
        "routing": "left_alone",
        "code": "changed_since",
        "detail": "Someone changed the routing since.",
    }
    assert world.points_at(ONE) == "elsewhere"


def test_a_number_that_left_the_account_is_let_go(any_world: World) -> None:
    world = any_world
    _, path = imported(world)
    del world.carrier.accounts[KEY]["numbers"][ONE]
    released = world.call("DELETE", path).json()
    assert (released["routing"], released["code"]) == ("cannot_restore", "number_not_found")
    assert world.get(PHONE_NUMBERS).json() == []


def test_a_released_number_cannot_be_verified_and_is_released_once(any_world: World) -> None:
    world = any_world
    _, path = imported(world)
    world.call("DELETE", path)
    assert world.post(f"{path}/verify-voip").json()["code"] == "number_released"
    again = world.call("DELETE", path)
    assert (again.status_code, again.json()["routing"], again.json()["code"]) == (200, "left_alone", "already_released")
    assert world.get(path).json()["voip_connection_id"] is None


@pytest.mark.parametrize("error", [CarrierUnavailable("Down."), CarrierRefused("No.")])
def test_a_release_that_certainly_failed_leaves_the_number_held(any_world: World, error: Exception) -> None:
    world = any_world
    _, path = imported(world)
    world.carrier.fail["release_number"] = error
    assert world.call("DELETE", path).status_code in (503, 422)
    assert world.get(path).json()["status"] == "provisioning"
    world.carrier.fail.clear()
    assert world.call("DELETE", path).json()["routing"] == "restored"


def test_a_release_of_unknown_outcome_is_finished_later(any_world: World) -> None:
    world = any_world
    _, path = imported(world)
    world.carrier.fail["release_number"] = WriteOutcomeUnknown("Lost.")
    answer = world.call("DELETE", path)
    assert (answer.status_code, answer.json()["code"]) == (504, "unverified_write")
    world.carrier.fail.clear()
    assert recovery.sweep(world.service) == 1
    assert world.get(path).json()["status"] == "released"
    assert world.points_at(ONE) == "old-app"


def test_a_released_number_comes_back_under_its_id_with_its_agents(any_world: World) -> None:
    world = any_world
    id, path = imported(world)
    world.call("PATCH", path, {"inbound_agent_id": "a"})
    world.post(f"{path}/verify-voip")
    world.call("DELETE", path)
    connection = world.get(CONNECTIONS).json()[0]["id"]
    assert world.import_(connection, ONE)["results"] == [{"id": id, "number": ONE, "status": "provisioning"}]
    back = world.get(path).json()
    assert (back["status"], back["voip_verification_status"], back["voip_last_verified_at"]) == (
        "provisioning",
        "unverified",
        None,
    )
    assert back["inbound_agent_id"] == "a"
