"""Moments as the database keeps them: whole milliseconds since 1970 in UTC, the same number in both databases."""

from __future__ import annotations

import datetime as dt
import time
from functools import lru_cache


def in_milliseconds(moment: dt.datetime) -> int:
    """A moment as it is stored."""
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def from_milliseconds(stored: int) -> dt.datetime:
    """A stored moment, in UTC."""
    seconds, milliseconds = divmod(stored, 1000)
    return dt.datetime.fromtimestamp(seconds, dt.UTC).replace(microsecond=milliseconds * 1000)


def shown(stored: int) -> str:
    """ISO 8601 in UTC, with milliseconds and `Z`."""
    seconds, milliseconds = divmod(stored, 1000)
    return f"{_second(seconds)}.{milliseconds:03d}Z"


def shown_or_none(stored: int | None) -> str | None:
    """Like `shown`, where there may be no moment."""
    return None if stored is None else shown(stored)


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
