"""What numbers cost a month, by country and type, as Twilio's Pricing API tells this account."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from trunkline.charges import Money
from trunkline.errors import CarrierUnavailable, PluginBroken, RateLimited, TrunklineError
from trunkline.numbers import NumberType
from trunkline_twilio.client import Twilio

TYPES = {
    "local": NumberType.LOCAL,
    "mobile": NumberType.MOBILE,
    "national": NumberType.NATIONAL,
    "tollfree": NumberType.TOLL_FREE,
}


def number_type(written: object) -> NumberType | None:
    """The type that Twilio writes as `toll-free` here and as `toll free` there; None for a word it has not said yet."""
    return TYPES.get(re.sub(r"[\s_-]", "", written).lower()) if isinstance(written, str) else None


class Prices:
    """Monthly fees, asked for once per country. What cannot be learnt is None: no price is worth an error."""

    def __init__(self, twilio: Twilio) -> None:
        self._twilio = twilio
        self._known: dict[str, dict[NumberType, Money]] = {}
        self._given_up = False

    def monthly_fee(self, country: str | None, type: NumberType | None) -> Money | None:
        """The fee of a number of that country and type, after the account's discounts."""
        if country is None or type is None:
            return None
        if country not in self._known:
            self._known[country] = self._ask(country)
        return self._known[country].get(type)

    def _ask(self, country: str) -> dict[NumberType, Money]:
        if self._given_up:
            return {}
        try:
            answer = self._twilio.ask(lambda sdk: sdk.pricing.v1.phone_numbers.countries(country).fetch())
        except PluginBroken:
            raise
        except (CarrierUnavailable, RateLimited):
            # A host that does not answer would be waited for once per country.
            self._given_up = True
            return {}
        except TrunklineError:
            return {}
        return _read(answer)


def _read(answer: dict[str, Any]) -> dict[NumberType, Money]:
    unit, prices = answer.get("price_unit"), answer.get("phone_number_prices")
    found: dict[NumberType, Money] = {}
    if isinstance(unit, str) and isinstance(prices, list):
        for price in prices:
            type = number_type(price.get("number_type")) if isinstance(price, dict) else None
            money = _money(price.get("current_price"), unit) if type else None
            if type and money:
                found[type] = money
    return found


def _money(amount: object, unit: str) -> Money | None:
    # A string, though the published schema says number.
    if isinstance(amount, bool) or not isinstance(amount, str | int | float):
        return None
    try:
        exact = Decimal(str(amount))
        return Money(exact, unit.upper()) if exact >= 0 else None
    except (InvalidOperation, ValueError, TypeError):
        return None
