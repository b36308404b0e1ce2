"""How long a carrier asks to wait."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests


def retry_after(response: requests.Response, now: dt.datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for, as a number or a date; None where it asks for nothing sane."""
    value = (response.headers.get("Retry-After") or "").strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
