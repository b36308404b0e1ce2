"""An import job at 40 ms latency: the same numbers by the engine in one process, and as a job on each database."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import requests

from importing import LATENCY, answer_of, connected, with_engine
from measure import Figure, at_most, shown
from service_process import service
from simulated_carrier import simulated

NUMBERS = 1000
POSTGRES = os.environ.get("TRUNKLINE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
_POLL_SECONDS = 0.1


def measure() -> Iterator[Figure]:
    """Each against a fresh carrier of the same size."""
    with simulated("twilio", NUMBERS, LATENCY * 1000) as carrier:
        seconds, _ = with_engine(carrier, NUMBERS)
    yield shown(f"{NUMBERS} numbers: engine", seconds, "s")
    yield from _job("SQLite", None, seconds)
    try:
        with _database() as url:
            yield from _job("PostgreSQL", url, seconds)
    except psycopg.OperationalError:
        yield shown("no PostgreSQL answers; job / engine", float("nan"), "ratio")


def _job(database: str, url: str | None, engine_seconds: float) -> Iterator[Figure]:
    with (
        simulated("twilio", NUMBERS, LATENCY * 1000) as carrier,
        service(carrier.origins, works=True, database=url) as running,
        requests.Session() as session,
    ):
        importing, numbers = connected(running, session, carrier)
        started = time.perf_counter()
        answered = session.post(importing, json={"numbers": numbers}, headers={"Prefer": "respond-async"})
        taken = time.perf_counter() - started
        job = answered.headers["Location"]
        while (told := answer_of(session.get(f"http://127.0.0.1:{running.port}{job}")))["finished_at"] is None:
            time.sleep(_POLL_SECONDS)
        seconds = time.perf_counter() - started
    assert told["imported_count"] == NUMBERS, told["state"]
    yield shown(f"job on {database}: until it is answered", taken, "s")
    yield shown(f"job on {database}: until it is done", seconds, "s")
    yield at_most(f"job on {database} / engine", seconds / engine_seconds, 2.5)


@contextmanager
def _database() -> Iterator[str]:
    """A database of one's own on the PostgreSQL server of the tests."""
    name = f"trunkline_bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        try:
            before, _, after = POSTGRES.rpartition("/")
            yield f"{before}/{name}" + (f"?{after.partition('?')[2]}" if "?" in after else "")
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
