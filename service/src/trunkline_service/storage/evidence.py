"""Evidence: what a passed test leaves behind, spent once."""

from __future__ import annotations

import json
import uuid

import attrs
from sqlalchemy import Connection, Update, delete, func, insert, select, update

from trunkline.checks import Check
from trunkline.evidence import Evidence
from trunkline_service.clock import from_milliseconds, in_milliseconds
from trunkline_service.storage.tables import evidence

_KEEP_MS = 24 * 3600 * 1000


@attrs.frozen
class KeptEvidence:
    """Evidence, the key that made its fingerprint, and whether a guided set-up has reserved it."""

    evidence: Evidence
    key_id: str
    reserved: bool


def save(db: Connection, made: Evidence, key_id: str) -> None:
    """Keep new evidence. The checks stay for the record, and are not read again."""
    db.execute(
        insert(evidence).values(
            id=str(made.id),
            organization_id=made.organization,
            provider=made.provider,
            identity=made.identity,
            suggested_name=made.suggested_name,
            name_inferred=made.name_inferred,
            key_id=key_id,
            fingerprint=made.fingerprint,
            checks=json.dumps([_as_json(check) for check in made.checks]),
            made_at=in_milliseconds(made.made_at),
            good_until=in_milliseconds(made.good_until),
        )
    )


def find(db: Connection, organization: int, id: uuid.UUID) -> KeptEvidence | None:
    """The evidence; None for another organization's."""
    row = db.execute(
        select(evidence).where(evidence.c.id == str(id), evidence.c.organization_id == organization)
    ).first()
    if row is None:
        return None
    found = Evidence(
        id=id,
        organization=row.organization_id,
        provider=row.provider,
        identity=row.identity,
        suggested_name=row.suggested_name,
        name_inferred=bool(row.name_inferred),
        fingerprint=row.fingerprint,
        checks=(),
        made_at=from_milliseconds(row.made_at),
        good_until=from_milliseconds(row.good_until),
        spent=row.spent_at is not None,
    )
    return KeptEvidence(found, row.key_id, row.reserved_at is not None)


def spend(db: Connection, organization: int, id: uuid.UUID, now: int) -> bool:
    """Spend it in this transaction; False where another one did, or reserved it. Of any number at once, one wins."""
    return db.execute(_free(organization, id).values(spent_at=now)).rowcount == 1


def reserve(db: Connection, organization: int, id: uuid.UUID, now: int) -> bool:
    """Keep it from everybody else until it is spent or freed; of any number at once, one wins."""
    return db.execute(_free(organization, id).values(reserved_at=now)).rowcount == 1


def spend_reserved(db: Connection, organization: int, id: uuid.UUID, now: int) -> None:
    """Spend what was reserved; it was good when it was reserved, and that counts."""
    db.execute(_own(organization, id).values(spent_at=now, reserved_at=None))


def free(db: Connection, organization: int, id: uuid.UUID) -> None:
    """Let it be used again, for as long as it is good."""
    db.execute(_own(organization, id).values(reserved_at=None))


def last_checked_with(db: Connection, key_id: str, now: int) -> int | None:
    """Until when evidence is good that a key made the fingerprint of; None where there is none."""
    unspent = evidence.c.spent_at.is_(None) & (evidence.c.good_until > now)
    return db.execute(select(func.max(evidence.c.good_until)).where(evidence.c.key_id == key_id, unspent)).scalar()


def prune(db: Connection, now: int) -> int:
    """Forget what has been of no use for a day."""
    old = delete(evidence).where(evidence.c.good_until < now - _KEEP_MS, evidence.c.reserved_at.is_(None))
    return db.execute(old).rowcount


def _own(organization: int, id: uuid.UUID) -> Update:
    return update(evidence).where(evidence.c.id == str(id), evidence.c.organization_id == organization)


def _free(organization: int, id: uuid.UUID) -> Update:
    return _own(organization, id).where(evidence.c.spent_at.is_(None), evidence.c.reserved_at.is_(None))


def _as_json(check: Check) -> dict[str, object]:
    proof = [[each.method, each.host, each.path, each.status, each.request_id] for each in check.proof]
    return {"name": check.name, "outcome": check.outcome.value, "code": check.code, "proof": proof}
