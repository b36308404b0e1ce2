"""What the customer has to enter at the carrier, since nobody else can."""

from __future__ import annotations

from collections.abc import Iterable

from trunkline.plan import Instructions, SipAddress
from trunkline.sip_target import SipTarget


def instructions(platform: SipTarget, numbers: Iterable[str]) -> Instructions:
    """What an import of these numbers leaves to the customer."""
    return Instructions(
        summary=sentence(platform),
        sip_addresses=tuple(SipAddress(number, _address(platform, number)) for number in numbers),
        transport=platform.transport,
        allow_addresses=platform.addresses,
    )


def sentence(platform: SipTarget, number: str | None = None) -> str:
    """The same in words, for one number or for each."""
    to = _address(platform, number or "NUMBER")
    where = f"calls to {number} to {to}" if number else f"calls to each number to {to}, with the number in its place"
    allowed = f" Have it allow calls from {', '.join(platform.addresses)}." if platform.addresses else ""
    return f"At the carrier, send {where}.{allowed}"


def _address(platform: SipTarget, number: str) -> str:
    """The SIP address of one number: `sip:+14155550100@sip.example.com:5061;transport=tls`."""
    return f"sip:{number}@{platform.uri.removeprefix('sip:')}"
