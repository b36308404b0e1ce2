"""Pages of a list: links with a cursor in the newer APIs, `next_page_uri` in the compatibility API."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from trunkline_sandbox.carrier import JSON_TYPE, Response, encode_json

from .errors import Refusal
from .routing import Call

T = TypeVar("T")
PAGING = ("page_size", "page_number", "page_token")
AFTER, EMPTY = "PA", "PE"


def whole(text: str, low: int, high: int) -> int:
    """A whole number within bounds; a bad request otherwise."""
    if not text.isdigit() or not low <= int(text) <= high:
        raise Refusal(400)
    return int(text)


def links_page(
    call: Call,
    items: Sequence[T],
    name_of: Callable[[T], str],
    encode: Callable[[T], bytes],
    place_of: Callable[[str], int | None] | None = None,
) -> Response:
    """A page with `links` and `data`; `next` is there only when there is more."""
    size = whole(call.query.get("page_size", "50"), 1, 1000)
    number = whole(call.query.get("page_number", "0"), 0, 10**9)
    token = call.query.get("page_token", "")
    if number and not token:
        raise Refusal(400)
    start = _place(token, items, name_of, place_of)
    if token.startswith(EMPTY):
        part: Sequence[T] = ()
        following: str | None = AFTER + token[2:]
    else:
        part = items[start : start + size]
        more = start + len(part) < len(items)
        following = (EMPTY if call.project.switches.empty_pages else AFTER) + name_of(part[-1]) if more else None
    links = {"self": call.origin + call.request.target, "first": _link(call, size, 0, "")}
    if following:
        links["next"] = _link(call, size, number + 1, following)
    if number:
        links["prev"] = _link(call, size, number - 1, token if number > 1 else "")
    if call.project.switches.links == "relative":
        links = {name: link[len(call.origin) :] for name, link in links.items()}
    data = b",".join([encode(item) for item in part])
    return Response(200, b'{"links":%s,"data":[%s]}' % (encode_json(links).encode(), data), JSON_TYPE)


def _place(
    token: str, items: Sequence[T], name_of: Callable[[T], str], place_of: Callable[[str], int | None] | None
) -> int:
    if not token:
        return 0
    if token[:2] not in (AFTER, EMPTY):
        raise Refusal(400)
    name = token[2:]
    if place_of is not None:
        place = place_of(name)
    else:
        place = next((at for at, item in enumerate(items) if name_of(item) == name), None)
    if place is None:
        raise Refusal(400)
    return place + 1


def _link(call: Call, size: int, number: int, token: str) -> str:
    kept = [(name, value) for name, value in call.query.items() if name not in PAGING]
    paging = [("page_number", str(number)), ("page_size", str(size)), *([("page_token", token)] if token else [])]
    return f"{call.origin}{call.request.path}?{urlencode(kept + paging)}"


def laml_page(call: Call, key: str, items: Sequence[T], show: Callable[[T], dict[str, Any]]) -> Response:
    """A page of the compatibility API, whose links are relative."""
    size = whole(call.query.get("PageSize", "50"), 1, 1000)
    number = whole(call.query.get("Page", "0"), 0, 10**6)
    if number and not call.query.get("PageToken", "").startswith("PA"):
        raise Refusal(400)
    part = items[number * size : (number + 1) * size]
    more = (number + 1) * size < len(items)
    kept = [(name, value) for name, value in call.query.items() if name not in ("Page", "PageSize", "PageToken")]

    def link(to: int) -> str:
        paging = [("Page", str(to)), ("PageSize", str(size)), *([("PageToken", f"PA{to}")] if to else [])]
        return f"{call.request.path}?{urlencode(kept + paging)}"

    return Response.of_json(
        200,
        {
            "uri": link(number),
            "first_page_uri": link(0),
            "next_page_uri": link(number + 1) if more else None,
            "previous_page_uri": link(number - 1) if number else None,
            "page": number,
            "page_size": size,
            key: [show(item) for item in part],
        },
    )


def with_repeated_page(payload: Any) -> Any:
    """The page with its link to the next one pointing to itself."""
    if isinstance(payload, dict) and isinstance(payload.get("links"), dict):
        return {**payload, "links": {**payload["links"], "next": payload["links"]["self"]}}
    if isinstance(payload, dict) and "next_page_uri" in payload:
        return {**payload, "next_page_uri": payload["uri"]}
    return payload
