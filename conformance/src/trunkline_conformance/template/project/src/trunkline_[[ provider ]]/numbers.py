"""The numbers of an account, as the carrier lists them and as the engine wants them."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline import e164
from trunkline.charges import Money
from trunkline.numbers import CarrierNumber, NumberType
from trunkline.paging import Repeats

from .accounts import amount
from .client import Client, Row, id_of, text
from .refusals import unexpected

PATH = "/numbers"
_KINDS = {"local": NumberType.LOCAL, "mobile": NumberType.MOBILE, "toll_free": NumberType.TOLL_FREE}


def list_numbers(client: Client) -> Iterator[CarrierNumber]:
    """Every number of the account, page after page; what is no E.164 number is left out."""
    for page in pages_without_repeats(client):
        for row in page:
            number = carrier_number(row)
            if number is not None:
                yield number


def pages_without_repeats(client: Client) -> Iterator[list[Row]]:
    """Each page without the rows that the page before had too."""
    repeats = Repeats(id_of)
    for page in client.pages(PATH, "numbers"):
        yield repeats.dropped_from(page)


def has_voice_number(client: Client) -> bool:
    """Whether a number on the first page takes voice calls."""
    page = next(client.pages(PATH, "numbers"))
    return any((number := carrier_number(row)) is not None and "voice" in number.capabilities for row in page)


def matching(client: Client, number: str) -> Row | None:
    """The row of one E.164 number."""
    for page in client.pages(PATH, "numbers", number=number):
        for row in page:
            if row.get("number") == number:
                return row
    return None


def carrier_number(row: Row) -> CarrierNumber | None:
    """One row as the engine wants it; None for what is no E.164 number."""
    number = text(row, "number")
    if not e164.is_e164(number):
        return None
    return CarrierNumber(
        number=number,
        handle=id_of(row),
        friendly_name=text(row, "label") or None,
        type=_KINDS.get(text(row, "kind")) or e164.number_type(number),
        capabilities=_capabilities(row),
        region=e164.region(number),
        monthly_fee=_monthly_fee(row),
    )


def _capabilities(row: Row) -> frozenset[str]:
    said = row.get("features")
    if not isinstance(said, list):
        raise unexpected("a number without features")
    return frozenset({"voice", "sms", "mms"} & {each for each in said if isinstance(each, str)})


def _monthly_fee(row: Row) -> Money | None:
    price = row.get("monthly_price")
    if not isinstance(price, dict):
        return None
    fee, currency = amount(price.get("amount")), price.get("currency")
    try:
        return Money(fee, currency) if fee is not None and isinstance(currency, str) else None
    except (TypeError, ValueError):
        return None
