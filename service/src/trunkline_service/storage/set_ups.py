"""Guided set-ups: where each is going, under what lease, and the journal of its steps.

A set-up begins with the goal `finish` and ends with `none`; one that fails goes on to `undo`, and its connection is
removed when that is done. Until then it carries a lease: only an expired one, or one nobody is at work on, may be taken
over.
"""

from __future__ import annotations

import secrets
import uuid
from typing import Any

import attrs
from sqlalchemy import Connection, func, insert, or_, select, update

from trunkline.setup import SetUpStep, StepState
from trunkline_service.made import load_made, made_as_json
from trunkline_service.sealing import Place, Sealer
from trunkline_service.storage.seals import SealedColumn
from trunkline_service.storage.tables import Goal, connections, organizations, set_up_steps, set_ups

LEASE_MS = 150_000
"""Longer than the deadline of the engine's call: at the deadline its wires refuse, so who lost a lease cannot write."""

RETRY_MS = 150_000
"""How long recovery waits before it tries again what failed."""

UNDONE = "undone"

_columns = set_ups.c
_steps = set_up_steps.c


def _as_uuid(id: str | uuid.UUID) -> uuid.UUID:
    return id if isinstance(id, uuid.UUID) else uuid.UUID(id)


@attrs.frozen
class StoredSetUp:
    """A guided set-up of a connection."""

    connection: int
    organization: int
    mode: str
    provider: str
    account: str
    identity: str | None
    evidence_id: uuid.UUID = attrs.field(converter=_as_uuid)
    idempotency_key: str | None
    goal: Goal = attrs.field(converter=Goal)
    lease_until: int | None
    lease_token: str | None
    begun_at: int

    def shares_account(self, other: StoredSetUp) -> bool:
        """Whether both are certainly of one carrier account; without an identity only equal credentials prove that."""
        return self.account == other.account or (self.identity is not None and self.identity == other.identity)

    def at_work(self, now: int) -> bool:
        """Whether somebody is at work on it, as far as can be told."""
        return self.lease_token is not None and self.lease_until is not None and self.lease_until > now


@attrs.frozen
class JournalEntry:
    """What may be shown of one entry of the journal."""

    step: str
    state: str
    summary: str
    at: int


_SELECT = (
    select(
        _columns.connection_id,
        connections.c.organization_id,
        organizations.c.mode,
        connections.c.provider,
        _columns.account,
        connections.c.identity,
        _columns.evidence_id,
        _columns.idempotency_key,
        _columns.goal,
        _columns.lease_until,
        _columns.lease_token,
        _columns.begun_at,
    )
    .join(connections, connections.c.id == _columns.connection_id)
    .join(organizations, organizations.c.id == connections.c.organization_id)
)


# Reading


def find(db: Connection, organization: int, connection: int) -> StoredSetUp | None:
    """The set-up of a connection, finished or not."""
    found = _all(db, _SELECT.where(_columns.connection_id == connection, connections.c.organization_id == organization))
    return found[0] if found else None


def of_request(db: Connection, organization: int, key: str, evidence_id: uuid.UUID) -> StoredSetUp | None:
    """The set-up that an earlier run of a request began, unless it is being undone."""
    query = _SELECT.where(
        connections.c.organization_id == organization,
        _columns.idempotency_key == key,
        _columns.evidence_id == str(evidence_id),
        _columns.goal != Goal.UNDO,
    )
    found = _all(db, query)
    return found[0] if found else None


def others_begun(db: Connection, set_up: StoredSetUp) -> list[StoredSetUp]:
    """Unfinished set-ups of what may be the same carrier account that may have made something there."""
    has_steps = select(_steps.connection_id).where(_steps.connection_id == _columns.connection_id).exists()
    return _all(db, _perhaps_of_account(set_up).where(_columns.lease_until.is_not(None), has_steps))


def has_begun(db: Connection, set_up: StoredSetUp) -> bool:
    """Whether it may have made something at the carrier."""
    first = select(_steps.position).where(_steps.connection_id == set_up.connection).limit(1)
    return db.execute(first).first() is not None


def finished_before(db: Connection, set_up: StoredSetUp) -> list[StoredSetUp]:
    """The finished set-ups of what may be the same carrier account, the newest first."""
    finished = _perhaps_of_account(set_up).where(_columns.goal == Goal.NONE)
    return _all(db, finished.order_by(_columns.connection_id.desc()))


def expired(db: Connection, now: int, limit: int = 20) -> list[StoredSetUp]:
    """Unfinished set-ups whose lease ran out, the longest first."""
    return _all(db, _SELECT.where(_columns.lease_until <= now).order_by(_columns.lease_until).limit(limit))


# The lease


def begin(
    db: Connection, connection: int, account: str, evidence_id: uuid.UUID, idempotency_key: str | None, now: int
) -> None:
    """Begin the set-up of a connection, and lease it."""
    db.execute(
        insert(set_ups).values(
            connection_id=connection,
            account=account,
            evidence_id=str(evidence_id),
            idempotency_key=idempotency_key,
            goal=Goal.FINISH,
            lease_until=now + LEASE_MS,
            lease_token=secrets.token_hex(16),
            begun_at=now,
        )
    )


def take_over(db: Connection, set_up: StoredSetUp, now: int) -> StoredSetUp | None:
    """Lease a set-up on which nobody is at work; None where somebody was faster, or it is finished."""
    free = update(set_ups).where(
        _columns.connection_id == set_up.connection,
        _columns.goal == set_up.goal,
        _columns.lease_until.is_not(None),
        or_(_columns.lease_token.is_(None), _columns.lease_until <= now),
    )
    lease: dict[str, Any] = {"lease_token": secrets.token_hex(16), "lease_until": now + LEASE_MS}
    if db.execute(free.values(**lease)).rowcount != 1:
        return None
    return attrs.evolve(set_up, **lease)


def renew(db: Connection, set_up: StoredSetUp, now: int) -> bool:
    """Hold the lease for as long again; False where it was lost."""
    return _under_lease(db, set_up, {"lease_until": now + LEASE_MS})


def turn_back(db: Connection, set_up: StoredSetUp, now: int) -> bool:
    """From now on it is undone; False where the lease was lost."""
    return _under_lease(db, set_up, {"goal": Goal.UNDO, "lease_until": now + LEASE_MS})


def try_later(db: Connection, set_up: StoredSetUp, at: int) -> bool:
    """Nobody is at work on it any more; recovery goes on from that moment. False where the lease was lost."""
    return _under_lease(db, set_up, {"lease_token": None, "lease_until": at})


def finish(db: Connection, set_up: StoredSetUp) -> bool:
    """It is finished; False where the lease was lost."""
    return _under_lease(db, set_up, {"goal": Goal.NONE, "lease_token": None, "lease_until": None})


# The journal


def write(db: Connection, set_up: StoredSetUp, step: SetUpStep, state: str, sealer: Sealer, now: int) -> None:
    """Write one entry at the end of the journal."""
    last = select(func.coalesce(func.max(_steps.position), 0)).where(_steps.connection_id == set_up.connection)
    position = db.execute(last).scalar_one() + 1
    told = {"made": made_as_json(step.made), "undo": made_as_json(step.undo)}
    db.execute(
        insert(set_up_steps).values(
            connection_id=set_up.connection,
            position=position,
            step=step.id,
            state=state,
            summary=step.summary,
            sealed=sealer.seal(told, _place(set_up.organization, set_up.connection, position, step.id)),
            at=now,
        )
    )


def steps_done(db: Connection, set_up: StoredSetUp, sealer: Sealer) -> list[SetUpStep]:
    """All that was recorded of the steps, oldest first, without those that are undone."""
    rows = db.execute(
        _journal(set_up.connection, _steps.position, _steps.step, _steps.state, _steps.summary, _steps.sealed)
    )
    entries = list(rows)
    undone = {row.step for row in entries if row.state == UNDONE}
    done: list[SetUpStep] = []
    for row in entries:
        if row.step not in undone:
            place = _place(set_up.organization, set_up.connection, row.position, row.step)
            told = load_made(sealer.open(row.sealed, place))
            done.append(SetUpStep(row.step, StepState(row.state), row.summary, told["made"], told["undo"]))
    return done


def list_steps(db: Connection, connection: int) -> list[JournalEntry]:
    """How far each step got, in the order of their beginning."""
    latest: dict[str, JournalEntry] = {}
    for row in db.execute(_journal(connection, _steps.step, _steps.state, _steps.summary, _steps.at)):
        latest[row.step] = JournalEntry(*row)
    return list(latest.values())


def _journal(connection: int, *columns: Any) -> Any:
    return select(*columns).where(_steps.connection_id == connection).order_by(_steps.position)


def _perhaps_of_account(set_up: StoredSetUp) -> Any:
    """Those of the organization and provider, but for the ones whose identity is known to be another."""
    others = _SELECT.where(
        _columns.connection_id != set_up.connection,
        connections.c.organization_id == set_up.organization,
        connections.c.provider == set_up.provider,
    )
    if set_up.identity is None:
        return others
    identity = connections.c.identity
    return others.where(or_(identity.is_(None), identity == set_up.identity, _columns.account == set_up.account))


def _under_lease(db: Connection, set_up: StoredSetUp, values: dict[str, Any]) -> bool:
    own = update(set_ups).where(_columns.connection_id == set_up.connection, _columns.lease_token == set_up.lease_token)
    return db.execute(own.values(**values)).rowcount == 1


def _all(db: Connection, query: Any) -> list[StoredSetUp]:
    return [StoredSetUp(*row) for row in db.execute(query)]


def _place(organization: int, connection: int, position: int, step: str) -> Place:
    return Place(organization, "set_up", connection, f"step {position} {step}")


SEALED = (
    SealedColumn(
        _steps.sealed,
        select(_steps.connection_id, _steps.position, _steps.step, connections.c.organization_id).join(
            connections, connections.c.id == _steps.connection_id
        ),
        lambda row: _place(row.organization_id, row.connection_id, row.position, row.step),
    ),
)
"""What is sealed of set-ups."""
