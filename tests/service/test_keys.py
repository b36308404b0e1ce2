"""Keys: rotated while others write, missed at start and not later, and kept elsewhere where that is wanted."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Collection
from pathlib import Path

import attrs
import pytest
from harness import CONNECTIONS, KEYS, NUMBERS, World, draft, settings_for, world_on
from sqlalchemy import LargeBinary, update
from test_server import run

from trunkline.registry import Registry
from trunkline_service import key_use
from trunkline_service.key_ring import KeyRing, LocalKeyRing, SealBroken
from trunkline_service.sealing import Place, Sealer, envelope
from trunkline_service.settings import Settings, SettingsError
from trunkline_service.start import StartError, open_keys, start
from trunkline_service.storage import connections, tables
from trunkline_service.storage.tables import metadata

NEW = "t2:" + "B" * 43 + "="


def sealer_of(*keys: str) -> Sealer:
    return Sealer(LocalKeyRing.parse(",".join(keys)))


def filled(world: World) -> int:
    """Something in every sealed column; gives a connection."""
    world.connect(provider="guided", setup_method="guided_guided")
    made = world.connect(sip_config={"pin": "1"})["id"]
    assert world.post("/v1/webhook-endpoints", {"url": "https://hooks.example.com/x"}).status_code == 201
    world.import_(made, NUMBERS[0], Idempotency_Key="k")
    return int(made)


def keys_of(world: World) -> set[bytes]:
    """What the seals of all columns begin with."""
    found: set[bytes] = set()
    with world.service.database.reading() as db:
        for sealed in key_use.SEALED:
            values = [
                bytes(value)
                for value in db.execute(sealed.column.table.select().with_only_columns(sealed.column)).scalars()
                if value
            ]
            assert values, sealed.name
            found |= {value[: len(envelope("t1"))] for value in values}
    return found


def test_every_sealed_column_is_one_that_rotation_knows() -> None:
    sealed = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and column.name.startswith("sealed")
    }
    assert {column.name for column in key_use.SEALED} == sealed


def test_a_rotation_seals_everything_anew_and_the_old_key_is_done_with_when_nothing_is_checked_with_it(
    any_world: World,
) -> None:
    world, database = any_world, any_world.service.database
    connection = filled(world)
    assert keys_of(world) == {envelope("t1")}
    done = key_use.reseal_all(database, open_keys(database, LocalKeyRing.parse(f"{NEW},{KEYS}")))
    assert keys_of(world) == {envelope("t2")}
    assert sum(done.resealed.values()) >= len(key_use.SEALED)
    assert done.unreadable == {}
    assert not any(key_use.reseal_all(database, sealer_of(NEW, KEYS)).resealed.values())
    with database.reading() as db:
        (kept,) = key_use.uses_of(db, "t1", world.service.now())
        assert kept.startswith("idempotency keys (until ")
        world.clock.forward(hours=25)
        assert list(key_use.uses_of(db, "t1", world.service.now())) == []
    rotated = attrs.evolve(world.service, sealer=sealer_of(NEW))
    with database.writing() as db:
        key_use.check(db, rotated.sealer, world.service.now())
        stored = connections.find(db, world.organization, connection)
    assert stored is not None
    assert stored.sip_config(rotated.sealer) == {"pin": "1"}


def test_what_is_written_during_a_rotation_is_not_undone_by_it(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value is read, then changed by a process that seals with the old key, then exchanged: that must fail, once."""
    reseal, changed = Sealer.reseal, []

    def meanwhile_changed(self: Sealer, sealed: bytes, place: Place) -> bytes:
        if place.purpose == "sip_config" and place.id == connection and not changed:
            changed.append(world.call("PATCH", f"{CONNECTIONS}/{connection}", {"sip_config": {"pin": "2"}}).status_code)
        return reseal(self, sealed, place)

    with world_on(database_url, tmp_path, TRUNKLINE_KEYS=f"{KEYS},{NEW}") as world:
        connection = filled(world)
        monkeypatch.setattr(Sealer, "reseal", meanwhile_changed)
        key_use.reseal_all(world.service.database, sealer_of(NEW, KEYS))
        with world.service.database.reading() as db:
            stored = connections.find(db, world.organization, connection)
    assert changed == [200]
    assert stored is not None
    assert stored.sip_config(sealer_of(NEW)) == {"pin": "2"}


def test_a_value_that_no_key_opens_is_counted_and_stays_as_it_is(world: World) -> None:
    id = filled(world)
    with world.service.database.writing() as db:
        where = tables.connections.c.id == id
        db.execute(update(tables.connections).where(where).values(sealed_credentials=b"\x01\x02t1broken"))
    done = key_use.reseal_all(world.service.database, sealer_of(NEW, KEYS))
    assert done.unreadable == {"connections.sealed_credentials": 1}
    with world.service.database.reading() as db:
        stored = connections.find(db, world.organization, id)
    assert stored is not None
    assert stored.sealed_credentials == b"\x01\x02t1broken"


@pytest.mark.parametrize(
    ("ring", "told"),
    [
        (NEW, "key t1 is not in the key ring, and connections.sealed_credentials cannot do without it"),
        (f"{NEW},t1:{'C' * 43}=", "key t1 is not the t1 that this database was sealed with"),
        ("t1:" + "C" * 43 + "=", "key t1 is not the t1"),
    ],
)
def test_a_lost_or_wrong_key_is_told_at_start(any_world: World, tmp_path: Path, ring: str, told: str) -> None:
    filled(any_world)
    settings = settings_for(any_world.url, tmp_path, TRUNKLINE_KEYS=ring)
    with pytest.raises(StartError, match="TRUNKLINE_KEYS: ") as refused:
        start(settings, Registry.of())
    assert told in str(refused.value)


def test_the_command_rotates_and_tells_what_the_old_key_is_needed_for(world: World, tmp_path: Path) -> None:
    filled(world)
    rotated = run(tmp_path, "keys", "rotate", TRUNKLINE_DATABASE_URL=world.url, TRUNKLINE_KEYS=f"{NEW},{KEYS}")
    assert rotated.returncode == 0, rotated.stderr
    assert "phone_numbers.sealed_snapshot: 1 sealed anew under t2" in rotated.stdout
    assert "Key t1 is needed for idempotency keys (until " in rotated.stdout
    with pytest.raises(StartError, match="key t1 is not in the key ring, and idempotency keys"):
        open_keys(world.service.database, LocalKeyRing.parse(NEW))


def test_a_key_ring_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "ring"
    file.write_text(KEYS + "\n")
    given = {"TRUNKLINE_DATA_DIR": str(tmp_path), "TRUNKLINE_KEYS_FILE": str(file)}
    file.chmod(0o640)
    with pytest.raises(SettingsError, match=f"TRUNKLINE_KEYS_FILE: .* run: chmod 600 {file}"):
        Settings.from_environment(given)
    file.chmod(0o400)
    assert Settings.from_environment(given).keys.primary == "t1"
    with pytest.raises(SettingsError, match="give one of the two"):
        Settings.from_environment({**given, "TRUNKLINE_KEYS": KEYS})
    with pytest.raises(SettingsError, match=r"TRUNKLINE_KEYS_FILE: .* cannot be used: No such file"):
        Settings.from_environment({**given, "TRUNKLINE_KEYS_FILE": "/nowhere/ring"})


class KeyService:
    """A key service elsewhere: it keeps the plain values too, and hands out tickets for them."""

    primary = "kms-1"
    ids: Collection[str] = ("kms-1",)

    def __init__(self) -> None:
        self._kept: dict[bytes, tuple[str, bytes, bytes]] = {}
        self._key = os.urandom(32)

    def seal(self, id: str, plain: bytes, bound: bytes) -> bytes:
        ticket = secrets.token_bytes(16)
        self._kept[ticket] = (id, plain, bound)
        return ticket

    def open(self, id: str, sealed: bytes, bound: bytes) -> bytes:
        kept = self._kept.get(sealed)
        if kept is None or (id, bound) != (kept[0], kept[2]):
            raise SealBroken("no such ticket")
        return kept[1]

    def mac(self, id: str, purpose: str, data: bytes) -> bytes:
        if id not in self.ids:
            raise SealBroken("no such key")
        return hmac.digest(self._key, purpose.encode() + b"\0" + data, hashlib.sha256)


def test_a_key_service_can_stand_behind_the_ring(any_world: World) -> None:
    world, ring = any_world, KeyService()
    seen_as_ring: KeyRing = ring
    filled(world)
    database = world.service.database

    class Both(KeyService):
        """While keys move over, the local ones still open."""

        ids = ("kms-1", "t1")
        _local = LocalKeyRing.parse(KEYS)

        def seal(self, id: str, plain: bytes, bound: bytes) -> bytes:
            return self._local.seal(id, plain, bound) if id == "t1" else ring.seal(id, plain, bound)

        def open(self, id: str, sealed: bytes, bound: bytes) -> bytes:
            return self._local.open(id, sealed, bound) if id == "t1" else ring.open(id, sealed, bound)

        def mac(self, id: str, purpose: str, data: bytes) -> bytes:
            return self._local.mac(id, purpose, data) if id == "t1" else ring.mac(id, purpose, data)

    key_use.reseal_all(database, open_keys(database, Both()))
    world.clock.forward(hours=25)
    with database.writing() as db:
        key_use.check(db, Sealer(seen_as_ring), world.service.now())
        for sealed in key_use.SEALED:
            assert not sealed.uses(db, "t1")
    moved = attrs.evolve(world, service=attrs.evolve(world.service, sealer=Sealer(ring)))
    with database.reading() as db:
        (shown,) = [row for row in db.execute(tables.connections.select()) if row.provider == "acme"]
        stored = connections.find(db, world.organization, shown.id)
    assert stored is not None
    assert stored.credentials(moved.service.sealer) == draft()["credentials"]
