"""Evidence in use: held against the credentials it is presented with, spent, or reserved."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection

from trunkline.account import CarrierAccount
from trunkline.engine import Engine
from trunkline.errors import EvidenceRefused
from trunkline.evidence import Evidence, examine, fingerprint
from trunkline_service.errors import ApiError
from trunkline_service.key_ring import SealBroken
from trunkline_service.service import Service
from trunkline_service.storage import evidence
from trunkline_service.storage.organizations import Caller


def examined(service: Service, caller: Caller, engine: Engine, account: CarrierAccount, id: uuid.UUID) -> Evidence:
    """The evidence, if it covers these credentials; spending it is another matter."""
    with service.database.reading() as db:
        found = evidence.find(db, caller.organization, id)
    try:
        _, made = fingerprint_of(service, engine, account, found.key_id if found else None)
    except SealBroken:
        raise EvidenceRefused("stale", "This verification evidence is too old. Test the credentials again.") from None
    proven = examine(
        found.evidence if found else None,
        organization=caller.organization,
        provider=account.provider,
        fingerprint=made,
        now=service.clock(),
    )
    if found and found.reserved:
        raise _reserved()
    return proven


def fingerprint_of(
    service: Service, engine: Engine, account: CarrierAccount, key_id: str | None = None
) -> tuple[str, str]:
    """The id of the first key, or of the one named, and the account's fingerprint under it; raises `SealBroken`."""
    id = key_id or service.sealer.primary
    descriptor = engine.descriptor(account.provider)
    return id, fingerprint(lambda said: service.sealer.mac("fingerprint", said, id)[1], descriptor, account)


def spend(db: Connection, caller: Caller, id: uuid.UUID, now: int) -> None:
    """Spend it, or refuse."""
    if not evidence.spend(db, caller.organization, id, now):
        raise _taken(db, caller, id)


def reserve(db: Connection, caller: Caller, id: uuid.UUID, now: int) -> None:
    """Reserve it, or refuse."""
    if not evidence.reserve(db, caller.organization, id, now):
        raise _taken(db, caller, id)


def _taken(db: Connection, caller: Caller, id: uuid.UUID) -> Exception:
    found = evidence.find(db, caller.organization, id)
    if found and found.reserved:
        return _reserved()
    return EvidenceRefused("spent", "This verification evidence was used already. Test the credentials again.")


def _reserved() -> ApiError:
    in_use = "This verification evidence is in use: a set-up with it is under way. Look at the list of connections."
    return ApiError("evidence_reserved", in_use, retry_after=5)
