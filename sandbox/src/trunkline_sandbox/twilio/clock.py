"""The carrier's clock, which a test may put forward, and the two ways the carrier writes a date."""

import time
from datetime import UTC, datetime
from email.utils import formatdate
from functools import lru_cache


class Clock:
    """The time of day, plus what it was put forward by."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._ahead

    def advance(self, *, days: float = 0, seconds: float = 0) -> None:
        """Put the clock forward."""
        self._ahead += days * 86_400 + seconds


def rfc_2822(moment: float) -> str:
    """As the 2010 API writes a date."""
    day, second = divmod(int(moment), 86_400)
    return f"{_day(day)} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d} +0000"


@lru_cache(maxsize=4096)
def _day(day: int) -> str:
    # Kept by the day: of a page with a thousand numbers, writing dates out in full is a third of the work.
    return formatdate(day * 86_400.0)[:16]


def iso_8601(moment: float) -> str:
    """As the v1 and v2 APIs write a date."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
