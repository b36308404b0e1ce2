"""Fifteen seconds of what `chaos.py` does for two minutes; leases are not waited for, the clock is put forward."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from chaos import SERVER, Verdict, ground, judge, strain
from serving import serving
from trunkline_service import import_worker, recovery
from trunkline_service.service import Service
from trunkline_service.start import start

AHEAD = dt.timedelta(minutes=3)
"""Longer than every lease."""


@pytest.fixture(autouse=True)
def _postgres() -> None:
    try:
        psycopg.connect(SERVER, connect_timeout=3).close()
    except psycopg.OperationalError:
        pytest.skip(f"no PostgreSQL server answers at {SERVER}")


def later(clock: Callable[[], dt.datetime]) -> Callable[[], dt.datetime]:
    return lambda: clock() + AHEAD


def settle(service: Service) -> None:
    """What was cut off is finished or undone, and every job is worked on until it ends."""
    busy = True
    while busy:
        busy = recovery.sweep(service) > 0
        while import_worker.go_on_with_next(service):
            busy = True
        service = attrs.evolve(service, clock=later(service.clock))


@pytest.mark.timeout(400)
def test_every_book_agrees_after_replicas_were_killed_under_load(tmp_path: Path) -> None:
    with ground(tmp_path) as here:
        strain(here, tmp_path, 15, kill_every=3.0, seed=1, then=lambda replicas: replicas.kill_all())
        service = start(here.settings)
        try:
            ahead = attrs.evolve(service, clock=later(service.clock))
            settle(ahead)
            with serving(ahead) as address:
                verdict: Verdict = judge(here, [address], service.database)
        finally:
            service.database.dispose()
    assert verdict.wrong == []
    # How much fits into the time, the machine decides.
    assert verdict.counts["kills"] >= 1
    assert verdict.counts["evidence fought for"] >= 1
    assert verdict.counts["numbers held at the end"] >= 1
