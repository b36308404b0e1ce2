"""The account itself: whether the key opens it, what it may spend, and its stable identity."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation

from trunkline.errors import AccountSuspended, CarrierRefused, PermissionMissing
from trunkline_telnyx import pricing
from trunkline_telnyx.client import Row, Telnyx, text
from trunkline_telnyx.numbers import PATH

_USER_ID = re.compile(r"[0-9A-Za-z-]{8,64}")


def available_credit(telnyx: Telnyx) -> Decimal | None:
    """What the account may still spend: GET /balance.

    None where this key may not see it, or where Telnyx says it has no such information (422); then the key is tried on
    the numbers, so that what is raised is about the key.
    """
    try:
        balance: Row = telnyx.ask(lambda sdk: sdk.balance.retrieve())
    except (PermissionMissing, CarrierRefused):
        next(telnyx.pages(f"{PATH}/slim", {"page[size]": "1"}))
        return None
    try:
        credit = Decimal(text(balance, "available_credit"))
    except InvalidOperation:
        return None
    return credit if credit.is_finite() else None


def identity(telnyx: Telnyx) -> str | None:
    """The user id that charges are made to: of the documented resources only /charges_breakdown names it.

    None for a reason that lasts: this key may not read charges, or Telnyx knows no such user (422). Trouble that passes
    is raised, since what was made for an account is found again by its identity. One past day: the answer is small.
    """
    today = telnyx.call.now().date()
    # The monthly fees of all numbers are posted on the first.
    end = today if today.day != 2 else today - dt.timedelta(days=1)
    try:
        found = text(pricing.charges(telnyx, end - dt.timedelta(days=1), end), "user_id")
    except (PermissionMissing, CarrierRefused, AccountSuspended):
        return None
    return found if _USER_ID.fullmatch(found) else None
