"""Around every request: its id, one line in the log, a count, HEAD, and a clean break where a stream fails."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

import structlog
from litestar import Litestar
from litestar.types import Message, Receive, Send

from trunkline_service.logs import get_logger, where
from trunkline_service.metrics import Metrics
from trunkline_service.unread import Body

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_log = get_logger()


class Frame:
    """The ASGI application that the server runs: Litestar inside, this around it."""

    def __init__(self, app: Litestar, metrics: Metrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one request, or pass the lifespan on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        status: int | None = None
        finished = False
        body = Body(scope, receive)

        async def send_on(message: Message) -> None:
            nonlocal status, finished
            if message["type"] == "http.response.start":
                status = message["status"]
                await body.drop()
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            elif message["type"] == "http.response.body":
                finished = not message.get("more_body", False)
            await send(message)

        inner: Any = {**scope, "state": dict(scope.get("state") or {})}
        inner["method"] = "GET" if scope["method"] == "HEAD" else scope["method"]
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(inner, body.receive, send_on)
            except Exception as error:
                # Returning without the last chunk makes the server break the connection off.
                _log.error("answer_broken_off", error=where(error))
            finally:
                # A request that is cut off while the server stops, too.
                seconds, route = time.perf_counter() - started, inner.get("path_template")
                self._metrics.count_request(scope["method"], route, status if finished else None, seconds)
                _log.info(
                    "request",
                    method=scope["method"],
                    route=route,
                    status=status,
                    finished=finished,
                    organization=inner["state"].get("organization"),
                    ms=round(seconds * 1000, 1),
                )


def _request_id(scope: Any) -> str:
    """The caller's own id of the request if it is a plain word, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(text := value.decode("latin-1")):
            return str(text)
    return uuid.uuid4().hex
