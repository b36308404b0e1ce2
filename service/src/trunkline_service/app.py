"""The application: routes, error shapes and the OpenAPI document, in one ASGI app."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from trunkline_service import tracing
from trunkline_service.background import start as start_background
from trunkline_service.bodies import MAX_BYTES
from trunkline_service.errors import CODES, answer_error, as_api_error
from trunkline_service.frame import Frame
from trunkline_service.logs import get_logger, place_only, where
from trunkline_service.routes import HANDLERS
from trunkline_service.service import Service

# A request that asks a carrier waits in its thread, so there are far more of them than processors.
_THREADS = 128

_log = get_logger()


def create_app(service: Service, *, background: bool = True) -> Frame:
    """The ASGI application of a service; `background` looks after what was left behind and warms the plugins up."""
    app = Litestar(
        # As one router: handlers of one path that are registered one by one are sent to threads twice over.
        route_handlers=[Router("/", route_handlers=HANDLERS)],
        dependencies={"service": Provide(lambda: service, sync_to_thread=False)},
        signature_types=[Service],
        middleware=tracing.middleware(),
        exception_handlers={Exception: _answer_anything_raised},
        request_max_body_size=MAX_BYTES,
        lifespan=[lambda _: _running(service, background)],
        openapi_config=_openapi(),
        logging_config=None,
    )
    return Frame(app, service.metrics)


def _answer_anything_raised(request: Request[Any, Any, Any], raised: Exception) -> Response[Any]:
    error = as_api_error(raised)
    if error.code in ("internal", "overloaded"):
        _log.error("request_failed", code=error.code, error=where(raised))
    elif error.status >= 500:
        _log.warning("carrier_failed", code=error.code, detail=place_only(getattr(raised, "detail", "")))
    return answer_error(error)


@asynccontextmanager
async def _running(service: Service, background: bool) -> AsyncIterator[None]:
    """Threads for requests, and for what goes on behind them."""
    stopped = threading.Event()
    executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="request")
    asyncio.get_running_loop().set_default_executor(executor)
    threads: list[threading.Thread] = []
    if background:
        threads = start_background(service, stopped)
        threading.Thread(target=_warm_up, args=[service], name="warm-up", daemon=True).start()
    try:
        yield
    finally:
        stopped.set()
        executor.shutdown(wait=True)
        for thread in threads:
            thread.join()


def _warm_up(service: Service) -> None:
    """Load what first calls need, and take it out of the garbage collector's sight."""
    for engine in service.engines.values():
        engine.warm_up()
    # The SDKs stay for good, and looking through them all once more holds every request up for a fifth of a second.
    gc.collect()
    gc.freeze()


def _openapi() -> OpenAPIConfig:
    codes = "\n".join(f"| `{code}` | {meaning.status} | {meaning.when} |" for code, meaning in CODES.items())
    return OpenAPIConfig(
        title="Trunkline",
        version=version("trunkline-service"),
        description=(
            "Connect a customer's own telephony carrier to a voice platform.\n\nEvery error is an `ErrorView`; these "
            f"are its codes.\n\n| code | status | when |\n|---|---|---|\n{codes}"
        ),
        path="/schema",
        operation_id_creator=lambda handler, method, path: handler.handler_name,
        render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"]), YamlRenderPlugin(path="/openapi.yaml")],
        components=Components(
            security_schemes={
                "apiKey": SecurityScheme(
                    type="http", scheme="bearer", description="`sk_live_…`, or `sk_test_…` for sandbox carriers."
                )
            }
        ),
        security=[{"apiKey": []}],
    )
