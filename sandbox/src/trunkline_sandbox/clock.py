"""A carrier's clock, which a test may put forward."""

import time


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
