"""The keys that this database knows: a word sealed with each, by which it is told from another of the same id."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from trunkline_service.sealing import Place, Sealer
from trunkline_service.storage.tables import sealing_keys

_CANARY = "this installation's keys"
_PLACE = Place(0, "installation", 1, "canary")


def canaries(db: Connection) -> dict[str, bytes]:
    """The word sealed with each key, by the key's id."""
    rows = db.execute(select(sealing_keys.c.id, sealing_keys.c.canary))
    return {id: bytes(canary) for id, canary in rows}


def open_canary(canary: bytes, sealer: Sealer) -> None:
    """Open it, or raise `SealBroken`: the key is another one."""
    sealer.open(canary, _PLACE)


def add(db: Connection, key_id: str, sealer: Sealer, now: int) -> None:
    """Know a key from now on."""
    canary = sealer.seal(_CANARY, _PLACE, key_id)
    db.execute(insert(sealing_keys).values(id=key_id, canary=canary, created_at=now))
