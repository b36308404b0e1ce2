"""Releasing numbers: give back the routing that each had before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

from trunkline.numbers import Release, ReleaseOutcome
from trunkline_service import recovery
from trunkline_service.desk import Desk, desk_for, open_desk
from trunkline_service.errors import ApiError, not_found
from trunkline_service.restoring import CONNECTION_DELETED, put_back
from trunkline_service.service import Service
from trunkline_service.storage import connections, numbers
from trunkline_service.storage.numbers import StoredNumber
from trunkline_service.storage.organizations import Caller
from trunkline_service.views import ReleaseView

_ALREADY_RELEASED = Release(
    ReleaseOutcome.LEFT_ALONE, "already_released", "This number was released before; nothing was changed."
)


def release_number(service: Service, caller: Caller, id: int) -> ReleaseView:
    """Give one number back. It is never given up at the carrier."""
    row = _settled_row(service, caller, id)
    if row.status == "released":
        return _view(row, _ALREADY_RELEASED)
    with service.database.reading() as db:
        stored = connections.find(db, caller.organization, row.connection) if row.connection is not None else None
    desk = desk_for(service, caller.mode, stored) if stored else None
    return _view(row, _release(service, desk, row))


def release_all(service: Service, caller: Caller, connection: int) -> None:
    """Give back every number of a connection; the first error ends it, and what is given back stays so."""
    desk = open_desk(service, caller, connection)
    with service.database.reading() as db:
        rows = numbers.of_connection(db, connection)
    pace = desk.engine.descriptor(desk.connection.provider).pace
    with ThreadPoolExecutor(pace.concurrency) as pool:
        try:
            list(pool.map(lambda row: _release(service, desk, row), rows))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _settled_row(service: Service, caller: Caller, id: int) -> StoredNumber:
    """The number, after whatever a killed process left of it is settled."""
    row = _find(service, caller, id)
    if row.lease_expired(service.now()):
        recovery.settle(service, row)
        row = _find(service, caller, id)
    if row.unfinished:
        _busy()
    return row


def _find(service: Service, caller: Caller, id: int) -> StoredNumber:
    with service.database.reading() as db:
        row = numbers.find(db, caller.organization, id)
    if row is None:
        raise not_found()
    return row


def _release(service: Service, desk: Desk | None, row: StoredNumber) -> Release:
    with service.database.writing() as db:
        leased = numbers.start_release(db, row, service.now())
        if leased is None:
            _busy()
        if desk is None:
            numbers.mark_released(db, leased, service.now(), keep_snapshot=True)
            return CONNECTION_DELETED
    return put_back(desk, leased)


def _view(row: StoredNumber, release: Release) -> ReleaseView:
    return ReleaseView(row.id, row.number, release.outcome.value, release.code, release.detail)


def _busy() -> NoReturn:
    raise ApiError("number_busy", "This number is being imported or released just now.", retry_after=5)
