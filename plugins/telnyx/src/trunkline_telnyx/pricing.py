"""What numbers cost a month, as this account's own charges tell: no resource of a number carries a price."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Any

from trunkline.charges import Money
from trunkline.errors import PluginBroken, TrunklineError
from trunkline_telnyx.client import Row, Telnyx, text


class Fees:
    """Monthly fees by number, asked for once. What cannot be learnt is None: no price is worth an error."""

    def __init__(self, telnyx: Telnyx) -> None:
        self._telnyx = telnyx
        self._known: dict[str, Money] | None = None

    def monthly_fee(self, number: str) -> Money | None:
        """All that a number was charged for this month, or for the month before while this one's is not posted yet."""
        if self._known is None:
            self._known = self._ask()
        return self._known.get(number)

    def _ask(self) -> dict[str, Money]:
        today = self._telnyx.call.now().date()
        first = today.replace(day=1)
        last_month = (first - dt.timedelta(days=1)).replace(day=1)
        # Whether a day that has not come yet may end the range is not documented: the month that is past always may.
        for start, end in ((first, today + dt.timedelta(days=1)), (last_month, first)):
            found = self._month(start, end)
            if found:
                return found
        return {}

    def _month(self, start: dt.date, end: dt.date) -> dict[str, Money]:
        try:
            answer = charges(self._telnyx, start, end)
        except PluginBroken:
            raise
        except TrunklineError:
            return {}
        sums: dict[str, Decimal] = {}
        rows = answer.get("results")
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict):
                for cost in _monthly(row):
                    number = text(row, "tn")
                    sums[number] = sums.get(number, Decimal(0)) + cost
        currency = text(answer, "currency").upper()
        return {number: money for number, cost in sums.items() if (money := _money(cost, currency))}


def charges(telnyx: Telnyx, start: dt.date, end: dt.date) -> Row:
    """The charges of these days, the last one not included."""
    return telnyx.get("/charges_breakdown", {"start_date": start.isoformat(), "end_date": end.isoformat()})


def _monthly(row: Row) -> list[Decimal]:
    """The monthly costs among a number's services: documented as MRC and positive, seen as mrc and negative.

    partial-mrc is the part of a first month, otc is paid once.
    """
    services: Any = row.get("services")
    found = []
    for service in services if isinstance(services, list) else []:
        if isinstance(service, dict) and text(service, "cost_type").lower() == "mrc":
            cost = _decimal(service.get("cost"))
            if cost is not None:
                found.append(abs(cost))
    return found


def _decimal(written: object) -> Decimal | None:
    if isinstance(written, bool) or not isinstance(written, str | int):
        return None
    try:
        cost = Decimal(written)
    except InvalidOperation:
        return None
    return cost if cost.is_finite() else None


def _money(cost: Decimal, currency: str) -> Money | None:
    try:
        return Money(cost, currency)
    except (ValueError, TypeError):
        return None
