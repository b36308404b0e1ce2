"""The checks of a credential test: one verdict each on credentials, inbound and outbound, with what proves it."""

from __future__ import annotations

from trunkline.checks import (
    CREDENTIALS_VALID,
    FAIL,
    INBOUND_REACHABLE,
    OUTBOUND_AUTHORIZED,
    PASS,
    UNKNOWN,
    Check,
    CredentialTest,
    Exchange,
)
from trunkline.errors import CredentialsRejected, PermissionMissing

from . import accounts, findings, numbers
from .client import Client
from .refusals import CARRIER


def test(client: Client) -> CredentialTest:
    """Two requests: the account, and a page of its numbers."""
    with client.call.proving() as asked:
        try:
            known = accounts.standing(client)
        except (CredentialsRejected, PermissionMissing) as refused:
            remedy = f"Make a new API key in {CARRIER.pages}."
            credentials = Check(CREDENTIALS_VALID, FAIL, refused.code, refused.summary, remedy, asked())
            return CredentialTest(credentials, _not_asked(INBOUND_REACHABLE), _not_asked(OUTBOUND_AUTHORIZED))
    summary = f"{CARRIER.name} accepts the API key."
    credentials = Check(CREDENTIALS_VALID, PASS, "credentials_accepted", summary, proof=asked())
    if known.suspended:
        inbound, outbound = (findings.suspended(name, asked()) for name in (INBOUND_REACHABLE, OUTBOUND_AUTHORIZED))
        return CredentialTest(credentials, inbound, outbound, known.id)
    return CredentialTest(credentials, _inbound(client), findings.outbound(known, asked()), known.id)


def _not_asked(name: str) -> Check:
    return Check(name, UNKNOWN, "not_asked", f"Not asked, since {CARRIER.name} does not accept the API key.")


def _inbound(client: Client) -> Check:
    name = INBOUND_REACHABLE
    with client.call.proving() as asked:
        try:
            able = numbers.has_voice_number(client)
        except PermissionMissing as missing:
            remedy = f"Let the API key manage numbers in {CARRIER.pages}."
            return Check(name, FAIL, missing.code, missing.summary, remedy, asked())
    if client.call.platform is None:
        return platform_not_set(name, asked())
    if not able:
        summary = "The account has no number that takes voice calls, so nothing can be said of calls."
        return Check(name, UNKNOWN, "no_voice_numbers", summary, f"Rent one in {CARRIER.pages}.", asked())
    summary = "The account has numbers that take calls, and they can be routed to this platform."
    return Check(name, PASS, "numbers_routable", summary, proof=asked())


def platform_not_set(name: str, proof: tuple[Exchange, ...]) -> Check:
    """The check where the platform has no SIP host that calls could be routed to."""
    summary = "This platform has no SIP host that calls could be routed to."
    return Check(name, UNKNOWN, "platform_not_set", summary, "The operator has to set the platform's SIP host.", proof)
