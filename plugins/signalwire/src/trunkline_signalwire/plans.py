"""What an import would do, told before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from trunkline.charges import ChargeItem, ChargeKind, ChargeSource, Money
from trunkline.numbers import RoutingSnapshot, RoutingView
from trunkline.plan import ImportPlan, PlannedNumber, PlannedObject, PlanWarning
from trunkline_signalwire import handlers, routes
from trunkline_signalwire.client import SignalWire
from trunkline_signalwire.routes import Found


def plan(signalwire: SignalWire, snapshots: Sequence[RoutingSnapshot]) -> ImportPlan:
    """Two requests: our LaML bin, the project's scripts."""
    platform = signalwire.call.require_platform()
    own = routes.route_id(signalwire)
    found = routes.find(signalwire)
    after = RoutingView("webhook" if found.bin else "script", platform.host)
    return ImportPlan(
        objects=(_object(signalwire, found),),
        numbers=tuple(PlannedNumber(s.number.number, s.view, after, s.points_at == own) for s in snapshots),
        charges=_charges(signalwire),
        warnings=tuple(_warnings([s for s in snapshots if s.points_at != own])),
    )


def _object(signalwire: SignalWire, found: Found) -> PlannedObject:
    platform, marker = signalwire.call.require_platform(), signalwire.call.marker
    kind, what = ("bin", "LaML bin") if found.bin else ("script", "SWML script")
    return PlannedObject(kind, f"{what} {marker} that connects calls to {platform.host}", found.needed_change(platform))


def _charges(signalwire: SignalWire) -> tuple[ChargeItem, ...]:
    today = signalwire.call.now().date()
    return (
        # The number is paid for already, and SignalWire's price list has minutes and no fee for routing or scripts.
        ChargeItem(
            what="routing numbers to a script",
            kind=ChargeKind.ONE_TIME,
            money=Money(Decimal(0), "USD"),
            source=ChargeSource.NO_FEE_LISTED,
            as_of=today,
            reference="https://signalwire.com/pricing",
        ),
        # A call that is passed on has two legs, of which the second is charged too; its price is in no API.
        ChargeItem(
            what="minutes of calls that are passed on by SIP",
            kind=ChargeKind.USAGE,
            money=None,
            source=ChargeSource.UNKNOWN,
            as_of=today,
        ),
    )


def _warnings(new: Sequence[RoutingSnapshot]) -> list[PlanWarning]:
    by_hand, without, fax = [], [], []
    for snapshot in new:
        number, routing = snapshot.number.number, snapshot.restore
        if handlers.receives_fax(routing):
            fax.append(number)
        elif handlers.of(routing) is None:
            without.append(number)
        elif not handlers.can_be_set(routing):
            by_hand.append(number)
    said = (
        (
            "cannot_be_restored_by_api",
            "What takes these numbers' calls now can be set in the SignalWire Dashboard alone. After a release they "
            "have to be assigned to it again there; which one it was is recorded.",
            by_hand,
        ),
        (
            "no_handler_before",
            "Nothing takes these numbers' calls now. SignalWire may not let that be set again: after a release they "
            "may have a webhook without an address, which answers no call either.",
            without,
        ),
        (
            "receives_fax",
            "These numbers are set to receive faxes and will be refused. Set them to receive voice calls first.",
            fax,
        ),
    )
    return [PlanWarning(code, summary, tuple(numbers)) for code, summary, numbers in said if numbers]
