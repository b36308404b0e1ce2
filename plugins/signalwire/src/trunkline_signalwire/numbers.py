"""The numbers of a project, as SignalWire lists them and as the engine wants them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trunkline import e164
from trunkline.numbers import CarrierNumber, NumberType
from trunkline.paging import Repeats
from trunkline_signalwire.client import PAGE_SIZE, Row, SignalWire
from trunkline_signalwire.refusals import unexpected

PATH = "/api/relay/rest/phone_numbers"

_CAPABILITIES = frozenset({"voice", "sms", "mms", "fax"})


def list_numbers(signalwire: SignalWire) -> Iterator[CarrierNumber]:
    """Every number of the project, page after page, newest first."""
    for rows in pages_without_repeats(signalwire):
        for row in rows:
            number = carrier_number(row)
            if number is not None:
                yield number


def pages_without_repeats(signalwire: SignalWire) -> Iterator[list[Row]]:
    """Each page's rows, without those that the page before had too: a number that is bought comes first."""
    repeats = Repeats(_id)
    for rows in signalwire.pages(PATH, "data", {"page_size": str(PAGE_SIZE)}):
        yield repeats.dropped_from(rows)


def first(signalwire: SignalWire) -> str | None:
    """One number of the project, the newest: a request that any token with the scope Numbers may make."""
    for row in next(signalwire.pages(PATH, "data", {"page_size": "1"}), []):
        number = row.get("number")
        if isinstance(number, str) and e164.is_e164(number):
            return number
    return None


def matching(signalwire: SignalWire, number: str) -> Row | None:
    """The row of one E.164 number; the filter also finds numbers that merely contain it."""
    query = {"filter_number": number, "page_size": str(PAGE_SIZE)}
    for rows in signalwire.pages(PATH, "data", query):
        for row in rows:
            if row.get("number") == number:
                return row
    return None


def carrier_number(row: Row) -> CarrierNumber | None:
    """One row as the engine wants it; None for what is no E.164 number. SignalWire's API has no prices."""
    id, number = row.get("id"), row.get("number")
    if not isinstance(id, str) or not isinstance(number, str):
        raise unexpected("a number without an id or without its digits")
    if not e164.is_e164(number):
        return None
    name = row.get("name")
    return CarrierNumber(
        number=number,
        handle=id,
        friendly_name=name if isinstance(name, str) and name else None,
        type=_type(number, row.get("number_type")),
        capabilities=_capabilities(row),
        region=e164.region(number) or _country(row.get("country_code")),
        monthly_fee=None,
    )


def _type(number: str, said: object) -> NumberType | None:
    # `longcode` is every number that is not toll-free, mobile ones too: there the numbering plan tells more.
    word = re.sub(r"[^a-z]", "", said.lower()) if isinstance(said, str) else ""
    if word == "tollfree":
        return NumberType.TOLL_FREE
    return e164.number_type(number) or (NumberType.LOCAL if word == "longcode" else None)


def _country(said: object) -> str | None:
    return said if isinstance(said, str) and re.fullmatch(r"[A-Z]{2}", said) else None


def _capabilities(row: Row) -> frozenset[str]:
    said = row.get("capabilities")
    able = {name for name in said if isinstance(name, str)} & _CAPABILITIES if isinstance(said, list) else set()
    # A number set to receive faxes takes no voice calls, whatever it is capable of.
    return frozenset(able - {"voice"} if row.get("call_receive_mode") == "fax" else able)


def _id(row: Row) -> str:
    id = row.get("id")
    if not isinstance(id, str):
        raise unexpected("a number without an id")
    return id
