"""The checks of a credential test: one verdict each on credentials, inbound and outbound, with what proves it."""

from __future__ import annotations

from typing import Any

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
from trunkline.errors import CredentialsRejected, PermissionMissing
from trunkline_vonage import accounts
from trunkline_vonage.accounts import Balance, Standing
from trunkline_vonage.client import Page, Vonage
from trunkline_vonage.numbers import all_calls_limited, carrier_number, outbound_limits

DASHBOARD = "In the Vonage API dashboard"


@attrs.frozen
class Sample:
    """What the first page of numbers says: how many take calls, how many of those may make some or all calls."""

    voice: int
    some_calls: int
    all_calls: int
    complete: bool


def test(vonage: Vonage) -> CredentialTest:
    """Three requests: the balance, a page of numbers, the account's standing; one more with an application."""
    with vonage.call.proving() as asked:
        balance, credentials = _login(vonage)
    if credentials.outcome is not PASS:
        return CredentialTest(credentials, _not_asked(INBOUND_REACHABLE), _not_asked(OUTBOUND_AUTHORIZED))
    with vonage.call.proving() as standing_asked:
        standing = accounts.standing(vonage)
    if standing.suspended:
        inbound, outbound = (suspended(name, standing_asked()) for name in (INBOUND_REACHABLE, OUTBOUND_AUTHORIZED))
        return CredentialTest(credentials, inbound, outbound, vonage.api_key)
    with vonage.call.proving() as listed:
        try:
            sample: Sample | PermissionMissing = _sample(vonage)
        except PermissionMissing as missing:
            sample = missing
    inbound = _inbound(vonage, sample, listed())
    outbound = _outbound(balance, standing, sample, asked() + standing_asked() + listed())
    return CredentialTest(credentials, inbound, outbound, vonage.api_key)


def suspended(name: str, proof: tuple[Exchange, ...]) -> Check:
    """The check of an account that can neither be called nor call."""
    remedy = f"{DASHBOARD}, look at the account's balance and messages, pay what is due or ask Vonage's support."
    return Check(name, FAIL, "account_suspended", "Vonage has this account as suspended.", remedy, proof)


# Credentials


def _login(vonage: Vonage) -> tuple[Balance, Check]:
    """The balance is what tells whether credentials are good; whoever may not read it is asked for numbers instead."""
    balance = Balance(None, False)
    with vonage.call.proving() as proof:
        try:
            try:
                balance = accounts.balance(vonage)
            except PermissionMissing:
                next(vonage.pages(), None)
        except CredentialsRejected as error:
            remedy = f"{DASHBOARD}, copy the API key and a valid API secret anew from the API settings."
            return balance, Check(CREDENTIALS_VALID, FAIL, "credentials_rejected", error.summary, remedy, proof())
        except PermissionMissing as error:
            remedy = f"{DASHBOARD}, use the key and secret of an account that may manage numbers."
            return balance, Check(CREDENTIALS_VALID, FAIL, "permission_missing", error.summary, remedy, proof())
        summary = "Vonage accepts the credentials."
        return balance, Check(CREDENTIALS_VALID, PASS, "credentials_accepted", summary, proof=proof())


def _not_asked(name: str) -> Check:
    return Check(name, UNKNOWN, "not_asked", "Not asked, since Vonage does not accept the credentials.")


# Inbound


def _sample(vonage: Vonage) -> Sample:
    page = next(vonage.pages(), Page([], 0))
    able = [row for row in page.rows if (number := carrier_number(row)) and "voice" in number.capabilities]
    limits = [outbound_limits(row) for row in able]
    some_calls = sum(not all_calls_limited(each) for each in limits)
    return Sample(len(able), some_calls, limits.count([]), page.left == 0)


def _inbound(vonage: Vonage, sample: Sample | PermissionMissing, proof: tuple[Exchange, ...]) -> Check:
    name = INBOUND_REACHABLE
    if isinstance(sample, PermissionMissing):
        summary = "These credentials may not read the account's numbers, so numbers cannot be routed with them."
        return Check(name, FAIL, "permission_missing", summary, f"{DASHBOARD}, allow them to manage numbers.", proof)
    wanted = vonage.application_id
    if wanted:
        with vonage.call.proving() as asked:
            found = accounts.application_exists(vonage, wanted)
        proof += asked()
        if not found:
            summary = "No application of this account has the application ID that was given."
            remedy = f"{DASHBOARD}, copy the ID of the application anew, or leave it out."
            return Check(name, FAIL, "application_not_found", summary, remedy, proof)
    if vonage.call.platform is None:
        summary = "The account's numbers can be read, but this platform has no SIP host to route calls to."
        remedy = "The operator of this platform has to set its SIP host."
        return Check(name, UNKNOWN, "platform_not_set", summary, remedy, proof)
    if not sample.voice:
        return _no_voice_numbers(name, sample, proof)
    summary = "The account has numbers that take calls, and they can be routed to this platform."
    return Check(name, PASS, "numbers_routable", summary, proof=proof)


def _no_voice_numbers(name: str, sample: Sample, proof: tuple[Exchange, ...]) -> Check:
    where = "The account has no number" if sample.complete else "None of the account's first numbers is one"
    summary = f"{where} that takes voice calls, so nothing can be said of calls."
    return Check(
        name, UNKNOWN, "no_voice_numbers", summary, f"{DASHBOARD}, rent a number with the feature VOICE.", proof
    )


# Outbound


def _outbound(
    balance: Balance, standing: Standing, sample: Sample | PermissionMissing, proof: tuple[Exchange, ...]
) -> Check:
    name = OUTBOUND_AUTHORIZED
    trouble = no_credit(balance, standing, proof)
    if trouble is not None:
        return trouble
    if isinstance(sample, PermissionMissing):
        summary = "These credentials may not read the account's numbers, so what limits their calls is not known."
        return Check(name, UNKNOWN, "permission_missing", summary, f"{DASHBOARD}, allow them to manage numbers.", proof)
    if not sample.voice:
        return _no_voice_numbers(name, sample, proof)
    if not sample.all_calls:
        summary = "Vonage limits outbound calls for every number of the account that was looked at."
        remedy = "Rent a number without limitation on outbound calls, or ask Vonage's support to lift it."
        outcome = FAIL if sample.complete and not sample.some_calls else UNKNOWN
        return Check(name, outcome, "outbound_limited", summary, remedy, proof)
    summary = (
        "The account has credit, and numbers that Vonage sets no limit on outbound calls for. Whether it is a trial "
        "account, which may call few numbers, Vonage does not tell."
    )
    return Check(name, PASS, "calls_allowed", summary, proof=proof)


def no_credit(balance: Balance, standing: Standing, proof: tuple[Exchange, ...]) -> Check | None:
    """The check of an account whose credit is used up or cannot be read; None where calls can be paid for."""
    say: dict[str, Any] = {"name": OUTBOUND_AUTHORIZED, "proof": proof}
    able = accounts.has_credit(balance, standing)
    if able:
        return None
    if balance.value is None:
        summary = "Vonage does not tell the account's balance, so whether calls can be paid for is not known."
        remedy = f"{DASHBOARD}, see that the account has credit."
        return Check(outcome=UNKNOWN, code="balance_unreadable", summary=summary, remedy=remedy, **say)
    certain = able is False
    summary = (
        "The account's credit is used up and does not reload, so calls are refused."
        if certain
        else "The account's balance is used up and does not reload: calls are refused, unless there is a credit line."
    )
    remedy = (
        f"{DASHBOARD}, top the account up or switch on auto-reload. Vonage may also release the numbers of an account "
        "without credit for resale."
    )
    return Check(outcome=FAIL if certain else UNKNOWN, code="no_credit", summary=summary, remedy=remedy, **say)
