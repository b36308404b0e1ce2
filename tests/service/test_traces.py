"""Traces: a request, and inside it the carrier calls that it led to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from acme import KEY
from harness import CONNECTIONS, NUMBERS, World, draft, world_on
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from trunkline.checks import Exchange
from trunkline.engine import utc_now
from trunkline.events import Event
from trunkline_opentelemetry import Tracing

CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "_TRACER_PROVIDER", provider)
        yield exporter
    provider.shutdown()


@pytest.fixture
def world(spans: InMemorySpanExporter, tmp_path: Path) -> Iterator[World]:
    with world_on(f"sqlite:///{tmp_path / 'service.db'}", tmp_path) as made:
        yield made


def named(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


def test_a_carrier_call_is_inside_the_request_and_that_inside_the_caller_s_trace(
    world: World, spans: InMemorySpanExporter
) -> None:
    headers = {"traceparent": f"00-{CALLER}-00f067aa0ba902b7-01", "X_Request_Id": "ticket-4711"}
    assert world.post(f"{CONNECTIONS}/test", draft(), **headers).status_code == 201
    assert world.http.get("/v1/readyz").status_code == 200
    seen = named(spans)
    request, call = seen.pop(f"POST {CONNECTIONS}/test"), seen.pop("acme test_credentials")
    assert set(seen) == {"acme suggest_name"}
    assert request.attributes
    assert request.attributes["trunkline.request_id"] == "ticket-4711"
    assert call.parent
    assert call.parent.span_id == request.context.span_id
    assert f"{call.context.trace_id:032x}" == CALLER


def test_no_span_holds_a_secret(world: World, spans: InMemorySpanExporter) -> None:
    connection = world.connect()["id"]
    world.carrier.fail["list_numbers"] = RuntimeError(f"tells {KEY}")
    world.get(f"{CONNECTIONS}/{connection}/available-numbers")
    world.import_(connection, *NUMBERS)
    told = "".join(span.to_json() for span in spans.get_finished_spans())
    assert "acme import_number" in told
    assert "plugin_broken" in told
    assert KEY not in told
    assert world.key not in told


def test_a_span_tells_what_was_asked_and_how_it_ended(spans: InMemorySpanExporter) -> None:
    exchange = Exchange("GET", "api.acme.test", "/accounts/{apiKey}", 403, "RQ1", 0.25)
    nowhere = Exchange("GET", "api.acme.test", "/numbers", None, None, 0.5)
    at = utc_now()
    Tracing().observe(Event("acme", "list_numbers", "carrier_refused", 1.5, at, (exchange, nowhere), "21211", "RQ1"))
    Tracing().observe(Event("acme", "suggest_name", "ok", 0.1, at))
    refused, fine = spans.get_finished_spans()
    assert refused.end_time
    assert refused.start_time
    assert refused.end_time - refused.start_time == 1_500_000_000
    assert refused.status.status_code is trace.StatusCode.ERROR
    assert dict(refused.attributes or {}) == {
        "trunkline.provider": "acme",
        "trunkline.hook": "list_numbers",
        "error.type": "carrier_refused",
        "trunkline.carrier_code": "21211",
        "trunkline.carrier_request_id": "RQ1",
    }
    assert [dict(event.attributes or {}) for event in refused.events] == [
        {
            "http.request.method": "GET",
            "server.address": "api.acme.test",
            "url.template": "/accounts/{apiKey}",
            "http.response.status_code": 403,
            "trunkline.carrier_request_id": "RQ1",
            "trunkline.seconds": 0.25,
        },
        {
            "http.request.method": "GET",
            "server.address": "api.acme.test",
            "url.template": "/numbers",
            "trunkline.seconds": 0.5,
        },
    ]
    assert fine.status.is_unset
