"""Connections as they are shown: their JSON is written when they change, not when they are read.

A list of a hundred connections then comes as one value in one step. Fetched row by row it would give the interpreter
lock away and wait for it a hundred times, and rendering it would cost more than everything else in the request.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Text, TextClause, literal_column, select, text, update

from trunkline_service.clock import shown, shown_or_none
from trunkline_service.storage.organizations import caller_query
from trunkline_service.storage.tables import connections

# Joined from constants alone, which bandit cannot tell (B608).
_IMPORTED = "(SELECT count(*) FROM phone_numbers AS n WHERE n.voip_connection_id = c.id)"
_FIELDS = f"""c.shown || ',"numbers_imported":' || {_IMPORTED}"""
_ONE: TextClause = text(
    f"SELECT {_FIELDS} FROM connections AS c WHERE c.organization_id = :organization AND c.id = :id"  # nosec B608
)
_OWN = "FROM connections AS c WHERE c.organization_id = api_keys.organization_id"
_LIST = {
    "sqlite": f"(SELECT group_concat(fields, '}},{{') FROM (SELECT {_FIELDS} AS fields {_OWN} ORDER BY c.id DESC))",  # nosec B608
    "postgresql": f"(SELECT string_agg({_FIELDS}, '}},{{' ORDER BY c.id DESC) {_OWN})",
}


@lru_cache
def list_query(dialect: str) -> Select[Any]:
    """The query for a caller and, in the same step, the connections of its organization, newest first."""
    return caller_query(literal_column(_LIST[dialect], Text))


def as_array(listed: str | None) -> bytes:
    """The JSON array of what the query above reads."""
    return b"[]" if listed is None else f"[{{{listed}}}]".encode()


def find_shown(db: Connection, organization: int, id: int) -> bytes | None:
    """The JSON object of one connection."""
    found: str | None = db.execute(_ONE, {"organization": organization, "id": id}).scalar()
    return None if found is None else f"{{{found}}}".encode()


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
