"""Pages of a list, in the two forms Twilio gives them: relative links in the 2010 API, absolute ones in the others."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import attrs

from trunkline_sandbox.carrier import JSON_TYPE, Response, encode_json

from .errors import invalid
from .parameters import whole
from .routing import Call

T = TypeVar("T")
PAGE_PARAMETERS = ("PageSize", "Page", "PageToken")
FORWARD, BACK = "PA", "PB"


@attrs.frozen
class Page(Generic[T]):
    """A slice of a list, and the tokens of its neighbours."""

    items: Sequence[T]
    start: int
    number: int
    size: int
    next_token: str | None
    previous_token: str | None


def cut(
    call: Call, items: Sequence[T], name_of: Callable[[T], str], place_of: Callable[[str], int | None] | None = None
) -> Page[T]:
    """The page that the request asks for."""
    query = call.query
    size = whole("PageSize", query.get("PageSize", "50"), 1, 1000)
    number = whole("Page", query.get("Page", "0"), 0, 999_999_999)
    token = query.get("PageToken", "")
    if number > 0 and not token:
        raise invalid("PageToken is required for paging.")
    start = _start(items, token, number, size, name_of, place_of) if token else 0
    part = items[start : start + size]
    more = start + len(part) < len(items)
    return Page(
        items=part,
        start=start,
        number=number,
        size=size,
        next_token=FORWARD + name_of(part[-1]) if part and more else None,
        previous_token=BACK + name_of(part[0]) if part and start else None,
    )


def _start(
    items: Sequence[T],
    token: str,
    number: int,
    size: int,
    name_of: Callable[[T], str],
    place_of: Callable[[str], int | None] | None,
) -> int:
    direction, name = token[:2], token[2:]
    if direction not in (FORWARD, BACK):
        raise invalid("Invalid PageToken")
    if place_of is None:
        place = next((at for at, item in enumerate(items) if name_of(item) == name), None)
    else:
        place = place_of(name)
    if place is None:
        # What the token names has gone since: go by the number of the page.
        return number * size
    return place + 1 if direction == FORWARD else max(0, place - size)


def _links(call: Call, page: Page[Any]) -> dict[str, str | None]:
    kept = [(name, value) for name, value in call.query.items() if name not in PAGE_PARAMETERS]

    def link(number: int, token: str | None) -> str:
        paging = [("PageSize", str(page.size)), ("Page", str(number))]
        if token:
            paging.append(("PageToken", token))
        return f"{call.request.path}?{urlencode(kept + paging)}"

    return {
        "first": link(0, None),
        "this": link(page.number, call.query.get("PageToken")),
        "next": link(page.number + 1, page.next_token) if page.next_token else None,
        "previous": link(max(0, page.number - 1), page.previous_token) if page.previous_token else None,
    }


def page_of_2010(call: Call, key: str, page: Page[T], encode: Callable[[T], bytes]) -> Response:
    """A page of the 2010 API, its items already in JSON."""
    links = _links(call, page)
    envelope = {
        "first_page_uri": links["first"],
        "next_page_uri": links["next"],
        "previous_page_uri": links["previous"],
        "uri": links["this"],
        "page": page.number,
        "page_size": page.size,
        "start": page.start,
        "end": page.start + max(0, len(page.items) - 1),
    }
    # Numbers keep their JSON: joining a thousand of them takes a hundredth of encoding them again.
    items = b",".join([encode(item) for item in page.items])
    return Response(200, b'{"%s":[%s],%s' % (key.encode(), items, encode_json(envelope).encode()[1:]), JSON_TYPE)


def page_of_v1(call: Call, product: str, key: str, page: Page[T], show: Callable[[T], dict[str, Any]]) -> Response:
    """A page of the v1 and v2 APIs."""
    links = {name: call.url(product, link) if link else None for name, link in _links(call, page).items()}
    meta = {
        "key": key,
        "page": page.number,
        "page_size": page.size,
        "first_page_url": links["first"],
        "next_page_url": links["next"],
        "previous_page_url": links["previous"],
        "url": links["this"],
    }
    return Response.of_json(200, {key: [show(item) for item in page.items], "meta": meta})


def with_repeated_page(payload: Any) -> Any:
    """The page with its link to the next one pointing to itself."""
    if isinstance(payload, dict) and "next_page_uri" in payload:
        return {**payload, "next_page_uri": payload["uri"]}
    if isinstance(payload, dict) and isinstance(payload.get("meta"), dict):
        return {**payload, "meta": {**payload["meta"], "next_page_url": payload["meta"]["url"]}}
    return payload
