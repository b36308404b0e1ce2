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
from trunkline_signalwire import numbers, outbound, scripts
from trunkline_signalwire.client import SignalWire

TOKEN_SCOPES = "Open the API page of the SignalWire Dashboard and give this token the scopes Numbers and Voice."  # noqa: S105


def test(signalwire: SignalWire) -> CredentialTest:
    """Two requests for a healthy project: its numbers, its scripts; one more with a SIP domain.

    The lookup, which needs no scope, is asked only where the numbers are refused.
    """
    with signalwire.call.proving() as proof:
        try:
            refused = _numbers_refused(signalwire)
        except CredentialsRejected as error:
            return _not_accepted(_rejected(error, proof()))
        except PermissionMissing as error:
            return _not_accepted(_nothing_allowed(error, proof()))
    login = _accepted(proof())
    return CredentialTest(
        login,
        _inbound(signalwire, refused, proof()),
        outbound.check(signalwire, account_wide=True),
        signalwire.project.lower(),
    )


# Credentials


def _numbers_refused(signalwire: SignalWire) -> PermissionMissing | None:
    """Why numbers cannot be read with credentials that are good, or None if they can.

    Raises `CredentialsRejected` for bad ones, `PermissionMissing` where nothing at all is answered to this token.
    """
    try:
        numbers.first(signalwire)
    except PermissionMissing as missing:
        signalwire.prove(missing)
        return missing
    return None


def _accepted(proof: tuple[Exchange, ...]) -> Check:
    return Check(CREDENTIALS_VALID, PASS, "credentials_accepted", "SignalWire accepts the credentials.", proof=proof)


def _rejected(error: CredentialsRejected, proof: tuple[Exchange, ...]) -> Check:
    remedy = (
        "Copy project ID, API token and space URL anew from the API page of the SignalWire Dashboard. The token needs "
        "the scopes Numbers and Voice."
    )
    return Check(CREDENTIALS_VALID, FAIL, "credentials_rejected", error.summary, remedy, proof)


def _nothing_allowed(error: PermissionMissing, proof: tuple[Exchange, ...]) -> Check:
    return Check(CREDENTIALS_VALID, FAIL, "permission_missing", error.summary, TOKEN_SCOPES, proof)


def _not_accepted(login: Check) -> CredentialTest:
    summary = "Not asked, since SignalWire does not accept the credentials."
    return CredentialTest(
        login,
        Check(INBOUND_REACHABLE, UNKNOWN, "not_asked", summary),
        Check(OUTBOUND_AUTHORIZED, UNKNOWN, "not_asked", summary),
    )


# Inbound


def _inbound(signalwire: SignalWire, refused: PermissionMissing | None, proof: tuple[Exchange, ...]) -> Check:
    name = INBOUND_REACHABLE
    if refused is not None:
        summary = "This API token lacks the scope Numbers, so numbers can be neither listed nor routed with it."
        return Check(name, FAIL, "permission_missing", summary, TOKEN_SCOPES, proof)
    with signalwire.call.proving() as asked:
        try:
            scripts.can_be_read(signalwire)
        except PermissionMissing:
            summary = "This API token lacks the scope Voice, so the script that routes numbers cannot be made with it."
            return Check(name, FAIL, "permission_missing", summary, TOKEN_SCOPES, asked())
    if signalwire.call.platform is None:
        summary = "Scripts can be managed, but this platform has no SIP host to route calls to."
        remedy = "The operator of this platform has to set its SIP host."
        return Check(name, UNKNOWN, "platform_not_set", summary, remedy, asked())
    summary = "Numbers and scripts can be managed, so numbers can be routed to this platform."
    return Check(name, PASS, "scripts_manageable", summary, proof=(*proof, *asked()))
