"""Who is told of each call that reached a carrier: the log, the metrics, and the observers that are installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trunkline.engine import Observer
from trunkline.events import Event
from trunkline.registry import load_observers
from trunkline_service.logs import get_logger
from trunkline_service.metrics import Metrics

# A long list is read in hundreds of requests; the last ones say where it stands.
_IDS_SHOWN = 20

_log = get_logger()


def observers(metrics: Metrics) -> Sequence[Observer]:
    """The service's own, and those published under `trunkline.observers`; what is wrong with one of those is logged."""
    installed, problems = load_observers()
    for problem in problems:
        _log.error("observer_not_used", plugin=problem.plugin, version=problem.version, problem=problem.summary)
    return [log_call, metrics.count_call, *(_observer(relay) for relay in installed)]


def log_call(event: Event) -> None:
    """One line for each call, under the request's id, with the ids that the carrier gave its answers."""
    _log.info(
        "carrier_call",
        provider=event.provider,
        hook=event.hook,
        code=event.code,
        ms=round(event.seconds * 1000, 1),
        requests=len(event.exchanges),
        carrier_request_ids=[exchange.request_id for exchange in event.exchanges if exchange.request_id][-_IDS_SHOWN:],
        **{"carrier_code": event.carrier_code} if event.carrier_code else {},
    )


def _observer(relay: Any) -> Observer:
    return lambda event: relay.observe(event=event)
