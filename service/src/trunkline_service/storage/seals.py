"""Sealed columns, whatever they belong to: which key each value is under, and exchanging one seal for another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from sqlalchemy import Column, ColumnElement, Connection, LargeBinary, Select, func, select, tuple_, update

from trunkline_service.sealing import Place, envelope


@attrs.frozen(eq=False)
class SealedColumn:
    """A column of sealed values: `rows` reads what `place` needs to tell where each belongs."""

    column: Column[Any]
    rows: Select[*tuple[Any, ...]]
    place: Callable[[Any], Place]

    @property
    def name(self) -> str:
        """Table and column."""
        return f"{self.column.table.name}.{self.column.name}"

    def under_other_keys(
        self, db: Connection, key_id: str, *, after: Sequence[Any] | None, limit: int
    ) -> list[tuple[Any, bytes]]:
        """The next rows whose value is not under this key, each with its value, in the order of the primary key."""
        key = self._primary_key()
        query = self.rows.add_columns(self.column.label("sealed")).where(
            self.column.is_not(None), self._beginning(key_id) != envelope(key_id)
        )
        if after is not None:
            query = query.where(tuple_(*key) > tuple_(*after))
        return [(row, bytes(row.sealed)) for row in db.execute(query.order_by(*key).limit(limit))]

    def key_of(self, row: Any) -> list[Any]:
        """The primary key of a row."""
        return [getattr(row, column.name) for column in self._primary_key()]

    def exchange(self, db: Connection, row: Any, old: bytes, new: bytes) -> bool:
        """Put another seal in the place of this one; False where somebody wrote the value meanwhile."""
        same = [column == value for column, value in zip(self._primary_key(), self.key_of(row), strict=True)]
        exchanged = update(self.column.table).where(*same, self.column == old)
        return db.execute(exchanged.values({self.column.name: new})).rowcount == 1

    def uses(self, db: Connection, key_id: str) -> bool:
        """Whether any value is under this key."""
        found = select(1).select_from(self.column.table).where(self._beginning(key_id) == envelope(key_id))
        return db.execute(found.limit(1)).first() is not None

    def _beginning(self, key_id: str) -> ColumnElement[bytes]:
        return func.substr(self.column, 1, len(envelope(key_id)), type_=LargeBinary)

    def _primary_key(self) -> list[Column[Any]]:
        return list(self.column.table.primary_key)
