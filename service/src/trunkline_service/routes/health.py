"""`/v1/healthz` and `/v1/readyz`: whether to restart this process, and whether to send it requests."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from trunkline_service.errors import ApiError, answer_error
from trunkline_service.logs import get_logger
from trunkline_service.readiness import why_not_ready
from trunkline_service.routes.documented import errors
from trunkline_service.routes.reading import Serving
from trunkline_service.views import HealthView, ReadyView, answer

_log = get_logger()


@get("/v1/healthz", sync_to_thread=False, tags=["Health"], security=[{}])
def healthz() -> Response[HealthView]:
    """The process is up. Needs no key, asks nothing of the database."""
    return answer(HealthView(ok=True))


@get(
    "/v1/readyz",
    sync_to_thread=True,
    responses={503: errors("not_ready")[503]},
    tags=["Health"],
    security=[{}],
)
def readyz(service: Serving) -> Response[ReadyView]:
    """The process can serve requests: it is not about to stop, and has its database, the schema and the keys it needs.

    Needs no API key.
    """
    reason = why_not_ready(service)
    if reason is None:
        return answer(ReadyView(ready=True))
    _log.warning("not_ready", reason=reason)
    refusal: Response[Any] = answer_error(ApiError("not_ready", reason))
    return refusal


HANDLERS = [healthz, readyz]
