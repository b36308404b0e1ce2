"""What an import costs at the carrier: items with their source, added up without guessing."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal

import attrs
from attrs import validators as v

_ENOUGH = Context(prec=60, rounding=ROUND_HALF_UP, traps=[])
"""Precise enough for any sum of amounts, whatever context the host application works in."""


def _hundredths(amount: Decimal) -> Decimal:
    """The amount in whole hundredths, rounded half up."""
    return _ENOUGH.multiply(amount, Decimal(100)).to_integral_value(ROUND_HALF_UP, _ENOUGH)


def _exact(instance: object, attribute: attrs.Attribute[Decimal], value: Decimal) -> None:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise TypeError(f"{attribute.name} must be a finite Decimal, not {type(value).__name__}")
    if value.is_zero():
        return
    if value.adjusted() >= 12 or value.adjusted() < -12 or _ENOUGH.quantize(value, Decimal("1e-12")) != value:
        raise ValueError(f"{attribute.name} must be below a million million, with at most 12 decimal places")


@attrs.frozen
class Money:
    """An exact amount in one ISO 4217 currency; never a float, never converted."""

    amount: Decimal = attrs.field(validator=_exact)
    currency: str = attrs.field(validator=v.matches_re(r"[A-Z]{3}"))

    @property
    def cents(self) -> int:
        """Whole hundredths of the currency, rounded half up."""
        return int(_hundredths(self.amount))


class ChargeKind(enum.Enum):
    """When a charge falls due."""

    ONE_TIME = "one_time"
    MONTHLY = "monthly"
    USAGE = "usage"


class ChargeSource(enum.Enum):
    """Where a price is known from.

    `DOCUMENTED_FREE` is what the carrier says costs nothing; `NO_FEE_LISTED` is what its price list has no fee for.
    """

    CARRIER_API = "carrier_api"
    LIST_PRICE = "list_price"
    DOCUMENTED_FREE = "documented_free"
    NO_FEE_LISTED = "no_fee_listed"
    UNKNOWN = "unknown"


@attrs.frozen
class ChargeItem:
    """One thing the carrier charges for an import; `money` is None where the price is not known.

    A usage item is a rate (per minute, per message): it is told, and never added to a total.
    """

    what: str = attrs.field(validator=v.instance_of(str))
    kind: ChargeKind = attrs.field(validator=v.instance_of(ChargeKind))
    money: Money | None = attrs.field(validator=v.optional(v.instance_of(Money)))
    source: ChargeSource = attrs.field(validator=v.instance_of(ChargeSource))
    as_of: dt.date = attrs.field(validator=v.instance_of(dt.date))
    reference: str | None = None

    def __attrs_post_init__(self) -> None:
        if (self.money is None) != (self.source is ChargeSource.UNKNOWN):
            raise ValueError("a price has a source, and only an unknown price has none")
        free = self.source in (ChargeSource.DOCUMENTED_FREE, ChargeSource.NO_FEE_LISTED)
        if free and self.money and self.money.amount:
            raise ValueError("what is free, or has no fee listed, costs nothing")


@attrs.frozen
class ChargeEstimate:
    """The sum of one-time and monthly items per currency, in cents; unknown stays unknown.

    `totals` is empty and `complete` False where any item's price is not known.
    """

    totals: tuple[tuple[str, int], ...]
    complete: bool
    note: str

    @property
    def cents(self) -> int | None:
        """The one total, or None where it is unknown or in several currencies."""
        return self.totals[0][1] if self.complete and len(self.totals) == 1 else None

    @property
    def currency(self) -> str | None:
        """The currency of `cents`."""
        return self.totals[0][0] if self.complete and len(self.totals) == 1 else None


def estimate(items: Iterable[ChargeItem]) -> ChargeEstimate:
    """Add up what is due per currency, exact until the one rounding at the end."""
    due = [item for item in items if item.kind is not ChargeKind.USAGE]
    if not due:
        return ChargeEstimate((), False, "What this carrier charges for an import is not known.")
    unknown = [item.what for item in due if item.money is None]
    if unknown:
        listed = ", ".join(dict.fromkeys(unknown))
        return ChargeEstimate((), False, f"The carrier does not tell the price of: {listed}.")
    sums: dict[str, Decimal] = {}
    for item in due:
        assert item.money is not None
        sums[item.money.currency] = _ENOUGH.add(sums.get(item.money.currency, Decimal(0)), item.money.amount)
    totals = tuple((currency, int(_hundredths(amount))) for currency, amount in sorted(sums.items()))
    return ChargeEstimate(totals, True, _note(sums))


def _note(sums: dict[str, Decimal]) -> str:
    if not any(sums.values()):
        return "No upstream charges for imports through this provider."
    parts = [f"{_hundredths(amount).scaleb(-2, _ENOUGH):.2f} {c}" for c, amount in sorted(sums.items())]
    return f"The carrier is expected to charge {' and '.join(parts)} for this import."
