"""Watching: connections and numbers are looked at by themselves, to find out before a caller does what has changed.

Only reads are sent: for a connection with numbers the routing of all of them, which proves its credentials too, and the
test of its credentials where there are no numbers, or no carrier to tell their routing. A carrier that cannot be asked
has not changed anything.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from trunkline.checks import Outcome
from trunkline.errors import CredentialsRejected, NumberNotFound, TrunklineError
from trunkline.numbers import RoutingSnapshot
from trunkline_service.connections import note_health
from trunkline_service.desk import Desk, desk_for, says_no_more
from trunkline_service.errors import ApiError
from trunkline_service.key_ring import SealBroken
from trunkline_service.logs import get_logger
from trunkline_service.service import Service
from trunkline_service.storage import connections, locks, numbers
from trunkline_service.storage.connections import Watched
from trunkline_service.storage.events import Reason
from trunkline_service.storage.locks import LockTimeout
from trunkline_service.storage.numbers import StoredNumber
from trunkline_service.storage.tables import Hold
from trunkline_service.verifications import FAILED, remember

_AT_ONCE = 8
_MOST = 16
"""How many connections one round looks at; the rest waits for the next."""
_LEASE_MS = 600_000
_JITTER = 0.1

_ROUTED_ELSEWHERE = Reason("routed_elsewhere", "The number's calls go somewhere else: its routing was changed.")
_NOT_ON_ACCOUNT = Reason("not_on_account", "The number is not on the carrier account any more.")

_log = get_logger()


def watch(service: Service) -> int:
    """Look at the connections that are due, in one process at a time; gives how many were looked at."""
    if not service.watch_minutes:
        return 0
    try:
        with locks.holding(service.database, "watch", service.now, lease_ms=_LEASE_MS, seconds=0):
            return _look_at_due(service)
    except LockTimeout:
        return 0


def _look_at_due(service: Service) -> int:
    interval = service.watch_minutes * 60_000
    with service.database.reading() as db:
        due = connections.due_to_watch(db, service.now() - interval, _MOST)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="watch") as pool:
        return sum(pool.map(lambda each: _look_at(service, each, interval), due))


def _look_at(service: Service, each: Watched, interval: int) -> bool:
    """Look at one; False where it is another's turn."""
    at = service.now() + int(random.uniform(-_JITTER, _JITTER) * interval)
    with service.database.writing() as db:
        if not connections.note_watched(db, each, at):
            return False
        stored = connections.find(db, each.organization, each.id)
    if stored is None or not stored.ready:
        return False
    try:
        desk = desk_for(service, each.mode, stored)
        _look_through(desk)
    except (TrunklineError, ApiError, SealBroken) as error:
        if isinstance(error, TrunklineError) and says_no_more(error):
            note_health(service, stored, Reason.of(error))
        _log.warning("not_watched", connection_id=each.id, code=getattr(error, "code", "seal_broken"))
    else:
        note_health(service, stored, None)
    return True


def _look_through(desk: Desk) -> None:
    with desk.service.database.reading() as db:
        rows = [row for row in numbers.of_connection(db, desk.connection.id) if row.hold is Hold.HELD]
    if rows and desk.claimant.backed:
        _look_at_numbers(desk, rows)
    else:
        _test(desk)


def _test(desk: Desk) -> None:
    """Raises what a request would have raised, where the carrier says no to the credentials in a test."""
    credentials = desk.engine.test_credentials(desk.account).credentials
    if credentials.outcome is Outcome.FAIL:
        raise CredentialsRejected(credentials.summary)


def _look_at_numbers(desk: Desk, rows: Sequence[StoredNumber]) -> None:
    """Tell what changed. A number is said to be gone, or routed elsewhere, only if it is so when read again."""
    found = _read(desk, rows)
    suspected = [row for row in rows if _trouble(row, found)]
    again = _read(desk, suspected) if suspected else {}
    for row in suspected:
        why = _trouble(row, again)
        if why and row.status != "failed":
            with desk.service.database.writing() as db:
                numbers.judge(db, row, FAILED, why, desk.now(), unjudged=True)
    for row in rows:
        if row.status == "failed" and _trouble(row, found) is None:
            _verify(desk, row)


def _read(desk: Desk, rows: Sequence[StoredNumber]) -> dict[str, RoutingSnapshot]:
    return desk.engine.read_routing(desk.account, [row.number for row in rows])


def _trouble(row: StoredNumber, found: dict[str, RoutingSnapshot]) -> Reason | None:
    if row.number not in found:
        return _NOT_ON_ACCOUNT
    if not row.backed:
        return None  # Where a number goes that was typed in, nobody can read.
    return None if found[row.number].points_at == row.route_id else _ROUTED_ELSEWHERE


def _verify(desk: Desk, row: StoredNumber) -> None:
    """It had failed and is routed here: whether it works again, only its own verification tells."""
    route = row.route(desk.service.sealer)
    assert route is not None
    try:
        verdict = desk.engine.verify_number(desk.account, row.ref, route)
    except NumberNotFound:
        return
    with desk.service.database.writing() as db:
        remember(db, row, verdict, desk.now())
