"""Importing at 40 ms latency as a job, and the same numbers within one request, on each database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

import psycopg
import requests

from importing import LATENCY, answer_of, connected
from measure import Figure, at_most, shown
from postgres import empty_database
from service_process import Running, service
from simulated_carrier import simulated

NUMBERS = 400
"""Two turns of a job, and not too many for one request."""

_POLL_SECONDS = 0.25


def measure() -> Iterator[Figure]:
    """Each against a fresh carrier of the same size; PostgreSQL where a server answers."""
    yield from _on("SQLite", nullcontext)
    with suppress(psycopg.OperationalError):
        yield from _on("PostgreSQL", empty_database)


def _on(database: str, empty: Callable[[], AbstractContextManager[str | None]]) -> Iterator[Figure]:
    with _service(empty) as (session, running, importing, numbers):
        at_once = _seconds(lambda: session.post(importing, json={"numbers": numbers}))
    with _service(empty) as (session, running, importing, numbers):
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
def _service(
    empty: Callable[[], AbstractContextManager[str | None]],
) -> Iterator[tuple[requests.Session, Running, str, list[str]]]:
    with (
        empty() as url,
        simulated("twilio", NUMBERS, LATENCY * 1000) as carrier,
        service(carrier.origins, works=True, database_url=url) as running,
        requests.Session() as session,
    ):
        yield session, running, *connected(running, session, carrier)
