"""Importing and releasing numbers, neither of which changes anything at a carrier: the customer does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trunkline.charges import ChargeItem, ChargeKind, ChargeSource
from trunkline.numbers import CarrierNumber, NumberRef, Release, Route, RoutingSnapshot, RoutingView
from trunkline.plan import ImportPlan, PlannedNumber, PlanWarning
from trunkline.releases import cannot_restore
from trunkline.sip_target import SipTarget
from trunkline_manual import numbers
from trunkline_manual.descriptor import BY_REGISTRATION
from trunkline_manual.instructions import instructions, sentence
from trunkline_manual.trunk import Trunk

_NOT_KNOWN = RoutingView("not_known")


def read(trunk: Trunk, wanted: Sequence[str]) -> Iterator[RoutingSnapshot]:
    """Where calls to these numbers go, which nobody can read: of those on the list, that it is not known."""
    sought = frozenset(wanted)
    return (_snapshot(trunk, each, None) for each in numbers.list_numbers(trunk) if each.number in sought)


def plan(trunk: Trunk, snapshots: Sequence[RoutingSnapshot]) -> ImportPlan:
    """What is left to the customer; what the carrier charges for it is not known."""
    platform = trunk.call.require_platform()
    after = RoutingView("sip", platform.host)
    charge = ChargeItem(
        what="sending calls to a SIP address",
        kind=ChargeKind.ONE_TIME,
        money=None,
        source=ChargeSource.UNKNOWN,
        as_of=trunk.call.now().date(),
    )
    return ImportPlan(
        objects=(),
        numbers=tuple(PlannedNumber(each.number.number, each.view, after, already_ours=False) for each in snapshots),
        charges=(charge,),
        warnings=tuple(_warnings(trunk, platform)),
        instructions=instructions(platform, (each.number.number for each in snapshots)),
    )


def _warnings(trunk: Trunk, platform: SipTarget) -> Iterator[PlanWarning]:
    yield PlanWarning(
        "entered_by_hand",
        f"Nothing is changed at the carrier: calls come in once you have entered there where to. {sentence(platform)}",
    )
    if trunk.authentication == BY_REGISTRATION:
        yield PlanWarning(
            "registration_needed",
            "A trunk that works by registration sends calls to where its user is registered, and an import registers "
            "nobody: ask the operator of this platform, or have the carrier send calls to the SIP addresses instead.",
        )


def prepare(trunk: Trunk) -> Route:
    """The platform's SIP host as a route: nothing has to be made for it."""
    platform = trunk.call.require_platform()
    return Route(platform.uri, "sip_address", made=False)


def point_at(trunk: Trunk, number: NumberRef, route: Route) -> RoutingSnapshot:
    """The number as it is to be routed: nothing is written, and what the customer entered cannot be read back."""
    return _snapshot(trunk, numbers.find(trunk, number), route.id)


def release(number: NumberRef, route: Route) -> Release:
    """Nothing was changed at the carrier, so only the customer can put anything back there."""
    return cannot_restore(
        "entered_by_hand",
        f"Nothing was changed at the carrier. Where you had it send calls to {number.number} to {route.id}, change "
        "that there: calls go on coming here until then.",
    )


def _snapshot(trunk: Trunk, number: CarrierNumber, points_at: str | None) -> RoutingSnapshot:
    return RoutingSnapshot(number, _NOT_KNOWN, points_at, {}, trunk.call.now())
