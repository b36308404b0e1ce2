"""The account itself: its credit, and, where Vonage tells, its name and whether it is suspended."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from trunkline.errors import PluginBroken, TrunklineError
from trunkline.refusals import NotThere
from trunkline_vonage.client import Vonage


@attrs.frozen
class Balance:
    """What is left, in EUR, and whether it is filled up by itself; None where Vonage does not say."""

    value: Decimal | None
    reloads: bool


@attrs.frozen
class Standing:
    """What only an account with the Subaccounts product can read of itself; None where it cannot."""

    name: str | None = None
    suspended: bool | None = None
    credit_limit: Decimal | None = None


def balance(vonage: Vonage) -> Balance:
    """Read the balance: `GET /account/get-balance`, the call that tells whether credentials are good."""
    body = vonage.ask(lambda sdk: sdk.account.get_balance())
    return Balance(_amount(body.get("value")), body.get("autoReload") is True)


def standing(vonage: Vonage) -> Standing:
    """Read `GET /accounts/{api_key}/subaccounts`, which most accounts may not: nothing is known then, nothing wrong."""
    try:
        body = vonage.ask(lambda sdk: sdk.subaccounts.list_subaccounts())
    except PluginBroken:
        raise
    except TrunklineError:
        return Standing()
    embedded = body.get("_embedded")
    primary = embedded.get("primary_account") if isinstance(embedded, dict) else None
    if not isinstance(primary, dict) or primary.get("api_key") != vonage.api_key:
        return Standing()
    name, suspended = primary.get("name"), primary.get("suspended")
    return Standing(
        name if isinstance(name, str) else None,
        suspended if isinstance(suspended, bool) else None,
        _amount(primary.get("credit_limit")),
    )


def has_credit(present: Balance, known: Standing) -> bool | None:
    """Whether calls can be paid for; None where the balance is not told, or is used up and a credit line may exist."""
    if present.reloads:
        return True
    if present.value is None:
        return None
    if present.value > 0:
        return True
    # A credit limit is written as the balance that may be reached: -100.25.
    return None if known.credit_limit is None else present.value > known.credit_limit


def used_up(present: Balance) -> bool:
    """Whether nothing is left and nothing is filled up: Vonage may then release the account's numbers for resale."""
    return present.value is not None and present.value <= 0 and not present.reloads


def application_exists(vonage: Vonage, application_id: str) -> bool:
    """Whether the account has this application."""
    try:
        vonage.ask(lambda sdk: sdk.application.get_application(application_id))
    except NotThere:
        return False
    return True


def _amount(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    amount = Decimal(value)
    return amount if amount.is_finite() else None
