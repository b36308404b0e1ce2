"""The schema of the job queue in PostgreSQL: Procrastinate's own, whose steps it ships and does not number.

A new database gets all of it at once, and remembers which steps that were; an older one gets the steps it lacks.
"""

from __future__ import annotations

from pathlib import Path

from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, insert, select

from trunkline_service.storage.tables import queue_migrations


def is_present(db: Connection) -> bool:
    """Whether the database has every step of the Procrastinate that is installed."""
    return not _missing(db)


def upgrade(db: Connection) -> None:
    """Take the steps that the database lacks."""
    missing = _missing(db)
    if missing == _steps():
        _run(db, SchemaManager.get_schema())
    else:
        for step in missing:
            _run(db, _path(step).read_text("utf-8"))
    if missing:
        db.execute(insert(queue_migrations), [{"name": step} for step in missing])


def _missing(db: Connection) -> list[str]:
    taken = set(db.execute(select(queue_migrations.c.name)).scalars())
    return [step for step in _steps() if step not in taken]


def _steps() -> list[str]:
    """Their names begin with Procrastinate's versions, so that they sort in their order."""
    return sorted(each.stem for each in _path("*").parent.glob("*.sql"))


def _path(step: str) -> Path:
    return Path(SchemaManager.get_migrations_path(), f"{step}.sql")


def _run(db: Connection, script: str) -> None:
    """Run many statements in the present transaction: only the driver itself takes them at once."""
    driver = db.connection.driver_connection
    assert driver is not None
    driver.execute(script)
