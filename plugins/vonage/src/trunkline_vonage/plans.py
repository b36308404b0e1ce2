"""What an import would do, told before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from trunkline.charges import ChargeItem, ChargeKind, ChargeSource, Money
from trunkline.numbers import RoutingSnapshot, RoutingView
from trunkline.plan import ImportPlan, PlannedNumber, PlannedObject, PlanWarning
from trunkline_vonage import accounts, settings
from trunkline_vonage.client import Vonage
from trunkline_vonage.routing import voice_of

_BILLING = "https://developer.vonage.com/en/dashboard/build/phone-numbers/buy-numbers"

NUMBERS_MAY_BE_LOST = (
    "The account's balance is used up and does not fill up by itself. Vonage may release the numbers of such an "
    "account for resale: top it up, or switch on auto-reload, in the Vonage API dashboard."
)


def plan(vonage: Vonage, snapshots: Sequence[RoutingSnapshot]) -> ImportPlan:
    """One request: the balance."""
    platform = vonage.call.require_platform()
    balance = accounts.balance(vonage)
    after = RoutingView("sip", platform.host)
    ours = platform.uri
    return ImportPlan(
        objects=(PlannedObject("sip_address", f"SIP address of each number at {platform.host}", "found"),),
        numbers=tuple(PlannedNumber(s.number.number, s.view, after, s.points_at == ours) for s in snapshots),
        charges=(_import_is_free(vonage),),
        warnings=tuple(_warnings([s for s in snapshots if s.points_at != ours], snapshots, balance)),
    )


def _import_is_free(vonage: Vonage) -> ChargeItem:
    # What is billed for a number is its monthly rent, which goes on as before; no price list has a fee for an update.
    # Minutes are charged as they are used.
    return ChargeItem(
        what="routing numbers to a SIP address",
        kind=ChargeKind.ONE_TIME,
        money=Money(Decimal(0), "EUR"),
        source=ChargeSource.NO_FEE_LISTED,
        as_of=vonage.call.now().date(),
        reference=_BILLING,
    )


def _warnings(
    written: Sequence[RoutingSnapshot], every: Sequence[RoutingSnapshot], balance: accounts.Balance
) -> list[PlanWarning]:
    warnings = []
    if accounts.used_up(balance):
        warnings.append(PlanWarning("numbers_may_be_lost", NUMBERS_MAY_BE_LOST))
    # Where the list shows these fields for one number, it shows them for all, and they are sent again.
    shown = any(name in s.restore["settings"] for s in every for name in settings.UNREADABLE)
    if written and not shown:
        warnings.append(
            PlanWarning(
                "may_clear_unreadable_fields",
                "A change at Vonage clears what it leaves out, and Vonage does not show a number's call status webhook "
                "and SMPP system type. If they are set, note them now: they have to be set again in the Vonage API "
                "dashboard.",
                _numbers(written),
            )
        )
    if with_webhook := [s for s in written if "moHttpUrl" in s.restore["settings"]]:
        warnings.append(
            PlanWarning(
                "sms_webhook_is_checked",
                "Vonage calls the SMS webhook of these numbers at every change, and refuses the change unless it "
                "answers 200 OK. See that it does before importing.",
                _numbers(with_webhook),
            )
        )
    if with_application := [s for s in written if voice_of(s).type == "app"]:
        warnings.append(
            PlanWarning(
                "application_overruled",
                "These numbers stay linked to their application, which goes on handling messages; their calls go to "
                "this platform. On release the application gets the calls back.",
                _numbers(with_application),
            )
        )
    if limited := [s for s in every if s.restore["outbound_limits"]]:
        warnings.append(
            PlanWarning(
                "outbound_limited",
                "Vonage limits outbound calls that show these numbers as the caller.",
                _numbers(limited),
            )
        )
    return warnings


def _numbers(snapshots: Sequence[RoutingSnapshot]) -> tuple[str, ...]:
    return tuple(snapshot.number.number for snapshot in snapshots)
