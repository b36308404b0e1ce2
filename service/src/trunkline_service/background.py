"""What goes on behind the requests: looking after what was left behind, watching, delivering, importing."""

from __future__ import annotations

import threading
from collections.abc import Callable

import attrs

from trunkline_service import deliveries, import_worker, recovery, watching
from trunkline_service.logs import get_logger, where
from trunkline_service.service import Service

_log = get_logger()


@attrs.frozen
class _Round:
    """Something that is done now and every few seconds, in a thread of its own.

    `work` does a piece of it and tells how much that was: while there was something, the next follows at once.
    """

    name: str
    work: Callable[[Service], int]
    every_seconds: float

    def run_until(self, service: Service, stopped: threading.Event) -> None:
        """Do it until the process stops; a round that fails is followed by the next."""
        while True:
            done = 0
            try:
                done = self.work(service)
            except Exception as error:
                _log.error(f"{self.name}_failed", error=where(error))
            if stopped.wait(0 if done else self.every_seconds):
                return


_ROUNDS = (
    _Round("recovery", recovery.sweep, 15.0),
    _Round("watch", watching.watch, 15.0),
    _Round("delivery", deliveries.deliver_due, 5.0),
)


def start(service: Service, stopped: threading.Event) -> list[threading.Thread]:
    """Start all of it; each thread ends soon after `stopped` is set."""
    threads = [
        threading.Thread(target=run_until, args=(service, stopped), name=name, daemon=True)
        for name, run_until in (
            *((each.name, each.run_until) for each in _ROUNDS),
            ("imports", import_worker.run_until),
        )
    ]
    for thread in threads:
        thread.start()
    return threads
