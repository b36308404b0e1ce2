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

AHEAD = 2
"""Requests that are made ready, on a connection, while the carrier has as many as it takes."""

_TOO_MANY = "Too many requests to this carrier account are under way. Try again in a moment."


class _Waiting:
    """One who waits for a slot."""

    __slots__ = ("error", "start", "started")

    def __init__(self, start: Callable[[], None]) -> None:
        self.start = start
        self.started = threading.Lock()
        self.started.acquire()
        self.error: BaseException | None = None


class _Slots:
    """A semaphore that serves in the order of arrival: a busy call cannot keep the others waiting for ever.

    Who frees a slot starts what was waited for: until the thread that waits has been woken, the carrier would be idle.
    """

    def __init__(self, free: int) -> None:
        self._free = free
        self._waiting: deque[_Waiting] = deque()
        self._lock = threading.Lock()

    def take(self, start: Callable[[], None], timeout: float) -> bool:
        """Run `start`, which must not take long, with a slot; False if none was free in time.

        Raises what `start` raises, and the slot is taken then as well.
        """
        one = None
        with self._lock:
            if self._free:
                self._free -= 1
            else:
                one = _Waiting(start)
                self._waiting.append(one)
        if one is None:
            start()
            return True
        if not one.started.acquire(timeout=timeout):
            with self._lock:
                if one in self._waiting:
                    self._waiting.remove(one)
                    return False
            # It is being started at this very moment.
            one.started.acquire()
        if one.error is not None:
            raise one.error
        return True

    def release(self) -> None:
        with self._lock:
            if not self._waiting:
                self._free += 1
                return
            one = self._waiting.popleft()
        try:
            one.start()
        except BaseException as error:
            one.error = error
        finally:
            one.started.release()


class Turn:
    """The turn of one request: it begins when the request may be sent, and ends with its answer."""

    def __init__(self, pace: AccountPace, deadline: Deadline, sleep: Callable[[float], None]) -> None:
        self.began_at: float | None = None
        self._pace = pace
        self._deadline = deadline
        self._sleep = sleep

    def begin(self, send: Callable[[], None]) -> None:
        """Send a request that is ready, in this thread or in another, as soon as it may be sent.

        Raises what `send` raises, and `CarrierTimedOut` if its turn does not come before the deadline.
        """
        pace = self._pace

        def begin() -> None:
            self.began_at = time.monotonic()
            if self._deadline.passed:
                raise CarrierTimedOut(_TOO_MANY)
            if not pace.requests.limited:
                send()

        _take(pace.slots, begin, self._deadline)
        if pace.requests.limited:
            # The slot is held meanwhile: turns are taken in order, so nobody else could use it earlier.
            pace.requests.wait(self._deadline, self._sleep)
            self.began_at = time.monotonic()
            send()


class AccountPace:
    """The limits of one carrier account."""

    def __init__(self, pace: Pace) -> None:
        self.places = _Slots(pace.concurrency + AHEAD)
        self.slots = _Slots(pace.concurrency)
        self.requests = _Rate(pace.per_second)
        self.writes = _Rate(pace.writes_per_second)

    @contextmanager
    def turn(self, deadline: Deadline, sleep: Callable[[float], None], *, writes: bool = False) -> Iterator[Turn]:
        """A turn to come, for a request that is made ready inside the block; `CarrierTimedOut` past the deadline.

        The rate of writes is waited for here, so that reads go on meanwhile.
        """
        if writes:
            self.writes.wait(deadline, sleep)
        _take(self.places, _nothing, deadline)
        turn = Turn(self, deadline, sleep)
        try:
            yield turn
        finally:
            if turn.began_at is not None:
                self.slots.release()
            self.places.release()


def _take(slots: _Slots, start: Callable[[], None], deadline: Deadline) -> None:
    if not slots.take(start, timeout=deadline.remaining):
        raise CarrierTimedOut(_TOO_MANY)


def _nothing() -> None:
    """A place is only waited for."""


class _Rate:
    """Moments that lie a fixed time apart, each given out once; no limit without a rate."""

    def __init__(self, per_second: float | None) -> None:
        self.limited = bool(per_second)
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
