"""Control: what a person or a test may see and turn, as JSON under /_sandbox/ on the carrier's own port."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import attrs

from .carrier import Request, Response, UnknownThing
from .faults import Fault

if TYPE_CHECKING:
    from .sandbox import Sandbox

Handler = Callable[..., Any]

_SETTABLE = {field.name for field in attrs.fields(Fault) if field.init}


class Control:
    """The control endpoints of one sandbox."""

    def __init__(self, sandbox: "Sandbox[Any]") -> None:
        self._sandbox = sandbox
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "carrier", self._carrier),
            ("GET", "accounts", self._accounts),
            ("GET", "state", self._state),
            ("GET", "requests", self._requests),
            ("DELETE", "requests", self._forget_requests),
            ("PUT", "requests", self._keep_requests),
            ("GET", "faults", self._faults),
            ("POST", "faults", self._add_fault),
            ("DELETE", "faults", self._clear_faults),
            ("DELETE", "faults/([0-9]+)", self._remove_fault),
            ("GET", "latency", self._latency),
            ("PUT", "latency", self._set_latency),
            ("GET", "limits", self._limits),
            ("PUT", "limits", self._set_limits),
            ("POST", "reset", self._reset),
            ("PATCH", "accounts/([^/]+)/([^/]+)/([^/]+)", self._change),
            ("DELETE", "accounts/([^/]+)/([^/]+)/([^/]+)", self._remove),
        ]
        self._routes = [(method, re.compile(f"/_sandbox/{path}/?"), handler) for method, path, handler in routes]

    def handle(self, request: Request) -> Response:
        """Answer one control request."""
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                return self._answered(handler, request, [unquote(part) for part in found.groups()])
        return Response.of_json(404, {"error": f"no {request.method} {request.path} here"})

    def _answered(self, handler: Handler, request: Request, parts: list[str]) -> Response:
        body = [request.json() or {}] if request.method in {"POST", "PUT", "PATCH"} else []
        try:
            answer = handler(*parts, *body)
        except UnknownThing as missing:
            return Response.of_json(404, {"error": str(missing)})
        except (ValueError, TypeError, KeyError, re.error) as wrong:
            return Response.of_json(400, {"error": f"{type(wrong).__name__}: {wrong}"})
        return Response(204) if answer is None else Response.of_json(200, answer)

    def _carrier(self) -> Any:
        sandbox = self._sandbox
        return {"name": sandbox.carrier.name, "hosts": sorted(sandbox.carrier.hosts), "sip": sandbox.sip_address}

    def _accounts(self) -> Any:
        return [attrs.asdict(entry) for entry in self._sandbox.carrier.listing()]

    def _state(self) -> Any:
        with self._sandbox.carrier.lock:
            return self._sandbox.carrier.state()

    def _requests(self) -> Any:
        return [entry.described() for entry in self._sandbox.requests]

    def _forget_requests(self) -> None:
        self._sandbox.requests.clear()

    def _keep_requests(self, body: dict[str, Any]) -> Any:
        self._sandbox.requests.keep = int(body["keep"])
        return {"keep": self._sandbox.requests.keep}

    def _faults(self) -> Any:
        return [fault.described() for fault in self._sandbox.faults]

    def _add_fault(self, body: dict[str, Any]) -> Any:
        unknown = body.keys() - _SETTABLE
        if unknown:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
        return self._sandbox.faults.add(Fault(**body)).described()

    def _clear_faults(self) -> None:
        self._sandbox.faults.clear()

    def _remove_fault(self, fault_id: str) -> None:
        if not self._sandbox.faults.remove(int(fault_id)):
            raise UnknownThing(f"no fault {fault_id}")

    def _latency(self) -> Any:
        return {"ms": self._sandbox.latency_ms}

    def _set_latency(self, body: dict[str, Any]) -> Any:
        self._sandbox.latency_ms = float(body["ms"])
        return self._latency()

    def _limits(self) -> Any:
        chosen = self._sandbox.concurrency
        return {"concurrency": self._sandbox.carrier.concurrency if chosen is None else chosen}

    def _set_limits(self, body: dict[str, Any]) -> Any:
        chosen = body["concurrency"]
        self._sandbox.concurrency = None if chosen is None else int(chosen)
        return self._limits()

    def _reset(self, _: dict[str, Any]) -> None:
        self._sandbox.reset()

    def _change(self, account: str, collection: str, name: str, fields: dict[str, Any]) -> Any:
        with self._sandbox.carrier.lock:
            return self._sandbox.carrier.change(account, collection, name, fields)

    def _remove(self, account: str, collection: str, name: str) -> None:
        with self._sandbox.carrier.lock:
            self._sandbox.carrier.remove(account, collection, name)
