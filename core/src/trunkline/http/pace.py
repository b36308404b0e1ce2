"""How hard a carrier account is asked: requests at once and requests per second, over all calls of a process."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from trunkline.deadline import Deadline
from trunkline.descriptor import Pace
from trunkline.errors import CarrierTimedOut


class _Slots:
    """A semaphore that serves in the order of arrival: a busy call cannot keep the others waiting for ever."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._waiting: deque[threading.Lock] = deque()
        self._lock = threading.Lock()

    def acquire(self, timeout: float) -> bool:
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            handed = threading.Lock()
            handed.acquire()
            self._waiting.append(handed)
        if handed.acquire(timeout=timeout):
            return True
        with self._lock:
            if handed not in self._waiting:
                # It came at the last moment.
                return True
            self._waiting.remove(handed)
            return False

    def release(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


AHEAD = 2
"""Requests that are made ready, on a connection, while the carrier has as many as it takes."""


class Turn:
    """The turn of one request: it begins when the request is ready to be sent, and ends with its answer."""

    def __init__(self, begin: Callable[[], None], end: Callable[[], None]) -> None:
        self.began_at: float | None = None
        self._begin = begin
        self._end = end

    def begin(self) -> None:
        """Wait until the request may be sent; `CarrierTimedOut` if that is not before the deadline."""
        if self.began_at is None:
            self._begin()
            self.began_at = time.monotonic()

    def end(self) -> None:
        """Let the next one have its turn."""
        if self.began_at is not None:
            self._end()


class AccountPace:
    """The limits of one carrier account."""

    def __init__(self, pace: Pace) -> None:
        self._places = _Slots(pace.concurrency + AHEAD)
        self._slots = _Slots(pace.concurrency)
        self._requests = _Rate(pace.per_second)
        self._writes = _Rate(pace.writes_per_second)

    @contextmanager
    def turn(self, deadline: Deadline, sleep: Callable[[float], None], *, writes: bool = False) -> Iterator[Turn]:
        """A turn to come, for a request that is made ready inside the block; `CarrierTimedOut` past the deadline.

        The rate of writes is waited for here, so that reads go on meanwhile; that of all requests when the turn
        begins: turns are taken in order, so nobody else could use the slot earlier.
        """

        def begin() -> None:
            self._take(self._slots, deadline)
            try:
                self._requests.wait(deadline, sleep)
            except BaseException:
                self._slots.release()
                raise

        if writes:
            self._writes.wait(deadline, sleep)
        self._take(self._places, deadline)
        turn = Turn(begin, self._slots.release)
        try:
            yield turn
        finally:
            turn.end()
            self._places.release()

    @staticmethod
    def _take(slots: _Slots, deadline: Deadline) -> None:
        if not slots.acquire(timeout=deadline.remaining):
            raise CarrierTimedOut("Too many requests to this carrier account are under way. Try again in a moment.")


class _Rate:
    """Moments that lie a fixed time apart, each given out once; no limit without a rate."""

    def __init__(self, per_second: float | None) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, deadline: Deadline, sleep: Callable[[float], None]) -> None:
        """Wait for the next free moment."""
        wait = self._reserve(deadline)
        if wait > 0:
            sleep(wait)

    def _reserve(self, deadline: Deadline) -> float:
        if not self._interval:
            return 0.0
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            if start > deadline.at:
                raise CarrierTimedOut("This carrier allows too few requests a second for all that was asked of it.")
            self._next = start + self._interval
            return start - now


class Paces:
    """The limits of every carrier account that was asked lately."""

    def __init__(self, keep: int = 4096) -> None:
        self._keep = keep
        self._paces: dict[str, AccountPace] = {}
        self._lock = threading.Lock()

    def of(self, account_key: str, pace: Pace) -> AccountPace:
        """The one object that all calls for this account share."""
        with self._lock:
            found = self._paces.pop(account_key, None) or AccountPace(pace)
            self._paces[account_key] = found
            if len(self._paces) > self._keep:
                del self._paces[next(iter(self._paces))]
            return found
