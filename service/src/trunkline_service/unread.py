"""What a client is still sending when it is refused: taken in and dropped, so that it hears why.

A server that closes a connection with a body unread resets it, and most clients then report a broken connection
instead of the answer.
"""

from __future__ import annotations

import asyncio
from typing import Any

from litestar.types import Receive

MOST_BYTES = 64 * 1024 * 1024
"""How much of a body is dropped at most; whoever sends more is cut off."""

_SECONDS = 20.0
_SILENT_SECONDS = 1.0


class Body:
    """The body of one request, and whether all of it came in."""

    def __init__(self, scope: Any, receive: Receive) -> None:
        headers = dict(scope["headers"])
        self._receive = receive
        # Who waits to be asked for the body has sent none of it, and gets the answer instead.
        self._comes = b"expect" not in headers and (
            b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"
        )

    async def receive(self) -> Any:
        """The next message from the client."""
        message: Any = await self._receive()
        self._comes = self._comes and message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def drop(self) -> None:
        """Take in what is still to come, until it ends, stalls, or is too much."""
        dropped = 0
        try:
            async with asyncio.timeout(_SECONDS):
                while self._comes and dropped < MOST_BYTES:
                    message = await asyncio.wait_for(self.receive(), _SILENT_SECONDS)
                    dropped += len(message.get("body", b""))
        except TimeoutError:
            return
