"""Webhook endpoints, and the deliveries that are due."""

from __future__ import annotations

from typing import Any

import attrs
from sqlalchemy import Connection, delete, func, insert, select, update

from trunkline_service.sealing import Place, Sealer
from trunkline_service.storage import events
from trunkline_service.storage.events import StoredEvent
from trunkline_service.storage.seals import SealedColumn
from trunkline_service.storage.tables import events as events_table
from trunkline_service.storage.tables import webhook_deliveries, webhook_endpoints

_columns = webhook_endpoints.c
_deliveries = webhook_deliveries.c


@attrs.frozen
class Target:
    """Where events are sent, and the secret that signs them; an address may hold a secret of its own."""

    url: str = attrs.field(repr=False)
    secret: str = attrs.field(repr=False)


@attrs.frozen
class StoredEndpoint:
    """A webhook endpoint; what is sealed stays sealed."""

    id: int
    organization: int
    sealed_target: bytes = attrs.field(repr=False)
    created_at: int

    def target(self, sealer: Sealer) -> Target:
        """Open the address and the secret."""
        return Target(**sealer.open(self.sealed_target, _place(self.organization, self.id)))


@attrs.frozen
class Due:
    """A delivery whose attempt is due: which event, to which endpoint, after how many attempts."""

    event: StoredEvent
    endpoint: StoredEndpoint
    attempts: int
    next_at: int


_SELECT = select(_columns.id, _columns.organization_id, _columns.sealed_target, _columns.created_at)


def list_endpoints(db: Connection, organization: int) -> list[StoredEndpoint]:
    """The endpoints of an organization, oldest first."""
    query = _SELECT.where(_columns.organization_id == organization).order_by(_columns.id)
    return [StoredEndpoint(*row) for row in db.execute(query)]


def find(db: Connection, organization: int, id: int) -> StoredEndpoint | None:
    """One endpoint."""
    row = db.execute(_SELECT.where(_columns.id == id, _columns.organization_id == organization)).first()
    return StoredEndpoint(*row) if row else None


def count(db: Connection, organization: int) -> int:
    """How many endpoints an organization has."""
    query = select(func.count()).select_from(webhook_endpoints).where(_columns.organization_id == organization)
    return int(db.execute(query).scalar_one())


def create(db: Connection, organization: int, target: Target, sealer: Sealer, now: int) -> StoredEndpoint:
    """Store an endpoint; it gets the events from now on."""
    values = {"organization_id": organization, "sealed_target": b"", "created_at": now}
    id = db.execute(insert(webhook_endpoints).values(values).returning(_columns.id)).scalar_one()
    change(db, organization, id, target, sealer)
    found = find(db, organization, id)
    assert found is not None
    return found


def change(db: Connection, organization: int, id: int, target: Target, sealer: Sealer) -> None:
    """Send events elsewhere, those that are on their way too."""
    sealed = sealer.seal({"url": target.url, "secret": target.secret}, _place(organization, id))
    own = update(webhook_endpoints).where(_columns.id == id, _columns.organization_id == organization)
    db.execute(own.values(sealed_target=sealed))


def remove(db: Connection, organization: int, id: int) -> bool:
    """Forget an endpoint and its deliveries; False where there is none."""
    own = delete(webhook_endpoints).where(_columns.id == id, _columns.organization_id == organization)
    return db.execute(own).rowcount == 1


def due(db: Connection, now: int, *, most: int, most_each: int) -> list[Due]:
    """Deliveries whose attempt is due, the longest first, and only so many of each endpoint."""
    place = func.row_number().over(partition_by=_deliveries.endpoint_id, order_by=_deliveries.next_at)
    ranked = (
        select(_deliveries.event_id, _deliveries.endpoint_id, _deliveries.attempts, _deliveries.next_at)
        .add_columns(place.label("place"))
        .where(_deliveries.next_at <= now)
        .subquery()
    )
    query = (
        select(
            ranked.c.attempts,
            ranked.c.next_at,
            events_table.c.id,
            events_table.c.told,
            events_table.c.created_at,
            *_SELECT.selected_columns,
        )
        .join(events_table, events_table.c.id == ranked.c.event_id)
        .join(webhook_endpoints, _columns.id == ranked.c.endpoint_id)
        .where(ranked.c.place <= most_each)
        .order_by(ranked.c.next_at)
        .limit(most)
    )
    return [
        Due(events.stored(*row[2:5]), StoredEndpoint(*row[5:]), attempts=row[0], next_at=row[1])
        for row in db.execute(query)
    ]


def begin_attempt(db: Connection, each: Due, lease_until: int) -> bool:
    """Take one attempt; False where another process did. Who is killed during it is followed when the lease ends."""
    mine = _of(each).where(_deliveries.next_at == each.next_at, _deliveries.attempts == each.attempts)
    return db.execute(mine.values(attempts=each.attempts + 1, next_at=lease_until)).rowcount == 1


def end_attempt(db: Connection, each: Due, state: str, answered: str, next_at: int | None) -> None:
    """Note how the attempt ended, unless another one was begun since."""
    mine = _of(each).where(_deliveries.attempts == each.attempts + 1)
    db.execute(mine.values(state=state, answered=answered, next_at=next_at))


def _of(each: Due) -> Any:
    return update(webhook_deliveries).where(
        _deliveries.event_id == each.event.id, _deliveries.endpoint_id == each.endpoint.id
    )


def _place(organization: int, id: int) -> Place:
    return Place(organization, "webhook_endpoint", id, "target")


SEALED = (
    SealedColumn(
        _columns.sealed_target,
        select(_columns.id, _columns.organization_id),
        lambda row: _place(row.organization_id, row.id),
    ),
)
"""What is sealed of webhook endpoints."""
