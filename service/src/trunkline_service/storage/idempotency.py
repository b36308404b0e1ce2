"""Idempotency keys: the first answer to each, and who is at work on it."""

from __future__ import annotations

import secrets

import attrs
from sqlalchemy import Connection, Update, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from trunkline_service.storage.tables import idempotency_keys

KEEP_MS = 24 * 3600 * 1000
LEASE_MS = 120_000

_columns = idempotency_keys.c


@attrs.frozen
class KeptRequest:
    """What is known of the first request under a key; `status` is None while it is running."""

    mac_key_id: str
    request_mac: bytes
    lease_until: int
    status: int | None
    answer: bytes | None = attrs.field(repr=False)


def begin(
    db: Connection, organization: int, key: str, mac_key_id: str, request_mac: bytes, now: int
) -> str | KeptRequest:
    """Reserve the key and give a token to finish it with; or tell what is known of the first request under it."""
    _forget(db, organization, key, older_than=now - KEEP_MS)
    token = secrets.token_hex(16)
    row = {
        "organization_id": organization,
        "key": key,
        "mac_key_id": mac_key_id,
        "request_mac": request_mac,
        "token": token,
        "lease_until": now + LEASE_MS,
        "created_at": now,
    }
    dialect = sqlite if db.dialect.name == "sqlite" else postgresql
    reserved = dialect.insert(idempotency_keys).values(row).on_conflict_do_nothing().returning(_columns.token)
    if db.execute(reserved).first() is not None:
        return token
    found = db.execute(
        select(_columns.mac_key_id, _columns.request_mac, _columns.lease_until, _columns.status, _columns.answer).where(
            _columns.organization_id == organization, _columns.key == key
        )
    ).one()
    return KeptRequest(*found)


def take_over(db: Connection, organization: int, key: str, now: int) -> str | None:
    """Run a request again whose first run was cut off; None where somebody else does."""
    token = secrets.token_hex(16)
    lapsed = update(idempotency_keys).where(
        _columns.organization_id == organization,
        _columns.key == key,
        _columns.status.is_(None),
        _columns.lease_until <= now,
    )
    taken = db.execute(lapsed.values(token=token, lease_until=now + LEASE_MS)).rowcount == 1
    return token if taken else None


def keep(db: Connection, organization: int, key: str, token: str, status: int, answer: bytes) -> None:
    """Keep the answer; in the transaction of what it tells of, where there is one."""
    db.execute(_mine(organization, key, token).values(status=status, answer=answer))


def keep_unanswered(db: Connection, organization: int, key: str, status: int, answer: bytes) -> None:
    """Keep the answer to a request that was cut off, whoever runs it again."""
    unanswered = update(idempotency_keys).where(
        _columns.organization_id == organization, _columns.key == key, _columns.status.is_(None)
    )
    db.execute(unanswered.values(status=status, answer=answer))


def renew(db: Connection, organization: int, key: str, token: str, now: int) -> None:
    """Say that the request is still running."""
    db.execute(_mine(organization, key, token).values(lease_until=now + LEASE_MS))


def drop(db: Connection, organization: int, key: str, token: str) -> None:
    """Keep nothing: the same key may be tried again."""
    db.execute(
        delete(idempotency_keys).where(
            _columns.organization_id == organization, _columns.key == key, _columns.token == token
        )
    )


def last_checked_with(db: Connection, key_id: str, now: int) -> int | None:
    """Until when requests are kept that are known again by a key; None where there are none."""
    kept = _columns.created_at > now - KEEP_MS
    newest = db.execute(select(func.max(_columns.created_at)).where(_columns.mac_key_id == key_id, kept)).scalar()
    return None if newest is None else newest + KEEP_MS


def prune(db: Connection, now: int) -> int:
    """Forget keys older than a day."""
    return db.execute(delete(idempotency_keys).where(_columns.created_at < now - KEEP_MS)).rowcount


def _forget(db: Connection, organization: int, key: str, *, older_than: int) -> None:
    db.execute(
        delete(idempotency_keys).where(
            _columns.organization_id == organization, _columns.key == key, _columns.created_at < older_than
        )
    )


def _mine(organization: int, key: str, token: str) -> Update:
    return update(idempotency_keys).where(
        _columns.organization_id == organization, _columns.key == key, _columns.token == token
    )
