"""Connections: a carrier account that an organization connected, its credentials sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs
from sqlalchemy import Column, Connection, delete, exists, insert, select, update

from trunkline_service.made import load_made, made_as_json
from trunkline_service.sealing import Place, Sealer
from trunkline_service.storage import events
from trunkline_service.storage.events import Reason
from trunkline_service.storage.seals import SealedColumn
from trunkline_service.storage.shown import begin_shown, write_shown
from trunkline_service.storage.tables import Goal, connections, organizations, set_ups


@attrs.frozen
class StoredConnection:
    """A connection as the service works with it; what is sealed stays sealed."""

    id: int
    organization: int
    provider: str
    setup_method: str
    status: str
    identity: str | None
    sealed_credentials: bytes = attrs.field(repr=False)
    sealed_sip_config: bytes = attrs.field(repr=False)
    sealed_made: bytes | None = attrs.field(repr=False)
    ready: bool = attrs.field(converter=bool)
    """False while a guided set-up is unfinished, or still to be undone."""

    def credentials(self, sealer: Sealer) -> dict[str, Any]:
        """Open the credentials."""
        opened: dict[str, Any] = sealer.open(self.sealed_credentials, _place(self.organization, self.id, "credentials"))
        return opened

    def sip_config(self, sealer: Sealer) -> dict[str, Any]:
        """Open the SIP config."""
        opened: dict[str, Any] = sealer.open(self.sealed_sip_config, _place(self.organization, self.id, "sip_config"))
        return opened

    def made(self, sealer: Sealer) -> dict[str, Any]:
        """Open what guided set-up made."""
        if self.sealed_made is None:
            return {}
        opened: dict[str, Any] = load_made(sealer.open(self.sealed_made, _place(self.organization, self.id, "made")))
        return opened


@attrs.frozen
class NewConnection:
    """What a connection is made of; credentials and SIP config are sealed as they are stored."""

    organization: int
    provider: str
    setup_method: str
    name: str
    inferred_name: bool
    identity: str | None
    credentials: Mapping[str, Any] = attrs.field(repr=False)
    sip_config: Mapping[str, Any] = attrs.field(repr=False)
    shown_sip_config: Mapping[str, Any] = attrs.field(repr=False)
    tested_at: int
    status: str = "connected"


_CREATED = Reason("created", "The connection was created.")


@attrs.frozen
class Watched:
    """A connection that is watched, and when it was last looked at."""

    id: int
    organization: int
    mode: str
    watched_at: int


_UNFINISHED = exists().where(set_ups.c.connection_id == connections.c.id, set_ups.c.goal != Goal.NONE)


def find(db: Connection, organization: int, id: int, *, lock: bool = False) -> StoredConnection | None:
    """One connection; with `lock`, nobody else changes or removes it until this transaction ends."""
    columns = connections.c
    query: Any = select(
        columns.id,
        columns.organization_id,
        columns.provider,
        columns.setup_method,
        columns.status,
        columns.identity,
        columns.sealed_credentials,
        columns.sealed_sip_config,
        columns.sealed_made,
        ~_UNFINISHED,
    ).where(columns.id == id, columns.organization_id == organization)
    row = db.execute(query.with_for_update() if lock else query).first()
    return StoredConnection(*row) if row else None


def set_up_at(db: Connection, organization: int, provider: str) -> list[StoredConnection]:
    """The connections that guided set-ups made at a provider; nobody else changes them until this transaction ends."""
    columns = connections.c
    made = (columns.organization_id == organization, columns.provider == provider, columns.sealed_made.is_not(None))
    ids = list(db.execute(select(columns.id).where(*made).order_by(columns.id)).scalars())
    return [stored for id in ids if (stored := find(db, organization, id, lock=True))]


def due_to_watch(db: Connection, before: int, limit: int) -> list[Watched]:
    """Connections that were not looked at since then, the longest first."""
    columns = connections.c
    query = (
        select(columns.id, columns.organization_id, organizations.c.mode, columns.watched_at)
        .join(organizations, organizations.c.id == columns.organization_id)
        .where(columns.watched_at <= before, columns.status.in_(("connected", "error")), ~_UNFINISHED)
    )
    return [Watched(*row) for row in db.execute(query.order_by(columns.watched_at).limit(limit))]


def note_watched(db: Connection, each: Watched, at: int) -> bool:
    """It is looked at now; False where somebody else was faster."""
    mine = update(connections).where(connections.c.id == each.id, connections.c.watched_at == each.watched_at)
    return db.execute(mine.values(watched_at=at)).rowcount == 1


def create(db: Connection, new: NewConnection, sealer: Sealer, now: int) -> int:
    """Store a connection and give its id, which its seals are bound to."""
    id = db.execute(
        insert(connections)
        .values(
            organization_id=new.organization,
            provider=new.provider,
            setup_method=new.setup_method,
            name=new.name,
            inferred_name=new.inferred_name,
            status=new.status,
            identity=new.identity,
            sealed_credentials=b"",
            sealed_sip_config=b"",
            shown_sip_config=as_shown(new.shown_sip_config),
            last_tested_at=new.tested_at,
            watched_at=now,
            created_at=now,
            updated_at=now,
        )
        .returning(connections.c.id)
    ).scalar_one()
    begin_shown(db, new.organization, id)
    events.connection_changed(db, new.organization, id, None, {"status": new.status}, _CREATED, now)
    credentials = sealed_credentials(sealer, new.organization, id, new.credentials)
    sip_config = sealed_sip_config(sealer, new.organization, id, new.sip_config)
    change(db, new.organization, id, {**credentials, **sip_config})
    return id


def sealed_credentials(sealer: Sealer, organization: int, id: int, value: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that hold these credentials."""
    return {"sealed_credentials": sealer.seal(value, _place(organization, id, "credentials"))}


def sealed_sip_config(sealer: Sealer, organization: int, id: int, value: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that hold this SIP config."""
    return {"sealed_sip_config": sealer.seal(value, _place(organization, id, "sip_config"))}


def sealed_made(sealer: Sealer, organization: int, id: int, value: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that hold what set-up made."""
    return {"sealed_made": sealer.seal(made_as_json(value), _place(organization, id, "made"))}


def change(db: Connection, organization: int, id: int, values: Mapping[str, Any]) -> None:
    """Change columns of one connection, and what is shown of it."""
    own = update(connections).where(connections.c.id == id, connections.c.organization_id == organization)
    db.execute(own.values(**values))
    write_shown(db, id)


def set_status(db: Connection, organization: int, id: int, status: str, why: Reason, now: int) -> bool:
    """Give it another status and tell of it; False where it has that one already."""
    own = (connections.c.id == id, connections.c.organization_id == organization)
    before = db.execute(select(connections.c.status).where(*own)).scalar()
    changed = update(connections).where(*own, connections.c.status == before).values(status=status)
    if before in (None, status) or db.execute(changed).rowcount != 1:
        return False
    write_shown(db, id)
    events.connection_changed(db, organization, id, {"status": before}, {"status": status}, why, now)
    return True


def remove(db: Connection, organization: int, id: int, why: Reason, now: int) -> None:
    """Forget a connection and its credentials; its numbers stay, without a connection."""
    own = delete(connections).where(connections.c.id == id, connections.c.organization_id == organization)
    status = db.execute(own.returning(connections.c.status)).scalar()
    if status is not None:
        events.connection_changed(db, organization, id, {"status": status}, None, why, now)


def _place(organization: int, id: int, purpose: str) -> Place:
    return Place(organization, "connection", id, purpose)


def _sealed(column: Column[Any], purpose: str) -> SealedColumn:
    rows = select(connections.c.id, connections.c.organization_id)
    return SealedColumn(column, rows, lambda row: _place(row.organization_id, row.id, purpose))


SEALED = (
    _sealed(connections.c.sealed_credentials, "credentials"),
    _sealed(connections.c.sealed_sip_config, "sip_config"),
    _sealed(connections.c.sealed_made, "made"),
)
"""What is sealed of connections."""


def as_shown(shown_sip_config: Mapping[str, Any]) -> str:
    """What may be shown of a SIP config, as it is stored."""
    return json.dumps(dict(shown_sip_config))
