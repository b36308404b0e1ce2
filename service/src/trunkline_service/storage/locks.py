"""Locks that hold across processes: a row with a lease, so that a killed holder blocks nobody for long."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite

from trunkline_service.storage.database import Database
from trunkline_service.storage.tables import locks

_LEASE_MS = 60_000
_POLL_SECONDS = 0.05


class LockTimeout(Exception):
    """Somebody else holds the lock, and did not give it up in time."""


@contextmanager
def holding(database: Database, name: str, now: Callable[[], int], *, seconds: float = 25.0) -> Iterator[None]:
    """Hold the lock of this name; waits for it, `LockTimeout` after that many seconds."""
    token = secrets.token_hex(16)
    give_up = time.monotonic() + seconds
    while not _take(database, name, token, now()):
        if time.monotonic() >= give_up:
            raise LockTimeout(name)
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        with database.writing() as db:
            db.execute(delete(locks).where(locks.c.name == name, locks.c.token == token))


def _take(database: Database, name: str, token: str, now: int) -> bool:
    row = {"name": name, "token": token, "lease_until": now + _LEASE_MS}
    dialect = sqlite if database.is_sqlite else postgresql
    with database.writing() as db:
        made = dialect.insert(locks).values(row).on_conflict_do_nothing().returning(locks.c.name)
        if db.execute(made).first() is not None:
            return True
        expired = update(locks).where(locks.c.name == name, locks.c.lease_until <= now)
        return db.execute(expired.values(token=token, lease_until=row["lease_until"])).rowcount == 1
