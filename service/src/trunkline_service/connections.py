"""Connecting a carrier account: create, rename, change, rotate, remove."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from sqlalchemy import Connection

from trunkline.account import CarrierAccount
from trunkline.engine import Engine
from trunkline.evidence import Evidence
from trunkline_service import proofs, set_ups
from trunkline_service.clock import in_milliseconds
from trunkline_service.desk import not_ready
from trunkline_service.drafts import ABSENT, ConnectionDraft, ConnectionPatch, evidence_id
from trunkline_service.errors import ApiError, field_error, not_found
from trunkline_service.idempotency import Keeper
from trunkline_service.made import shown_sip_config
from trunkline_service.service import Service
from trunkline_service.storage import connections, numbers, shown
from trunkline_service.storage.connections import StoredConnection
from trunkline_service.storage.events import Reason
from trunkline_service.storage.organizations import Caller

_WORKS = Reason("credentials_accepted", "The carrier takes the credentials again.")
_ROTATED = Reason("credentials_changed", "The credentials were changed for ones that were tested.")
_DELETED = Reason("deleted", "The connection was deleted.")


def create(service: Service, caller: Caller, draft: ConnectionDraft, keeper: Keeper) -> bytes:
    """Store a connection whose credentials were tested: its evidence is spent in the same transaction."""
    engine = service.engines[caller.mode]
    id = draft.evidence_id()
    account = draft.account(engine, service.marker(caller.organization))
    if _is_guided(engine, account):
        return set_ups.create(service, caller, engine, draft, account, keeper)
    proven = proofs.examined(service, caller, engine, account, id)
    new = draft.connection(engine, account, proven)
    now = service.now()
    with service.database.writing() as db:
        proofs.spend(db, caller, id, now)
        made = connections.create(db, new, service.sealer, now)
        numbers.adopt_orphans(db, caller.organization, new.provider, new.identity, made, now)
        answer = _shown(db, caller, made)
        keeper.keep(db, answer)
    return answer


def change(service: Service, caller: Caller, id: int, patch: ConnectionPatch) -> bytes:
    """Rename, change the SIP config, rotate credentials: all that is asked, or nothing."""
    patch.check()
    engine = service.engines[caller.mode]
    with service.database.reading() as db:
        seen = connections.find(db, caller.organization, id) or _missing()
    if not seen.ready:
        raise not_ready(seen.status)
    proposal = _Proposal.of(service, engine, seen, patch)
    proven = _proof_of(service, caller, engine, seen, proposal, patch)
    redacted = engine.redact_sip_config(seen.provider, proposal.account.sip_config)
    shown_config = shown_sip_config(redacted, proposal.account.made)
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
            values["shown_sip_config"] = connections.as_shown(shown_config)
        if proven:
            proofs.spend(db, caller, proven.id, now)
            identity = _identity_after(db, stored, proven)
            values |= connections.sealed_credentials(
                service.sealer, caller.organization, id, proposal.account.credentials
            )
            values |= {
                "identity": identity,
                "last_tested_at": in_milliseconds(proven.made_at),
            }
        connections.change(db, caller.organization, id, values)
        if proven:
            connections.set_status(db, caller.organization, id, "connected", _ROTATED, now)
            numbers.adopt_orphans(db, caller.organization, stored.provider, proven.identity, id, now)
        return _shown(db, caller, id)


def remove(service: Service, caller: Caller, id: int) -> None:
    """Forget a connection and its credentials. Its numbers stay with the organization, without a connection."""
    with service.database.writing() as db:
        stored = connections.find(db, caller.organization, id, lock=True) or _missing()
        if not stored.ready:
            raise not_ready(stored.status)
        now = service.now()
        for row in numbers.unfinished_of_connection(db, id):
            if not row.lease_expired(now):
                busy = "Numbers of this connection are being imported or released just now. Try again in a moment."
                raise ApiError("connection_busy", busy, retry_after=5)
            numbers.abandon(db, row, now)
        connections.remove(db, caller.organization, id, _DELETED, now)


def note_health(service: Service, stored: StoredConnection, trouble: Reason | None) -> None:
    """Show in the connection's status whether the carrier still takes its credentials, or why it does not."""
    status = "error" if trouble else "connected"
    if stored.status not in ("connected", "error") or stored.status == status:
        return
    with service.database.writing() as db:
        present = connections.find(db, stored.organization, stored.id, lock=True)
        # What the carrier said of credentials that were changed meanwhile is of no use.
        if present is not None and present.sealed_credentials == stored.sealed_credentials:
            connections.set_status(db, stored.organization, stored.id, status, trouble or _WORKS, service.now())


@attrs.frozen
class _Proposal:
    """What a connection would be after a change, and whether its secrets would go elsewhere than before."""

    account: CarrierAccount
    steered: bool

    @classmethod
    def of(cls, service: Service, engine: Engine, stored: StoredConnection, patch: ConnectionPatch) -> _Proposal:
        before, made = stored.sip_config(service.sealer), stored.made(service.sealer)
        shown_before = shown_sip_config(engine.redact_sip_config(stored.provider, before), made)
        merged = _merged(before, shown_before, {} if patch.sip_config is ABSENT else patch.sip_config)
        kept = patch.credentials is ABSENT
        account = engine.account(
            stored.provider,
            stored.credentials(service.sealer) if kept else patch.credentials,
            merged,
            setup_method=stored.setup_method,
            marker=service.marker(stored.organization),
            made=made,
        )
        steering = [field.name for field in engine.descriptor(stored.provider).sip_fields if field.steers]
        return cls(account, any(before.get(name) != account.sip_config.get(name) for name in steering))


def _merged(before: dict[str, Any], shown_before: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The SIP config with changes; null removes a key, and a value as it is shown changes nothing."""
    real = {
        name: value for name, value in changes.items() if not (name in shown_before and shown_before[name] == value)
    }
    # The null of a field that is not stored stays, so that an unknown one is refused by its name.
    return {name: value for name, value in {**before, **real}.items() if value is not None or name not in before}


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
    return proofs.examined(service, caller, engine, proposal.account, evidence_id(patch.verification_evidence_id))


def _is_guided(engine: Engine, account: CarrierAccount) -> bool:
    method = engine.descriptor(account.provider).setup_method(account.setup_method)
    return method is not None and method.guided


def _identity_after(db: Connection, stored: StoredConnection, proven: Evidence) -> str | None:
    """The account's identity after a change of credentials, refused where it is surely another account in use.

    Where the carrier does not tell one of the two, nothing is known to be another; the one that is known stays.
    """
    made, has_numbers = stored.sealed_made is not None, bool(numbers.of_connection(db, stored.id))
    if not (made or has_numbers):
        return proven.identity
    if stored.identity is None or proven.identity in (None, stored.identity):
        return stored.identity or proven.identity
    if made:
        raise ApiError(
            "different_account",
            "These credentials belong to another carrier account than the one that was set up. Make a new connection.",
        )
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
