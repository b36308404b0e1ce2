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
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    def acquire(self, timeout: float) -> bool:
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            handed = threading.Event()
            self._waiting.append(handed)
        if handed.wait(timeout):
            return True
        with self._lock:
            if handed.is_set():
                return True
            self._waiting.remove(handed)
            return False

    def release(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1


class AccountPace:
    """The limits of one carrier account."""

    def __init__(self, pace: Pace) -> None:
        self._slots = _Slots(pace.concurrency)
        self._requests = _Rate(pace.per_second)
        self._writes = _Rate(pace.writes_per_second)

    @contextmanager
    def turn(self, deadline: Deadline, sleep: Callable[[float], None], *, writes: bool = False) -> Iterator[None]:
        """Wait for a turn; `CarrierTimedOut` if none comes before the deadline.

        The slot is held while the rate of all requests is waited for: turns are taken in order, so nobody else could
        use it earlier. The rate of writes is waited for before, so that reads go on meanwhile.
        """
        if writes:
            self._writes.wait(deadline, sleep)
        if not self._slots.acquire(timeout=deadline.remaining):
            raise CarrierTimedOut("Too many requests to this carrier account are under way. Try again in a moment.")
        try:
            self._requests.wait(deadline, sleep)
            yield
        finally:
            self._slots.release()


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
