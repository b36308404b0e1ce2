"""Events: what changed of a connection or a number, and why, told in the transaction of the change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs
from sqlalchemy import Connection, delete, insert, literal, select

from trunkline.errors import TrunklineError
from trunkline_service.storage.tables import events, webhook_deliveries, webhook_endpoints

KEEP_MS = 30 * 24 * 3600 * 1000
LISTED = 100
"""How many events one list holds."""

State = Mapping[str, str | None]
"""What may change: the status, and a number's verification."""


@attrs.frozen
class Reason:
    """Why something changed: a stable word, and a sentence for the customer."""

    code: str
    detail: str

    @classmethod
    def of(cls, error: TrunklineError) -> Reason:
        """Why a carrier said no."""
        return cls(error.code, error.summary)


@attrs.frozen
class StoredEvent:
    """An event: `told` is all of it beside its id and moment."""

    id: int
    told: Mapping[str, Any]
    created_at: int


@attrs.frozen
class Delivery:
    """How far an event got on its way to one endpoint."""

    endpoint: int
    state: str
    attempts: int
    next_at: int | None
    answered: str | None


def connection_changed(
    db: Connection, organization: int, connection: int, before: State | None, after: State | None, why: Reason, now: int
) -> None:
    """A connection came, changed or went."""
    ids = {"voip_connection_id": connection, "phone_number_id": None}
    _record(db, organization, {"kind": "voip_connection.changed", **ids, **_change(before, after, why)}, now)


def number_changed(
    db: Connection,
    organization: int,
    number: int,
    connection: int | None,
    before: State | None,
    after: State,
    why: Reason,
    now: int,
) -> None:
    """A number came or changed."""
    ids = {"voip_connection_id": connection, "phone_number_id": number}
    _record(db, organization, {"kind": "phone_number.changed", **ids, **_change(before, after, why)}, now)


def list_events(
    db: Connection, organization: int, before: int | None = None
) -> list[tuple[StoredEvent, list[Delivery]]]:
    """The newest events of an organization, or those before one, each with its deliveries."""
    columns = events.c
    query = select(columns.id, columns.told, columns.created_at).where(columns.organization_id == organization)
    if before is not None:
        query = query.where(columns.id < before)
    found = [stored(*row) for row in db.execute(query.order_by(columns.id.desc()).limit(LISTED))]
    deliveries: dict[int, list[Delivery]] = {event.id: [] for event in found}
    to = webhook_deliveries.c
    ways = select(to.event_id, to.endpoint_id, to.state, to.attempts, to.next_at, to.answered)
    for row in db.execute(ways.where(to.event_id.in_(deliveries)).order_by(to.endpoint_id)):
        deliveries[row[0]].append(Delivery(*row[1:]))
    return [(event, deliveries[event.id]) for event in found]


def stored(id: int, told: str, created_at: int) -> StoredEvent:
    """An event of its columns."""
    return StoredEvent(id, json.loads(told), created_at)


def prune(db: Connection, now: int) -> int:
    """Forget events, and their deliveries, after a month."""
    return db.execute(delete(events).where(events.c.created_at < now - KEEP_MS)).rowcount


def _change(before: State | None, after: State | None, why: Reason) -> dict[str, Any]:
    return {
        "before": None if before is None else dict(before),
        "after": None if after is None else dict(after),
        "reason": attrs.asdict(why),
    }


def _record(db: Connection, organization: int, told: Mapping[str, Any], now: int) -> None:
    """Keep the event, and a delivery of it to each endpoint there is now."""
    values = {"organization_id": organization, "told": json.dumps(told), "created_at": now}
    event = db.execute(insert(events).values(values).returning(events.c.id)).scalar_one()
    to_each = select(literal(event), webhook_endpoints.c.id, literal("pending"), literal(0), literal(now)).where(
        webhook_endpoints.c.organization_id == organization
    )
    db.execute(
        insert(webhook_deliveries).from_select(["event_id", "endpoint_id", "state", "attempts", "next_at"], to_each)
    )
