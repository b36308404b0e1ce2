"""Connecting a carrier account: create, rename, change, rotate, remove."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from sqlalchemy import Connection

from trunkline.account import CarrierAccount
from trunkline.descriptor import ProviderDescriptor
from trunkline.engine import Engine
from trunkline.errors import EvidenceRefused
from trunkline.evidence import Evidence, examine, fingerprint
from trunkline_service.clock import in_milliseconds
from trunkline_service.drafts import ABSENT, ConnectionDraft, ConnectionPatch, evidence_id
from trunkline_service.errors import ApiError, field_error, not_found
from trunkline_service.service import Service
from trunkline_service.storage import connections, evidence, numbers, shown
from trunkline_service.storage.connections import NewConnection, StoredConnection
from trunkline_service.storage.organizations import Caller

Keep = Callable[[Connection, bytes], None]
"""Keeps the answer for an idempotency key, in the transaction that makes what it tells of."""


def create(service: Service, caller: Caller, draft: ConnectionDraft, keep: Keep) -> bytes:
    """Store a connection whose credentials were tested: its evidence is spent in the same transaction."""
    engine = service.engines[caller.mode]
    id = draft.evidence_id()
    account = draft.account(engine, service.marker(caller.organization))
    _refuse_guided(engine.descriptor(account.provider), account)
    proven = _examined(service, caller, engine, account, id)
    redacted = engine.redact_sip_config(account.provider, account.sip_config)
    now = service.now()
    new = NewConnection(
        organization=caller.organization,
        provider=account.provider,
        setup_method=account.setup_method,
        name=proven.suggested_name if draft.name is None else draft.name,
        inferred_name=draft.name is None and proven.name_inferred,
        identity=proven.identity,
        credentials=account.credentials,
        sip_config=account.sip_config,
        shown_sip_config=redacted,
        tested_at=in_milliseconds(proven.made_at),
    )
    with service.database.writing() as db:
        _spend(db, caller, id, now)
        made = connections.create(db, new, service.sealer, now)
        numbers.adopt_orphans(db, caller.organization, new.provider, new.identity, made, now)
        answer = _shown(db, caller, made)
        keep(db, answer)
    return answer


def change(service: Service, caller: Caller, id: int, patch: ConnectionPatch) -> bytes:
    """Rename, change the SIP config, rotate credentials: all that is asked, or nothing."""
    patch.check()
    engine = service.engines[caller.mode]
    with service.database.reading() as db:
        seen = connections.find(db, caller.organization, id) or _missing()
    proposal = _Proposal.of(service, engine, seen, patch)
    proven = _proof_of(service, caller, engine, seen, proposal, patch)
    redacted = engine.redact_sip_config(seen.provider, proposal.account.sip_config)
    now = service.now()
    with service.database.writing() as db:
        stored = connections.find(db, caller.organization, id, lock=True) or _missing()
        if stored != seen:
            raise ApiError("connection_busy", "The connection was changed just now. Try again.", retry_after=1)
        values: dict[str, Any] = {"updated_at": now}
        if patch.name is not ABSENT:
            values |= {"name": patch.name, "inferred_name": False}
        if patch.sip_config is not ABSENT or proven:
            values |= connections.sealed_sip_config(
                service.sealer, caller.organization, id, proposal.account.sip_config
            )
            values["shown_sip_config"] = connections.as_shown(redacted)
        if proven:
            _spend(db, caller, proven.id, now)
            _refuse_other_account(db, stored, proven)
            values |= connections.sealed_credentials(
                service.sealer, caller.organization, id, proposal.account.credentials
            )
            values |= {
                "identity": proven.identity,
                "status": "connected",
                "last_tested_at": in_milliseconds(proven.made_at),
            }
        connections.change(db, caller.organization, id, values)
        if proven:
            numbers.adopt_orphans(db, caller.organization, stored.provider, proven.identity, id, now)
        return _shown(db, caller, id)


def remove(service: Service, caller: Caller, id: int) -> None:
    """Forget a connection and its credentials. Its numbers stay with the organization, without a connection."""
    with service.database.writing() as db:
        connections.find(db, caller.organization, id, lock=True) or _missing()
        now = service.now()
        for row in numbers.unfinished_of_connection(db, id):
            if not row.lease_expired(now):
                busy = "Numbers of this connection are being imported or released just now. Try again in a moment."
                raise ApiError("connection_busy", busy, retry_after=5)
            numbers.abandon(db, row, now)
        connections.remove(db, caller.organization, id)


def note_health(service: Service, stored: StoredConnection, *, works: bool) -> None:
    """Show in the connection's status whether the carrier still takes its credentials."""
    status = "connected" if works else "error"
    if stored.status not in ("connected", "error") or stored.status == status:
        return
    with service.database.writing() as db:
        connections.change(db, stored.organization, stored.id, {"status": status})


@attrs.frozen
class _Proposal:
    """What a connection would be after a change, and whether its secrets would go elsewhere than before."""

    account: CarrierAccount
    steered: bool

    @classmethod
    def of(cls, service: Service, engine: Engine, stored: StoredConnection, patch: ConnectionPatch) -> _Proposal:
        before = stored.sip_config(service.sealer)
        merged = _merged(engine, stored.provider, before, {} if patch.sip_config is ABSENT else patch.sip_config)
        kept = patch.credentials is ABSENT
        account = engine.account(
            stored.provider,
            stored.credentials(service.sealer) if kept else patch.credentials,
            merged,
            setup_method=stored.setup_method,
            marker=service.marker(stored.organization),
            made=stored.made(service.sealer),
        )
        steering = [field.name for field in engine.descriptor(stored.provider).sip_fields if field.steers]
        return cls(account, any(before.get(name) != account.sip_config.get(name) for name in steering))


def _merged(engine: Engine, provider: str, before: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The SIP config with changes; null removes a key, and a value as it is shown redacted changes nothing."""
    redacted = engine.redact_sip_config(provider, before)
    real = {name: value for name, value in changes.items() if not (name in redacted and redacted[name] == value)}
    return {name: value for name, value in {**before, **real}.items() if value is not None}


def _proof_of(
    service: Service,
    caller: Caller,
    engine: Engine,
    stored: StoredConnection,
    proposal: _Proposal,
    patch: ConnectionPatch,
) -> Evidence | None:
    """The evidence for a change that needs one: new credentials, or another place to send them to."""
    if patch.credentials is ABSENT:
        if proposal.steered:
            steering = "Changing where calls and credentials go needs the credentials and fresh evidence again."
            raise ApiError("evidence_required", steering, errors={"credentials": ["required"]})
        if patch.verification_evidence_id is not None:
            raise field_error("credentials", "required with verification_evidence_id")
        return None
    return _examined(service, caller, engine, proposal.account, evidence_id(patch.verification_evidence_id))


def _examined(service: Service, caller: Caller, engine: Engine, account: CarrierAccount, id: uuid.UUID) -> Evidence:
    """The evidence, if it covers these credentials; spending it is another matter."""
    with service.database.reading() as db:
        found = evidence.find(db, caller.organization, id)
    proven, key_id = found or (None, service.sealer.primary)
    key = service.sealer.key(key_id, "fingerprint")
    if key is None:
        raise EvidenceRefused("stale", "This verification evidence is too old. Test the credentials again.")
    return examine(
        proven,
        organization=caller.organization,
        provider=account.provider,
        fingerprint=fingerprint(key, engine.descriptor(account.provider), account),
        now=service.clock(),
    )


def _spend(db: Connection, caller: Caller, id: uuid.UUID, now: int) -> None:
    if not evidence.spend(db, caller.organization, id, now):
        raise EvidenceRefused("spent", "This verification evidence was used already. Test the credentials again.")


def _refuse_guided(descriptor: ProviderDescriptor, account: CarrierAccount) -> None:
    """Guided set-up needs a journal of its steps, which is not kept yet."""
    method = descriptor.setup_method(account.setup_method)
    if method is not None and method.guided:
        raise field_error(
            "setup_method",
            "guided set-up is not available here yet",
            code="guided_setup_unavailable",
            detail="Guided set-up is not available here yet. Choose another set-up method.",
        )


def _refuse_other_account(db: Connection, stored: StoredConnection, proven: Evidence) -> None:
    if stored.identity != proven.identity and numbers.of_connection(db, stored.id):
        raise ApiError(
            "different_account",
            "These credentials belong to another carrier account than the imported numbers. Release the numbers "
            "first, or make a new connection.",
        )


def _shown(db: Connection, caller: Caller, id: int) -> bytes:
    found = shown.find_shown(db, caller.organization, id)
    assert found is not None
    return found


def _missing() -> Any:
    raise not_found()
