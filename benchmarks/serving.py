"""`GET /v1/voip-connections` with 100 connections: with the database, and the same route without it."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator

from measure import Figure, at_least, shown
from service_process import Running, service

CONNECTIONS = 100
CLIENTS = 4
SECONDS = 3.0
RUNS = 3


def measure() -> Iterator[Figure]:
    """Both servers run at once and are asked by turns; the median of each."""
    with (
        service({}, connections=CONNECTIONS) as stored,
        service({}, connections=CONNECTIONS, from_memory=True) as memory,
    ):
        asyncio.run(_load(stored, 1.0))
        asyncio.run(_load(memory, 1.0))
        with_database, without = [], []
        for _ in range(RUNS):
            with_database.append(asyncio.run(_load(stored, SECONDS)))
            without.append(asyncio.run(_load(memory, SECONDS)))
    for what, runs in (("with the database", with_database), ("without it", without)):
        yield shown(f"requests per second {what}", statistics.median(rate for rate, _ in runs), "1/s")
        yield shown(f"p99 {what}", statistics.median(p99 for _, p99 in runs) * 1000, "ms")
    ratio = statistics.median(r for r, _ in with_database) / statistics.median(r for r, _ in without)
    yield at_least("with / without", ratio, 0.7)


async def _load(target: Running, seconds: float) -> tuple[float, float]:
    """Requests per second, and the 99th percentile of their seconds, over connections that are kept."""
    until = time.perf_counter() + seconds
    taken = [each for one in await asyncio.gather(*(_client(target, until) for _ in range(CLIENTS))) for each in one]
    return len(taken) / seconds, statistics.quantiles(taken, n=100)[98]


async def _client(target: Running, until: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    request = f"GET /v1/voip-connections HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {target.key}\r\n\r\n".encode()
    taken = []
    while time.perf_counter() < until:
        started = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200"), head
        length = int(head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        body = await reader.readexactly(length)
        taken.append(time.perf_counter() - started)
        assert body.count(b'"setup_method"') == CONNECTIONS
    writer.close()
    await writer.wait_closed()
    return taken
