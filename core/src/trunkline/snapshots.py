"""Routing snapshots and routes as JSON, fit to be sealed, and back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from trunkline.charges import Money
from trunkline.numbers import CarrierNumber, NumberType, Route, RoutingSnapshot, RoutingView


def snapshot_as_json(snapshot: RoutingSnapshot) -> dict[str, Any]:
    """All of a snapshot."""
    number, fee = snapshot.number, snapshot.number.monthly_fee
    return {
        "number": number.number,
        "handle": number.handle,
        "friendly_name": number.friendly_name,
        "type": number.type.value if number.type else None,
        "capabilities": sorted(number.capabilities),
        "region": number.region,
        "monthly_fee": [str(fee.amount), fee.currency] if fee else None,
        "view": [snapshot.view.kind, snapshot.view.host],
        "points_at": snapshot.points_at,
        "restore": dict(snapshot.restore),
        "read_at": snapshot.read_at.isoformat(),
    }


def load_snapshot(stored: dict[str, Any]) -> RoutingSnapshot:
    """The snapshot again."""
    fee = stored["monthly_fee"]
    number = CarrierNumber(
        number=stored["number"],
        handle=stored["handle"],
        friendly_name=stored["friendly_name"],
        type=NumberType(stored["type"]) if stored["type"] else None,
        capabilities=frozenset(stored["capabilities"]),
        region=stored["region"],
        monthly_fee=Money(Decimal(fee[0]), fee[1]) if fee else None,
    )
    return RoutingSnapshot(
        number=number,
        view=RoutingView(*stored["view"]),
        points_at=stored["points_at"],
        restore=stored["restore"],
        read_at=dt.datetime.fromisoformat(stored["read_at"]),
    )


def route_as_json(route: Route) -> dict[str, Any]:
    """All of a route."""
    return {"id": route.id, "kind": route.kind, "made": route.made, "data": dict(route.data)}


def load_route(stored: dict[str, Any]) -> Route:
    """The route again."""
    return Route(**stored)
