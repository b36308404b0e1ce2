"""Pages of a list, by number and size."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from trunkline_sandbox.carrier import Response

from .errors import invalid
from .routing import Call

T = TypeVar("T")
LARGEST = 250


def page(call: Call, items: Sequence[T], show: Callable[[T], dict[str, Any]], default: int = LARGEST) -> Response:
    """The page that the request asks for; one past the end is empty."""
    size = _whole(call, "page[size]", default, LARGEST)
    number = _whole(call, "page[number]", 1, 10**9)
    part = items[(number - 1) * size : number * size]
    meta = {
        "page_number": number,
        "page_size": size,
        "total_pages": -(-len(items) // size),
        "total_results": len(items),
    }
    return Response.of_json(200, {"data": [show(item) for item in part], "meta": meta})


def _whole(call: Call, name: str, default: int, high: int) -> int:
    written = call.query.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,10}", written) or not 1 <= int(written) <= high:
        raise invalid(f"Invalid pagination: {name} must be between 1 and {high}", name.replace("[", "/").rstrip("]"))
    return int(written)


def with_repeated_page(payload: Any) -> Any:
    """The page with the claim that one more follows it."""
    if isinstance(payload, dict) and isinstance(payload.get("meta"), dict):
        meta = payload["meta"]
        return {**payload, "meta": {**meta, "total_pages": meta["page_number"] + 1}}
    return payload
