"""The account itself: who it is, whether it is suspended, whether it may call out."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import attrs

from .client import Client, id_of, text
from .refusals import unexpected


@attrs.frozen
class Standing:
    """How the account stands; `may_call` and `balance` are None where the carrier does not say."""

    id: str
    name: str
    suspended: bool
    may_call: bool | None
    balance: Decimal | None


def standing(client: Client) -> Standing:
    """Read the account: `GET /account`, the call that tells whether credentials are good."""
    row = client.get("/account")
    status = text(row, "status")
    if status not in ("active", "suspended"):
        raise unexpected("an account that is neither active nor suspended")
    may_call = row.get("outbound_calls")
    return Standing(
        id_of(row),
        text(row, "name"),
        status == "suspended",
        may_call if isinstance(may_call, bool) else None,
        amount(row.get("balance")),
    )


def amount(said: object) -> Decimal | None:
    """An amount, written as text so that it stays exact; None where it is none."""
    try:
        value = Decimal(said) if isinstance(said, str) else None
    except InvalidOperation:
        return None
    return value if value is not None and value.is_finite() else None


def no_credit(known: Standing) -> bool:
    """Whether the credit is used up."""
    return known.balance is not None and known.balance <= 0
