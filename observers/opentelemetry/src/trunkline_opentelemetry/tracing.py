"""A span for each call that reached a carrier, with an event for each request that it sent."""

from __future__ import annotations

from importlib.metadata import version

from opentelemetry.trace import SpanKind, Status, StatusCode, TracerProvider, get_tracer
from opentelemetry.util.types import AttributeValue

from trunkline.checks import Exchange
from trunkline.events import Event
from trunkline.hookspec import hookimpl

_NANOSECONDS = 1_000_000_000


class Tracing:
    """Makes spans with the given tracer provider, or with the process's own.

    A span is the child of whatever span is current where the engine is called.
    """

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._tracer = get_tracer("trunkline", version("trunkline-opentelemetry"), provider)

    @hookimpl
    def observe(self, event: Event) -> None:
        """Make the span of a call that has ended."""
        end = int(event.at.timestamp() * _NANOSECONDS)
        span = self._tracer.start_span(
            f"{event.provider} {event.hook}",
            kind=SpanKind.CLIENT,
            start_time=end - int(event.seconds * _NANOSECONDS),
            attributes=_known({"trunkline.provider": event.provider, "trunkline.hook": event.hook}),
        )
        for exchange in event.exchanges:
            # The wire keeps how long a request took, not when it left: all of them stand at the end.
            span.add_event("carrier request", _of_exchange(exchange), end)
        if event.code != "ok":
            span.set_status(Status(StatusCode.ERROR, event.code))
            span.set_attributes(
                _known(
                    {
                        "error.type": event.code,
                        "trunkline.carrier_code": event.carrier_code,
                        "trunkline.carrier_request_id": event.request_id,
                    }
                )
            )
        span.end(end)


def _of_exchange(exchange: Exchange) -> dict[str, AttributeValue]:
    return _known(
        {
            "http.request.method": exchange.method,
            "server.address": exchange.host,
            "url.template": exchange.path,
            "http.response.status_code": exchange.status,
            "trunkline.carrier_request_id": exchange.request_id,
            "trunkline.seconds": exchange.seconds,
        }
    )


def _known(attributes: dict[str, AttributeValue | None]) -> dict[str, AttributeValue]:
    return {name: value for name, value in attributes.items() if value is not None}
