"""How often an API key may ask, over all processes together.

Requests are taken from the rate that all share a block at a time, and then counted in memory: only one in a hundred
waits for a write.
"""

from __future__ import annotations

import math
import threading

import attrs

from trunkline_service.errors import ApiError
from trunkline_service.storage import rate_limits
from trunkline_service.storage.database import Database
from trunkline_service.storage.rate_limits import Rate

_BLOCK = 100
_BLOCK_MS = 10_000
_BLOCKS_KEPT = 4096


@attrs.frozen
class Rates:
    """What the operator allows, each in a minute: requests of a key, tests of an organization, tests of an account."""

    requests: int = 6000
    tests: int = 60
    account_tests: int = 10


@attrs.define(eq=False)
class _Block:
    """Requests that were taken from the shared rate and are not made yet."""

    left: int = 0
    good_until: int = 0
    lock: threading.Lock = attrs.field(factory=threading.Lock)


class RequestLimit:
    """The rate of requests by each key."""

    def __init__(self, database: Database, per_minute: int) -> None:
        self._database = database
        self._rate = Rate(per_minute)
        # About a second's worth: what a process takes and does not use is soon there again.
        self._size = max(1, min(_BLOCK, per_minute // 60))
        self._blocks: dict[int, _Block] = {}
        self._lock = threading.Lock()

    def spend(self, key: int, now: int) -> None:
        """Count one request of a key; raises `too_many_requests`."""
        block = self._block_of(key)
        with block.lock:
            if not block.left or now >= block.good_until:
                block.left, block.good_until = self._take(key, now), now + _BLOCK_MS
            block.left -= 1

    def _take(self, key: int, now: int) -> int:
        """A whole block, or one request where there is no more."""
        with self._database.writing() as db:
            for size in (self._size, 1):
                wait = rate_limits.spend(db, f"key {key}", self._rate, size, now)
                if not wait:
                    return size
        raise too_many("This API key asks too often.", wait)

    def _block_of(self, key: int) -> _Block:
        with self._lock:
            block = self._blocks.setdefault(key, _Block())
            if len(self._blocks) > _BLOCKS_KEPT:
                del self._blocks[next(iter(self._blocks))]
            return block


def too_many(what: str, wait_ms: int) -> ApiError:
    """The refusal that says when to come again."""
    seconds = max(1, math.ceil(wait_ms / 1000))
    return ApiError("too_many_requests", f"{what} Try again in {seconds} s.", retry_after=seconds)
