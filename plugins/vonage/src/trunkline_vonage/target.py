"""The SIP address that a number is given, and the route that it stands for."""

from __future__ import annotations

import re
from urllib.parse import unquote

from trunkline.numbers import Route
from trunkline.sip_target import SipTarget
from trunkline_vonage.client import Vonage

_URI = re.compile(
    r"sip:(?P<user>[^@:;?]+)@(?P<host>[^:;?@,\s]+)(?::(?P<port>[0-9]{1,5}))?(?P<parameters>(?:;[^;?,\s]+)*)",
    re.IGNORECASE,
)
_HOST = re.compile(
    r"sips?:(?:[^@,]*@)?(?P<host>[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?=[:;?,]|$)", re.IGNORECASE
)


def prepare(vonage: Vonage) -> Route:
    """The platform's SIP host as a route: nothing has to be made at Vonage, each number holds its own address."""
    platform = vonage.call.require_platform()
    return Route(platform.uri, "sip_address", False, {"sip_uri": platform.uri})


def address(route_id: str, number: str) -> str:
    """The address of one number on a route: `sip:+14155550100@sip.example.com;transport=tls`.

    The user part is sent as written, and platforms match on it: it is the number with its plus.
    """
    return f"sip:{number}@{route_id.removeprefix('sip:')}"


def route_of(value: str, number: str) -> str | None:
    """The route that a number's address stands for: itself without the user part, which has to be the number.

    Parameters other than the transport (`timeout`, `media`) do not lead elsewhere. A list of addresses is no route.
    """
    match = _URI.fullmatch(value.strip())
    if match is None or unquote(match["user"]) != number:
        return None
    parameters = dict(part.lower().partition("=")[::2] for part in match["parameters"].split(";") if part)
    transport = parameters.get("transport")
    port = int(match["port"]) if match["port"] else None
    return SipTarget(match["host"].lower(), port, transport).uri


def first_route_of(value: str, number: str) -> str | None:
    """The route of the first address of a list: the others are tried when it fails."""
    return route_of(value.partition(",")[0], number)


def host_of(value: str) -> str | None:
    """The host of an address, or of the first of a list; None where it cannot be shown."""
    match = _HOST.match(value.strip())
    return match["host"] if match else None
