"""The checks of a credential test: one verdict each on credentials, inbound and outbound, with what proves it."""

from __future__ import annotations

from decimal import Decimal

import attrs

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
from trunkline.errors import AccountSuspended, CredentialsRejected, PermissionMissing
from trunkline.refusals import NotThere
from trunkline_telnyx import accounts, connections, numbers, outbound, profiles
from trunkline_telnyx.client import Telnyx
from trunkline_telnyx.connections import Connection, Place
from trunkline_telnyx.findings import PORTAL, Finding, not_permitted, suspended
from trunkline_telnyx.profiles import Profile


@attrs.frozen
class Login:
    """What is known once Telnyx was asked whose key it is."""

    check: Check
    credit: Decimal | None = None
    suspended: str | None = None


def test(telnyx: Telnyx) -> CredentialTest:
    """Six requests for a healthy account: balance, identity, connection, where it leads, outbound profile, numbers."""
    login = _login(telnyx)
    if login.check.outcome is not PASS:
        left = Finding(UNKNOWN, "not_asked", "Not asked, since Telnyx does not accept the credentials.")
        return CredentialTest(login.check, left.check(INBOUND_REACHABLE), left.check(OUTBOUND_AUTHORIZED))
    if login.suspended is not None:
        return _suspended(login, login.suspended, None)
    identity = accounts.identity(telnyx)
    try:
        inbound, outbound = _asked(telnyx, login)
    except AccountSuspended as error:
        return _suspended(login, error.summary, identity)
    return CredentialTest(login.check, inbound, outbound, identity)


def _suspended(login: Login, summary: str, identity: str | None) -> CredentialTest:
    finding, proof = suspended(summary), login.check.proof
    return CredentialTest(
        login.check, finding.check(INBOUND_REACHABLE, proof), finding.check(OUTBOUND_AUTHORIZED, proof), identity
    )


# Credentials


def _login(telnyx: Telnyx) -> Login:
    credit: Decimal | None = None
    blocked: str | None = None
    with telnyx.call.proving() as proof:
        try:
            credit = accounts.available_credit(telnyx)
        except AccountSuspended as error:
            # It is told to whom the account belongs only: the key was recognised.
            blocked = error.summary
        except CredentialsRejected as error:
            remedy = f"{PORTAL}, open API Keys, and copy a key that is active, or make a new one."
            rejected = Finding(FAIL, "credentials_rejected", error.summary, remedy)
            return Login(rejected.check(CREDENTIALS_VALID, proof()))
        except PermissionMissing as error:
            remedy = (
                f"{PORTAL}, make an API key as the account's owner, or have this user be given the right to numbers."
            )
            refused = Finding(FAIL, "permission_missing", error.summary, remedy)
            return Login(refused.check(CREDENTIALS_VALID, proof()))
    accepted = Finding(PASS, "credentials_accepted", "Telnyx accepts the API key.")
    return Login(accepted.check(CREDENTIALS_VALID, proof()), credit, blocked)


# Inbound and outbound


def _asked(telnyx: Telnyx, login: Login) -> tuple[Check, Check]:
    if telnyx.guided:
        return _guided(telnyx, login)
    if telnyx.connection_id is None:
        return _no_connection(login.check.proof)
    with telnyx.call.proving() as proof:
        try:
            connection = connections.fetch_any(telnyx, telnyx.connection_id)
        except NotThere:
            missing = Finding(
                FAIL,
                "connection_not_found",
                "No connection of this ID is in the account of this API key.",
                f"{PORTAL}, open SIP Trunking and copy the ID of the connection.",
            )
            return missing.check(INBOUND_REACHABLE, proof()), missing.check(OUTBOUND_AUTHORIZED, proof())
        except PermissionMissing as error:
            hidden = not_permitted("This API key may not read connections.", error.summary)
            return hidden.check(INBOUND_REACHABLE, proof()), hidden.check(OUTBOUND_AUTHORIZED, proof())
    return _of(telnyx, login, connection, proof())


def _of(telnyx: Telnyx, login: Login, connection: Connection, read: tuple[Exchange, ...]) -> tuple[Check, Check]:
    found: list[Place] | None = None
    with telnyx.call.proving() as proof:
        try:
            found = connections.places(telnyx, connection)
            inbound = connections.judge(telnyx, connection, found)
        except PermissionMissing as error:
            inbound = not_permitted("This API key may not read where connections lead.", error.summary)
    into = inbound.check(INBOUND_REACHABLE, read + proof())
    with telnyx.call.proving() as proof:
        profile = profiles.attached(telnyx, connection)
        countries = _countries(telnyx, connection, profile)
        out = outbound.judge(telnyx, connection, found, profile, countries, lambda: login.credit)
    return into, out.check(OUTBOUND_AUTHORIZED, read + proof())


def _countries(telnyx: Telnyx, connection: Connection, profile: Profile | Finding) -> tuple[str, ...]:
    """Where calls must be allowed: the countries of the newest 250 numbers, the United States where none are told."""
    if isinstance(profile, Finding) or not connection.active or not profile.enabled or profile.full:
        return ()
    try:
        return numbers.countries(telnyx, most_pages=1) or ("US",)
    except (NotThere, PermissionMissing):
        return ("US",)


def _no_connection(proof: tuple[Exchange, ...]) -> tuple[Check, Check]:
    remedy = (
        f"{PORTAL}, open SIP Trunking, and give the ID of the connection as connectionId; or choose guided set-up, "
        "which makes one."
    )
    into = Finding(
        UNKNOWN, "connection_not_given", "No connection was named, so where calls are sent is not known.", remedy
    )
    out = Finding(
        UNKNOWN, "connection_not_given", "No connection was named, so whether calls may go out is not known.", remedy
    )
    return into.check(INBOUND_REACHABLE, proof), out.check(OUTBOUND_AUTHORIZED, proof)


# Guided set-up


def _guided(telnyx: Telnyx, login: Login) -> tuple[Check, Check]:
    """What is there already is judged; what is not, set-up will make, and nothing is made to find that out."""
    with telnyx.call.proving() as proof:
        try:
            found = connections.ours(telnyx)
        except PermissionMissing as error:
            remedy = f"{PORTAL}, make an API key as the account's owner."
            denied = Finding(
                FAIL, "permission_missing", "This API key may not read connections.", error.summary or remedy
            )
            return denied.check(INBOUND_REACHABLE, proof()), denied.check(OUTBOUND_AUTHORIZED, proof())
    if found is not None:
        inbound, out_of = _of(telnyx, login, found, proof())
        return _mendable(inbound), _mendable(out_of)
    if telnyx.call.platform is None:
        into = Finding(
            UNKNOWN,
            "platform_not_set",
            "The account can be set up only once this platform has a SIP host.",
            "The operator of this platform has to set its SIP host.",
        )
    else:
        host = telnyx.call.platform.host
        into = _will_make(f"Guided set-up will make an FQDN connection that sends calls to {host}.")
    out = _will_make("Guided set-up will make an outbound voice profile and attach it to that connection.")
    return into.check(INBOUND_REACHABLE, proof()), out.check(OUTBOUND_AUTHORIZED, proof())


def _will_make(summary: str) -> Finding:
    return Finding(UNKNOWN, "guided_setup_will_create", summary, "Nothing has to be done.")


_MENDED = frozenset(
    {
        "connection_elsewhere",
        "wrong_port",
        "fqdn_will_be_added",
        "another_host_first",
        "other_transport",
        "number_format",
        "no_outbound_authentication",
    }
)


def _mendable(check: Check) -> Check:
    """What set-up finishes or mends is no failure."""
    if check.code in _MENDED or (check.code == "no_outbound_profile" and check.name == OUTBOUND_AUTHORIZED):
        finding = _will_make("Guided set-up was begun here before, and will complete what it made.")
        return finding.check(check.name, check.proof)
    return check
