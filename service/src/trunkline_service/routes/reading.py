"""What routes read from a request's address."""

from __future__ import annotations

import re
from typing import Any

from litestar import Request
from litestar.di import NamedDependency

from trunkline.forms import readable_name
from trunkline_service.errors import ApiError, not_found
from trunkline_service.service import Service

Req = Request[Any, Any, Any]
"""A request; nothing of it is typed further."""

Serving = NamedDependency[Service]
"""The service, as handlers ask for it."""

_ID = re.compile(r"[1-9][0-9]{0,18}")


def id_from(text: str) -> int:
    """A 64-bit id; anything else names nothing."""
    if not _ID.fullmatch(text) or int(text) >= 2**63:
        raise not_found()
    return int(text)


def refuse_parameters(request: Req, *, but: str | None = None) -> None:
    """Refuse query parameters: a misspelt one asks for something that would not be done."""
    unknown = next((name for name in request.query_params if name != but), None)
    if unknown is not None:
        problem = f"unknown query parameter; accepted here: {but or 'none'}"
        name = readable_name(unknown)
        raise ApiError("invalid_parameter", f"{name}: {problem}", errors={name: [problem]})


def id_parameter(request: Req, name: str) -> int | None:
    """The only query parameter, an id, or left out."""
    refuse_parameters(request, but=name)
    given = request.query_params.getall(name, [])
    if not given:
        return None
    if len(given) > 1 or not _ID.fullmatch(given[0]) or int(given[0]) >= 2**63:
        raise ApiError("invalid_parameter", f"{name} must be an id.", errors={name: ["must be an id"]})
    return int(given[0])


def flag_from(request: Req, name: str) -> bool:
    """The only query parameter, `true`, `false` or left out."""
    refuse_parameters(request, but=name)
    given = request.query_params.getall(name, [])
    if given not in ([], ["true"], ["false"]):
        raise ApiError("invalid_parameter", f"{name} must be true or false.", errors={name: ["must be true or false"]})
    return given == ["true"]


def prefers_async(request: Req) -> bool:
    """Whether the caller would rather not wait: `Prefer: respond-async` (RFC 7240)."""
    given = ",".join(request.headers.getall("prefer", []))
    return any(preference.partition(";")[0].strip().lower() == "respond-async" for preference in given.split(","))
