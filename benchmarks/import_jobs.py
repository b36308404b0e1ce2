"""Importing at 40 ms latency as a job, and the same numbers within one request, on each database."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg
import requests

from importing import LATENCY, answer_of, connected
from measure import Figure, at_most, shown
from service_process import Running, service
from simulated_carrier import simulated

NUMBERS = 400
"""Two turns of a job, and not too many for one request."""

POSTGRES = os.environ.get("TRUNKLINE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
_POLL_SECONDS = 0.25


def measure() -> Iterator[Figure]:
    """Each against a fresh carrier of the same size; PostgreSQL where a server answers."""
    yield from _on("SQLite", None)
    with suppress(psycopg.OperationalError), _database() as url:
        yield from _on("PostgreSQL", url)


def _on(database: str, url: str | None) -> Iterator[Figure]:
    with _service(url) as (session, running, importing, numbers):
        at_once = _seconds(lambda: session.post(importing, json={"numbers": numbers}))
    with _service(url) as (session, running, importing, numbers):
        started = time.perf_counter()
        answered = session.post(importing, json={"numbers": numbers}, headers={"Prefer": "respond-async"})
        taken = time.perf_counter() - started
        job = f"http://127.0.0.1:{running.port}{answered.headers['Location']}"
        while (told := answer_of(session.get(job)))["finished_at"] is None:
            time.sleep(_POLL_SECONDS)
        seconds = time.perf_counter() - started
        assert told["imported_count"] == NUMBERS, told["state"]
    yield shown(f"{database}: {NUMBERS} numbers in one request", at_once, "s")
    yield shown(f"{database}: as a job, until it is answered", taken, "s")
    yield shown(f"{database}: as a job, until it is done", seconds, "s")
    yield at_most(f"{database}: job / request", seconds / at_once, 1.5)


def _seconds(ask: Callable[[], requests.Response]) -> float:
    started = time.perf_counter()
    assert answer_of(ask())["imported_count"] == NUMBERS
    return time.perf_counter() - started


@contextmanager
def _service(url: str | None) -> Iterator[tuple[requests.Session, Running, str, list[str]]]:
    with (
        simulated("twilio", NUMBERS, LATENCY * 1000) as carrier,
        service(carrier.origins, works=True, database_url=url) as running,
        requests.Session() as session,
    ):
        yield session, running, *connected(running, session, carrier)


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
