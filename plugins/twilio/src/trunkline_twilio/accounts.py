"""The account itself: its state, its kind, its owner, its name."""

from __future__ import annotations

from typing import Any

import attrs

from trunkline.errors import AccountSuspended, CredentialsRejected
from trunkline.refusals import NotThere
from trunkline_twilio.client import Twilio, unknown_account
from trunkline_twilio.refusals import unexpected


@attrs.frozen
class Account:
    """What is kept of an account's body, which also holds the account's auth token."""

    sid: str
    status: str
    type: str
    owner_sid: str
    friendly_name: str

    @property
    def active(self) -> bool:
        """Neither suspended nor closed."""
        return self.status == "active"

    @property
    def trial(self) -> bool:
        """Not upgraded yet."""
        return self.type.lower() == "trial"

    @property
    def subaccount(self) -> bool:
        """Owned by another account."""
        return bool(self.owner_sid) and self.owner_sid != self.sid

    def require_active(self) -> None:
        """Raise `AccountSuspended` unless it is active."""
        if not self.active:
            raise AccountSuspended(suspended(self))


def fetch(twilio: Twilio) -> Account:
    """Read the account: `GET /2010-04-01/Accounts/{AC}.json`."""
    try:
        body = twilio.get("api", twilio.account_path)
    except NotThere as missing:
        raise unknown_account(missing) from None
    if not isinstance(body.get("sid"), str) or not body["sid"]:
        raise unexpected("an account without a SID")
    if body["sid"] != twilio.sid:
        raise CredentialsRejected("Twilio answered for another account than the one of this account SID.")
    if not isinstance(body.get("status"), str) or not body["status"]:
        raise unexpected("an account without a status")
    return Account(
        twilio.sid,
        body["status"].lower(),
        _text(body, "type"),
        _text(body, "owner_account_sid"),
        _text(body, "friendly_name"),
    )


def suspended(account: Account) -> str:
    """The sentence for an account that is not active."""
    return f"Twilio has this account as {account.status}."


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
