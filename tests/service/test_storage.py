"""What lies beneath: seals, the schema, locks."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import attrs
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from harness import KEYS, World, migrated, settings_for
from sqlalchemy import make_url, text

from trunkline.secret import Secret
from trunkline_service.clock import from_milliseconds, in_milliseconds, shown
from trunkline_service.key_ring import LocalKeyRing, SealBroken
from trunkline_service.sealing import Place, Sealer
from trunkline_service.settings import Settings, SettingsError
from trunkline_service.start import StartError, open_database, start
from trunkline_service.storage import locks, schema
from trunkline_service.storage.database import Database
from trunkline_service.storage.tables import metadata

PLACE = Place(1, "connection", 2, "credentials")
OTHER = "t2:" + "B" * 43 + "="


def test_a_sealed_value_opens_where_it_was_sealed() -> None:
    sealer = Sealer(LocalKeyRing.parse(KEYS))
    assert sealer.open(sealer.seal({"a": Secret("s"), "ü": [1, None]}, PLACE), PLACE) == {"a": "s", "ü": [1, None]}


@pytest.mark.parametrize("change", [{"organization": 2}, {"record": "x"}, {"id": 3}, {"purpose": "x"}])
def test_a_sealed_value_opens_nowhere_else(change: dict[str, object]) -> None:
    sealer = Sealer(LocalKeyRing.parse(KEYS))
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal("x", PLACE), attrs.evolve(PLACE, **change))  # type: ignore[arg-type]


def test_a_sealed_value_that_was_changed_or_cut_does_not_open() -> None:
    sealer = Sealer(LocalKeyRing.parse(KEYS))
    sealed = sealer.seal("x", PLACE)
    for index in range(len(sealed)):
        broken = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
        for bad in (broken, sealed[:index]):
            with pytest.raises(SealBroken):
                sealer.open(bad, PLACE)


def test_after_a_rotation_old_seals_open_and_new_ones_are_made_with_the_new_key() -> None:
    old, rotated = Sealer(LocalKeyRing.parse(KEYS)), Sealer(LocalKeyRing.parse(f"{OTHER},{KEYS}"))
    assert rotated.open(old.seal("x", PLACE), PLACE) == "x"
    with pytest.raises(SealBroken):
        old.open(rotated.seal("x", PLACE), PLACE)


def test_equal_values_are_sealed_differently_and_a_ring_shows_no_key() -> None:
    ring = LocalKeyRing.parse(KEYS)
    assert Sealer(ring).seal("x", PLACE) != Sealer(ring).seal("x", PLACE)
    assert "AAAA" not in repr(ring)
    assert "\\x00" not in repr(ring)


def test_evidence_made_before_a_rotation_is_good_after_it(any_world: World) -> None:
    from harness import CONNECTIONS, draft
    from litestar.testing import TestClient

    from trunkline_service.app import create_app

    id = any_world.evidence()
    rotated = attrs.evolve(any_world.service, sealer=Sealer(LocalKeyRing.parse(f"{OTHER},{KEYS}")))
    with TestClient(create_app(rotated, background=False)) as http:
        headers = {"Authorization": f"Bearer {any_world.key}"}
        answer = http.post(CONNECTIONS, json=draft(verification_evidence_id=id), headers=headers)
    assert answer.status_code == 201


def test_a_key_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    first = Settings.from_environment({"TRUNKLINE_DATA_DIR": str(tmp_path)})
    again = Settings.from_environment({"TRUNKLINE_DATA_DIR": str(tmp_path)})
    assert first.keys.keys == again.keys.keys
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600
    (tmp_path / "keys").write_text("damaged")
    with pytest.raises(SettingsError, match="damaged"):
        Settings.from_environment({"TRUNKLINE_DATA_DIR": str(tmp_path)})


def test_the_migrations_make_the_tables_that_the_code_uses(empty_database_url: str, tmp_path: Path) -> None:
    database = open_database(settings_for(empty_database_url, tmp_path))
    try:
        with database.reading() as db:
            ours = MigrationContext.configure(db, opts={"include_name": _is_ours})
            assert compare_metadata(ours, metadata) == []
    finally:
        database.dispose()


def _is_ours(name: str | None, kind: str, _: object) -> bool:
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


@pytest.mark.parametrize(("revision", "told"), [("9999", "newer version"), (None, "too old")])
def test_another_schema_is_refused(empty_database_url: str, tmp_path: Path, revision: str, told: str) -> None:
    settings = settings_for(migrated(empty_database_url), tmp_path)
    database = open_database(settings)
    with database.writing() as db:
        db.execute(text("DELETE FROM alembic_version"))
        if revision:
            db.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
    database.dispose()
    if told == "too old" and "sqlite" in empty_database_url:
        pytest.skip("SQLite is brought up at start")
    with pytest.raises(StartError, match=told):
        open_database(settings)


def test_two_first_starts_at_once_make_one_installation(empty_database_url: str, tmp_path: Path) -> None:
    from trunkline.registry import Registry

    names: list[str] = []

    def begin() -> None:
        service = start(settings_for(empty_database_url, tmp_path), Registry.of())
        names.append(service.installation)
        service.database.dispose()

    threads = [threading.Thread(target=begin) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names) == 3
    assert len(set(names)) == 1


def test_migrating_twice_changes_nothing(empty_database_url: str, tmp_path: Path) -> None:
    database = Database(settings_for(empty_database_url, tmp_path).database_url)
    try:
        schema.migrate(database)
        schema.migrate(database)
    finally:
        database.dispose()


def test_a_lock_is_held_by_one_and_an_expired_one_is_taken(any_world: World) -> None:
    database, now = any_world.service.database, any_world.service.now
    with locks.holding(database, "x", now):
        with pytest.raises(locks.LockTimeout), locks.holding(database, "x", now, seconds=0):
            pass
        with locks.holding(database, "y", now):
            pass
        any_world.clock.forward(minutes=2)
        with locks.holding(database, "x", now):
            pass
    with locks.holding(database, "x", now, seconds=0):
        pass


@pytest.mark.parametrize("stored", [0, 1, 999, 1000, 1764000000123, 253402300799999])
def test_a_moment_keeps_its_milliseconds(stored: int) -> None:
    assert in_milliseconds(from_milliseconds(stored)) == stored
    assert shown(stored) == from_milliseconds(stored).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_a_database_url_shows_no_password(tmp_path: Path) -> None:
    settings = settings_for("postgres://user:PwCanary@host/db", tmp_path)
    assert settings.database_url == make_url("postgresql+psycopg://user:PwCanary@host/db")
    assert "PwCanary" not in repr(settings)
    assert os.fspath(settings.data_dir) == str(tmp_path)
