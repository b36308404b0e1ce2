"""The checks of a credential test: one verdict each on credentials, inbound and outbound, with what proves it."""

from __future__ import annotations

from collections.abc import Sequence
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
from trunkline_telnyx.connections import Connection, Place, name_for
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


def _of(
    telnyx: Telnyx,
    login: Login,
    connection: Connection,
    read: tuple[Exchange, ...],
    known: Profile | Finding | None = None,
) -> tuple[Check, Check]:
    """Both verdicts on a connection; on calls out with the profile that it has, or with a known one."""
    found: list[Place] | None = None
    with telnyx.call.proving() as proof:
        try:
            found = connections.places(telnyx, connection)
            inbound = connections.judge(telnyx, connection, found)
        except PermissionMissing as error:
            inbound = not_permitted("This API key may not read where connections lead.", error.summary)
    into = inbound.check(INBOUND_REACHABLE, read + proof())
    with telnyx.call.proving() as proof:
        profile = known or profiles.attached(telnyx, connection)
        countries = _countries(telnyx, profile) if connection.active else ()
        out = outbound.judge(telnyx, connection, found, profile, countries, lambda: login.credit)
    return into, out.check(OUTBOUND_AUTHORIZED, read + proof())


def _countries(telnyx: Telnyx, profile: Profile | Finding) -> tuple[str, ...]:
    """Where calls must be allowed: the countries of the newest 250 numbers, the United States where none are told."""
    if isinstance(profile, Finding) or not profile.enabled or profile.full:
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
    platform = telnyx.call.platform
    if platform is not None and connections.is_address(platform.host):
        summary = "This platform's SIP host is an IP address, and guided set-up needs a name for its FQDN record."
        remedy = "The operator of this platform has to give its SIP host a name; or give the ID of an IP connection."
        address, proof_of = Finding(FAIL, "platform_is_address", summary, remedy), login.check.proof
        return address.check(INBOUND_REACHABLE, proof_of), address.check(OUTBOUND_AUTHORIZED, proof_of)
    with telnyx.call.proving() as proof:
        try:
            found, listed = connections.ours(telnyx), profiles.listed(telnyx)
        except PermissionMissing as error:
            summary = "This API key may not read connections and outbound voice profiles."
            denied = Finding(FAIL, "permission_missing", summary, error.summary)
            return denied.check(INBOUND_REACHABLE, proof()), denied.check(OUTBOUND_AUTHORIZED, proof())
    own = next((each for each in listed if each.name == name_for(telnyx.call.marker)), None)
    if found is not None:
        inbound, out = _of(telnyx, login, found, proof(), own or _profile_to_make(listed))
        return _mendable(inbound), _mendable(out, attached=own is not None and found.profile_id == own.id)
    if platform is None:
        into = Finding(
            UNKNOWN,
            "platform_not_set",
            "The account can be set up only once this platform has a SIP host.",
            "The operator of this platform has to set its SIP host.",
        )
    else:
        into = _will("make an FQDN connection, and a record in it that sends calls to " + platform.host)
    read = proof()
    with telnyx.call.proving() as proof:
        out_of = _profile_to_make(listed) if own is None else profiles.allows(own, _countries(telnyx, own))
    return into.check(INBOUND_REACHABLE, read), _mendable(
        out_of.check(OUTBOUND_AUTHORIZED, read + proof()), attached=False
    )


def _profile_to_make(others: Sequence[Profile]) -> Finding:
    """What is told where set-up has no profile yet. No API tells a trial account, which may have one only."""
    finding = _will("make an outbound voice profile, and attach it to its connection")
    if not others:
        return finding
    remedy = (
        f"Nothing, unless this is a trial account: Telnyx allows it one outbound voice profile, and "
        f"{connections.shown(others[0].name)} is there already. Then upgrade the account or delete that profile first."
    )
    return attrs.evolve(finding, remedy=remedy)


def _will(what: str) -> Finding:
    return Finding(UNKNOWN, "guided_setup_will_create", f"Guided set-up will {what}.", "Nothing has to be done.")


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


def _mendable(check: Check, attached: bool = True) -> Check:
    """What set-up finishes or mends is no failure, and what it has yet to do is no pass."""
    if check.code in _MENDED:
        finding = _will("use the connection that it made here before, and mend how it is set")
    elif check.outcome is PASS and not attached:
        finding = _will("use the outbound voice profile that it made here before, and attach it to its connection")
    else:
        return check
    return finding.check(check.name, check.proof)
