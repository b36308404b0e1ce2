"""The checks of a credential test: one verdict each on credentials, inbound and outbound, with what proves it."""

from __future__ import annotations

from typing import Any

import attrs

from trunkline import e164
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
from trunkline_twilio import accounts, dialing, trunks
from trunkline_twilio.accounts import Account
from trunkline_twilio.client import Twilio, unknown_account
from trunkline_twilio.dialing import Dialing
from trunkline_twilio.refusals import TEST_CREDENTIALS
from trunkline_twilio.trunks import Trunk

CONSOLE_GEO = "In the Twilio Console, open Voice, Settings, Geo permissions"


@attrs.frozen
class Login:
    """What is known once Twilio was asked who is calling: the check, and the account where it could be read."""

    check: Check
    account: Account | None = None
    suspended: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether there is any use in asking more."""
        return self.check.outcome is PASS


def test(twilio: Twilio) -> CredentialTest:
    """Three requests for a healthy account: the account, its trunks, its permission to call."""
    login = _login(twilio)
    if not login.accepted:
        return CredentialTest(login.check, _not_asked(INBOUND_REACHABLE), _not_asked(OUTBOUND_AUTHORIZED))
    if login.suspended is not None:
        inbound = suspended(INBOUND_REACHABLE, login.suspended, login.check.proof)
        outbound = suspended(OUTBOUND_AUTHORIZED, login.suspended, login.check.proof)
        return CredentialTest(login.check, inbound, outbound, twilio.sid)
    with twilio.call.proving() as proof:
        try:
            found: list[Trunk] | PermissionMissing = trunks.read_all(twilio)
        except PermissionMissing as missing:
            found = missing
    inbound = _inbound(twilio, login.account, found, proof())
    return CredentialTest(login.check, inbound, _outbound(twilio, login.account, found, proof()), twilio.sid)


def suspended(name: str, summary: str, proof: tuple[Exchange, ...]) -> Check:
    """The check of an account that can neither be called nor call."""
    remedy = "Look at the account's status and balance in the Twilio Console, pay what is due or ask Twilio's support."
    return Check(name, FAIL, "account_suspended", summary, remedy, proof)


# Credentials


def _login(twilio: Twilio) -> Login:
    account: Account | None = None
    inactive: str | None = None
    with twilio.call.proving() as proof:
        try:
            account = accounts.fetch(twilio)
            inactive = None if account.active else accounts.suspended(account)
        except AccountSuspended as error:
            # It is told to whom the account belongs only: the credentials were recognised.
            inactive = error.summary
        except CredentialsRejected as error:
            return Login(_rejected(error, proof()))
        except PermissionMissing as error:
            refused = _numbers_refused(twilio, error)
            if isinstance(refused, AccountSuspended):
                inactive = refused.summary
            elif refused is not None:
                return Login(_refused(refused, proof()))
    return Login(_accepted(account, proof()), account, inactive)


def _numbers_refused(
    twilio: Twilio, error: PermissionMissing
) -> PermissionMissing | AccountSuspended | CredentialsRejected | None:
    """Why the numbers cannot be read either, where the account could not; None if they can."""
    if error.reply.code == TEST_CREDENTIALS:
        return error
    if error.reply.status == 401:
        # The numbers were asked for already, and given.
        return None
    try:
        twilio.get("api", twilio.numbers_path, {"PageSize": "1"})
    except (PermissionMissing, AccountSuspended, CredentialsRejected) as refused:
        return refused
    except NotThere as missing:
        return unknown_account(missing)
    return None


def _accepted(account: Account | None, proof: tuple[Exchange, ...]) -> Check:
    if account is not None:
        summary = "Twilio accepts the credentials."
        return Check(CREDENTIALS_VALID, PASS, "credentials_accepted", summary, proof=proof)
    summary = "Twilio accepts the credentials; they may not read the account, as with a Standard or restricted API key."
    return Check(CREDENTIALS_VALID, PASS, "credentials_accepted", summary, proof=proof)


def _rejected(error: CredentialsRejected, proof: tuple[Exchange, ...]) -> Check:
    remedy = "Copy the account SID and the auth token, or an API key's SID and secret, anew from the Twilio Console."
    return Check(CREDENTIALS_VALID, FAIL, "credentials_rejected", error.summary, remedy, proof)


def _refused(error: PermissionMissing | CredentialsRejected, proof: tuple[Exchange, ...]) -> Check:
    if isinstance(error, CredentialsRejected):
        return _rejected(error, proof)
    if error.reply.code == TEST_CREDENTIALS:
        remedy = "In the Twilio Console, switch from test to live credentials and copy those."
        return Check(CREDENTIALS_VALID, FAIL, "test_credentials", error.summary, remedy, proof)
    remedy = "Make a Main or Standard API key in the Twilio Console, or give this one the right to phone numbers."
    return Check(CREDENTIALS_VALID, FAIL, "permission_missing", error.summary, remedy, proof)


def _not_asked(name: str) -> Check:
    return Check(name, UNKNOWN, "not_asked", "Not asked, since Twilio does not accept the credentials.")


# Inbound


def _inbound(
    twilio: Twilio, account: Account | None, found: list[Trunk] | PermissionMissing, proof: tuple[Exchange, ...]
) -> Check:
    name = INBOUND_REACHABLE
    if isinstance(found, PermissionMissing):
        summary = "These credentials may not manage SIP trunks, so numbers cannot be routed with them."
        return Check(name, FAIL, "permission_missing", summary, found.summary, proof)
    own = trunks.ours(found, twilio.call.marker)
    if account is not None and account.trial and found and own is None:
        summary = "This is a trial account, which may have one SIP trunk, and that one is in other use."
        remedy = "Upgrade the account, or delete that trunk in the Twilio Console."
        return Check(name, FAIL, "trial_trunk_taken", summary, remedy, proof)
    if own is None and len(found) >= trunks.LIMIT:
        summary = f"The account has {len(found)} SIP trunks, and Twilio allows {trunks.LIMIT}."
        return Check(name, FAIL, "trunk_limit", summary, "Delete a trunk that is not used any more.", proof)
    if twilio.call.platform is None:
        summary = "Trunks can be managed, but this platform has no SIP host to route calls to."
        remedy = "The operator of this platform has to set its SIP host."
        return Check(name, UNKNOWN, "platform_not_set", summary, remedy, proof)
    summary = "SIP trunks can be managed, so numbers can be routed to this platform."
    return Check(name, PASS, "trunks_manageable", summary, proof=proof)


# Outbound


def _outbound(
    twilio: Twilio, account: Account | None, found: list[Trunk] | PermissionMissing, proof: tuple[Exchange, ...]
) -> Check:
    with twilio.call.proving() as asked:
        allowed = _where_it_calls(twilio)
        inherits = allowed.allowed is False and _inherits(twilio, account)
    return outbound(account, allowed, inherits, twilio.domain, found, (proof if twilio.domain else ()) + asked())


def outbound(
    account: Account | None,
    allowed: Dialing,
    inherits: bool,
    domain: str | None,
    found: list[Trunk] | PermissionMissing,
    proof: tuple[Exchange, ...],
) -> Check:
    """The verdict on calling out; what fails it comes before what leaves it open."""
    say: dict[str, Any] = {"name": OUTBOUND_AUTHORIZED, "proof": proof}
    if allowed.allowed is False and not inherits:
        return Check(
            outcome=FAIL,
            code="geo_permission_missing",
            summary=f"Twilio is set to refuse calls to {allowed.country}.",
            remedy=f"{CONSOLE_GEO}, and allow the countries that are to be called.",
            **say,
        )
    if domain and not isinstance(found, PermissionMissing):
        trunk = trunks.with_domain(found, domain)
        if trunk is None:
            return Check(
                outcome=FAIL,
                code="domain_not_found",
                summary=f"No SIP trunk of this account has the domain {domain}.",
                remedy="Copy the Termination SIP URI of the trunk from the Twilio Console.",
                **say,
            )
        if not trunk.auth_type:
            return Check(
                outcome=FAIL,
                code="domain_without_authentication",
                summary=f"The trunk of {domain} has no credential list and no address list, so it takes no calls.",
                remedy="Add a credential list or an IP access control list under the trunk's Termination settings.",
                **say,
            )
    return _left_open(account, allowed, bool(domain) and isinstance(found, PermissionMissing), say)


def _left_open(account: Account | None, allowed: Dialing, domain_unread: bool, say: dict[str, Any]) -> Check:
    if allowed.allowed is False:
        return Check(
            outcome=UNKNOWN,
            code="geo_permission_inherited",
            summary=f"Its parent decides where this subaccount may call; its own setting is no for {allowed.country}.",
            remedy=f"{CONSOLE_GEO} of the parent account, and see that the country is allowed.",
            **say,
        )
    if allowed.allowed is None:
        return Check(
            outcome=UNKNOWN,
            code="geo_permission_unreadable",
            summary=f"Twilio does not tell these credentials whether {allowed.country} may be called.",
            remedy=f"{CONSOLE_GEO}, and see that the country is allowed.",
            **say,
        )
    if account is None:
        return Check(
            outcome=UNKNOWN,
            code="account_state_unreadable",
            summary="A Standard or restricted API key cannot read whether the account is active or a trial.",
            remedy="Nothing has to be done. To have it checked, use the auth token or a Main API key.",
            **say,
        )
    if account.trial:
        return Check(
            outcome=UNKNOWN,
            code="trial_account",
            summary="A trial account can call only numbers that were verified with Twilio.",
            remedy="Upgrade the account, or verify each number under Verified Caller IDs in the Twilio Console.",
            **say,
        )
    if domain_unread:
        return Check(
            outcome=UNKNOWN,
            code="domain_unreadable",
            summary="These credentials may not read SIP trunks, so the domain could not be checked.",
            remedy="Use the auth token, or a Main or Standard API key.",
            **say,
        )
    summary = f"The account is active and may call {allowed.country}."
    return Check(outcome=PASS, code="calls_allowed", summary=summary, **say)


def _where_it_calls(twilio: Twilio) -> Dialing:
    """The permission for the United States or, where that is refused, for the country of the first number."""
    first = dialing.permission(twilio, "US")
    if first.allowed is not False:
        return first
    country = _country_of_first_number(twilio)
    return dialing.permission(twilio, country) if country not in (None, "US", "CA") else first


def _country_of_first_number(twilio: Twilio) -> str | None:
    try:
        rows = next(twilio.pages("api", twilio.numbers_path, "incoming_phone_numbers", {"PageSize": "1"}))
    except (PermissionMissing, NotThere):
        return None
    number = rows[0].get("phone_number") if rows else None
    return e164.country(number) if isinstance(number, str) and e164.is_e164(number) else None


def _inherits(twilio: Twilio, account: Account | None) -> bool:
    return account is not None and account.subaccount and dialing.inherited(twilio)
