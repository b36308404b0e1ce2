"""What an import would do, told before it is done."""

from __future__ import annotations

import attrs
from attrs import validators as v

from trunkline.charges import ChargeItem
from trunkline.fields import CODE, tuple_of
from trunkline.numbers import RoutingView


def _seconds(instance: object, attribute: attrs.Attribute[float], value: float) -> None:
    if type(value) not in (int, float) or not 0 <= value < 86_400:
        raise TypeError(f"{attribute.name} must be seconds of one day")


@attrs.frozen
class PlannedObject:
    """Something an import needs at the carrier: found there already, changed, or to be made."""

    kind: str = attrs.field(validator=v.instance_of(str))
    description: str = attrs.field(validator=v.instance_of(str))
    action: str = attrs.field(validator=v.in_(("found", "make", "change")))


@attrs.frozen
class PlannedNumber:
    """One number's routing before and after the import."""

    number: str = attrs.field(validator=v.instance_of(str))
    before: RoutingView = attrs.field(validator=v.instance_of(RoutingView))
    after: RoutingView = attrs.field(validator=v.instance_of(RoutingView))
    already_ours: bool = attrs.field(validator=v.instance_of(bool))


@attrs.frozen
class PlanWarning:
    """Something the customer should know before importing; `numbers` it concerns, empty for all."""

    code: str = attrs.field(validator=v.matches_re(CODE))
    summary: str = attrs.field(validator=v.instance_of(str))
    numbers: tuple[str, ...] = attrs.field(default=(), validator=tuple_of(str))


@attrs.frozen
class SipAddress:
    """Where a carrier has to send the calls to one number."""

    number: str = attrs.field(validator=v.instance_of(str))
    uri: str = attrs.field(validator=v.instance_of(str))


@attrs.frozen
class Instructions:
    """What the customer has to enter at a carrier that nobody else can change.

    A SIP address for each number, the transport they are reached by, and the addresses that the platform's own calls
    come from: empty where the operator has not said.
    """

    summary: str = attrs.field(validator=v.instance_of(str))
    sip_addresses: tuple[SipAddress, ...] = attrs.field(validator=tuple_of(SipAddress))
    transport: str | None = attrs.field(validator=v.optional(v.instance_of(str)))
    allow_addresses: tuple[str, ...] = attrs.field(validator=tuple_of(str))


@attrs.frozen
class ImportPlan:
    """Objects to be made, each number before and after, charges, warnings, and how many seconds it may take.

    `instructions` is what is left to the customer where nothing can be changed for them.
    """

    objects: tuple[PlannedObject, ...] = attrs.field(validator=tuple_of(PlannedObject))
    numbers: tuple[PlannedNumber, ...] = attrs.field(validator=tuple_of(PlannedNumber))
    charges: tuple[ChargeItem, ...] = attrs.field(validator=tuple_of(ChargeItem))
    warnings: tuple[PlanWarning, ...] = attrs.field(default=(), validator=tuple_of(PlanWarning))
    seconds: float = attrs.field(default=0.0, validator=_seconds)
    instructions: Instructions | None = attrs.field(default=None, validator=v.optional(v.instance_of(Instructions)))
