"""Spans of requests, in a process started with OpenTelemetry: `opentelemetry-instrument trunkline-service serve`.

Spans of the carrier calls inside them come from the observer `trunkline-opentelemetry`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from litestar.types import Middleware


def middleware() -> Sequence[Middleware]:
    """A span around each routed request; nothing where the `otel` extra or a tracer provider is missing."""
    try:
        from litestar.plugins.opentelemetry import OpenTelemetryConfig
        from opentelemetry import trace
    except ImportError:
        return []
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return []
    config = OpenTelemetryConfig(
        exclude=["^/v1/healthz$", "^/v1/readyz$", "^/metrics$"],
        exclude_spans=["receive", "send"],
        server_request_hook_handler=_name_request,
    )
    return [config.middleware]


def _name_request(span: Any, _: object) -> None:
    """So that a trace is found by the id in an answer, and in the log."""
    span.set_attribute("trunkline.request_id", structlog.contextvars.get_contextvars()["request_id"])
