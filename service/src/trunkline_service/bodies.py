"""Request bodies: read strictly from the raw bytes, every problem named by its field."""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypeVar

from litestar import Request

from trunkline.converter import structure
from trunkline_service.errors import ApiError, field_error

T = TypeVar("T")

MAX_BYTES = 256 * 1024
_MOST_FIELDS = 100
"""Of one object: an answer that names each unknown field must not grow far beyond the request."""


def read_body(request: Request[Any, Any, Any], body: bytes, kind: type[T]) -> T:
    """A `kind` of the request's JSON object."""
    return structure(read_object(request, body), kind)


def read_object(request: Request[Any, Any, Any], body: bytes) -> dict[str, Any]:
    """The request's JSON object."""
    media_type, *parameters = (part.strip().lower() for part in request.headers.get("content-type", "").split(";"))
    if media_type != "application/json" or any(each not in ("", "charset=utf-8") for each in parameters):
        raise ApiError("unsupported_media_type", "Send the body as application/json.")
    value = _parse(body)
    if type(value) is not dict:
        raise ApiError("invalid_json", "The body must be a JSON object.")
    return value


def refuse_fields(request: Request[Any, Any, Any], body: bytes) -> None:
    """For a route that takes an empty body or an empty object."""
    if body.strip():
        for name in read_object(request, body):
            raise field_error(_shown(name), "unknown field")


def _parse(body: bytes) -> Any:
    try:
        value = json.loads(body.decode(), object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
        _refuse_unstorable(value)
    except RecursionError:
        raise ApiError("invalid_json", "The body is nested too deeply.") from None
    except ValueError:
        raise ApiError("invalid_json", "The body is not JSON in UTF-8.") from None
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > _MOST_FIELDS:
        raise ApiError("invalid_json", f"An object may have at most {_MOST_FIELDS} fields.")
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise field_error(_shown(name), "stands there twice", code="duplicate_field")
            seen.add(name)
    return made


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse_unstorable(value: Any) -> None:
    """Half a surrogate pair is no text, infinity is no number, and PostgreSQL cannot store a NUL."""
    match value:
        case str():
            value.encode()
            if "\0" in value:
                raise ValueError("NUL")
        case float():
            if value in (float("inf"), float("-inf")):
                raise ValueError("infinite")
        case list():
            for each in value:
                _refuse_unstorable(each)
        case dict():
            for name, each in value.items():
                _refuse_unstorable(name)
                _refuse_unstorable(each)


def _shown(name: str) -> str:
    return name if name.isprintable() and len(name) <= 64 else "(unreadable name)"
