"""The two ways in which carriers write a date."""

from datetime import UTC, datetime
from email.utils import formatdate
from functools import lru_cache


def rfc_2822(moment: float) -> str:
    """`Mon, 23 Nov 2026 14:38:14 +0000`, as older APIs write it."""
    day, second = divmod(int(moment), 86_400)
    return f"{_day(day)} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d} +0000"


@lru_cache(maxsize=4096)
def _day(day: int) -> str:
    # Kept by the day: of a page with a thousand numbers, writing dates out in full is a third of the work.
    return formatdate(day * 86_400.0)[:16]


def iso_8601(moment: float) -> str:
    """`2026-11-23T14:38:14Z`, as newer APIs write it."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
