"""The numbers of an account, as Telnyx lists them and as the engine wants them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from trunkline import e164
from trunkline.numbers import CarrierNumber, NumberType
from trunkline.paging import Repeats
from trunkline_telnyx.client import Page, Row, Telnyx, text
from trunkline_telnyx.pricing import Fees
from trunkline_telnyx.refusals import unexpected

PATH = "/phone_numbers"

# The first six as documented now; the rest numbers bought before July 2023 still have.
_TYPES = {
    "local": NumberType.LOCAL,
    "landline": NumberType.LOCAL,
    "toll_free": NumberType.TOLL_FREE,
    "mobile": NumberType.MOBILE,
    "national": NumberType.NATIONAL,
    "shared_cost": NumberType.NATIONAL,
    "tollfree": NumberType.TOLL_FREE,
}
_COUNTRY = re.compile(r"[A-Z]{2}")


def list_numbers(telnyx: Telnyx) -> Iterator[CarrierNumber]:
    """Every number that is in use, page after page; those that are on their way in or out are not."""
    fees = Fees(telnyx)
    for page in pages_without_repeats(telnyx):
        for row in page.rows:
            number = carrier_number(row, fees) if in_use(row) else None
            if number is not None:
                yield number


def pages_without_repeats(telnyx: Telnyx) -> Iterator[Page]:
    """Each page without the rows that the page before had too, in an order that a purchase does not disturb much."""
    repeats = Repeats(_id)
    for page in telnyx.pages(PATH, {"filter[status]": "active", "sort": "phone_number"}):
        yield Page(repeats.dropped_from(page.rows), page.total_pages, page.total_results)


def matching(telnyx: Telnyx, number: str) -> Row | None:
    """The row of one E.164 number that is in use.

    The filter also finds numbers that merely contain the digits; with anything but digits in it, it is documented to
    find nothing (OpenAPI, `filter[phone_number]`).
    """
    query = {"filter[phone_number]": number.lstrip("+"), "filter[status]": "active"}
    rows = telnyx.rows(PATH, query)
    return next((row for row in rows if row.get("phone_number") == number and in_use(row)), None)


def on_connection(telnyx: Telnyx, connection_id: str) -> bool:
    """Whether any number is on a connection."""
    query = {"filter[connection_id]": connection_id, "page[size]": "1"}
    page = next(telnyx.pages(PATH, query))
    return any(text(row, "connection_id") == connection_id for row in page.rows)


def countries(telnyx: Telnyx, most_pages: int | None = None) -> tuple[str, ...]:
    """The countries of the account's numbers, or of those on its first pages: the newest numbers come first."""
    found: set[str] = set()
    for page in islice(telnyx.pages(f"{PATH}/slim", {"filter[status]": "active"}), most_pages):
        for row in page.rows:
            found.add(e164.country(text(row, "phone_number")) or text(row, "country_iso_alpha2").upper())
    return tuple(sorted(found - {""}))


def carrier_number(row: Row, fees: Fees | None = None) -> CarrierNumber | None:
    """One row as the engine wants it; None for what is no E.164 number. Without `fees` none is asked for."""
    id, number = text(row, "id"), row.get("phone_number")
    if not id or not isinstance(number, str):
        raise unexpected("a number without an id or without its digits")
    if not e164.is_e164(number) or text(row, "phone_number_type") == "shortcode":
        return None
    type = _TYPES.get(text(row, "phone_number_type")) or e164.number_type(number)
    return CarrierNumber(
        number=number,
        handle=id,
        friendly_name=_name(row, number),
        type=type,
        capabilities=_capabilities(row),
        region=_region(row, number, type),
        monthly_fee=fees.monthly_fee(number) if fees is not None else None,
    )


def in_use(row: Row) -> bool:
    """Whether the number takes calls: ported out, pending or deleted ones do not."""
    status = text(row, "status")
    if not status:
        raise unexpected("a number without a status")
    return status == "active"


def _name(row: Row, number: str) -> str:
    """Telnyx has no name for a number: the customer's own reference, a tag, the connection's name, or its digits."""
    tags = row.get("tags")
    first = [tag for tag in tags if isinstance(tag, str) and tag] if isinstance(tags, list) else []
    given = text(row, "customer_reference") or next(iter(first), None) or text(row, "connection_name")
    return given or _formatted(number)


def _formatted(number: str) -> str:
    if number.startswith("+1") and len(number) == 12:
        return f"({number[2:5]}) {number[5:8]}-{number[8:]}"
    return number


def _region(row: Row, number: str, type: NumberType | None) -> str | None:
    """The state that the number tells, or the country that Telnyx gives."""
    country = text(row, "country_iso_alpha2").upper()
    given = country if _COUNTRY.fullmatch(country) else None
    told = e164.region(number)
    return (given or told) if type is NumberType.TOLL_FREE else (told or given)


def _capabilities(row: Row) -> frozenset[str]:
    """Every number takes calls; texts where a messaging profile is set, faxes where the gateway is on."""
    able = {"voice"}
    if text(row, "messaging_profile_id"):
        able.add("sms")
    if row.get("t38_fax_gateway_enabled") is True:
        able.add("fax")
    return frozenset(able)


def _id(row: Row) -> str:
    id = text(row, "id")
    if not id:
        raise unexpected("a number without an id")
    return id
