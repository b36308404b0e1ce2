"""Read routes and `test` on one process and on three that share a PostgreSQL; the simulated carrier adds no latency."""

from __future__ import annotations

import os
import statistics
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import psycopg
from sqlalchemy import make_url

from http_load import Rate, load, request
from measure import Figure, shown
from service_process import service
from serving import CONNECTIONS, is_whole
from simulated_carrier import simulated

POSTGRES = os.environ.get("TRUNKLINE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
REPLICAS = 3
CLIENTS = 6
SECONDS = 3.0
RUNS = 3


def measure() -> Iterator[Figure]:
    """All three run all the time; one of them is asked, then all of them, by turns. The median of each."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(_database())
        except psycopg.OperationalError:
            print(f"no PostgreSQL server answers at {POSTGRES}: replicas are not measured", file=sys.stderr)
            return
        carrier = stack.enter_context(simulated("twilio", 50))
        first = stack.enter_context(service(carrier.origins, connections=CONNECTIONS, database_url=url))
        others = [stack.enter_context(service(carrier.origins, beside=first)) for _ in range(REPLICAS - 1)]
        ports = [each.port for each in (first, *others)]
        draft = {"provider": "twilio", "credentials": carrier.credentials}
        routes: list[tuple[str, bytes, Callable[[bytes], bool]]] = [
            ("list of 100 connections", request("GET", "/v1/voip-connections", first.key), is_whole),
            ("one connection", request("GET", "/v1/voip-connections/1", first.key), _is_connection),
            ("test", request("POST", "/v1/voip-connections/test", first.key, draft), _is_pass),
        ]
        for what, sent, good in routes:
            load(ports, sent, 1.0, clients=CLIENTS, good=good)
            one, three = [], []
            for _ in range(RUNS):
                one.append(load(ports[:1], sent, SECONDS, clients=CLIENTS, good=good))
                three.append(load(ports, sent, SECONDS, clients=CLIENTS, good=good))
            yield from _shown(f"{what}, one process", one)
            yield from _shown(f"{what}, {REPLICAS} processes", three)
    yield shown("processors here, for clients, carrier, database and all", os.cpu_count() or 1, "")


def _shown(what: str, runs: list[Rate]) -> Iterator[Figure]:
    yield shown(f"{what}: requests per second", statistics.median(run.per_second for run in runs), "1/s")
    yield shown(f"{what}: p99", statistics.median(run.p99 for run in runs) * 1000, "ms")


def _is_connection(body: bytes) -> bool:
    return body.startswith(b'{"id":1,')


def _is_pass(body: bytes) -> bool:
    return b'"status":"pass"' in body


@contextmanager
def _database() -> Iterator[str]:
    """The URL of an empty database, until the block ends."""
    name = f"trunkline_benchmark_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        try:
            yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
