"""What to call a connection."""

from __future__ import annotations

from trunkline import e164, names
from trunkline.errors import AccountSuspended, PermissionMissing
from trunkline.numbers import SuggestedName
from trunkline.refusals import NotThere
from trunkline_twilio import accounts
from trunkline_twilio.client import Twilio, unknown_account
from trunkline_twilio.refusals import TEST_CREDENTIALS


def suggest(twilio: Twilio) -> SuggestedName:
    """The account's name, unless it is an e-mail address, which it is by default; and its first number."""
    try:
        name = shown(accounts.fetch(twilio).friendly_name, twilio)
    except PermissionMissing as missing:
        if missing.reply.code == TEST_CREDENTIALS:
            raise
        # A Standard key may not read the account, but its numbers.
        return SuggestedName(twilio.short_name, _first_number(twilio))
    try:
        return SuggestedName(name, _first_number(twilio))
    except (AccountSuspended, PermissionMissing):
        return SuggestedName(name)


def shown(friendly_name: str, twilio: Twilio) -> str:
    """The name if it may be shown, else the account by the end of its SID."""
    return names.shown(friendly_name) or twilio.short_name


def _first_number(twilio: Twilio) -> str | None:
    try:
        rows = next(twilio.pages("api", twilio.numbers_path, "incoming_phone_numbers", {"PageSize": "1"}))
    except NotThere as missing:
        raise unknown_account(missing) from None
    for row in rows:
        number = row.get("phone_number")
        if isinstance(number, str) and e164.is_e164(number):
            return number
    return None
