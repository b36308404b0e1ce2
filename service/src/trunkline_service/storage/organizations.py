"""Organizations and their API keys."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

import attrs
from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, insert, select, update

from trunkline_service.storage.database import Database
from trunkline_service.storage.tables import api_keys, organizations

LIVE, SANDBOX = "live", "sandbox"
PREFIX = {LIVE: "sk_live_", SANDBOX: "sk_test_"}


@attrs.frozen
class Caller:
    """Who is speaking, and whether it may change anything."""

    organization: int
    mode: str
    may_write: bool
    key: int = 0
    """The id of its API key."""


@attrs.frozen
class Organization:
    """An organization; `mode` says which carriers its keys reach."""

    id: int
    name: str
    mode: str


@attrs.frozen
class ApiKey:
    """What is known of a key; the key itself is not."""

    id: int
    organization: int
    may_write: bool
    created_at: int
    revoked_at: int | None


_CALLER = (api_keys.c.organization_id, organizations.c.mode, api_keys.c.may_write, api_keys.c.id)
_IN_USE = and_(api_keys.c.hash == bindparam("hash"), api_keys.c.revoked_at.is_(None))


def caller_query(*more: ColumnElement[Any]) -> Select[Any]:
    """The query for who speaks with a key; more columns read, in the same step, what is theirs."""
    joined = select(*_CALLER, *more).join(organizations, organizations.c.id == api_keys.c.organization_id)
    return joined.where(_IN_USE)


_BY_KEY = caller_query()


def find_caller(db: Connection, key: str) -> Caller | None:
    """Whose key this is; None for an unknown or revoked key."""
    row = db.execute(_BY_KEY, {"hash": _hash(key)}).first()
    return _caller(row) if row else None


async def find_caller_and_more(database: Database, key: str, query: Select[Any]) -> tuple[Caller, Any] | None:
    """Whose key this is, and the one column that the `caller_query` has more; None for an unknown or revoked key."""
    row = await database.first(query, {"hash": _hash(key)})
    return (_caller(row), row[len(_CALLER)]) if row else None


def create_organization(db: Connection, name: str, mode: str, now: int) -> int:
    """Make an organization and give its id."""
    made = insert(organizations).values(name=name, mode=mode, created_at=now).returning(organizations.c.id)
    return db.execute(made).scalar_one()


def list_organizations(db: Connection) -> list[Organization]:
    """Every organization, oldest first."""
    rows = db.execute(select(organizations.c.id, organizations.c.name, organizations.c.mode).order_by("id"))
    return [Organization(*row) for row in rows]


def create_key(db: Connection, organization: int, *, may_write: bool, now: int) -> tuple[int, str] | None:
    """Make a key and give its id and the key, which cannot be read again; None where there is no organization."""
    mode = db.execute(select(organizations.c.mode).where(organizations.c.id == organization)).scalar()
    if mode is None:
        return None
    key = PREFIX[mode] + secrets.token_urlsafe(32)
    values = {"organization_id": organization, "hash": _hash(key), "may_write": may_write, "created_at": now}
    return db.execute(insert(api_keys).values(values).returning(api_keys.c.id)).scalar_one(), key


def list_keys(db: Connection) -> list[ApiKey]:
    """Every key, oldest first."""
    columns = api_keys.c
    rows = db.execute(
        select(columns.id, columns.organization_id, columns.may_write, columns.created_at, columns.revoked_at).order_by(
            columns.id
        )
    )
    return [ApiKey(*row) for row in rows]


def revoke_key(db: Connection, id: int, now: int) -> bool:
    """Stop a key at once, in every replica; False where there is no such key in use."""
    done = db.execute(
        update(api_keys).where(api_keys.c.id == id, api_keys.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    return done.rowcount == 1


def _caller(row: Sequence[Any]) -> Caller:
    organization, mode, may_write, key = row[: len(_CALLER)]
    return Caller(organization, mode, bool(may_write), key)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
