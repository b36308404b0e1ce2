"""The schema's version: made, brought up, or refused."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from trunkline_service.storage import queue_schema
from trunkline_service.storage.database import Database

_LOCK = "schema"


class SchemaMismatch(Exception):
    """The database's schema is not the one this version needs; the text says what to do."""


def make_ready(database: Database) -> None:
    """Bring SQLite, and an empty database, to the present schema; refuse a schema that is too old or too new."""
    with database.writing(serial=_LOCK) as db:
        state = _state(db)
        if state == "new":
            raise SchemaMismatch(
                "The database belongs to a newer version of trunkline-service. Install that version again."
            )
        if state == "old" and not database.is_sqlite:
            raise SchemaMismatch("The database's schema is too old. Run: trunkline-service migrate")
        if state != "present":
            _upgrade(db)


def migrate(database: Database) -> None:
    """Bring the database to the present schema."""
    with database.writing(serial=_LOCK) as db:
        if _state(db) == "new":
            raise SchemaMismatch("The database belongs to a newer version of trunkline-service.")
        _upgrade(db)


def is_present(db: Connection) -> bool:
    """Whether the database has the schema that this version needs."""
    return MigrationContext.configure(db).get_current_revision() == _head()


def _state(db: Connection) -> str:
    """`empty`, `old`, `present` or `new`."""
    revision = MigrationContext.configure(db).get_current_revision()
    if revision is None:
        return "old" if inspect(db).has_table("installation") else "empty"
    if revision == _head():
        return "present" if db.dialect.name == "sqlite" or queue_schema.is_present(db) else "old"
    known = {each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions()}
    return "old" if revision in known else "new"


@cache
def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _upgrade(db: Connection) -> None:
    config = _config()
    config.attributes["connection"] = db
    command.upgrade(config, "head")
    if db.dialect.name != "sqlite":
        queue_schema.upgrade(db)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations").replace("%", "%%"))
    return config
