"""The numbers of an account, as Twilio lists them and as the engine wants them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trunkline import e164
from trunkline.charges import Money
from trunkline.numbers import CarrierNumber
from trunkline.paging import Repeats
from trunkline.refusals import NotThere
from trunkline_twilio.client import PAGE_SIZE, Twilio, unknown_account
from trunkline_twilio.pricing import Prices, number_type
from trunkline_twilio.refusals import unexpected

_CAPABILITIES = ("voice", "sms", "mms", "fax")

Row = dict[str, Any]


def list_numbers(twilio: Twilio) -> Iterator[CarrierNumber]:
    """Every number of the account, page after page; those of subaccounts are not among them."""
    prices = Prices(twilio)
    for rows in pages_without_repeats(twilio):
        for row in rows:
            number = carrier_number(row, prices)
            if number is not None:
                yield number


def pages_without_repeats(twilio: Twilio) -> Iterator[list[Row]]:
    """Each page's rows, without those that the page before had too."""
    repeats = Repeats(_sid)
    try:
        for rows in twilio.pages("api", twilio.numbers_path, "incoming_phone_numbers", {"PageSize": str(PAGE_SIZE)}):
            yield repeats.dropped_from(rows)
    except NotThere as missing:
        raise unknown_account(missing) from None


def matching(twilio: Twilio, number: str) -> Row | None:
    """The row of one E.164 number; the filter also finds numbers that merely contain it."""
    query = {"PhoneNumber": number, "PageSize": str(PAGE_SIZE)}
    try:
        for rows in twilio.pages("api", twilio.numbers_path, "incoming_phone_numbers", query):
            for row in rows:
                if row.get("phone_number") == number:
                    return row
    except NotThere as missing:
        raise unknown_account(missing) from None
    return None


def carrier_number(row: Row, prices: Prices | None = None) -> CarrierNumber | None:
    """One row as the engine wants it; None for what is no E.164 number. Without `prices` no fee is asked for."""
    sid, number = row.get("sid"), row.get("phone_number")
    if not isinstance(sid, str) or not isinstance(number, str):
        raise unexpected("a number without a sid or without its digits")
    if not e164.is_e164(number):
        return None
    region = e164.region(number)
    type = number_type(row.get("type")) or e164.number_type(number)
    fee: Money | None = None
    # What Twilio charges for hosting another carrier's number is in no price list.
    if prices is not None and row.get("origin") != "hosted":
        fee = prices.monthly_fee(region[:2] if region else None, type)
    name = row.get("friendly_name")
    return CarrierNumber(
        number=number,
        handle=sid,
        friendly_name=name if isinstance(name, str) else None,
        type=type,
        capabilities=_capabilities(row),
        region=region,
        monthly_fee=fee,
    )


def _capabilities(row: Row) -> frozenset[str]:
    said = row.get("capabilities")
    able = [name for name in _CAPABILITIES if said.get(name) is True] if isinstance(said, dict) else []
    # A number set to receive faxes takes no voice calls, whatever it is capable of.
    if row.get("voice_receive_mode") == "fax" and "voice" in able:
        able.remove("voice")
    return frozenset(able)


def _sid(row: Row) -> str:
    sid = row.get("sid")
    if not isinstance(sid, str):
        raise unexpected("a number without a sid")
    return sid
