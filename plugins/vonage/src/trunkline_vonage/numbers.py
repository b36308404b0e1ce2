"""The numbers of an account, as Vonage lists them and as the engine wants them."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline import e164
from trunkline.numbers import CarrierNumber, NumberType
from trunkline.paging import Repeats
from trunkline_vonage.client import Page, Row, Vonage
from trunkline_vonage.refusals import unexpected

Key = tuple[str, str]
"""Country and number without its plus: Vonage has no other id (`Numbers API`, `/account/numbers`)."""


def list_numbers(vonage: Vonage) -> Iterator[CarrierNumber]:
    """Every number of the account, page after page; short codes and the like are left out."""
    for page in pages_without_repeats(vonage):
        for row in page.rows:
            number = carrier_number(row)
            if number is not None:
                yield number


def pages_without_repeats(vonage: Vonage, **filters: str) -> Iterator[Page]:
    """Each page without the rows that the page before had too."""
    repeats: Repeats[Row] = Repeats(lambda row: key_of(row)[1])
    for page in vonage.pages(**filters):
        yield Page(repeats.dropped_from(page.rows), page.left)


def matching(vonage: Vonage, number: str, country: str | None = None) -> Row | None:
    """The row of one E.164 number; the filter also finds numbers that merely begin with it, or contain it."""
    msisdn = number.removeprefix("+")
    for page in vonage.pages(pattern=msisdn, search_pattern="0"):
        for row in page.rows:
            found_country, found = key_of(row)
            if found == msisdn and country in (None, found_country):
                return row
    return None


def key_of(row: Row) -> Key:
    """Country and number of a row."""
    country, msisdn = row.get("country"), row.get("msisdn")
    if not isinstance(country, str) or not isinstance(msisdn, str) or not country or not msisdn:
        raise unexpected("a number without its country or its digits")
    return country.upper(), msisdn.removeprefix("+")


def handle_of(row: Row) -> str:
    """The handle of a row: country and number in one word."""
    return "-".join(key_of(row))


def country_in(handle: str) -> str:
    """The country that a handle names."""
    return handle.partition("-")[0]


def carrier_number(row: Row) -> CarrierNumber | None:
    """One row as the engine wants it; None for what is no E.164 number. Vonage tells no name and no price of it."""
    country, msisdn = key_of(row)
    number = f"+{msisdn}"
    if not e164.is_e164(number):
        return None
    return CarrierNumber(
        number=number,
        handle=handle_of(row),
        friendly_name=None,
        type=_type(row.get("type"), number),
        capabilities=_capabilities(row),
        region=e164.region(number) or (country if len(country) == 2 and country.isalpha() else None),
    )


def outbound_limits(row: Row) -> list[str]:
    """Where a number may not be shown as the caller: the reaches of its VOICE OUTBOUND limitations.

    A caller ID has to be "a Vonage Number associated with your account with no limitation on outbound calling"
    (https://developer.vonage.com/en/voice/voice-api/guides/numbers).
    """
    said = row.get("limitations")
    if said is None:
        return []
    if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
        raise unexpected("limitations that are not a list")
    limits = [each for each in said if (_word(each, "feature"), _word(each, "type")) == ("VOICE", "OUTBOUND")]
    return sorted({_word(each, "reach") for each in limits})


def all_calls_limited(limits: list[str]) -> bool:
    """Whether limitations leave no calls at all; one without a reach that is known counts for all."""
    return {"DOMESTIC", "INTERNATIONAL"} <= set(limits) or bool(set(limits) - {"DOMESTIC", "INTERNATIONAL"})


def _word(limitation: Row, name: str) -> str:
    value = limitation.get(name)
    return value.upper() if isinstance(value, str) else ""


def _type(written: object, number: str) -> NumberType | None:
    """The type; `mobile-lvn` is what Vonage calls any ordinary number in North America."""
    if written == "landline-toll-free":
        return NumberType.TOLL_FREE
    if written == "mobile-lvn" and not number.startswith("+1"):
        return NumberType.MOBILE
    if written == "landline" and not number.startswith("+1"):
        return NumberType.LOCAL
    return e164.number_type(number)


def _capabilities(row: Row) -> frozenset[str]:
    said = row.get("features")
    able = {each.lower() for each in said if isinstance(each, str)} if isinstance(said, list) else set()
    return frozenset(able & {"voice", "sms", "mms"})
