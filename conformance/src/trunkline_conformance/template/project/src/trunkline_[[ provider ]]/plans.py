"""What an import would do, told before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from trunkline.charges import ChargeItem, ChargeKind, ChargeSource, Money
from trunkline.numbers import RoutingSnapshot, RoutingView
from trunkline.plan import ImportPlan, PlannedNumber, PlannedObject, PlanWarning

from . import trunks
from .client import Client, id_of
from .descriptor import describe


def plan(client: Client, snapshots: Sequence[RoutingSnapshot]) -> ImportPlan:
    """One request: our trunk is looked for."""
    platform = client.call.require_platform()
    found = trunks.find(client)
    ours = id_of(found) if found else None
    after = RoutingView("trunk", platform.host)
    description = f"Trunk {client.call.marker} that leads to {platform.host}"
    return ImportPlan(
        objects=(PlannedObject("trunk", description, "found" if found else "make"),),
        numbers=tuple(
            PlannedNumber(each.number.number, each.view, after, ours is not None and each.points_at == ours)
            for each in snapshots
        ),
        charges=(_routing_is_free(client),),
        warnings=tuple(_warnings(snapshots)),
    )


def _routing_is_free(client: Client) -> ChargeItem:
    return ChargeItem(
        what="routing numbers to a trunk",
        kind=ChargeKind.ONE_TIME,
        money=Money(Decimal(0), "USD"),
        source=ChargeSource.DOCUMENTED_FREE,
        as_of=client.call.now().date(),
        reference=f"{describe().documentation}/prices",
    )


def _warnings(snapshots: Sequence[RoutingSnapshot]) -> list[PlanWarning]:
    numbers = tuple(each.number.number for each in snapshots if each.restore["voice_url"])
    if not numbers:
        return []
    summary = "The voice webhook of these numbers gets no calls while they are here. On release it gets them back."
    return [PlanWarning("webhook_replaced", summary, numbers)]
