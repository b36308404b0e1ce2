"""A process that is killed at any point of an import or a release loses nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from acme import KEY, SECRET_URL, Carrier
from harness import CONNECTIONS, NUMBERS, PHONE_NUMBERS, World, world_on
from killing import be_killed

from trunkline_service import import_worker, recovery
from trunkline_service.storage import import_jobs
from trunkline_service.storage.numbers import LEASE_MS

ONE = NUMBERS[0]


@pytest.fixture
def lasting(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A service whose carrier keeps its books in a file."""
    carrier = Carrier(tmp_path / "carrier.json")
    carrier.open(KEY, *NUMBERS)
    with world_on(database_url, tmp_path, carrier) as made:
        yield made


def run_and_be_killed(
    world: World, folder: Path, url: str, *, when: str, hook: str, release: int | None = None, work: bool = False
) -> None:
    be_killed(
        {
            "url": url,
            "folder": str(folder),
            "carrier": str(folder / "carrier.json"),
            "organization": world.organization,
            "connection": world.get(CONNECTIONS).json()[0]["id"],
            "numbers": [ONE],
            "when": when,
            "hook": hook,
            "release": release,
            "work": work,
        }
    )


POINTS = {
    "after the claim": ("before", "prepare_route", False),
    "after the snapshot": ("before", "import_number", False),
    "after the write": ("after", "import_number", True),
}


@pytest.mark.parametrize("point", POINTS)
def test_an_import_that_is_killed_is_finished_or_undone(
    lasting: World, database_url: str, tmp_path: Path, point: str
) -> None:
    world, (when, hook, written) = lasting, POINTS[point]
    connection = world.connect()["id"]
    run_and_be_killed(world, tmp_path, database_url, when=when, hook=hook)
    assert world.points_at(ONE).startswith("TK-") is written

    assert recovery.sweep(world.service) == 0, "a running lease is not taken over"
    assert world.get(PHONE_NUMBERS).json() == []
    world.clock.forward(milliseconds=LEASE_MS + 1)
    assert recovery.sweep(world.service) == 1

    listed = world.get(PHONE_NUMBERS).json()
    assert [each["number"] for each in listed] == ([ONE] if written else [])
    id = world.import_(connection, ONE)["results"][0]["id"]
    assert world.call("DELETE", f"{PHONE_NUMBERS}/{id}").json()["routing"] == "restored"
    assert world.carrier.accounts[KEY]["numbers"][ONE] == {
        "handle": "PN0",
        "points_at": "old-app",
        "url": SECRET_URL,
        "voice": True,
    }


@pytest.mark.parametrize("point", POINTS)
def test_the_next_import_settles_what_a_killed_one_left(
    lasting: World, database_url: str, tmp_path: Path, point: str
) -> None:
    world, (when, hook, _) = lasting, POINTS[point]
    connection = world.connect()["id"]
    run_and_be_killed(world, tmp_path, database_url, when=when, hook=hook)
    world.clock.forward(milliseconds=LEASE_MS + 1)
    result = world.import_(connection, ONE)["results"][0]
    assert result["status"] == "provisioning"
    assert world.call("DELETE", f"{PHONE_NUMBERS}/{result['id']}").json()["routing"] == "restored"
    assert world.carrier.accounts[KEY]["numbers"][ONE]["url"] == SECRET_URL


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_release_that_is_killed_is_finished(lasting: World, database_url: str, tmp_path: Path, when: str) -> None:
    world = lasting
    connection = world.connect()["id"]
    id = world.import_(connection, ONE)["results"][0]["id"]
    run_and_be_killed(world, tmp_path, database_url, when=when, hook="release_number", release=id)
    assert world.get(f"{PHONE_NUMBERS}/{id}").json()["status"] == "provisioning"
    busy = world.call("DELETE", f"{PHONE_NUMBERS}/{id}")
    assert (busy.status_code, busy.json()["code"]) == (409, "number_busy")
    world.clock.forward(milliseconds=LEASE_MS + 1)
    assert world.call("DELETE", f"{PHONE_NUMBERS}/{id}").json()["code"] == "already_released"
    assert world.get(f"{PHONE_NUMBERS}/{id}").json()["status"] == "released"
    assert world.carrier.accounts[KEY]["numbers"][ONE]["url"] == SECRET_URL


def test_a_connection_whose_import_is_running_is_not_removed(lasting: World, database_url: str, tmp_path: Path) -> None:
    world = lasting
    connection = world.connect()["id"]
    run_and_be_killed(world, tmp_path, database_url, when="before", hook="import_number")
    answer = world.call("DELETE", f"{CONNECTIONS}/{connection}")
    assert (answer.status_code, answer.json()["code"]) == (409, "connection_busy")
    assert int(answer.headers["retry-after"]) > 0
    world.clock.forward(milliseconds=LEASE_MS + 1)
    assert world.call("DELETE", f"{CONNECTIONS}/{connection}").status_code == 204
    assert world.get(PHONE_NUMBERS).json() == []


def test_a_carrier_that_cannot_be_asked_leaves_the_number_for_later(
    lasting: World, database_url: str, tmp_path: Path
) -> None:
    from trunkline.errors import CarrierUnavailable

    world = lasting
    world.connect()
    run_and_be_killed(world, tmp_path, database_url, when="after", hook="import_number")
    world.clock.forward(milliseconds=LEASE_MS + 1)
    world.carrier.fail["read_routing"] = CarrierUnavailable("Acme is down.")
    assert recovery.sweep(world.service) == 0
    world.carrier.fail.clear()
    assert recovery.sweep(world.service) == 0, "the next try waits its turn"
    world.clock.forward(milliseconds=LEASE_MS + 1)
    assert recovery.sweep(world.service) == 1
    assert [each["number"] for each in world.get(PHONE_NUMBERS).json()] == [ONE]


@pytest.mark.parametrize("point", POINTS)
def test_the_turn_of_an_import_job_that_is_killed_is_taken_again(
    lasting: World, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    world, (when, hook, written) = lasting, POINTS[point]
    path = f"{CONNECTIONS}/{world.connect()['id']}/import-numbers"
    job = world.post(path, {"numbers": [ONE]}, Prefer="respond-async").json()["id"]
    run_and_be_killed(world, tmp_path, database_url, when=when, hook=hook, work=True)
    assert world.points_at(ONE).startswith("TK-") is written
    assert world.get(f"/v1/import-jobs/{job}").json()["state"] == "running"

    world.clock.forward(milliseconds=LEASE_MS + 1)
    if not world.service.database.is_sqlite:
        with world.service.database.writing() as db:
            db.exec_driver_sql("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'")
    finish, finished = import_jobs.finish, threading.Event()

    def finish_and_tell(*given: Any, **more: Any) -> None:
        finish(*given, **more)
        finished.set()

    monkeypatch.setattr(import_jobs, "finish", finish_and_tell)
    import_worker.run_until(world.service, finished)
    ended = world.get(f"/v1/import-jobs/{job}").json()
    assert (ended["state"], ended["imported_count"]) == ("done", 1)
    assert world.carrier.calls.count("import_number") == (0 if written else 1)
    id = ended["results"][0]["id"]
    assert world.call("DELETE", f"{PHONE_NUMBERS}/{id}").json()["routing"] == "restored"
    assert world.carrier.accounts[KEY]["numbers"][ONE]["url"] == SECRET_URL
