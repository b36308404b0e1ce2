"""How often an API key may ask, over all processes together.

Requests are taken from the rate that all processes share a block at a time, and then counted in memory: in each second
of the rate one waits for a write, and those that are refused wait for none.
"""

from __future__ import annotations

import math
import threading

import attrs

from trunkline_service.errors import ApiError
from trunkline_service.storage import rate_limits
from trunkline_service.storage.database import Database
from trunkline_service.storage.rate_limits import Rate

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
    """Requests of one key that were taken from the shared rate and are not made yet."""

    left: int = 0
    good_until: int = 0
    none_until: int = 0
    """Before this moment there is nothing to be had from the shared rate."""
    lock: threading.Lock = attrs.field(factory=threading.Lock)
    fetching: threading.Lock = attrs.field(factory=threading.Lock)

    def use(self, now: int) -> bool:
        """Make one request of it; False where none is left."""
        with self.lock:
            there = self.left > 0 and now < self.good_until
            self.left -= there
            return there

    def add(self, count: int, now: int) -> None:
        """Put more into it."""
        with self.lock:
            self.left = count + (self.left if now < self.good_until else 0)
            self.good_until = now + _BLOCK_MS


class RequestLimit:
    """The rate of requests by each key."""

    def __init__(self, database: Database, per_minute: int) -> None:
        self._database = database
        self._rate = Rate(per_minute)
        # A second's worth: what a process takes and does not use is soon there again.
        self._size = max(1, per_minute // 60)
        self._blocks: dict[int, _Block] = {}
        self._lock = threading.Lock()

    def spend_at_hand(self, key: int, now: int) -> bool:
        """Count one request of a key without waiting for anything; False where `spend` has to be asked."""
        block = self._block_of(key)
        return block.left > self._size // 2 and block.use(now)

    def spend(self, key: int, now: int) -> None:
        """Count one request of a key; waits for a write now and then. Raises `too_many_requests`."""
        block = self._block_of(key)
        if block.use(now):
            # One of them fetches the next block while the others go on with this one.
            if block.left <= self._size // 2 and block.fetching.acquire(blocking=False):
                try:
                    self._fetch(block, key, now)
                finally:
                    block.fetching.release()
            return
        with block.fetching:
            while not block.use(now):
                self._fetch(block, key, now)
                if now < block.none_until:
                    raise too_many("This API key asks too often.", block.none_until - now)

    def _fetch(self, block: _Block, key: int, now: int) -> None:
        """A whole block, or a part of one where there is no more; who gets nothing does not ask again for a while."""
        if now < block.none_until:
            return
        with self._database.writing() as db:
            for size in (self._size, max(1, self._size // 10)):
                wait = rate_limits.spend(db, f"key {key}", self._rate, size, now)
                if not wait:
                    block.add(size, now)
                    return
        block.none_until = now + wait

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
