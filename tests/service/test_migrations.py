"""A database of an earlier version is brought up with all that is in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from acme import KEY, Carrier
from alembic import command
from harness import CONNECTIONS, NUMBERS, PHONE_NUMBERS, a_database, draft, migrated, settings_for, world_on
from sqlalchemy import insert, inspect, select

from trunkline_service.start import StartError, open_database
from trunkline_service.storage import queue_schema, schema
from trunkline_service.storage.database import Database
from trunkline_service.storage.queue import put_in_line
from trunkline_service.storage.tables import queue_migrations


def bring_down(database: Database, revision: str) -> None:
    with database.writing() as db:
        config = schema._config()
        config.attributes["connection"] = db
        command.downgrade(config, revision)


def test_data_of_the_first_schema_is_kept(empty_database_url: str, tmp_path: Path) -> None:
    database_url = migrated(empty_database_url)
    carrier = Carrier()
    carrier.open(KEY, *NUMBERS)
    with world_on(database_url, tmp_path, carrier) as world:
        world.import_(world.connect(sip_config={"pin": "1"})["id"], NUMBERS[0])
        evidence = world.evidence()
        before = (world.get(CONNECTIONS).json(), world.get(PHONE_NUMBERS).json())
        bring_down(world.service.database, "0001")
        with world.service.database.reading() as db:
            assert not inspect(db).has_table("set_ups")
            assert "reserved_at" not in [each["name"] for each in inspect(db).get_columns("evidence")]
        organization, key = world.organization, world.key
    settings = settings_for(database_url, tmp_path)
    if "sqlite" not in database_url:
        with pytest.raises(StartError, match="trunkline-service migrate"):
            open_database(settings)
        database = Database(settings.database_url)
        schema.migrate(database)
        database.dispose()
    with world_on(database_url, tmp_path, carrier) as world:
        world.organization, world.key = organization, key
        assert (world.get(CONNECTIONS).json(), world.get(PHONE_NUMBERS).json()) == before
        assert world.post(CONNECTIONS, draft(verification_evidence_id=evidence)).status_code == 201
        (first,) = before[0]
        assert world.get(f"{CONNECTIONS}/{first['id']}/setup-steps").json() == []
        assert world.import_(first["id"], *NUMBERS)["imported_count"] == 3


def test_a_queue_of_an_earlier_procrastinate_is_refused_until_it_is_brought_up(postgres: str, tmp_path: Path) -> None:
    with a_database(postgres) as url:
        settings = settings_for(url, tmp_path)
        open_database(settings).dispose()
        database = Database(settings.database_url)
        bring_down(database, "0002")
        with database.writing() as db:
            config = schema._config()
            config.attributes["connection"] = db
            command.upgrade(config, "head")
        *earlier, last = queue_schema._steps()
        for step in earlier:
            with database.writing() as db:
                queue_schema._run(db, queue_schema._path(step).read_text("utf-8"))
                db.execute(insert(queue_migrations).values(name=step))
        with pytest.raises(StartError, match="trunkline-service migrate"):
            open_database(settings)
        schema.migrate(database)
        with database.reading() as db:
            assert db.execute(select(queue_migrations.c.name).where(queue_migrations.c.name == last)).scalar() == last
        with database.writing() as db:
            put_in_line(db, 1, "an account", seconds=0, tries=0)
            put_in_line(db, 1, "an account", seconds=0, tries=0)
        with database.reading() as db:
            assert db.exec_driver_sql("SELECT count(*) FROM procrastinate_jobs").scalar() == 1
        database.dispose()
        open_database(settings).dispose()
