"""What an import would do, told before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from trunkline.charges import ChargeItem, ChargeKind, ChargeSource, Money
from trunkline.numbers import RoutingSnapshot, RoutingView
from trunkline.plan import ImportPlan, PlannedNumber, PlannedObject, PlanWarning
from trunkline_telnyx import connections, overrides, routes
from trunkline_telnyx.client import Telnyx
from trunkline_telnyx.connections import FQDN, KINDS, name_for, shown, wanted_port
from trunkline_telnyx.routes import Target

_FEES = "https://support.telnyx.com/en/articles/4425088"
"""The charges of a number: none is listed for putting it on a connection. That it is free is not said anywhere."""

_NO_PROFILE = (
    "Numbers can be called, but not call out: the connection they are put on has no outbound voice profile, so Telnyx "
    "refuses every call from it (D38). In the Telnyx Mission Control Portal, set how the connection's outbound calls "
    "are authenticated, then open Outbound Voice Profiles and add the connection to one; or connect the account by "
    "guided set-up, which makes both."
)


def plan(telnyx: Telnyx, snapshots: Sequence[RoutingSnapshot]) -> ImportPlan:
    """Two requests, four for an IP connection: the connection, and where it leads."""
    platform = telnyx.call.require_platform()
    target = routes.find_made(telnyx)
    routes.require_usable(telnyx, target)
    own = target.connection.id if target.connection else None
    kind = target.connection.kind if target.connection else FQDN
    after = RoutingView(kind if kind in KINDS else "connection", platform.host)
    return ImportPlan(
        objects=_objects(telnyx, target),
        numbers=tuple(
            PlannedNumber(each.number.number, each.view, after, own is not None and each.points_at == own)
            for each in snapshots
        ),
        charges=(_import_charge(telnyx),),
        warnings=tuple(_warnings(telnyx, snapshots, target)),
    )


def _objects(telnyx: Telnyx, target: Target) -> tuple[PlannedObject, ...]:
    platform = telnyx.call.require_platform()
    action, _ = routes.needed_change(target, platform)
    kind = KINDS[target.connection.kind].partition(" ")[2] if target.connection else "FQDN connection"
    name = target.connection.name if target.connection else name_for(telnyx.call.marker)
    return (
        PlannedObject("connection", f"Telnyx {kind} {shown(name)}", "found" if target.connection else "make"),
        PlannedObject("fqdn", f"Record that sends its calls to {platform.host}, port {wanted_port(platform)}", action),
    )


def _import_charge(telnyx: Telnyx) -> ChargeItem:
    # The number is paid for already, and what does cost (HD voice, call screening, CNAM) is never switched on.
    return ChargeItem(
        what="putting numbers on a connection",
        kind=ChargeKind.ONE_TIME,
        money=Money(Decimal(0), "USD"),
        source=ChargeSource.NO_FEE_LISTED,
        as_of=telnyx.call.now().date(),
        reference=_FEES,
    )


def _warnings(telnyx: Telnyx, snapshots: Sequence[RoutingSnapshot], target: Target) -> list[PlanWarning]:
    own = target.connection.id if target.connection else None
    warnings = []
    if leaving := [s.number.number for s in snapshots if s.points_at is not None and s.points_at != own]:
        warnings.append(
            PlanWarning(
                "taken_off_connection",
                "These numbers are on another connection or application now, which they leave. They are put back on "
                "release.",
                tuple(leaving),
            )
        )
    warnings += overrides.warnings([(s.number.number, s.restore.get("overrides")) for s in snapshots])
    if target.connection is None or target.connection.profile_id is None:
        warnings.append(PlanWarning("no_outbound_profile", _NO_PROFILE))
    if target.connection is not None:
        doubts = connections.open_of(target.connection, target.places, telnyx.call.require_platform())
        warnings += [PlanWarning(each.code, f"{each.summary} {each.remedy}") for each in doubts]
    return warnings
