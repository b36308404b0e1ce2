"""What a killed process left behind: numbers and set-ups whose lease ran out are finished or undone."""

from __future__ import annotations

from trunkline.errors import TrunklineError
from trunkline_service.desk import Desk, desk_for
from trunkline_service.errors import ApiError
from trunkline_service.key_ring import SealBroken
from trunkline_service.logs import get_logger
from trunkline_service.restoring import put_back
from trunkline_service.service import Service
from trunkline_service.set_ups import settle as settle_set_up
from trunkline_service.storage import (
    connections,
    events,
    evidence,
    idempotency,
    import_jobs,
    numbers,
    rate_limits,
    set_ups,
)
from trunkline_service.storage.numbers import StoredNumber
from trunkline_service.storage.tables import Hold

_log = get_logger()


def sweep(service: Service) -> int:
    """Settle all whose lease ran out, forget what is too old to be of use; gives how many were settled."""
    now = service.now()
    with service.database.reading() as db:
        rows = numbers.expired(db, now)
        unfinished = set_ups.expired(db, now)
    settled = sum(settle(service, row) for row in rows)
    with service.database.writing() as db:
        evidence.prune(db, now)
        idempotency.prune(db, now)
        events.prune(db, now)
        rate_limits.prune(db, now)
        import_jobs.prune(db, now)
    # Last, since each may take minutes.
    return settled + sum(settle_set_up(service, set_up) for set_up in unfinished)


def settle(service: Service, row: StoredNumber, *, again: bool = False) -> bool:
    """Finish or undo one number whose lease ran out; False where it has to wait, or somebody else is at it.

    A write that may yet come is waited for, unless the same is about to be written `again`.
    """
    with service.database.writing() as db:
        leased = numbers.take_over(db, row, service.now())
    if leased is None:
        return False
    try:
        outcome = _settle(service, leased, again)
    except (TrunklineError, ApiError, SealBroken) as error:
        # The carrier cannot be asked now: the lease we took lets the next try wait its turn.
        _log.warning("number_not_settled", number_id=row.id, hold=row.hold, code=getattr(error, "code", "seal_broken"))
        return False
    if outcome is None:
        return False
    _log.info("number_settled", number_id=row.id, hold=row.hold, outcome=outcome)
    return True


def _settle(service: Service, leased: StoredNumber, again: bool) -> str | None:
    if leased.hold is Hold.CLAIMED:
        # No snapshot was saved, so no write has left.
        return _undo(service, leased)
    desk = _desk_of(service, leased)
    if desk is None:
        return _without_connection(service, leased)
    if leased.hold is Hold.RELEASING:
        return put_back(desk, leased).outcome.value
    return _finish_import(service, desk, leased, again)


def _finish_import(service: Service, desk: Desk, leased: StoredNumber, again: bool) -> str | None:
    """Whether its write took effect stands in the carrier's books; None while it may yet come to stand there."""
    present = desk.engine.read_routing(desk.account, [leased.number]).get(leased.number)
    if present is None or present.points_at != leased.route_id:
        if leased.write_may_come(service.now()) and not again:
            with service.database.writing() as db:
                numbers.leave_to_recovery(db, leased, service.now())
            return None
        return _undo(service, leased)
    with service.database.writing() as db:
        numbers.mark_imported(db, [leased], desk.connection.id, service.now())
    return "imported"


def _undo(service: Service, leased: StoredNumber) -> str:
    with service.database.writing() as db:
        numbers.give_up_claim(db, [leased], service.now())
    return "undone"


def _without_connection(service: Service, leased: StoredNumber) -> str:
    with service.database.writing() as db:
        numbers.abandon(db, leased, service.now())
    return "abandoned"


def _desk_of(service: Service, leased: StoredNumber) -> Desk | None:
    if leased.lease_connection is None:
        return None
    with service.database.reading() as db:
        stored = connections.find(db, leased.organization, leased.lease_connection)
    return desk_for(service, leased.mode, stored) if stored else None
