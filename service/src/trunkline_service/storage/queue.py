"""The line that import jobs wait in, on PostgreSQL: Procrastinate's, joined in the transaction of what it tells of.

On SQLite the rows themselves are the line: a job is due at its `due_at`.
"""

from __future__ import annotations

from contextlib import suppress

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import Connection

QUEUE = "imports"
TASK = "import_next_numbers"

# It only ever speaks over the connection of the transaction at hand, and is never opened.
_line = App(connector=SyncPsycopgConnector())


def put_in_line(db: Connection, job: int, account: str, *, seconds: float, tries: int) -> None:
    """Let a job wait for its turn, at the end of the line, and behind all whose numbers were tried less.

    One job of an account has its turn at a time, over all replicas.
    """
    if db.dialect.name != "postgresql":
        return
    waiting = _line.configure_task(
        TASK,
        queue=QUEUE,
        lock=account,
        queueing_lock=f"import job {job}",
        priority=-tries,
        schedule_in={"seconds": seconds} if seconds else None,
        connection=db.connection.driver_connection,
    )
    # A job that waits already needs no second place: it is worked on twice where its worker was taken for dead.
    with suppress(AlreadyEnqueued), db.begin_nested():
        waiting.defer(job=job)
