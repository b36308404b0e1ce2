"""The same trouble has the same code at every carrier that tells it; where a carrier does not, the table says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from trunkline.checks import CREDENTIALS_VALID, INBOUND_REACHABLE, OUTBOUND_AUTHORIZED, Outcome

from .conftest import Desk
from .providers import PROVIDERS, status

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


@attrs.frozen
class Told:
    """An account in this trouble, and the checks that tell it; what the carrier holds of it may be set first."""

    account: str
    checks: tuple[str, ...]
    outcome: Outcome = FAIL
    held: Mapping[str, Any] = attrs.Factory(dict)


@attrs.frozen
class Untold:
    """Why a carrier does not tell this trouble, and what is said in its place of an account that may be in it."""

    why: str
    account: str
    said: tuple[Outcome, str]
    check: str = OUTBOUND_AUTHORIZED


NO_STATE = Untold(
    "SignalWire's API shows every project as active and full, and neither its balance nor the countries it may call.",
    "trial",
    (UNKNOWN, "account_state_unreadable"),
)
BOTH = (INBOUND_REACHABLE, OUTBOUND_AUTHORIZED)

TROUBLES: dict[str, tuple[str, dict[str, Told | Untold]]] = {
    "a suspended account": (
        "account_suspended",
        {
            "twilio": Told("suspended", BOTH),
            "telnyx": Told("blocked", BOTH),
            "signalwire": NO_STATE,
            "vonage": Told("suspended", BOTH),
        },
    ),
    "a key that lacks a permission": (
        "permission_missing",
        {
            "twilio": Told("restricted_key", (INBOUND_REACHABLE,)),
            "telnyx": Told("permission_missing", (CREDENTIALS_VALID,)),
            "signalwire": Told("no_numbers", (INBOUND_REACHABLE,)),
            "vonage": Untold(
                "A secret of Vonage may do all that its account may.",
                "healthy",
                (PASS, "numbers_routable"),
                INBOUND_REACHABLE,
            ),
        },
    ),
    "a country that may not be called": (
        "geo_permission_missing",
        {
            "twilio": Told("geo_blocked", (OUTBOUND_AUTHORIZED,)),
            "telnyx": Told("destinations", (OUTBOUND_AUTHORIZED,)),
            "signalwire": NO_STATE,
            "vonage": Untold(
                "No API of Vonage tells which countries an account may call: the check is of credit and limitations.",
                "healthy",
                (PASS, "calls_allowed"),
            ),
        },
    ),
    "credit that is used up": (
        "no_credit",
        {
            "twilio": Untold(
                "Twilio suspends an account without credit, and its balance may lag: the status is what counts.",
                "suspended",
                (FAIL, "account_suspended"),
            ),
            "telnyx": Told("healthy", (OUTBOUND_AUTHORIZED,), UNKNOWN, {"balance": "0.00", "credit_limit": "0.00"}),
            "signalwire": NO_STATE,
            "vonage": Told("overdrawn", (OUTBOUND_AUTHORIZED,)),
        },
    ),
}


def verdicts(desk: Desk, label: str) -> dict[str, tuple[Outcome, str]]:
    """What a test of the account says, each check with what is to be done where it does not pass."""
    tested = desk.engine.test_credentials(desk.account(label))
    assert all(each.remedy for each in tested.checks if each.outcome is FAIL)
    return {each.name: (each.outcome, each.code) for each in tested.checks}


def test_every_trouble_is_told_or_said_to_be_untold_of_every_carrier() -> None:
    for _, carriers in TROUBLES.values():
        assert set(carriers) == {provider.id for provider in PROVIDERS}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_the_same_trouble_has_the_same_code(desk: Desk, trouble: str) -> None:
    code, carriers = TROUBLES[trouble]
    place = carriers[desk.provider.id]
    if isinstance(place, Untold):
        assert verdicts(desk, place.account)[place.check] == place.said, place.why
        return
    account = desk.sandbox.carrier.accounts[place.account] if place.held else None
    for name, value in place.held.items():
        desk.changed = True
        setattr(account, name, value)
    said = verdicts(desk, place.account)
    assert {name: said[name] for name in place.checks} == dict.fromkeys(place.checks, (place.outcome, code))


def test_credentials_that_may_do_nothing_lack_a_permission_and_nothing_else_is_said_of_them(desk: Desk) -> None:
    desk.fault(**status(403), times=None)
    assert verdicts(desk, "small") == {
        CREDENTIALS_VALID: (FAIL, "permission_missing"),
        INBOUND_REACHABLE: (UNKNOWN, "not_asked"),
        OUTBOUND_AUTHORIZED: (UNKNOWN, "not_asked"),
    }
