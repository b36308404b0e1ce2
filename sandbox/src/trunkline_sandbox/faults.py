"""Faults on demand: which requests they strike, how often, and what they do to an answer."""

import itertools
import json
import re
import threading
from collections.abc import Iterator
from typing import Any, Literal, get_args

import attrs

from .carrier import Carrier, Request, Response, encode_json

Kind = Literal[
    "status",
    "html",
    "empty",
    "wrong_content_type",
    "truncated_json",
    "cut_short",
    "oversized",
    "patch_json",
    "repeat_page",
    "slow",
    "timeout_before",
    "timeout_after",
    "timeout_late",
    "reset_before",
    "reset_after",
]
KINDS: tuple[str, ...] = get_args(Kind)

NEVER_PROCESSED = frozenset({"status", "html", "empty", "timeout_before", "reset_before"})
"""Faults that keep the request from the carrier: a write they strike is not applied.

With `timeout_late` it is applied `seconds` later, when nobody waits for the answer any more.
"""

SILENT = frozenset({"timeout_before", "timeout_after", "timeout_late"})
"""Faults after which the connection stays open and nothing is ever said on it."""

RESETTING = frozenset({"reset_before", "reset_after"})
"""Faults after which the connection is reset."""


def _known_kind(_: Any, __: Any, value: str) -> None:
    if value not in KINDS:
        raise ValueError(f"no such fault: {value!r}; there are {', '.join(KINDS)}")


def _compiled(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    return re.compile(pattern)


@attrs.define(eq=False)
class Fault:
    """One fault: it strikes the requests that match, after the first `after` of them, `times` times or forever."""

    kind: Kind = attrs.field(validator=_known_kind)
    method: str | None = None
    path: re.Pattern[str] = attrs.field(default="", converter=_compiled)
    """Searched in the decoded path; matches anywhere unless anchored."""
    host: str | None = None
    account: str | None = None
    times: int | None = 1
    """None: forever."""
    after: int = 0
    status: int | None = None
    body: str | None = None
    json: Any = None
    headers: dict[str, str] = attrs.Factory(dict)
    seconds: float = 1.0
    size: int = 64 * 1024 * 1024
    patch: Any = None
    id: int = attrs.field(default=0, init=False)
    seen: int = attrs.field(default=0, init=False)
    struck: int = attrs.field(default=0, init=False)

    def matches(self, request: Request, account: str | None) -> bool:
        """Whether the request is of the sort this fault strikes."""
        if self.method is not None and self.method.upper() != request.method:
            return False
        if self.host is not None and self.host.lower() != request.host.partition(":")[0]:
            return False
        if self.account is not None and self.account != account:
            return False
        return self.path.search(request.decoded_path) is not None

    def spent(self) -> bool:
        """Whether it will never strike again."""
        return self.times is not None and self.struck >= self.times

    def described(self) -> dict[str, Any]:
        """The fault as control shows it."""
        shown = attrs.asdict(self)
        shown["path"] = self.path.pattern
        return shown


class Faults:
    """The faults in force, first added first asked; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force."""
        with self._lock:
            fault.id = next(self._ids)
            self._faults.append(fault)
        return fault

    def remove(self, fault_id: int) -> bool:
        """Lift one fault; says whether it was there."""
        with self._lock:
            kept = [fault for fault in self._faults if fault.id != fault_id]
            found = len(kept) < len(self._faults)
            self._faults = kept
        return found

    def clear(self) -> None:
        """Lift all faults."""
        with self._lock:
            self._faults = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults.copy())

    def __len__(self) -> int:
        return len(self._faults)

    def strike(self, request: Request, account: str | None) -> Fault | None:
        """The fault that befalls this request, if any; counts it as having struck."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                if fault.spent() or not fault.matches(request, account):
                    continue
                fault.seen += 1
                if fault.seen > fault.after:
                    fault.struck += 1
                    return fault
        return None


_UNTOUCHED = object()


def merged(payload: Any, patch: Any) -> Any:
    """The payload with the patch laid over it.

    Objects merge key by key and null is a value like any other. `"*"` stands for every item of an array, a number for
    one of them, and `"$remove"` lists keys to leave out.
    """
    if not isinstance(patch, dict):
        return patch
    if isinstance(payload, list):
        chosen = [patch.get(str(at), patch.get("*", _UNTOUCHED)) for at in range(len(payload))]
        return [item if part is _UNTOUCHED else merged(item, part) for item, part in zip(payload, chosen, strict=True)]
    result = dict(payload) if isinstance(payload, dict) else {}
    for key, value in patch.items():
        if key == "$remove":
            for name in value:
                result.pop(name, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


_ERROR_PAGE = "<html><head><title>{0} Error</title></head><body><h1>{0} Error</h1><hr>gateway</body></html>"


def answer_instead(fault: Fault) -> Response:
    """What is answered in the carrier's place, which never saw the request."""
    headers = tuple(fault.headers.items())
    if fault.kind == "empty":
        return Response(fault.status or 200, b"", headers=headers)
    if fault.kind == "html":
        status = fault.status or 502
        page = fault.body if fault.body is not None else _ERROR_PAGE.format(status)
        return Response(status, page.encode(), "text/html; charset=utf-8", headers)
    status = fault.status or 500
    if fault.body is not None:
        looks_like_html = fault.body.lstrip().startswith("<")
        return Response(status, fault.body.encode(), "text/html" if looks_like_html else "text/plain", headers)
    if fault.json is not None:
        return Response.of_json(status, fault.json, headers)
    return Response(status, headers=headers)


def spoilt(fault: Fault, carrier: Carrier, request: Request, response: Response) -> Response:
    """The carrier's own answer after the fault has been at it."""
    match fault.kind:
        case "wrong_content_type":
            return attrs.evolve(response, content_type=fault.headers.get("Content-Type", "text/plain"))
        case "truncated_json":
            return attrs.evolve(response, body=response.body[: len(response.body) // 2])
        case "oversized":
            return attrs.evolve(response, body=response.body + b" " * max(0, fault.size - len(response.body)))
        case "patch_json":
            payload = merged(json.loads(response.body or b"null"), fault.patch)
        case "repeat_page":
            payload = carrier.with_repeated_page(request, json.loads(response.body or b"null"))
        case _:
            return response
    return attrs.evolve(response, body=encode_json(payload).encode(), status=fault.status or response.status)
