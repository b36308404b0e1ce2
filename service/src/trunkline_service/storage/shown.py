"""Connections as they are shown: their JSON is written when they change, not when they are read.

A list of a hundred connections then comes as one value in one step. Fetched row by row it would give the interpreter
lock away and wait for it a hundred times, and rendering it and counting the numbers of each would cost more than
everything else in the request.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Connection, Select, Text, bindparam, func, insert, literal_column, select, update

from trunkline_service.clock import shown, shown_or_none
from trunkline_service.storage.organizations import caller_query
from trunkline_service.storage.tables import connections, phone_numbers, shown_connections

_OWN = "FROM shown_connections AS c WHERE c.organization_id = api_keys.organization_id"
_LIST = {
    # SQLite joins rows in the order in which a subquery gives them.
    "sqlite": f"(SELECT group_concat(content) FROM (SELECT c.content {_OWN} ORDER BY c.connection_id DESC))",  # nosec B608
    "postgresql": f"(SELECT string_agg(c.content, ',' ORDER BY c.connection_id DESC) {_OWN})",
}
_ID: BindParameter[int] = bindparam("connection")
_IMPORTED = select(func.count()).where(phone_numbers.c.voip_connection_id == _ID).scalar_subquery()
_STORED = select(connections, _IMPORTED.label("numbers_imported")).where(connections.c.id == _ID)
_LOCKED = select(shown_connections.c.connection_id).where(shown_connections.c.connection_id == _ID).with_for_update()
_WRITTEN = update(shown_connections).where(shown_connections.c.connection_id == _ID)


@lru_cache
def list_query(dialect: str) -> Select[Any]:
    """The query for a caller and, in the same step, the connections of its organization, newest first."""
    return caller_query(literal_column(_LIST[dialect], Text))


def as_array(listed: str | None) -> bytes:
    """The JSON array of what the query above reads."""
    return f"[{listed or ''}]".encode()


def find_shown(db: Connection, organization: int, id: int) -> bytes | None:
    """The JSON object of one connection."""
    columns = shown_connections.c
    own = select(columns.content).where(columns.organization_id == organization, columns.connection_id == id)
    found: str | None = db.execute(own).scalar()
    return None if found is None else found.encode()


def begin_shown(db: Connection, organization: int, id: int) -> None:
    """Make room for a new connection, before `write_shown`."""
    db.execute(insert(shown_connections).values(organization_id=organization, connection_id=id, content="{}"))


def write_shown(db: Connection, id: int) -> None:
    """Write the JSON of a connection anew, in the transaction that changed it or what it counts.

    Nothing is written where the connection is gone.
    """
    # Whoever changes it at the same time waits here, and then counts what this transaction leaves.
    if db.execute(_LOCKED, {"connection": id}).first() is None:
        return
    row = db.execute(_STORED, {"connection": id}).one()
    content = {
        "id": row.id,
        "name": row.name,
        "provider": row.provider,
        "setup_method": row.setup_method,
        "status": row.status,
        "inferred_name": bool(row.inferred_name),
        "sip_config": msgspec.Raw(row.shown_sip_config.encode()),
        "last_tested_at": shown_or_none(row.last_tested_at),
        "numbers_imported": row.numbers_imported,
        "created_at": shown(row.created_at),
        "updated_at": shown(row.updated_at),
    }
    written = _WRITTEN.values(content=msgspec.json.encode(content).decode())
    db.execute(written, {"connection": id})
