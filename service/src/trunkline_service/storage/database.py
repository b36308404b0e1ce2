"""The road to the database: short reads without a transaction, and writes in one."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, PoolProxiedConnection, Select, create_engine, event, text

_BUSY_SECONDS = 20
_POOL = 24


class Database:
    """One database, SQLite or PostgreSQL. No connection is held while a carrier is asked."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.dialect = url.get_backend_name()
        self.is_sqlite = self.dialect == "sqlite"
        # Reads run in autocommit: each statement sees a consistent state, and no round trip is spent on BEGIN.
        self._reader = self._engine(url, isolation_level="AUTOCOMMIT")
        # SQLite has one writer at a time: its requests queue for one connection instead of spinning on the file.
        self._writer = self._engine(url, pool_size=1) if self.is_sqlite else self._engine(url, pool_pre_ping=True)
        if self.is_sqlite:
            _make_private(url)
            event.listen(self._reader, "connect", _prepare_sqlite)
            event.listen(self._writer, "connect", _prepare_sqlite)
            event.listen(self._writer, "begin", _begin_immediate)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for statements that only read."""
        with self._reader.connect() as connection:
            yield connection

    async def first(self, query: Select[Any], parameters: Mapping[str, Any]) -> Sequence[Any] | None:
        """The first row of a query that is over in a moment, asked for on the event loop.

        SQLite is read there, by its driver alone: to wake a thread takes longer. PostgreSQL is waited for in a thread.
        """
        if not self.is_sqlite:
            return await asyncio.to_thread(self._first, query, parameters)
        statement, names = _for_driver(query, self._reader.dialect)
        found = self._at_hand.cursor().execute(statement, [parameters[name] for name in names])
        row: Sequence[Any] | None = found.fetchone()
        return row

    def _first(self, query: Select[Any], parameters: Mapping[str, Any]) -> Sequence[Any] | None:
        with self.reading() as db:
            return db.execute(query, parameters).first()

    @cached_property
    def _at_hand(self) -> PoolProxiedConnection:
        """The connection that reads on the event loop."""
        return self._reader.raw_connection()

    @contextmanager
    def writing(self, *, serial: str | None = None) -> Iterator[Connection]:
        """One transaction: all of it happens, or nothing. With `serial`, one such transaction at a time."""
        with self._writer.begin() as connection:
            if serial and not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": serial})
            yield connection

    def dispose(self) -> None:
        """Give up every connection."""
        if "_at_hand" in vars(self):
            self._at_hand.close()
        self._reader.dispose()
        self._writer.dispose()

    def _engine(self, url: URL, *, pool_size: int = _POOL, **options: Any) -> Engine:
        # Parameters are hidden: an error of the database must not carry what was to be stored.
        return create_engine(
            url,
            hide_parameters=True,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=30,
            connect_args={} if self.is_sqlite else {"connect_timeout": 10},
            **options,
        )


@lru_cache(maxsize=16)
def _for_driver(query: Select[Any], dialect: Dialect) -> tuple[str, Sequence[str]]:
    """A query in SQL, and the names of its parameters in their order."""
    compiled = query.compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ())


def _make_private(url: URL) -> None:
    """Make the file before SQLite does, so that nobody else may read it; its companions get the same rights."""
    with suppress(OSError):
        os.close(os.open(str(url.database), os.O_CREAT | os.O_RDWR, 0o600))


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {_BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "foreign_keys = ON",
        "synchronous = FULL",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock first: a transaction that read before it writes could not be retried."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
