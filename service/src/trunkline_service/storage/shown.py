"""Connections as they are shown: their JSON is written when they change, not when they are read.

A list of a hundred connections then comes as one value in one step. Fetched row by row it would give the interpreter
lock away and wait for it a hundred times, and rendering it and counting the numbers of each would cost more than
everything else in the request.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Text, func, insert, literal_column, select, text, update

from trunkline_service.clock import shown, shown_or_none
from trunkline_service.storage.organizations import caller_query
from trunkline_service.storage.tables import connections, phone_numbers, shown_connections

_columns = shown_connections.c

# Joined from constants alone, which bandit cannot tell (B608).
_INSIDE = """c.fields || ',"numbers_imported":' || c.numbers_imported"""
_ONE = text(
    f"SELECT {_INSIDE} FROM shown_connections AS c WHERE c.organization_id = :organization AND c.connection_id = :id"  # nosec B608
)
_OWN = "FROM shown_connections AS c WHERE c.organization_id = api_keys.organization_id"
# SQLite joins rows in the order in which a subquery gives them.
_ROWS = f"SELECT {_INSIDE} AS one {_OWN} ORDER BY c.connection_id DESC"
_LIST = {
    "sqlite": f"(SELECT group_concat(one, '}},{{') FROM ({_ROWS}))",  # nosec B608
    "postgresql": f"(SELECT string_agg({_INSIDE}, '}},{{' ORDER BY c.connection_id DESC) {_OWN})",
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


def begin_shown(db: Connection, organization: int, id: int) -> None:
    """Make room for a new connection, which has no numbers, before `write_shown`."""
    new = {"organization_id": organization, "connection_id": id, "fields": "", "numbers_imported": 0}
    db.execute(insert(shown_connections).values(new))


def write_shown(db: Connection, id: int) -> None:
    """Write what is shown of a connection anew, in the transaction that changed it."""
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
    db.execute(update(shown_connections).where(_columns.connection_id == id).values(fields=inside))


def count_numbers(db: Connection, id: int) -> None:
    """Count a connection's numbers anew, in the transaction in which one came or went."""
    own = _columns.connection_id == id
    if db.dialect.name != "sqlite":
        # Who counts at the same time waits here, and then sees what this transaction leaves.
        db.execute(select(_columns.connection_id).where(own).with_for_update())
    counted = select(func.count()).where(phone_numbers.c.voip_connection_id == id).scalar_subquery()
    db.execute(update(shown_connections).where(own).values(numbers_imported=counted))
