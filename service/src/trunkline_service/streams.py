"""An answer in pieces, which takes what makes them along when it ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Generator
from contextlib import suppress


async def until_nobody_listens(pieces: Generator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, each made in a thread; what makes them is closed after the last one, or when nobody wants more."""
    turn = threading.Lock()

    def make_next() -> bytes | None:
        with turn:
            return next(pieces, None)

    def close() -> None:
        # A piece may still be under way.
        with turn:
            pieces.close()

    loop = asyncio.get_running_loop()
    try:
        while (piece := await asyncio.to_thread(make_next)) is not None:
            yield piece
    finally:
        # Not awaited: whoever is cancelled may not wait for anything. Without threads the process is about to end.
        with suppress(RuntimeError):
            loop.run_in_executor(None, close)
