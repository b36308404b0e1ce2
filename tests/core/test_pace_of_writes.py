"""Writes may be slower than reads, and reads do not wait for them."""

import threading
import time

import pytest

from trunkline.deadline import Deadline
from trunkline.descriptor import Pace
from trunkline.errors import CarrierTimedOut
from trunkline.http.pace import AccountPace

LATER = 60.0


def sent() -> None:
    """What a turn is waited for."""


def turns(pace: AccountPace, count: int, *, writes: bool, seconds: float = LATER) -> list[float]:
    waited: list[float] = []
    for _ in range(count):
        with pace.turn(Deadline.after(seconds), waited.append, writes=writes) as turn:
            turn.begin(sent)
    return waited


def test_writes_are_a_fixed_time_apart_and_reads_are_not() -> None:
    pace = AccountPace(Pace(writes_per_second=1.0))
    assert turns(pace, 20, writes=False) == []
    waited = turns(pace, 4, writes=True)
    assert [round(each) for each in waited] == [1, 2, 3]
    assert turns(pace, 20, writes=False) == []


def test_a_write_counts_among_all_requests_too() -> None:
    pace = AccountPace(Pace(per_second=1.0))
    turns(pace, 1, writes=True)
    assert [round(each) for each in turns(pace, 1, writes=False)] == [1]


def test_a_write_that_would_come_too_late_is_refused_at_once() -> None:
    pace = AccountPace(Pace(writes_per_second=1.0))
    turns(pace, 3, writes=True)
    with pytest.raises(CarrierTimedOut):
        turns(pace, 1, writes=True, seconds=1.5)


def test_a_write_that_waits_for_its_turn_takes_no_slot_from_reads() -> None:
    pace = AccountPace(Pace(concurrency=1, writes_per_second=1.0))
    turns(pace, 1, writes=True)
    waiting, go_on = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        waiting.set()
        go_on.wait(5)

    def write() -> None:
        with pace.turn(Deadline.after(LATER), sleep, writes=True) as turn:
            turn.begin(sent)

    thread = threading.Thread(target=write)
    thread.start()
    assert waiting.wait(5)
    started = time.monotonic()
    turns(pace, 1, writes=False)
    assert time.monotonic() - started < 1
    go_on.set()
    thread.join()
