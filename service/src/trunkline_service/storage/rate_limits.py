"""Rates that all processes share: each a row with one moment in it, until which all that the rate allows is used."""

from __future__ import annotations

import attrs
from sqlalchemy import Connection, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from trunkline_service.storage.tables import rate_limits

_columns = rate_limits.c


@attrs.frozen
class Rate:
    """So many in a minute, and no more than that at once."""

    per_minute: int

    def cost(self, count: int) -> int:
        """The microseconds that so many take up."""
        return count * (60_000_000 // self.per_minute)


def spend(db: Connection, name: str, rate: Rate, count: int, now: int) -> int:
    """Use the rate: 0, or the milliseconds until so many would be free, and then none is used.

    Of any number of processes at once, no more get through than the rate allows.
    """
    at, cost, full = now * 1000, rate.cost(count), rate.cost(rate.per_minute)
    begins = case((_columns.used_until > at, _columns.used_until), else_=at)
    dialect = sqlite if db.dialect.name == "sqlite" else postgresql
    used = (
        dialect.insert(rate_limits)
        .values(name=name, used_until=at + cost)
        .on_conflict_do_update(
            index_elements=[_columns.name], set_={"used_until": begins + cost}, where=begins + cost <= at + full
        )
        .returning(_columns.used_until)
    )
    if db.execute(used).first() is not None:
        return 0
    until = db.execute(select(_columns.used_until).where(_columns.name == name)).scalar() or at
    return max(1, (until + cost - at - full) // 1000)


def prune(db: Connection, now: int) -> int:
    """Forget rates of which nothing is used any more."""
    return db.execute(delete(rate_limits).where(_columns.used_until < now * 1000)).rowcount
