"""Two replicas that import into one carrier account at once do it no harm."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from acme import ACME, KEY
from harness import CONNECTIONS, NUMBERS, World, service_for, settings_for

from serving import serving
from trunkline.engine import Deadlines
from trunkline_service import import_worker
from trunkline_service.desk import open_desk
from trunkline_service.service import Service
from trunkline_service.storage import locks
from trunkline_service.storage.locks import holding
from trunkline_service.storage.organizations import Caller

ONE, TWO, THREE = NUMBERS
COUNTING = "counting"
"""A provider that counts requests by the second."""
SOON = 15.0


@pytest.fixture
def replicas(any_world: World, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The addresses of two replicas of one service."""
    other = service_for(settings_for(any_world.url, tmp_path), any_world.carrier, any_world.clock)
    with serving(any_world.service) as one, serving(other) as two:
        yield one, two
    other.database.dispose()


@pytest.fixture
def somebody_waits(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once somebody could not take a lock."""
    take, waits = locks._take, threading.Event()

    def take_and_tell(*given: Any) -> bool:
        taken = take(*given)
        if not taken:
            waits.set()
        return taken

    monkeypatch.setattr(locks, "_take", take_and_tell)
    return waits


def import_at(address: str, connection: int, key: str, *numbers: str) -> httpx.Response:
    path, headers = f"{CONNECTIONS}/{connection}/import-numbers", {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=address, timeout=60) as http:
        return http.post(path, json={"numbers": list(numbers)}, headers=headers)


@pytest.mark.parametrize("identity", ["account-1", None])
def test_two_replicas_make_one_route_and_write_no_number_twice(
    any_world: World, replicas: tuple[str, str], somebody_waits: threading.Event, identity: str | None
) -> None:
    world = any_world
    world.carrier.accounts[KEY]["identity"] = identity
    connections = [world.connect()["id"] for _ in replicas]
    missing_before: list[bool] = []

    def look(missing: bool) -> None:
        missing_before.append(missing)
        assert somebody_waits.wait(SOON)

    world.carrier.before["prepare_route"] = look
    with ThreadPoolExecutor(2) as pool:
        sent = [
            pool.submit(import_at, address, connection, world.key, number, THREE)
            for address, connection, number in zip(replicas, connections, (ONE, TWO), strict=True)
        ]
    results = [result for answer in sent for result in answer.result().json()["results"]]
    assert [result["status"] for result in results] == ["provisioning"] * 4
    assert len({result["id"] for result in results if result["number"] == THREE}) == 1
    assert missing_before == [True, False]
    assert len(world.carrier.accounts[KEY]["trunks"]) == 1
    assert world.carrier.calls.count("import_number") == 3


@pytest.mark.parametrize(("provider", "together"), [(ACME, 2), (COUNTING, 1)])
def test_only_an_account_that_counts_by_the_second_is_written_to_by_one_replica_at_a_time(
    any_world: World, replicas: tuple[str, str], somebody_waits: threading.Event, provider: str, together: int
) -> None:
    """Whoever connected it: the account's limits are those of two organizations together."""
    world, (_, other) = any_world, any_world.organization_with_key()
    keys = (world.key, other)
    connections = [world.connect(provider=provider, key=key)["id"] for key in keys]
    everybody, most, at_work, counting = threading.Barrier(together), [0], [0], threading.Lock()

    def enter(number: str) -> None:
        with counting:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        everybody.wait(SOON)
        assert together == 2 or somebody_waits.wait(SOON)

    def leave(number: str) -> None:
        with counting:
            at_work[0] -= 1

    world.carrier.before["import_number"], world.carrier.after["import_number"] = enter, leave
    with ThreadPoolExecutor(2) as pool:
        sent = [
            pool.submit(import_at, address, connection, key, number)
            for address, connection, key, number in zip(replicas, connections, keys, (ONE, TWO), strict=True)
        ]
    assert [answer.result().json()["imported_count"] for answer in sent] == [1, 1]
    assert most == [together]


def test_an_import_at_once_waits_for_the_turn_of_a_job_and_then_goes_on(
    any_world: World, replicas: tuple[str, str], somebody_waits: threading.Event
) -> None:
    world = any_world
    connection = world.connect(provider=COUNTING)["id"]
    path = f"{CONNECTIONS}/{connection}/import-numbers"
    job = world.post(path, {"numbers": [ONE, TWO]}, Prefer="respond-async").json()["id"]
    begun = threading.Event()

    def stay(number: str) -> None:
        begun.set()
        assert somebody_waits.wait(SOON)

    world.carrier.before["import_number"] = stay
    with ThreadPoolExecutor(1) as pool:
        turn = pool.submit(import_worker.go_on_with_next, world.service)
        assert begun.wait(SOON)
        answer = import_at(replicas[1], connection, world.key, TWO, THREE)
        assert turn.result(SOON)
    assert answer.json()["imported_count"] == 2
    assert world.get(f"/v1/import-jobs/{job}").json()["imported_count"] == 2
    assert world.carrier.calls.count("import_number") == 3


def test_an_import_whose_turn_does_not_come_is_refused_and_claims_nothing(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = any_world
    connection = world.connect(provider=COUNTING)["id"]
    path = f"{CONNECTIONS}/{connection}/import-numbers"
    job = world.post(path, {"numbers": [TWO]}, Prefer="respond-async").json()["id"]
    monkeypatch.setattr(Service, "lock", _impatient)
    caller = Caller(world.organization, "live", may_write=True)
    name = open_desk(world.service, caller, connection).account_lock()
    with holding(world.service.database, name, world.service.now):
        refused = world.post(path, {"numbers": [ONE]})
        assert import_worker.go_on_with_next(world.service)
    assert (refused.status_code, refused.json()["code"]) == (409, "account_busy")
    assert refused.headers["retry-after"] == "5"
    assert world.carrier.calls.count("prepare_route") == 0
    assert world.import_(connection, ONE)["imported_count"] == 1
    world.clock.forward(seconds=6)
    assert import_worker.go_on_with_next(world.service)
    assert world.get(f"/v1/import-jobs/{job}").json()["state"] == "done"


def test_a_lock_outlasts_the_making_of_a_route() -> None:
    deadlines = Deadlines()
    assert 2 * 1000 * (deadlines.write + deadlines.grace) < locks.LEASE_MS


def _impatient(service: Service, name: str, lease_ms: int = locks.LEASE_MS) -> Any:
    return holding(service.database, name, service.now, lease_ms=lease_ms, seconds=0)
