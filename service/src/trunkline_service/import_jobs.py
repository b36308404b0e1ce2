"""Imports that take longer than a request may: a job that goes on a few numbers at a time, on any replica.

Its numbers wait in rows until each has its outcome. Whoever dies over them leaves the leases that `imports` takes
behind, so another try finds out what became of each; no try writes a number whose outcome is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
from msgspec import UNSET
from sqlalchemy import Connection

from trunkline.e164 import is_e164
from trunkline.errors import TrunklineError
from trunkline.plan import ImportPlan
from trunkline_service.connections import note_health
from trunkline_service.desk import Desk, desk_for, not_ready, open_desk, says_no_more
from trunkline_service.errors import ApiError, as_api_error, not_found
from trunkline_service.idempotency import Keeper
from trunkline_service.imports import carry_out
from trunkline_service.logs import get_logger
from trunkline_service.service import Service
from trunkline_service.storage import connections
from trunkline_service.storage import import_jobs as stored
from trunkline_service.storage.events import Reason
from trunkline_service.storage.import_jobs import NumberOutcome, StoredJob, WaitingNumber
from trunkline_service.storage.locks import LockTimeout
from trunkline_service.storage.organizations import Caller
from trunkline_service.storage.queue import put_in_line
from trunkline_service.storage.tables import UNFINISHED_JOBS, JobState
from trunkline_service.surveys import NOTHING_PLANNED, Results, in_order, refuse, refuse_size, survey
from trunkline_service.views import (
    ImportJobView,
    ImportResultView,
    charges_as_json,
    encode,
    import_job_view,
    instructions_as_json,
    warnings_as_json,
)
from trunkline_service.writes import sentence_of

_CHUNK_SECONDS = 10.0
"""How long one chunk may take by its estimate: that long others on the same carrier account wait for their turn."""

_MOST_TRIES = 7
_FIRST_WAIT_SECONDS = 5.0

_TRY_AGAIN = ("number_busy", "carrier_unavailable", "unverified_write")

_log = get_logger()


def start(service: Service, caller: Caller, connection: int, wanted: Sequence[str], keeper: Keeper) -> bytes:
    """Make a job of an import, and answer with it; both are kept in one transaction."""
    refuse_size(wanted)
    desk = open_desk(service, caller, connection)
    now = service.now()
    with service.database.writing() as db:
        if connections.find(db, caller.organization, connection, lock=True) is None:
            raise not_found()
        id = stored.create(db, caller.organization, connection, desk.account_lock(), wanted, _known(wanted), now)
        job = stored.find(db, caller.organization, id)
        assert job is not None
        _conclude(db, job, now)
        answer = encode(_view(db, caller.organization, id))
        keeper.keep(db, answer, 202)
    return answer


def show(service: Service, organization: int, id: int) -> ImportJobView:
    """A job and its outcomes so far."""
    with service.database.reading() as db:
        return _view(db, organization, id)


def cancel(service: Service, caller: Caller, id: int) -> ImportJobView:
    """Import no more of a job's numbers; those that are being written just now still get their outcomes."""
    with service.database.writing() as db:
        if stored.find(db, caller.organization, id) is None:
            raise not_found()
        stored.finish(db, id, JobState.CANCELLED, service.now())
        return _view(db, caller.organization, id)


def go_on(service: Service, id: int) -> None:
    """Import the next numbers of a job, and put it back in line where any are left."""
    with service.database.writing() as db:
        job = stored.begin(db, id)
    if job is None:
        return
    try:
        desk = _desk_of(service, job)
        chunk = _next_chunk(desk, job)
        plan, results = _import(desk, job, chunk)
    except _Stopped as stopped:
        _fail(service, job, stopped.error)
        return
    now = service.now()
    with service.database.writing() as db:
        state = stored.lock(db, job.id)
        again = [each for each in chunk if _to_try_again(each, results[each.number])]
        settled = [each for each in chunk if each not in again]
        stored.settle(db, job.id, [(each.position, _outcome(results[each.number])) for each in settled])
        stored.try_again(db, job.id, [each.position for each in again])
        if plan is not NOTHING_PLANNED:
            stored.add_chunk(db, job.id, charges_as_json(plan), warnings_as_json(plan))
        if state in UNFINISHED_JOBS:
            _conclude(db, job, now)
    _log.info("import_job_went_on", job=job.id, settled=len(settled), again=len(again))


def _conclude(db: Connection, job: StoredJob, now: int) -> None:
    """Put the job in line for its next numbers, or finish it where none are left."""
    following = stored.waiting(db, job.id, 1)
    if not following:
        stored.finish(db, job.id, JobState.DONE, now)
        return
    tries = following[0].tries
    seconds = _FIRST_WAIT_SECONDS * 2 ** (tries - 1) if tries else 0.0
    stored.wait_until(db, job.id, now + int(seconds * 1000))
    put_in_line(db, job.id, job.account, seconds=seconds, tries=tries)


# One chunk


@attrs.define
class _Stopped(Exception):
    """The job cannot go on, now or later."""

    error: Exception


def _desk_of(service: Service, job: StoredJob) -> Desk:
    with service.database.reading() as db:
        found = connections.find(db, job.organization, job.connection) if job.connection is not None else None
    if found is None:
        raise _Stopped(ApiError("connection_deleted", "The connection was deleted, and its credentials with it."))
    if not found.ready:
        raise _Stopped(not_ready(found.status))
    try:
        return desk_for(service, job.mode, found)
    except ApiError as error:
        raise _Stopped(error) from None


def _next_chunk(desk: Desk, job: StoredJob) -> list[WaitingNumber]:
    most = desk.engine.numbers_within(desk.connection.provider, _CHUNK_SECONDS)
    with desk.service.database.reading() as db:
        return stored.waiting(db, job.id, most)


def _import(desk: Desk, job: StoredJob, chunk: Sequence[WaitingNumber]) -> tuple[ImportPlan, Results]:
    """Import the numbers; what keeps all of them from being imported is the result of each."""
    wanted = [each.number for each in chunk]
    try:
        found = survey(desk, wanted)
        _keep_instructions(desk, job, found.plan)
        return found.plan, carry_out(desk, found, patience=0)
    except LockTimeout:
        return NOTHING_PLANNED, {number: refuse(number, "number_busy") for number in wanted}
    except TrunklineError as error:
        if says_no_more(error):
            note_health(desk.service, desk.connection, Reason.of(error))
        if not error.retryable:
            raise _Stopped(error) from None
        return NOTHING_PLANNED, {number: refuse(number, "carrier_unavailable", sentence_of(error)) for number in wanted}
    except ApiError as error:
        raise _Stopped(error) from None


def _keep_instructions(desk: Desk, job: StoredJob, plan: ImportPlan) -> None:
    """Before anything is imported: who takes the job up again plans no number that is imported by then."""
    if plan.instructions is not None:
        with desk.service.database.writing() as db:
            stored.add_instructions(db, job.id, instructions_as_json(plan.instructions))


def _to_try_again(number: WaitingNumber, result: ImportResultView) -> bool:
    return result.error is not UNSET and result.error.code in _TRY_AGAIN and number.tries + 1 < _MOST_TRIES


def _fail(service: Service, job: StoredJob, error: Exception) -> None:
    said = as_api_error(error)
    with service.database.writing() as db:
        stored.finish(db, job.id, JobState.FAILED, service.now(), error_code=said.code, error_detail=said.detail)
    _log.warning("import_job_failed", job=job.id, code=said.code)


# What is stored


def _known(wanted: Sequence[str]) -> Iterable[tuple[int, NumberOutcome]]:
    """The outcomes that need no carrier: what is no number, and what stands in the request twice."""
    open_numbers = {number: refuse(number, "number_busy") for number in wanted if is_e164(number)}
    for position, result in enumerate(in_order(wanted, open_numbers)):
        if result is not open_numbers.get(result.number):
            yield position, _outcome(result)


def _outcome(result: ImportResultView) -> NumberOutcome:
    code, detail = (result.error.code, result.error.detail) if result.error is not UNSET else (None, None)
    return NumberOutcome(result.number, result.status, result.id, code, detail)


def _view(db: Connection, organization: int, id: int) -> ImportJobView:
    job = stored.find(db, organization, id)
    if job is None:
        raise not_found()
    return import_job_view(
        job, stored.count(db, id), stored.outcomes(db, id), stored.chunks(db, id), stored.instructions(db, id)
    )
