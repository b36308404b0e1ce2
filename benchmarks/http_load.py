"""Many clients at once, each on a connection that is kept, over one server or several."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import attrs


@attrs.frozen
class Rate:
    """Requests per second, and the 99th percentile of their seconds."""

    per_second: float
    p99: float


def request(method: str, path: str, key: str, body: Any = None) -> bytes:
    """An HTTP/1.1 request as it is sent."""
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: {len(content)}\r\n"
    return (head + "Content-Type: application/json\r\n\r\n").encode() + content


def load(ports: Sequence[int], sent: bytes, seconds: float, *, clients: int, good: Callable[[bytes], bool]) -> Rate:
    """Send it again and again, clients and servers by turns; every answer must be a success and `good`."""

    async def run() -> list[float]:
        until = time.perf_counter() + seconds
        each = [_client(ports[index % len(ports)], sent, until, good) for index in range(clients)]
        return [taken for one in await asyncio.gather(*each) for taken in one]

    taken = asyncio.run(run())
    return Rate(len(taken) / seconds, statistics.quantiles(taken, n=100)[98])


async def _client(port: int, sent: bytes, until: float, good: Callable[[bytes], bool]) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken = []
    while time.perf_counter() < until:
        started = time.perf_counter()
        writer.write(sent)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 20"), head
        length = int(head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        body = await reader.readexactly(length)
        taken.append(time.perf_counter() - started)
        assert good(body), body
    writer.close()
    await writer.wait_closed()
    return taken
