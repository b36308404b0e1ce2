"""`GET /v1/voip-connections` with 100 connections: with the database, and the same route without it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from http_load import Rate, load, request
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
        _load(stored, 1.0)
        _load(memory, 1.0)
        with_database, without = [], []
        for _ in range(RUNS):
            with_database.append(_load(stored, SECONDS))
            without.append(_load(memory, SECONDS))
    for what, runs in (("with the database", with_database), ("without it", without)):
        yield shown(f"requests per second {what}", statistics.median(run.per_second for run in runs), "1/s")
        yield shown(f"p99 {what}", statistics.median(run.p99 for run in runs) * 1000, "ms")
    ratio = statistics.median(r.per_second for r in with_database) / statistics.median(r.per_second for r in without)
    yield at_least("with / without", ratio, 0.7)


def _load(target: Running, seconds: float) -> Rate:
    sent = request("GET", "/v1/voip-connections", target.key)
    return load([target.port], sent, seconds, clients=CLIENTS, good=is_whole)


def is_whole(body: bytes) -> bool:
    """Whether the answer has every connection."""
    return body.count(b'"setup_method"') == CONNECTIONS
