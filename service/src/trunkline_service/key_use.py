"""Which keys the database needs: held against the key ring at start, and moved on to another when keys are rotated.

A key seals records, and gives MACs by which evidence and idempotency keys are known again. Records can be sealed anew;
what has a MAC can only be waited for, a day at most.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import attrs
from sqlalchemy import Connection

from trunkline_service.clock import shown
from trunkline_service.key_ring import SealBroken
from trunkline_service.sealing import Sealer
from trunkline_service.storage import connections, evidence, idempotency, numbers, sealing_keys, set_ups, webhooks
from trunkline_service.storage.database import Database
from trunkline_service.storage.seals import SealedColumn

SEALED: tuple[SealedColumn, ...] = (*connections.SEALED, *set_ups.SEALED, *numbers.SEALED, *webhooks.SEALED)
"""Every sealed column."""

_BATCH = 200
_PASSES = 5


class KeyMissing(Exception):
    """The database needs a key that the ring does not have, or has under another value."""


@attrs.frozen
class Rotation:
    """What a rotation did: values sealed anew and values that did not open, by column."""

    resealed: dict[str, int]
    unreadable: dict[str, int]


def check(db: Connection, sealer: Sealer, now: int) -> None:
    """Refuse a ring that lacks a key that is in use; keys that are new are known from now on."""
    known = hold(db, sealer, now)
    for id in sealer.key_ids:
        if id not in known:
            sealing_keys.add(db, id, sealer, now)


def hold(db: Connection, sealer: Sealer, now: int) -> Collection[str]:
    """Ids of the keys that the database knows; raises `KeyMissing` where the ring lacks one that is in use."""
    known = sealing_keys.canaries(db)
    for id, canary in known.items():
        if id in sealer.key_ids:
            _open(id, canary, sealer)
        elif uses := list(uses_of(db, id, now)):
            raise KeyMissing(
                f"key {id} is not in the key ring, and {uses[0]} cannot do without it. Give the key ring this database "
                "was made with; to rotate, put the new key first and keep the old one behind it."
            )
    return known


def uses_of(db: Connection, key_id: str, now: int) -> Iterator[str]:
    """What needs a key, in words."""
    for column in SEALED:
        if column.uses(db, key_id):
            yield column.name
    for what, until in (
        ("verification evidence", evidence.last_checked_with(db, key_id, now)),
        ("idempotency keys", idempotency.last_checked_with(db, key_id, now)),
    ):
        if until is not None:
            yield f"{what} (until {shown(until)})"


def reseal_all(database: Database, sealer: Sealer) -> Rotation:
    """Seal everything under the first key. It may be cut off and begun again, and others may write meanwhile.

    Each value is exchanged by itself, and only if it is still the one that was read: nobody waits, and nothing is lost.
    """
    resealed: dict[str, int] = {}
    for _ in range(_PASSES):
        # A process that has another key first may have sealed more behind us.
        unreadable: dict[str, int] = {}
        before = sum(resealed.values())
        for column in SEALED:
            _reseal(database, sealer, column, resealed, unreadable)
        if sum(resealed.values()) == before:
            break
    return Rotation(resealed, unreadable)


def _reseal(
    database: Database, sealer: Sealer, column: SealedColumn, resealed: dict[str, int], unreadable: dict[str, int]
) -> None:
    after = None
    while True:
        with database.reading() as db:
            rows = column.under_other_keys(db, sealer.primary, after=after, limit=_BATCH)
        if not rows:
            return
        for row, old in rows:
            try:
                new = sealer.reseal(old, column.place(row))
            except SealBroken:
                unreadable[column.name] = unreadable.get(column.name, 0) + 1
                continue
            with database.writing() as db:
                done = column.exchange(db, row, old, new)
            resealed[column.name] = resealed.get(column.name, 0) + done
        after = column.key_of(rows[-1][0])


def _open(id: str, canary: bytes, sealer: Sealer) -> None:
    try:
        sealing_keys.open_canary(canary, sealer)
    except SealBroken:
        raise KeyMissing(f"key {id} is not the {id} that this database was sealed with. Give that one back.") from None
