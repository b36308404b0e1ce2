"""What this process counts, in the form that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPMethod

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from trunkline.events import Event

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 60.0, 120.0, 300.0)
_METHODS = frozenset(HTTPMethod)


class Metrics:
    """Counters of one process; every label has few values, and none of them tells of a customer."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._calls = Counter(
            "trunkline_carrier_calls",
            "Calls that reached a provider's plugin, by how they ended: ok, or the error's code.",
            ["provider", "hook", "code"],
            registry=registry,
        )
        self._call_seconds = Histogram(
            "trunkline_carrier_call_seconds",
            "How long calls of a provider's plugin took.",
            ["provider", "hook"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._carrier_requests = Counter(
            "trunkline_carrier_requests",
            "Requests sent to carriers over HTTP and SIP, by the status of their answer; none where no answer came.",
            ["provider", "status"],
            registry=registry,
        )
        self._requests = Counter(
            "trunkline_http_requests",
            "Requests served, by route and status; a status of broken_off stands for an answer that was not finished.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._request_seconds = Histogram(
            "trunkline_http_request_seconds",
            "How long requests took, to the last byte of their answer.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=registry,
        )

    def count_call(self, event: Event) -> None:
        """Count one call of a provider's plugin."""
        self._calls.labels(event.provider, event.hook, event.code).inc()
        self._call_seconds.labels(event.provider, event.hook).observe(event.seconds)
        for exchange in event.exchanges:
            self._carrier_requests.labels(event.provider, exchange.status or "none").inc()

    def count_request(self, method: str, route: str | None, status: int | None, seconds: float) -> None:
        """Count one request; `route` is its template, and no `status` says that the answer was broken off."""
        method = method if method in _METHODS else "other"
        route = route or "unmatched"
        self._requests.labels(method, route, status or "broken_off").inc()
        self._request_seconds.labels(method, route).observe(seconds)

    def show_queue(self, depth: Callable[[], float]) -> None:
        """Show how many import jobs are unfinished, asked at each scrape; not a number where that cannot be told."""

        def told() -> float:
            try:
                return depth()
            except Exception:
                return float("nan")

        told_of = "Import jobs that are not finished, of all processes."
        Gauge("trunkline_unfinished_import_jobs", told_of, registry=self._registry).set_function(told)

    def as_text(self) -> bytes:
        """All of it, in Prometheus's text format."""
        return generate_latest(self._registry)
