"""The trunk that numbers are put on: one of ours, found by its name, or made."""

from __future__ import annotations

from trunkline.errors import CarrierRefused, WriteOutcomeUnknown
from trunkline.numbers import Route
from trunkline.refusals import unread_write

from .client import Client, Row, id_of, text
from .refusals import CARRIER

PATH = "/trunks"


def find(client: Client) -> Row | None:
    """Our trunk, which has to lead to the platform; None where there is none."""
    row = named(client)
    if row is not None and not leads_here(client, row):
        raise CarrierRefused(
            f"The trunk {client.call.marker} leads elsewhere. Point it at {client.call.require_platform().uri} in "
            f"{CARRIER.pages}, or delete it.",
            detail="nothing was written",
        )
    return row


def named(client: Client) -> Row | None:
    """The trunk that bears our marker as its name; None where there is none."""
    for page in client.pages(PATH, "trunks"):
        for row in page:
            if text(row, "name") == client.call.marker:
                return row
    return None


def prepare(client: Client) -> Route:
    """Find our trunk, or make it."""
    found = find(client)
    return route(found, made=False) if found else route(make(client), made=True)


def make(client: Client) -> Row:
    """Make our trunk. Where the answer is lost it is looked for, and never made twice."""
    wanted = {"name": client.call.marker, "sip_uri": client.call.require_platform().uri}
    try:
        row = client.post(PATH, wanted)
        if text(row, "name") != client.call.marker:
            raise unread_write(CARRIER, "the answer is about another trunk")
    except WriteOutcomeUnknown:
        found = find(client)
        if found is None:
            raise
        return found
    return row


def route(row: Row, *, made: bool) -> Route:
    """A trunk as what numbers are pointed at."""
    return Route(id_of(row), "trunk", made, {"sip_uri": text(row, "sip_uri")})


def leads_here(client: Client, row: Row) -> bool:
    """Whether a trunk leads to the platform's SIP host."""
    return client.call.require_platform().same_place(text(row, "sip_uri"))
