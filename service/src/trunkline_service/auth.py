"""Who is speaking: the API key in the Authorization header, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from litestar import Request
from sqlalchemy import Connection, Select

from trunkline_service.errors import ApiError
from trunkline_service.service import Service
from trunkline_service.storage.organizations import Caller, find_caller

_BEARER = re.compile(r"bearer +(sk_(?:live|test)_[A-Za-z0-9_-]{20,128})", re.IGNORECASE)
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="trunkline"'}
_READS = ("GET", "HEAD")


def authenticate(db: Connection, request: Request[Any, Any, Any], service: Service) -> Caller:
    """Whose key it is; refuses unknown keys, those that ask too often, and read-only ones wherever something is changed
    or asked of a carrier.
    """
    return _authenticate(request, service, lambda key: find_caller(db, key))[0]


def authenticate_and_read(db: Connection, request: Request[Any, Any, Any], service: Service, query: Select[Any]) -> Any:
    """Like `authenticate`, and what the query reads for the caller in the same step."""
    _, (read,) = _authenticate(request, service, lambda key: find_caller(db, key, query))
    return read


def caller_of(request: Request[Any, Any, Any], service: Service) -> Caller:
    """Who is speaking; the database is let go before anything else is done."""
    with service.database.reading() as db:
        return authenticate(db, request, service)


def _authenticate(
    request: Request[Any, Any, Any],
    service: Service,
    find: Callable[[str], tuple[Caller, tuple[Any, ...]] | None],
) -> tuple[Caller, tuple[Any, ...]]:
    header = request.headers.get("authorization")
    if not header:
        raise ApiError("missing_key", "Send an API key: Authorization: Bearer sk_live_…", headers=CHALLENGE)
    given = _BEARER.fullmatch(header.strip())
    found = find(given[1]) if given else None
    if found is None:
        raise ApiError("unknown_key", "This API key is unknown or revoked.", headers=CHALLENGE)
    caller, _ = found
    request.scope["state"]["organization"] = caller.organization
    service.request_limit.spend(caller.key, service.now())
    if request.method not in _READS and not caller.may_write:
        raise ApiError("read_only_key", "This key may only read. Use a key with full access.")
    return found
