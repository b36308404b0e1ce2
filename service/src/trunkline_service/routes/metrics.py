"""`/metrics`: for the operator's Prometheus, behind a token of its own; no API key opens it."""

from __future__ import annotations

import hashlib
import hmac

from litestar import Response, get
from prometheus_client import CONTENT_TYPE_LATEST

from trunkline_service.auth import CHALLENGE
from trunkline_service.errors import ApiError, not_found
from trunkline_service.routes.reading import Req, Serving


@get("/metrics", sync_to_thread=True, include_in_schema=False)
def read_metrics(request: Req, service: Serving) -> Response[bytes]:
    """What this process counted. Not found where no token is set."""
    if service.metrics_token is None:
        raise not_found()
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    token = hashlib.sha256(given.strip().encode()).digest()
    if scheme.lower() != "bearer" or not hmac.compare_digest(token, service.metrics_token):
        raise ApiError("unknown_key", "Send the token that the operator set for metrics.", headers=CHALLENGE)
    return Response(service.metrics.as_text(), headers={"Content-Type": CONTENT_TYPE_LATEST})


HANDLERS = [read_metrics]
