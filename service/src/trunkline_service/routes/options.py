"""`OPTIONS`: which methods an address takes.

Litestar answers by itself, but where handlers of one path stand apart it names only the first one's methods.
"""

from __future__ import annotations

from collections.abc import Iterable

from litestar import HttpMethod, Response, route
from litestar.handlers import HTTPRouteHandler


def options_for(handlers: Iterable[HTTPRouteHandler]) -> list[HTTPRouteHandler]:
    """A handler of OPTIONS for each path of these handlers."""
    methods: dict[str, set[str]] = {}
    for handler in handlers:
        for path in handler.paths:
            methods.setdefault(path, {"OPTIONS"}).update(handler.http_methods)
    return [_options(path, sorted(names)) for path, names in methods.items()]


def _options(path: str, methods: list[str]) -> HTTPRouteHandler:
    if "GET" in methods:
        methods = sorted([*methods, "HEAD"])

    @route(path, http_method=HttpMethod.OPTIONS, status_code=204, include_in_schema=False, sync_to_thread=False)
    def options() -> Response[None]:
        return Response(content=None, status_code=204, headers={"Allow": ", ".join(methods)})

    return options
