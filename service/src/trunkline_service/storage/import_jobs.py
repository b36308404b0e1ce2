"""Import jobs: the numbers of an import that is too long for one request, each with its outcome or still waiting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from trunkline_service.storage.tables import (
    UNFINISHED_JOBS,
    JobState,
    import_job_chunks,
    import_job_instructions,
    import_job_numbers,
    import_jobs,
    organizations,
)

KEEP_MS = 30 * 24 * 3600 * 1000

_jobs, _numbers, _chunks = import_jobs.c, import_job_numbers.c, import_job_chunks.c


@attrs.frozen
class StoredJob:
    """An import job; `mode` is its organization's, `connection` None where that was deleted."""

    id: int
    organization: int
    mode: str
    connection: int | None
    account: str
    state: JobState = attrs.field(converter=JobState)
    error_code: str | None
    error_detail: str | None
    created_at: int
    finished_at: int | None


@attrs.frozen
class WaitingNumber:
    """A number without an outcome, and how often its import was tried."""

    position: int
    number: str
    tries: int


@attrs.frozen
class NumberOutcome:
    """How the import of one number ended: `phone_number` is its id where it is imported, else there is an error."""

    number: str
    status: str
    phone_number: int | None
    error_code: str | None
    error_detail: str | None


@attrs.frozen
class Counts:
    """How many numbers a job has, by outcome."""

    imported: int
    failed: int
    remaining: int


_SELECT: Any = select(
    _jobs.id,
    _jobs.organization_id,
    organizations.c.mode,
    _jobs.connection_id,
    _jobs.account,
    _jobs.state,
    _jobs.error_code,
    _jobs.error_detail,
    _jobs.created_at,
    _jobs.finished_at,
).join(organizations, organizations.c.id == _jobs.organization_id)


# Reading


def find(db: Connection, organization: int, id: int) -> StoredJob | None:
    """One job of an organization."""
    row = db.execute(_SELECT.where(_jobs.id == id, _jobs.organization_id == organization)).first()
    return StoredJob(*row) if row else None


def unfinished(db: Connection) -> int:
    """How many jobs there are of which something is left to do."""
    return db.execute(select(func.count()).where(_jobs.due_at.is_not(None))).scalar_one()


def due(db: Connection, now: int) -> int | None:
    """The job that has waited longest for its turn."""
    return db.execute(select(_jobs.id).where(_jobs.due_at <= now).order_by(_jobs.due_at, _jobs.id).limit(1)).scalar()


def waiting(db: Connection, id: int, limit: int) -> list[WaitingNumber]:
    """The next numbers of a job: those that were tried least, in the order asked."""
    query = select(_numbers.position, _numbers.number, _numbers.tries).where(
        _numbers.job_id == id, _numbers.status.is_(None)
    )
    return [WaitingNumber(*row) for row in db.execute(query.order_by(_numbers.tries, _numbers.position).limit(limit))]


def outcomes(db: Connection, id: int) -> list[NumberOutcome]:
    """The outcomes so far, in the order asked."""
    query: Any = select(
        _numbers.number, _numbers.status, _numbers.phone_number_id, _numbers.error_code, _numbers.error_detail
    ).where(_numbers.job_id == id, _numbers.status.is_not(None))
    return [NumberOutcome(*row) for row in db.execute(query.order_by(_numbers.position))]


def count(db: Connection, id: int) -> Counts:
    """How many numbers of a job are imported, failed, or without an outcome."""
    query = select(
        func.count(_numbers.phone_number_id),
        func.count(_numbers.error_code),
        func.count(),
    ).where(_numbers.job_id == id)
    imported, failed, total = db.execute(query).one()
    return Counts(imported, failed, total - imported - failed)


def chunks(db: Connection, id: int) -> list[tuple[str, str]]:
    """The charges and warnings of each chunk so far."""
    query = select(_chunks.charges, _chunks.warnings).where(_chunks.job_id == id).order_by(_chunks.id)
    return [(charges, warnings) for charges, warnings in db.execute(query)]


def instructions(db: Connection, id: int) -> list[str]:
    """What was left to the customer so far, the oldest first."""
    told = import_job_instructions.c
    return list(db.execute(select(told.instructions).where(told.job_id == id).order_by(told.id)).scalars())


# Writing


def create(
    db: Connection,
    organization: int,
    connection: int,
    account: str,
    wanted: Sequence[str],
    known: Iterable[tuple[int, NumberOutcome]],
    now: int,
) -> int:
    """Store a job with all its numbers; some outcomes are known before it begins. Gives its id."""
    values = {
        "organization_id": organization,
        "connection_id": connection,
        "account": account,
        "state": JobState.QUEUED,
        "due_at": now,
        "created_at": now,
    }
    id = db.execute(insert(import_jobs).values(values).returning(_jobs.id)).scalar_one()
    db.execute(
        insert(import_job_numbers),
        [{"job_id": id, "position": at, "number": number, "tries": 0} for at, number in enumerate(wanted)],
    )
    settle(db, id, known)
    return id


def lock(db: Connection, id: int) -> JobState:
    """The job's state, which nobody else changes until this transaction ends."""
    return JobState(db.execute(select(_jobs.state).where(_jobs.id == id).with_for_update()).scalar_one())


def settle(db: Connection, id: int, known: Iterable[tuple[int, NumberOutcome]]) -> None:
    """Keep outcomes, by the position of their numbers."""
    rows = [
        {
            "at": position,
            "status": outcome.status,
            "phone_number_id": outcome.phone_number,
            "error_code": outcome.error_code,
            "error_detail": outcome.error_detail,
        }
        for position, outcome in known
    ]
    if rows:
        own = update(import_job_numbers).where(_numbers.job_id == id, _numbers.position == bindparam("at"))
        db.execute(own, rows)


def try_again(db: Connection, id: int, positions: Iterable[int]) -> None:
    """Let numbers wait for another try."""
    own = update(import_job_numbers).where(_numbers.job_id == id, _numbers.position.in_(list(positions)))
    db.execute(own.values(tries=_numbers.tries + 1))


def add_chunk(db: Connection, id: int, charges: str, warnings: str) -> None:
    """Keep what the plan of some numbers told."""
    db.execute(insert(import_job_chunks).values(job_id=id, charges=charges, warnings=warnings))


def add_instructions(db: Connection, id: int, instructions: str) -> None:
    """Keep what the plan of some numbers leaves to the customer."""
    db.execute(insert(import_job_instructions).values(job_id=id, instructions=instructions))


def begin(db: Connection, id: int) -> StoredJob | None:
    """Say that a job is being worked on; None where nothing is left to do, whoever it belongs to."""
    if not _change(db, id, state=JobState.RUNNING):
        return None
    return StoredJob(*db.execute(_SELECT.where(_jobs.id == id)).one())


def wait_until(db: Connection, id: int, due_at: int) -> None:
    """Its next turn comes at that moment."""
    _change(db, id, due_at=due_at)


def finish(
    db: Connection,
    id: int,
    state: JobState,
    now: int,
    *,
    error_code: str | None = None,
    error_detail: str | None = None,
) -> None:
    """Nothing more is done for it."""
    _change(db, id, state=state, due_at=None, finished_at=now, error_code=error_code, error_detail=error_detail)


def prune(db: Connection, now: int) -> int:
    """Forget jobs that are finished for a month."""
    return db.execute(delete(import_jobs).where(_jobs.finished_at < now - KEEP_MS)).rowcount


def _change(db: Connection, id: int, **values: object) -> bool:
    unfinished = update(import_jobs).where(_jobs.id == id, _jobs.state.in_(UNFINISHED_JOBS))
    return db.execute(unfinished.values(values)).rowcount == 1
