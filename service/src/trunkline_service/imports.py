"""Importing numbers: claim each, save its sealed routing, write at the carrier, read back, mark it.

Whatever dies in between leaves a lease behind, and `recovery` finishes or undoes the rest.
"""

from __future__ import annotations

import contextvars
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

import attrs
from sqlalchemy import Connection

from trunkline.engine import ImportOutcome
from trunkline.errors import TrunklineError
from trunkline.numbers import Route, RoutingSnapshot
from trunkline_service import recovery
from trunkline_service.connections import note_health
from trunkline_service.desk import Desk, open_desk, says_no_more
from trunkline_service.errors import not_found
from trunkline_service.logs import get_logger
from trunkline_service.service import Service
from trunkline_service.storage import connections, numbers
from trunkline_service.storage.events import Reason
from trunkline_service.storage.numbers import StoredNumber
from trunkline_service.storage.organizations import Caller
from trunkline_service.surveys import (
    REFUSALS,
    Survey,
    already_imported,
    charges_of,
    held_by_another,
    imported,
    in_order,
    refuse,
    refuse_size,
    survey,
)
from trunkline_service.views import ImportResultView, ImportView, PlanView, import_view, plan_view
from trunkline_service.writes import nothing_was_written, refusal_of, sentence_of

AT_ONCE_SECONDS = 25.0
"""How long an import may take by its estimate while its caller waits; a longer one is a job."""

_FRESH_SECONDS = 10.0
_WAIT_SECONDS = 10.0
_POLL_SECONDS = 0.1

_log = get_logger()

Results = dict[str, ImportResultView]


@attrs.define
class _Claims:
    """What came of claiming: rows that are ours now, results that stand already, and rows that others are at work on.

    `busy` are the organization's own under a running lease; `lapsed` are anybody's whose lease ran out.
    """

    rows: list[StoredNumber] = attrs.field(factory=list)
    results: Results = attrs.field(factory=dict)
    busy: list[StoredNumber] = attrs.field(factory=list)
    lapsed: list[StoredNumber] = attrs.field(factory=list)


def import_numbers(service: Service, caller: Caller, connection: int, wanted: Sequence[str]) -> ImportView:
    """Import numbers while the caller waits; one that is refused never sinks the others.

    Raises `TakesLonger`, before anything is done, where that would take more than `AT_ONCE_SECONDS`.
    """
    refuse_size(wanted)
    desk = open_desk(service, caller, connection)
    found = survey(desk, wanted, within=AT_ONCE_SECONDS)
    results = carry_out(desk, found, patience=_WAIT_SECONDS)
    return import_view(in_order(wanted, results), found.plan, charges_of(found.plan))


def plan_import(service: Service, caller: Caller, connection: int, wanted: Sequence[str]) -> PlanView:
    """Tell what an import would do. Nothing is written anywhere."""
    refuse_size(wanted)
    desk = open_desk(service, caller, connection)
    found = survey(desk, wanted)
    return plan_view(in_order(wanted, found.results), found.plan, charges_of(found.plan))


def carry_out(desk: Desk, found: Survey, *, patience: float) -> Results:
    """Import what the survey found fit for it; gives the result of every number that was surveyed.

    Numbers that another request is at work on are waited for, so many seconds in all. `LockTimeout`, before anything is
    claimed, where the turn on the carrier account does not come.
    """
    if not found.snapshots:
        return dict(found.results)
    with _turn(desk):
        claims = _claim(desk, found)
        results = {**found.results, **claims.results}
        if claims.rows:
            results |= _import_claimed(desk, found, claims.rows)
    return results | _when_settled(desk, claims.busy, patience)


def _turn(desk: Desk) -> AbstractContextManager[object]:
    """A carrier that counts by the second is written to by one import at a time, over all replicas.

    Each process keeps to its rate by itself, so two at once would double it. An import that outlasts the lock's lease
    does not keep the next one waiting: the carrier then asks both to wait.
    """
    pace = desk.engine.descriptor(desk.connection.provider).pace
    counts = pace.per_second is not None or pace.writes_per_second is not None
    return desk.service.lock(desk.account_lock()) if counts else nullcontext()


# Claiming


def _claim(desk: Desk, found: Survey) -> _Claims:
    """Claim all that is free; what a killed request left behind is settled first."""
    claims = _claim_free(desk, found, list(found.snapshots))
    if claims.lapsed:
        for row in claims.lapsed:
            recovery.settle(desk.service, row, again=not held_by_another(row, desk.claimant))
        again = _claim_free(desk, found, [row.number for row in claims.lapsed])
        claims.rows += again.rows
        claims.busy += again.busy
        claims.results |= again.results
        claims.results |= {row.number: refuse(row.number, "number_busy") for row in again.lapsed}
    return claims


def _claim_free(desk: Desk, found: Survey, wanted: Sequence[str]) -> _Claims:
    claimant, now = desk.claimant, desk.now()
    claims = _Claims()
    with desk.service.database.writing(serial=f"claims {claimant.mode}") as db:
        if connections.find(db, claimant.organization, claimant.connection, lock=True) is None:
            raise not_found()
        rows = numbers.concerning(db, claimant.organization, claimant.mode, wanted)
        for row in rows:
            _sort(row, desk, now, claims)
        taken = {*claims.results, *(row.number for row in (*claims.busy, *claims.lapsed))}
        free = [found.snapshots[number].number for number in wanted if number not in taken]
        if free:
            own = {row.number: row for row in rows if not held_by_another(row, claimant)}
            token = numbers.claim(db, claimant, free, own, now)
            claims.rows = numbers.claimed(db, token)
    return claims


def _sort(row: StoredNumber, desk: Desk, now: int, claims: _Claims) -> None:
    """Put a row that stands in the way of a claim where it belongs; a free one is in nobody's way."""
    if row.lease_expired(now):
        claims.lapsed.append(row)
    elif held_by_another(row, desk.claimant):
        claims.results[row.number] = refuse(row.number, "already_in_use")
    elif row.unfinished:
        claims.busy.append(row)
    elif already_imported(row, desk.claimant):
        claims.results[row.number] = imported(row)


def _when_settled(desk: Desk, rows: Sequence[StoredNumber], patience: float) -> Results:
    """Wait for others who are at work on these numbers."""
    give_up = time.monotonic() + patience
    return {row.number: _settled_by_another(desk, row, give_up) for row in rows}


def _settled_by_another(desk: Desk, row: StoredNumber, give_up: float) -> ImportResultView:
    while True:
        with desk.service.database.reading() as db:
            now = numbers.by_id(db, row.id)
        if now is None or not now.unfinished or time.monotonic() >= give_up:
            break
        time.sleep(_POLL_SECONDS)
    if now is not None and already_imported(now, desk.claimant):
        return imported(now)
    return refuse(row.number, "number_busy")


# Writing


def _import_claimed(desk: Desk, found: Survey, rows: list[StoredNumber]) -> Results:
    """Import numbers whose claims are ours; a claim that comes to nothing is given up."""
    try:
        with desk.service.lock(desk.route_lock()):
            route = desk.engine.prepare_route(desk.account)
        snapshots = _current_snapshots(desk, found, rows)
        results = _give_up_missing(desk, rows, snapshots)
        ready = _save_snapshots(desk, rows, snapshots, route)
    except BaseException:
        # The number may have been saved as one whose write may leave, but none has.
        with desk.service.database.writing() as db:
            numbers.give_up_claim(db, rows, desk.now())
        raise
    results |= {row.number: refuse(row.number, "number_busy") for row in rows if row.number in snapshots}
    return results | _write(desk, route, {row.number: row for row in ready}, snapshots)


def _current_snapshots(desk: Desk, found: Survey, rows: list[StoredNumber]) -> dict[str, RoutingSnapshot]:
    """The routing of each claimed number as it stands now.

    What the survey read is good while nobody else has held the number since, and it is young.
    """
    mode = desk.claimant.mode
    with desk.service.database.reading() as db:
        changes = numbers.count_changes(db, mode, [row.number for row in rows])
    current = {row.number: found.snapshots[row.number] for row in rows}
    outdated = [
        number
        for number, snapshot in current.items()
        # Our own claim is the one change that is to be expected.
        if changes[number] != found.changes.get(number, 0) + 1
        or (desk.service.clock() - snapshot.read_at).total_seconds() > _FRESH_SECONDS
    ]
    if outdated:
        fresh = desk.engine.read_routing(desk.account, outdated)
        for number in outdated:
            del current[number]
        current |= fresh
    return current


def _give_up_missing(desk: Desk, rows: list[StoredNumber], snapshots: dict[str, RoutingSnapshot]) -> Results:
    """Numbers that left the account between survey and claim."""
    gone = [row for row in rows if row.number not in snapshots]
    if gone:
        with desk.service.database.writing() as db:
            numbers.give_up_claim(db, gone, desk.now())
    return {row.number: refuse(row.number, "not_on_account") for row in gone}


def _save_snapshots(
    desk: Desk, rows: list[StoredNumber], snapshots: dict[str, RoutingSnapshot], route: Route
) -> list[StoredNumber]:
    """Save each number's routing; only rows whose lease is still ours may be written."""
    with desk.service.database.writing() as db:
        return [row for row in rows if row.number in snapshots and _save(desk, db, row, snapshots[row.number], route)]


def _save(desk: Desk, db: Connection, row: StoredNumber, snapshot: RoutingSnapshot, route: Route) -> bool:
    return numbers.save_snapshot(db, row, desk.claimant, snapshot, route, desk.service.sealer, desk.now())


def _write(desk: Desk, route: Route, rows: dict[str, StoredNumber], snapshots: dict[str, RoutingSnapshot]) -> Results:
    """Write at the carrier, and mark numbers as soon as their outcome is known.

    They are marked beside the writing, in one transaction those that came during the last one: to mark each by itself
    takes longer than to write it.
    """
    results: Results = {}
    waiting, lost = dict(rows), list[StoredNumber]()
    # The log tells for whom.
    context = contextvars.copy_context()

    def mark(came: list[ImportOutcome]) -> None:
        lost.extend(_mark(desk, [(waiting[outcome.number], outcome) for outcome in came]))
        for outcome in came:
            results[outcome.number] = _result(desk, waiting.pop(outcome.number), outcome.error)

    try:
        with ThreadPoolExecutor(1) as beside:
            came: list[ImportOutcome] = []
            marking = beside.submit(_nothing)
            for outcome in desk.engine.import_numbers(desk.account, route, [snapshots[number] for number in rows]):
                came.append(outcome)
                if marking.done():
                    marking.result()
                    marking = beside.submit(context.run, mark, came)
                    came = []
            marking.result()
            if came:
                mark(came)
    finally:
        # Nothing is known of those that are left; from now on anybody may look into them.
        if waiting:
            with desk.service.database.writing() as db:
                for row in waiting.values():
                    numbers.leave_to_recovery(db, row, desk.now())
    return results | _when_settled(desk, lost, _WAIT_SECONDS)


def _nothing() -> None:
    """Nothing is to be marked yet."""


def _mark(desk: Desk, ended: list[tuple[StoredNumber, ImportOutcome]]) -> list[StoredNumber]:
    """Mark what came of these numbers; gives those that are routed to us while their lease went to somebody else."""
    routed = [row for row, outcome in ended if outcome.error is None]
    with desk.service.database.writing() as db:
        held = numbers.mark_imported(db, routed, desk.claimant.connection, desk.now())
        for row, outcome in ended:
            if outcome.error is None:
                continue
            if nothing_was_written(outcome.error):
                numbers.give_up_claim(db, [row], desk.now())
            else:
                numbers.leave_to_recovery(db, row, desk.now())
    return [row for row in routed if row.id not in held]


def _result(desk: Desk, row: StoredNumber, error: TrunklineError | None) -> ImportResultView:
    return _refused(desk, row, error) if error else ImportResultView(row.id, row.number, "provisioning")


def _refused(desk: Desk, row: StoredNumber, error: TrunklineError) -> ImportResultView:
    _log.warning("number_not_imported", number_id=row.id, code=error.code)
    if says_no_more(error):
        note_health(desk.service, desk.connection, Reason.of(error))
    word = refusal_of(error)
    explained = word in REFUSALS and word != "carrier_refused"
    return refuse(row.number, word, None if explained else sentence_of(error))
