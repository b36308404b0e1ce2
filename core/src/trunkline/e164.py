"""What a telephone number says of itself: form, country or state, kind."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from trunkline.area_codes import REGION_OF_AREA_CODE
from trunkline.numbers import E164, NumberType

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_E164 = re.compile(E164)
_TOLL_FREE = re.compile(r"8(?:00|22|33|44|55|66|77|88)")


def is_e164(number: str) -> bool:
    """Whether it is written as plus, country code and digits, 15 at most."""
    return _E164.fullmatch(number) is not None


def region(number: str) -> str | None:
    """ISO 3166-2 state or province in the US and Canada, else ISO 3166-1 country; None where it tells neither.

    A toll-free number of North America tells `US`. What is no E.164 number tells nothing.
    """
    if not is_e164(number):
        return None
    if number.startswith("+1"):
        code = number[2:5]
        return REGION_OF_AREA_CODE.get(code) or ("US" if _TOLL_FREE.fullmatch(code) else _country(number))
    return _only_country(number[1:4]) or _country(number)


def country(number: str) -> str | None:
    """ISO 3166-1 country of a number."""
    found = region(number)
    return found[:2] if found else None


def number_type(number: str) -> NumberType | None:
    """What kind of number it is, by the numbering plan; None where the plan does not tell."""
    if not is_e164(number):
        return None
    if number.startswith("+1"):
        return NumberType.TOLL_FREE if _TOLL_FREE.fullmatch(number[2:5]) else NumberType.LOCAL
    import phonenumbers

    kinds = {
        phonenumbers.PhoneNumberType.FIXED_LINE: NumberType.LOCAL,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberType.LOCAL,
        phonenumbers.PhoneNumberType.MOBILE: NumberType.MOBILE,
        phonenumbers.PhoneNumberType.TOLL_FREE: NumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.SHARED_COST: NumberType.NATIONAL,
        phonenumbers.PhoneNumberType.UAN: NumberType.NATIONAL,
        phonenumbers.PhoneNumberType.VOIP: NumberType.NATIONAL,
    }
    parsed = _parsed(number)
    return kinds.get(phonenumbers.number_type(parsed)) if parsed else None


@lru_cache(maxsize=1024)
def _only_country(prefix: str) -> str | None:
    """The country of a calling code that no other country shares."""
    import phonenumbers

    for length in (1, 2, 3):
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(prefix[:length]))
        if regions:
            return regions[0] if len(regions) == 1 and regions[0] != "001" else None
    return None


def _country(number: str) -> str | None:
    import phonenumbers

    parsed = _parsed(number)
    found = phonenumbers.region_code_for_number(parsed) if parsed else None
    return found if found and found != "001" else None


def _parsed(number: str) -> PhoneNumber | None:
    import phonenumbers

    try:
        return phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
