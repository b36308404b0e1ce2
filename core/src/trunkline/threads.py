"""Daemon threads that run plugins' code, so that a plugin that hangs holds up nobody else."""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")

_IDLE_SECONDS = 10.0


class _Worker(threading.Thread):
    def __init__(self, pool: DaemonThreads) -> None:
        super().__init__(daemon=True, name="trunkline-hook")
        self.inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._pool = pool

    def run(self) -> None:
        while True:
            try:
                work = self.inbox.get(timeout=_IDLE_SECONDS)
            except Empty:
                if self._pool.retire(self):
                    return
                continue
            work()
            del work
            self._pool.rest(self)


class DaemonThreads:
    """Runs work at once, each piece in a thread of its own; threads are used again when they come back."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()

    def start(self, work: Callable[[], T]) -> Future[T]:
        """Begin the work in the caller's context; whatever it raises, `SystemExit` too, lands in the future."""
        future: Future[T] = Future()
        if sys.is_finalizing():
            # No thread starts any more, and who waits for one waits for ever.
            future.set_exception(RuntimeError("the interpreter is about to end"))
            return future
        context = contextvars.copy_context()

        def run() -> None:
            try:
                future.set_result(context.run(work))
            except BaseException as error:
                future.set_exception(error)

        self._worker().inbox.put(run)
        return future

    def rest(self, worker: _Worker) -> None:
        """Take a worker back."""
        with self._lock:
            self._idle.append(worker)

    def retire(self, worker: _Worker) -> bool:
        """Let an idle worker go, unless work was given to it at the last moment."""
        with self._lock:
            if worker in self._idle:
                self._idle.remove(worker)
                return True
            return False

    def _worker(self) -> _Worker:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        worker = _Worker(self)
        worker.start()
        return worker
