"""SIGINT and SIGTERM while a number is written to: heard between two steps, so that nothing is left half done."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import attrs

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(Exception):
    """A signal ended the recording; `status` is the exit status that says so."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.status = 128 + number


@attrs.define
class Heard:
    """The first signal that came, if one did."""

    number: int | None = None

    def heed(self) -> None:
        """Raise `Stopped` where a signal came."""
        if self.number is not None:
            raise Stopped(self.number)


@contextmanager
def signals_kept() -> Iterator[Heard]:
    """Signals are kept until the end of the block, or until they are heeded. Of the main thread only."""
    heard = Heard()

    def hear(number: int, frame: object) -> None:
        heard.number = heard.number or number

    before = {each: signal.signal(each, hear) for each in _SIGNALS}
    try:
        yield heard
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
