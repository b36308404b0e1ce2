"""Every value of a recorded exchange with the place it stands in: addresses, headers, forms and JSON alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlsplit

import attrs

from trunkline_conformance.cassettes import Interaction

Leaf = str | int | float
FORM = "application/x-www-form-urlencoded"


@attrs.frozen
class Place:
    """Where a value stands. `names` leads to it, a list's items by their number; the first says in which part."""

    at: int
    side: Literal["request", "response"]
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"interaction {self.at + 1}, {self.side} {'.'.join(self.names)}"

    @property
    def name(self) -> str:
        """The name of the field that the value belongs to."""
        return next(each for each in reversed(self.names) if not each.isdigit())

    def below(self, name: object) -> Place:
        """A place inside this one."""
        return attrs.evolve(self, names=(*self.names, str(name)))


Change = Callable[[Place, Leaf], Leaf]


def rewritten(interaction: Interaction, at: int, change: Change) -> Interaction:
    """The exchange with every value as `change` gives it; only true, false, null and names stand by themselves.

    A body that is neither JSON nor a form gives way to a remark, since nothing can be said of its parts.
    """
    asked, answered = Place(at, "request", ()), Place(at, "response", ())
    request, response = interaction.request, interaction.response
    return attrs.evolve(
        interaction,
        request={
            "method": request["method"],
            "uri": address_rewritten(request["uri"], asked, change),
            "body": _body(request.get("body"), request.get("headers"), asked.below("body"), change) or None,
            "headers": _headers(request.get("headers"), asked, change),
        },
        response={
            "status": dict(response["status"]),
            "headers": _headers(response.get("headers"), answered, change),
            "body": {
                "string": _body(
                    (response.get("body") or {}).get("string"), response.get("headers"), answered.below("body"), change
                )
            },
        },
    )


def leaves(interaction: Interaction, at: int) -> list[tuple[Place, Leaf]]:
    """Every value, in the order in which it was said, with the names of fields among them."""
    found: list[tuple[Place, Leaf]] = []

    def note(place: Place, leaf: Leaf) -> Leaf:
        found.append((place, leaf))
        return leaf

    rewritten(interaction, at, note)
    names = {(place.at, place.side, name): place for place, _ in found for name in place.names[1:]}
    return [*found, *((place, name) for (_, _, name), place in names.items())]


def address_rewritten(address: str, place: Place, change: Change) -> str:
    """An address, whole or from its path on, with host, segments of the path and query rewritten."""
    parts = urlsplit(address)
    host = change(place.below("host"), parts.netloc) if parts.netloc else ""
    segments = parts.path.split("/")
    path = "/".join(
        str(change(place.below("path").below(number), each)) if each else "" for number, each in enumerate(segments)
    )
    query = _pairs(parts.query, place.below("query"), change)
    return f"{parts.scheme + '://' if parts.scheme else ''}{host}{path}{'?' + query if query else ''}"


def _pairs(encoded: str, place: Place, change: Change) -> str:
    """A query or a form; one in which nothing changes stays as it was written."""
    pairs = parse_qsl(encoded, keep_blank_values=True)
    changed = [(name, change(place.below(name), value)) for name, value in pairs]
    if changed == pairs:
        return encoded
    return "&".join(f"{quote(name, safe='[]')}={quote(str(value), safe='{}')}" for name, value in changed)


def _headers(headers: Mapping[str, Any] | None, place: Place, change: Change) -> dict[str, list[str]]:
    return {
        name: [str(change(place.below("header").below(name), each)) for each in _listed(values)]
        for name, values in (headers or {}).items()
    }


def _listed(values: Any) -> list[str]:
    return [values] if isinstance(values, str) else list(values)


def _body(body: str | None, headers: Mapping[str, Any] | None, place: Place, change: Change) -> str:
    if not body:
        return ""
    kind = next(
        (str(_listed(value)[0]) for name, value in (headers or {}).items() if name.lower() == "content-type"), ""
    )
    if kind.startswith(FORM):
        return _pairs(body, place, change)
    try:
        content = json.loads(body)
    except ValueError:
        return f"<p>{kind or 'what stood here'} is not recorded</p>"
    return json.dumps(json_rewritten(content, place, change), indent=2, ensure_ascii=False)


def json_rewritten(content: Any, place: Place, change: Change) -> Any:
    """JSON with every string and number as `change` gives it."""
    match content:
        case dict():
            return {name: json_rewritten(each, place.below(name), change) for name, each in content.items()}
        case list():
            return [json_rewritten(each, place.below(number), change) for number, each in enumerate(content)]
        case bool() | None:
            return content
    return change(place, content)
