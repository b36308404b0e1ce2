"""A carrier's clock, which a test may put forward, or stop."""

import time


class Clock:
    """The time of day, plus what it was put forward by."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._stopped: float | None = None

    def now(self) -> float:
        """Seconds since the epoch."""
        return (time.time() if self._stopped is None else self._stopped) + self._ahead

    def advance(self, *, days: float = 0, seconds: float = 0) -> None:
        """Put the clock forward."""
        self._ahead += days * 86_400 + seconds

    def stop(self, at: float) -> None:
        """Let it stand at this time, so that what is made bears the same date every time."""
        self._stopped = at
