"""Connections as they are shown: their JSON is written when they change, not when they are read.

A list of a hundred connections then comes as one value in one step. Fetched row by row it would give the interpreter
lock away and wait for it a hundred times, and rendering it would cost more than everything else in the request.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, TextClause, select, text, update

from trunkline_service.clock import shown, shown_or_none
from trunkline_service.storage.tables import connections

_IMPORTED = "(SELECT count(*) FROM phone_numbers AS n WHERE n.voip_connection_id = c.id)"
_OBJECT = f"""'{{' || c.shown || ',"numbers_imported":' || {_IMPORTED} || '}}'"""
_OWN = "FROM connections AS c WHERE c.organization_id = :organization"
_LIST = {
    "sqlite": text(f"SELECT group_concat(shown) FROM (SELECT {_OBJECT} AS shown {_OWN} ORDER BY c.id DESC)"),
    "postgresql": text(f"SELECT string_agg({_OBJECT}, ',' ORDER BY c.id DESC) {_OWN}"),
}
_ONE: TextClause = text(f"SELECT {_OBJECT} {_OWN} AND c.id = :id")


def list_shown(db: Connection, organization: int) -> bytes:
    """The JSON array of an organization's connections, newest first."""
    listed: str | None = db.execute(_LIST[db.dialect.name], {"organization": organization}).scalar()
    return f"[{listed or ''}]".encode()


def find_shown(db: Connection, organization: int, id: int) -> bytes | None:
    """The JSON object of one connection."""
    found: str | None = db.execute(_ONE, {"organization": organization, "id": id}).scalar()
    return None if found is None else found.encode()


def write_shown(db: Connection, id: int) -> None:
    """Write the JSON of a connection anew, in the transaction that changed it."""
    row = db.execute(select(connections).where(connections.c.id == id)).one()
    fields = {
        "id": row.id,
        "name": row.name,
        "provider": row.provider,
        "setup_method": row.setup_method,
        "status": row.status,
        "inferred_name": bool(row.inferred_name),
        "sip_config": msgspec.Raw(row.shown_sip_config.encode()),
        "last_tested_at": shown_or_none(row.last_tested_at),
        "created_at": shown(row.created_at),
        "updated_at": shown(row.updated_at),
    }
    # Without its braces: the count of imported numbers, which changes without the connection, joins when it is read.
    inside = msgspec.json.encode(fields)[1:-1].decode()
    db.execute(update(connections).where(connections.c.id == id).values(shown=inside))
