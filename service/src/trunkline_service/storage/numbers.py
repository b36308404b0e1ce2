"""Phone numbers: who holds which, under what lease, and the sealed routing that each had before.

A number goes `free → claimed → writing → held` when it is imported and `held → releasing → free` when it is released.
The states in between carry a lease: only an expired one may be taken over. Each change counts `changes` up.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import Column, ColumnElement, Connection, and_, bindparam, func, insert, or_, select, update

from trunkline.numbers import CarrierNumber, NumberRef, Route, RoutingSnapshot
from trunkline.snapshots import load_route, load_snapshot, route_as_json, snapshot_as_json
from trunkline_service.sealing import Place, Sealer
from trunkline_service.storage import events
from trunkline_service.storage.events import Reason
from trunkline_service.storage.seals import SealedColumn
from trunkline_service.storage.shown import count_numbers
from trunkline_service.storage.tables import UNFINISHED, Hold, phone_numbers

LEASE_MS = 90_000
"""Longer than the oldest usable snapshot and the last write's deadline together: who still holds a lease may write."""

WRITE_MAY_COME_MS = 75_000
"""How long after it was begun a write that is not to be seen at the carrier may yet come: its own deadline, and a
minute in which the carrier may still be at it. Shorter than the lease."""

_IMPORTED = Reason("imported", "The number was imported: its calls come to the platform.")
_RELEASED = Reason("released", "The number was released.")
_columns = phone_numbers.c


@attrs.frozen
class StoredNumber:
    """A phone number as the service works with it; what is sealed stays sealed."""

    id: int
    organization: int
    mode: str
    number: str
    provider: str
    identity: str | None
    handle: str
    backed: bool
    hold: Hold = attrs.field(converter=Hold)
    changes: int
    lease_until: int | None
    lease_token: str | None
    lease_connection: int | None
    sealed_snapshot: bytes | None = attrs.field(repr=False)
    sealed_route: bytes | None = attrs.field(repr=False)
    route_id: str | None
    imported_at: int | None
    status: str
    connection: int | None
    verification_status: str
    last_verified_at: int | None
    inbound_agent: str | None
    outbound_agent: str | None
    updated_at: int

    @property
    def ref(self) -> NumberRef:
        """The number and the carrier's handle."""
        return NumberRef(self.number, self.handle)

    @property
    def unfinished(self) -> bool:
        """True while an import or a release of it is under way, or was cut off."""
        return self.hold in UNFINISHED

    def lease_expired(self, now: int) -> bool:
        """True where the one who was at work on it is gone."""
        return self.unfinished and (self.lease_until is None or self.lease_until <= now)

    def write_may_come(self, now: int) -> bool:
        """True where an import of it was begun so lately that the carrier may still be at it."""
        return self.hold is Hold.WRITING and now < self.updated_at + WRITE_MAY_COME_MS

    def snapshot(self, sealer: Sealer) -> RoutingSnapshot | None:
        """Open the routing it had before we changed it."""
        if self.sealed_snapshot is None:
            return None
        return load_snapshot(sealer.open(self.sealed_snapshot, _place(self.organization, self.id, "snapshot")))

    def route(self, sealer: Sealer) -> Route | None:
        """Open what it was pointed at."""
        if self.sealed_route is None:
            return None
        return load_route(sealer.open(self.sealed_route, _place(self.organization, self.id, "route")))


_SELECT = select(
    _columns.id,
    _columns.organization_id,
    _columns.mode,
    _columns.number,
    _columns.provider,
    _columns.identity,
    _columns.handle,
    _columns.backed,
    _columns.hold,
    _columns.changes,
    _columns.lease_until,
    _columns.lease_token,
    _columns.lease_connection_id,
    _columns.sealed_snapshot,
    _columns.sealed_route,
    _columns.route_id,
    _columns.imported_at,
    _columns.status,
    _columns.voip_connection_id,
    _columns.voip_verification_status,
    _columns.voip_last_verified_at,
    _columns.inbound_agent_id,
    _columns.outbound_agent_id,
    _columns.updated_at,
)

_HELD_BY_SOMEONE = and_(_columns.backed, _columns.hold != Hold.FREE)
# A number whose first import is unfinished, or failed, is not yet a resource.
_A_RESOURCE = _columns.imported_at.is_not(None)


@attrs.frozen
class Claimant:
    """Who claims numbers: a connection of an organization, and whether a carrier's own list backs the claim."""

    organization: int
    mode: str
    connection: int
    provider: str
    identity: str | None
    backed: bool


# Reading


def list_imported(db: Connection, organization: int) -> list[StoredNumber]:
    """The numbers an organization has imported and not released, newest first."""
    query = _SELECT.where(_columns.organization_id == organization, _A_RESOURCE, _columns.status != "released")
    return _all(db, query.order_by(_columns.id.desc()))


def find(db: Connection, organization: int, id: int) -> StoredNumber | None:
    """One number that is, or was, imported."""
    found = _all(db, _SELECT.where(_columns.id == id, _columns.organization_id == organization, _A_RESOURCE))
    return found[0] if found else None


def by_id(db: Connection, id: int) -> StoredNumber | None:
    """One number, imported or not, whoever it belongs to: for the service's own bookkeeping."""
    found = _all(db, _SELECT.where(_columns.id == id))
    return found[0] if found else None


def concerning(db: Connection, organization: int, mode: str, numbers: Sequence[str]) -> list[StoredNumber]:
    """The organization's own rows of these numbers, and the rows of whoever else holds them."""
    ours = _columns.organization_id == organization
    return _all(db, _SELECT.where(_columns.mode == mode, _columns.number.in_(numbers), or_(ours, _HELD_BY_SOMEONE)))


def held_among(db: Connection, mode: str, organization: int, numbers: Sequence[str]) -> set[str]:
    """Those of these numbers that any organization holds; of typed ones, only the organization's own count."""
    own = and_(
        _columns.organization_id == organization, _columns.hold != Hold.FREE, _columns.voip_connection_id.is_not(None)
    )
    query = select(_columns.number).where(
        _columns.mode == mode, _columns.number.in_(numbers), or_(_HELD_BY_SOMEONE, own)
    )
    return set(db.execute(query).scalars())


def of_connection(db: Connection, connection: int) -> list[StoredNumber]:
    """The numbers imported through a connection, oldest first."""
    return _all(db, _SELECT.where(_columns.voip_connection_id == connection).order_by(_columns.id))


def unfinished_of_connection(db: Connection, connection: int) -> list[StoredNumber]:
    """The numbers that a connection is importing or releasing, or was when it was cut off."""
    through = or_(_columns.lease_connection_id == connection, _columns.voip_connection_id == connection)
    return _all(db, _SELECT.where(through, _columns.hold.in_(UNFINISHED)))


def expired(db: Connection, now: int, limit: int = 100) -> list[StoredNumber]:
    """Unfinished numbers whose lease ran out, the longest first."""
    query = _SELECT.where(_columns.lease_until <= now, _columns.hold.in_(UNFINISHED))
    return _all(db, query.order_by(_columns.lease_until).limit(limit))


def count_changes(db: Connection, mode: str, numbers: Sequence[str]) -> dict[str, int]:
    """How often the hold of each of these numbers has changed, in any organization of the mode."""
    query = (
        select(_columns.number, func.sum(_columns.changes))
        .where(_columns.mode == mode, _columns.number.in_(numbers))
        .group_by(_columns.number)
    )
    return {number: int(changes) for number, changes in db.execute(query)}


# Claiming and importing


def claim(
    db: Connection, claimant: Claimant, wanted: Sequence[CarrierNumber], own: Mapping[str, StoredNumber], now: int
) -> str:
    """Claim numbers that nobody holds, in a transaction that is serial among claims; gives the lease's token."""
    token = secrets.token_hex(16)
    lease = {
        "hold": Hold.CLAIMED,
        "lease_until": now + LEASE_MS,
        "lease_token": token,
        "lease_connection_id": claimant.connection,
        "updated_at": now,
    }
    new = [number for number in wanted if number.number not in own]
    if new:
        fresh = {
            "organization_id": claimant.organization,
            "mode": claimant.mode,
            "provider": claimant.provider,
            "identity": claimant.identity,
            "backed": claimant.backed,
            "changes": 1,
            "status": "provisioning",
            "voip_verification_status": "unverified",
            "created_at": now,
            **lease,
        }
        db.execute(insert(phone_numbers), [{**fresh, "number": each.number, "handle": each.handle} for each in new])
    again = [own[number.number].id for number in wanted if number.number in own]
    if again:
        db.execute(
            update(phone_numbers)
            .where(_columns.id.in_(again))
            .values(**lease, backed_before=_columns.backed, backed=claimant.backed, changes=_columns.changes + 1)
        )
    return token


def claimed(db: Connection, token: str) -> list[StoredNumber]:
    """The numbers under one lease."""
    return _all(db, _SELECT.where(_columns.lease_token == token))


def save_snapshot(
    db: Connection,
    row: StoredNumber,
    claimant: Claimant,
    fresh: RoutingSnapshot,
    route: Route,
    sealer: Sealer,
    now: int,
) -> bool:
    """Keep the routing that is about to be overwritten, and say that a write may leave; False if the lease is lost.

    A saved snapshot is never replaced while the routing is ours: then it is the only trace of what stood before.
    """
    values: dict[str, Any] = {
        "hold": Hold.WRITING,
        "lease_until": now + LEASE_MS,
        "handle": fresh.number.handle,
        "provider": claimant.provider,
        "identity": claimant.identity,
        "route_id": route.id,
        "sealed_route": sealer.seal(route_as_json(route), _place(row.organization, row.id, "route")),
        "updated_at": now,
    }
    still_ours = fresh.points_at is not None and fresh.points_at in (route.id, row.route_id)
    if not (still_ours and row.sealed_snapshot is not None):
        values["sealed_snapshot"] = sealer.seal(snapshot_as_json(fresh), _place(row.organization, row.id, "snapshot"))
    return _under_lease(db, row, values)


def mark_imported(db: Connection, rows: Iterable[StoredNumber], connection: int, now: int) -> set[int]:
    """They are routed to us: from now on they are held. Gives the ids of those whose lease was not lost."""
    after = {"status": "provisioning", "voip_verification_status": "unverified"}
    values = {
        **_settled(Hold.HELD, now),
        **after,
        "imported_at": now,
        "voip_connection_id": connection,
        "voip_last_verified_at": None,
    }
    held = [row for row in rows if _under_lease(db, row, values)]
    if held:
        count_numbers(db, connection)
    for row in held:
        _told(db, attrs.evolve(row, connection=connection), after, _IMPORTED, now)
    return {row.id for row in held}


def give_up_claim(db: Connection, rows: Iterable[StoredNumber], now: int) -> None:
    """Nothing was written: each goes back to what it was before the claim, whose lease must still be ours."""
    for row in rows:
        # A number that had lost its connection was held before it was claimed anew.
        was_held = row.imported_at is not None and row.status != "released"
        before = {"backed": func.coalesce(_columns.backed_before, _columns.backed)}
        _under_lease(db, row, {**_settled(Hold.HELD if was_held else Hold.FREE, now), **before})


def leave_to_recovery(db: Connection, row: StoredNumber, at: int) -> None:
    """Whether the write took effect is not known: let recovery look at the carrier from that moment on."""
    _under_lease(db, row, {"lease_until": at})


def abandon(db: Connection, row: StoredNumber, now: int) -> None:
    """Its connection goes away before the carrier could be asked: what was cut off counts as not done.

    A release goes back to held; an import leaves its snapshot, which a later import of the number will find.
    """
    if row.hold is Hold.RELEASING:
        cancel_release(db, row, now)
    else:
        give_up_claim(db, [row], now)


def take_over(db: Connection, row: StoredNumber, now: int) -> StoredNumber | None:
    """Take an expired lease over; None where somebody else did, or it is not expired any more."""
    token = secrets.token_hex(16)
    lapsed = update(phone_numbers).where(
        _columns.id == row.id,
        _columns.hold == row.hold,
        _columns.changes == row.changes,
        or_(_columns.lease_until.is_(None), _columns.lease_until <= now),
    )
    if db.execute(lapsed.values(lease_token=token, lease_until=now + LEASE_MS)).rowcount != 1:
        return None
    return attrs.evolve(row, lease_token=token, lease_until=now + LEASE_MS)


# Releasing


def start_release(db: Connection, row: StoredNumber, now: int) -> StoredNumber | None:
    """Lease a held number for its release; None where somebody was faster."""
    token = secrets.token_hex(16)
    lease = {"lease_token": token, "lease_until": now + LEASE_MS, "lease_connection_id": row.connection}
    held = update(phone_numbers).where(
        _columns.id == row.id, _columns.hold == Hold.HELD, _columns.changes == row.changes
    )
    done = db.execute(held.values(hold=Hold.RELEASING, changes=_columns.changes + 1, updated_at=now, **lease))
    if done.rowcount != 1:
        return None
    return attrs.evolve(
        row, hold=Hold.RELEASING, changes=row.changes + 1, lease_token=token, lease_until=now + LEASE_MS
    )


def cancel_release(db: Connection, row: StoredNumber, now: int) -> None:
    """The routing was not changed: the number stays held."""
    _under_lease(db, row, _settled(Hold.HELD, now))


def mark_released(db: Connection, row: StoredNumber, now: int, *, keep_snapshot: bool) -> bool:
    """Nobody holds it any more. A snapshot that is not put back stays, in case the number is imported again."""
    after = {"status": "released", "voip_verification_status": "unverified"}
    values = {**_settled(Hold.FREE, now), **after, "voip_connection_id": None}
    if not keep_snapshot:
        values |= {"sealed_snapshot": None, "sealed_route": None, "route_id": None}
    if not _under_lease(db, row, values):
        return False
    if row.connection is not None:
        count_numbers(db, row.connection)
    return _told(db, row, after, _RELEASED, now)


# Everything else


def adopt_orphans(
    db: Connection, organization: int, provider: str, identity: str | None, connection: int, now: int
) -> int:
    """Give numbers that lost their connection to a new one to the same carrier account."""
    if identity is None:
        return 0
    orphans = update(phone_numbers).where(
        _columns.organization_id == organization,
        _columns.provider == provider,
        _columns.identity == identity,
        _columns.voip_connection_id.is_(None),
        _columns.hold == Hold.HELD,
    )
    adopted = db.execute(orphans.values(voip_connection_id=connection, updated_at=now)).rowcount
    if adopted:
        count_numbers(db, connection)
    return adopted


def change(
    db: Connection, organization: int, id: int, values: Mapping[str, Any], *, changes: int | None = None
) -> bool:
    """Change columns of one number; with `changes`, only if its hold has not changed since."""
    own = update(phone_numbers).where(_columns.id == id, _columns.organization_id == organization)
    if changes is not None:
        own = own.where(_columns.changes == changes)
    return db.execute(own.values(**values)).rowcount == 1


def judge(
    db: Connection, row: StoredNumber, values: Mapping[str, Any], why: Reason, now: int, *, unjudged: bool = False
) -> bool:
    """Keep a verdict on a number, and tell of it where it is another than before.

    False where the number was released or imported anew meanwhile: then the verdict is of no use. With `unjudged`, also
    where somebody else came to a verdict since.
    """
    same = update(phone_numbers).where(_columns.id == row.id, _columns.changes == row.changes)
    if unjudged:
        same = same.where(
            _columns.status == row.status, _columns.voip_last_verified_at.is_not_distinct_from(row.last_verified_at)
        )
    if db.execute(same.values(**values, updated_at=now)).rowcount != 1:
        return False
    return _told(db, row, {**_state(row), **{name: values[name] for name in _state(row) if name in values}}, why, now)


_UNDER_LEASE: ColumnElement[bool] = and_(
    _columns.id == bindparam("row_id"), _columns.lease_token == bindparam("row_token"), _columns.hold.in_(UNFINISHED)
)


def _under_lease(db: Connection, row: StoredNumber, values: Mapping[str, Any]) -> bool:
    """Change a row whose lease is still this one."""
    change = update(phone_numbers).where(_UNDER_LEASE).values(**values)
    return db.execute(change, {"row_id": row.id, "row_token": row.lease_token}).rowcount == 1


def _state(row: StoredNumber) -> dict[str, str | None]:
    return {"status": row.status, "voip_verification_status": row.verification_status}


def _told(db: Connection, row: StoredNumber, after: Mapping[str, str | None], why: Reason, now: int) -> bool:
    """Tell of a change, if it is one."""
    before = None if row.imported_at is None else _state(row)
    if before != after:
        events.number_changed(db, row.organization, row.id, row.connection, before, after, why, now)
    return True


def _settled(hold: Hold, now: int) -> dict[str, Any]:
    return {
        "hold": hold,
        "changes": _columns.changes + 1,
        "lease_until": None,
        "lease_token": None,
        "lease_connection_id": None,
        "backed_before": None,
        "updated_at": now,
    }


def _all(db: Connection, query: Any) -> list[StoredNumber]:
    return [StoredNumber(*row) for row in db.execute(query)]


def _place(organization: int, id: int, purpose: str) -> Place:
    return Place(organization, "phone_number", id, purpose)


def _sealed(column: Column[Any], purpose: str) -> SealedColumn:
    rows = select(_columns.id, _columns.organization_id)
    return SealedColumn(column, rows, lambda row: _place(row.organization_id, row.id, purpose))


SEALED = (_sealed(_columns.sealed_snapshot, "snapshot"), _sealed(_columns.sealed_route, "route"))
"""What is sealed of phone numbers."""
