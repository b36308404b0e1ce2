"""`/v1/healthz`."""

from __future__ import annotations

from litestar import Response, get

from trunkline_service.views import HealthView, answer


@get("/v1/healthz", sync_to_thread=False, tags=["Health"], security=[{}])
def healthz() -> Response[HealthView]:
    """The process is up. Needs no key, asks nothing of the database."""
    return answer(HealthView(ok=True))


HANDLERS = [healthz]
