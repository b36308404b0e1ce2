"""What an import would do, told before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from trunkline.charges import ChargeItem, ChargeKind, ChargeSource, Money
from trunkline.errors import PermissionMissing
from trunkline.numbers import RoutingSnapshot, RoutingView
from trunkline.plan import ImportPlan, PlannedNumber, PlannedObject, PlanWarning
from trunkline_twilio import accounts, trunks
from trunkline_twilio.accounts import Account
from trunkline_twilio.client import Twilio
from trunkline_twilio.routing import not_in_use
from trunkline_twilio.trunks import Trunk

_PRICES = "https://www.twilio.com/en-us/sip-trunking/pricing"


def plan(twilio: Twilio, snapshots: Sequence[RoutingSnapshot]) -> ImportPlan:
    """Two requests, or three where our trunk is there: the account, its trunks, where ours sends calls."""
    platform = twilio.call.require_platform()
    account = _account(twilio)
    every = trunks.read_all(twilio)
    trunk = trunks.ours(every, twilio.call.marker)
    own = trunk.sid if trunk else None
    after = RoutingView("trunk", platform.host)
    numbers = [PlannedNumber(s.number.number, s.view, after, own is not None and s.points_at == own) for s in snapshots]
    return ImportPlan(
        objects=_objects(twilio, trunk),
        numbers=tuple(numbers),
        charges=(_import_is_free(twilio),),
        warnings=tuple(_warnings(snapshots, own, every, account)),
    )


def _account(twilio: Twilio) -> Account | None:
    try:
        account = accounts.fetch(twilio)
    except PermissionMissing:
        return None
    account.require_active()
    return account


def _objects(twilio: Twilio, trunk: Trunk | None) -> tuple[PlannedObject, ...]:
    platform = twilio.call.require_platform()
    present = trunks.originations(twilio, trunk.sid) if trunk else []
    action, _ = trunks.needed_change(present, platform, twilio.call.marker)
    name = trunks.name_for(twilio.call.marker)
    return (
        PlannedObject("trunk", f"Elastic SIP trunk {name}", "found" if trunk else "make"),
        PlannedObject("origination_url", f"Origination URL that sends calls to {platform.host}", action),
    )


def _import_is_free(twilio: Twilio) -> ChargeItem:
    # The number is paid for already, no price list has a fee for a trunk or for routing, and CNAM lookup and recording,
    # which do cost, stay off. Minutes are charged as they are used.
    return ChargeItem(
        what="routing numbers to a SIP trunk",
        kind=ChargeKind.ONE_TIME,
        money=Money(Decimal(0), "USD"),
        source=ChargeSource.NO_FEE_LISTED,
        as_of=twilio.call.now().date(),
        reference=_PRICES,
    )


def _warnings(
    snapshots: Sequence[RoutingSnapshot], own: str | None, every: Sequence[Trunk], account: Account | None
) -> list[PlanWarning]:
    warnings = []
    if with_application := [s.number.number for s in snapshots if s.restore.get("voice_application_sid")]:
        warnings.append(
            PlanWarning(
                "application_reference_removed",
                "Twilio takes a number off its TwiML application when it is put on a trunk. It is put back on release.",
                tuple(with_application),
            )
        )
    if on_trunk := [s.number.number for s in snapshots if s.restore.get("trunk_sid") and s.points_at != own]:
        warnings.append(
            PlanWarning(
                "taken_off_trunk",
                "These numbers are on another SIP trunk now, which they leave. They are put back on release.",
                tuple(on_trunk),
            )
        )
    if own is None and len(every) >= trunks.LIMIT:
        warnings.append(
            PlanWarning(
                "trunk_limit",
                f"The account has {len(every)} SIP trunks, and Twilio allows {trunks.LIMIT}: delete one that is not "
                "used any more first.",
            )
        )
    new = [s.number.number for s in snapshots if own is None or s.points_at != own]
    if idle := [s.number.number for s in snapshots if s.number.number in new and not_in_use(s.restore)]:
        warnings.append(
            PlanWarning(
                "number_not_active",
                "Twilio does not have these numbers as in use, so they will be refused. Look at them in the Twilio "
                "Console, or ask Twilio's support.",
                tuple(idle),
            )
        )
    if account is not None and account.trial:
        if len(new) > 1:
            warnings.append(
                PlanWarning(
                    "trial_one_number",
                    "A Twilio trial account may have one number on a SIP trunk: the others will be refused.",
                    tuple(new),
                )
            )
        if own is None and every:
            warnings.append(
                PlanWarning(
                    "trial_trunk_taken",
                    "A Twilio trial account may have one SIP trunk, and this one has it already: upgrade it first.",
                )
            )
    return warnings
