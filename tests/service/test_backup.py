"""A backup made while the service runs, restored beside the key ring it belongs to, as `docs/operations.md` says."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from acme import KEY, Carrier
from harness import CONNECTIONS, KEYS, NUMBERS, PHONE_NUMBERS, World, a_database, settings_for, world_on
from sqlalchemy import make_url

from trunkline_service.start import StartError, start

OTHER_KEYS = "t2:" + "B" * 43 + "="


@pytest.fixture
def empty_url(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the backup is restored to: another database of the same kind, with nothing in it."""
    if "sqlite" in database_url:
        yield f"sqlite:///{tmp_path / 'restored.db'}"
        return
    for tool in ("pg_dump", "pg_restore"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed; it comes with PostgreSQL's client tools")
    with a_database(request.getfixturevalue("postgres")) as url:
        yield url


def back_up(database_url: str, file: Path) -> None:
    if "sqlite" in database_url:
        with closing(sqlite3.connect(path_of(database_url))) as live, closing(sqlite3.connect(file)) as copy:
            live.backup(copy)
    else:
        run("pg_dump", "--format=custom", "--no-owner", f"--file={file}", database_url)


def restore(file: Path, database_url: str) -> None:
    if "sqlite" in database_url:
        shutil.copy(file, path_of(database_url))
    else:
        run("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={database_url}", str(file))


def path_of(database_url: str) -> str:
    return str(make_url(database_url).database)


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def told(world: World) -> tuple[object, object]:
    return world.get(CONNECTIONS).json(), world.get(PHONE_NUMBERS).json()


def test_a_restored_backup_serves_with_its_key_ring_and_with_no_other(
    database_url: str, empty_url: str, tmp_path: Path
) -> None:
    carrier = Carrier()
    carrier.open(KEY, *NUMBERS)
    backup = tmp_path / "backup"
    with world_on(database_url, tmp_path, carrier) as world:
        connection = world.connect()["id"]
        number = world.import_(connection, NUMBERS[0])["results"][0]["id"]
        key, before = world.key, told(world)
        back_up(database_url, backup)
        world.import_(connection, NUMBERS[1])
    restore(backup, empty_url)

    with pytest.raises(StartError, match="TRUNKLINE_KEYS: key t1 is not in the key ring"):
        start(settings_for(empty_url, tmp_path, TRUNKLINE_KEYS=OTHER_KEYS))
    with world_on(empty_url, tmp_path, carrier, TRUNKLINE_KEYS=f"{OTHER_KEYS},{KEYS}") as world:
        world.key = key
        assert world.http.get("/v1/readyz").status_code == 200
        assert told(world) == before
        released = world.call("DELETE", f"{PHONE_NUMBERS}/{number}")
        assert released.json()["routing"] == "restored"
        assert world.points_at(NUMBERS[0]) == "old-app"
        # Imported after the backup: the carrier still routes it here, and importing it again takes it up.
        assert world.import_(connection, NUMBERS[1])["imported_count"] == 1
