"""Who is speaking: the API key in the Authorization header, and nothing else."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from litestar import Request
from sqlalchemy import Connection, Select

from trunkline_service.errors import ApiError
from trunkline_service.service import Service
from trunkline_service.storage.organizations import Caller, find_caller, find_caller_and_more

_BEARER = re.compile(r"bearer +(sk_(?:live|test)_[A-Za-z0-9_-]{20,128})", re.IGNORECASE)
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="trunkline"'}
_READS = ("GET", "HEAD")


def authenticate(db: Connection, request: Request[Any, Any, Any], service: Service) -> Caller:
    """Whose key it is; refuses unknown keys, those that ask too often, and read-only ones wherever something is changed
    or asked of a carrier.
    """
    caller = find_caller(db, _key(request))
    if caller is None:
        raise _unknown_key()
    request.scope["state"]["organization"] = caller.organization
    service.request_limit.spend(caller.key, service.now())
    if request.method not in _READS and not caller.may_write:
        raise ApiError("read_only_key", "This key may only read. Use a key with full access.")
    return caller


async def authenticate_and_read(request: Request[Any, Any, Any], service: Service, query: Select[Any]) -> Any:
    """For a GET that only reads: refuses like `authenticate`, and gives what the query reads for the caller in the same
    step.
    """
    found = await find_caller_and_more(service.database, _key(request), query)
    if found is None:
        raise _unknown_key()
    caller, read = found
    request.scope["state"]["organization"] = caller.organization
    now = service.now()
    if not service.request_limit.spend_at_hand(caller.key, now):
        await asyncio.to_thread(service.request_limit.spend, caller.key, now)
    return read


def caller_of(request: Request[Any, Any, Any], service: Service) -> Caller:
    """Who is speaking; the database is let go before anything else is done."""
    with service.database.reading() as db:
        return authenticate(db, request, service)


def _key(request: Request[Any, Any, Any]) -> str:
    header = request.headers.get("authorization")
    if not header:
        raise ApiError("missing_key", "Send an API key: Authorization: Bearer sk_live_…", headers=CHALLENGE)
    given = _BEARER.fullmatch(header.strip())
    if given is None:
        raise _unknown_key()
    return given[1]


def _unknown_key() -> ApiError:
    return ApiError("unknown_key", "This API key is unknown or revoked.", headers=CHALLENGE)
