"""The checks that a credential test and a verification have in common."""

from __future__ import annotations

from trunkline.checks import FAIL, OUTBOUND_AUTHORIZED, PASS, UNKNOWN, Check, Exchange

from .accounts import Standing, no_credit
from .refusals import CARRIER


def suspended(name: str, proof: tuple[Exchange, ...]) -> Check:
    """The check of an account that can neither be called nor call."""
    summary = f"{CARRIER.name} has suspended this account."
    return Check(name, FAIL, "account_suspended", summary, f"Ask {CARRIER.name}'s support why.", proof)


def outbound(known: Standing, proof: tuple[Exchange, ...]) -> Check:
    """Whether the account may call out, and can pay for it."""
    name = OUTBOUND_AUTHORIZED
    if known.may_call is None:
        summary = f"{CARRIER.name} does not say whether the account may call out."
        return Check(name, UNKNOWN, "not_told", summary, f"Look at outbound calls in {CARRIER.pages}.", proof)
    if not known.may_call:
        summary = "Outbound calls are switched off for this account."
        return Check(name, FAIL, "outbound_disabled", summary, f"Switch them on in {CARRIER.pages}.", proof)
    if no_credit(known):
        summary = "The account's credit is used up, so calls are refused."
        return Check(name, FAIL, "no_credit", summary, f"Top the account up in {CARRIER.pages}.", proof)
    return Check(name, PASS, "calls_allowed", "The account may call out.", proof=proof)
