"""The HTTP server of one process, which drains before it stops."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

from trunkline_service.frame import Frame
from trunkline_service.logs import get_logger

FINISH_SECONDS = 40
"""How long requests that were begun may take to finish once the server stops accepting."""

GIVE_UP_SECONDS = FINISH_SECONDS + 15
"""When what still asks a carrier in a thread is left to another process, which settles it once its lease runs out."""

_log = get_logger()


class DrainingServer(uvicorn.Server):
    """Says on SIGTERM that it is not ready, serves for `notice_seconds` more, finishes what was begun, and stops.

    SIGINT, or a second SIGTERM, cuts the notice short.
    """

    def __init__(self, app: Frame, draining: threading.Event, notice_seconds: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=FINISH_SECONDS,
            )
        )
        self._draining = draining
        self._notice_seconds = notice_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain, or to stop."""
        told_before = self._draining.is_set()
        self._draining.set()
        if sig == signal.SIGTERM and self._notice_seconds and not told_before:
            _after(self._notice_seconds, self._stop, sig, frame)
        else:
            self._stop(sig, frame)

    def _stop(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        _after(GIVE_UP_SECONDS, _give_up)


def _give_up() -> None:
    _log.error("stopped_unfinished", seconds=GIVE_UP_SECONDS)
    os._exit(1)


def _after(seconds: float, do: Callable[..., None], *arguments: Any) -> None:
    timer = threading.Timer(seconds, do, arguments)
    timer.daemon = True
    timer.start()
