"""Locks that hold across processes: a row with a lease, so that a killed holder blocks nobody for long."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs
from sqlalchemy import Connection, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from trunkline_service.storage.database import Database
from trunkline_service.storage.tables import locks

LEASE_MS = 60_000
"""Twice as long as making a route may take, and more: who still holds a lock may write, on a clock that is off too."""

_POLL_SECONDS = 0.05


class LockTimeout(Exception):
    """Somebody else holds the lock, and did not give it up in time."""


@attrs.frozen
class Held:
    """A lock that is held, until its lease runs out."""

    name: str
    token: str
    lease_ms: int

    def renew(self, db: Connection, now: int) -> bool:
        """Hold it for as long again; False where it was lost."""
        mine = update(locks).where(locks.c.name == self.name, locks.c.token == self.token)
        return db.execute(mine.values(lease_until=now + self.lease_ms)).rowcount == 1


@contextmanager
def holding(
    database: Database, name: str, now: Callable[[], int], *, lease_ms: int = LEASE_MS, seconds: float = 25.0
) -> Iterator[Held]:
    """Hold the lock of this name; waits for it, `LockTimeout` after that many seconds."""
    held = Held(name, secrets.token_hex(16), lease_ms)
    give_up = time.monotonic() + seconds
    while not _take(database, held, now()):
        if time.monotonic() >= give_up:
            raise LockTimeout(name)
        time.sleep(_POLL_SECONDS)
    try:
        yield held
    finally:
        with database.writing() as db:
            db.execute(delete(locks).where(locks.c.name == name, locks.c.token == held.token))


def _take(database: Database, held: Held, now: int) -> bool:
    row = {"name": held.name, "token": held.token, "lease_until": now + held.lease_ms}
    dialect = sqlite if database.is_sqlite else postgresql
    with database.writing() as db:
        made = dialect.insert(locks).values(row).on_conflict_do_nothing().returning(locks.c.name)
        if db.execute(made).first() is not None:
            return True
        expired = update(locks).where(locks.c.name == held.name, locks.c.lease_until <= now)
        return db.execute(expired.values(token=held.token, lease_until=row["lease_until"])).rowcount == 1
