"""Guided set-up: a carrier account is set up step by step, and each step is in a journal before it is taken.

Whatever dies in between leaves a lease behind, and `recovery` finishes or undoes the rest. At most one set-up of a
carrier account has begun and not ended: so nothing that is undone is in another one's use. An account whose identity
the carrier does not tell may be any other one of the organization there, so all of them are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Any, NoReturn

import attrs
from sqlalchemy import Connection

from trunkline.account import CarrierAccount
from trunkline.engine import Engine
from trunkline.errors import PluginBroken, TrunklineError
from trunkline.redaction import Scrubber
from trunkline.setup import SetUpStep, StepState
from trunkline_service import proofs
from trunkline_service.desk import Desk, desk_for, not_ready
from trunkline_service.drafts import ConnectionDraft
from trunkline_service.errors import ApiError, as_api_error
from trunkline_service.idempotency import Keeper
from trunkline_service.key_ring import SealBroken
from trunkline_service.logs import get_logger
from trunkline_service.made import secrets_in, shown_sip_config
from trunkline_service.service import Service
from trunkline_service.storage import connections, evidence, idempotency, numbers, shown
from trunkline_service.storage import set_ups as stored
from trunkline_service.storage.connections import StoredConnection
from trunkline_service.storage.events import Reason
from trunkline_service.storage.locks import Held, LockTimeout
from trunkline_service.storage.organizations import Caller
from trunkline_service.storage.set_ups import LEASE_MS, RETRY_MS, UNDONE, StoredSetUp
from trunkline_service.storage.tables import Goal

_GIVE_UP_MS = 3600_000
"""How long recovery tries to finish a set-up while the carrier cannot be asked, before it undoes it."""
_SET_UP = Reason("set_up", "The carrier account is set up.")
_NOT_SET_UP = Reason("set_up_undone", "The carrier account was not set up; what was made for it is taken back.")

_log = get_logger()


@attrs.frozen(eq=False)
class _Work:
    """A set-up under our lease and the carrier account's locks; `keeper` is there where a request waits for it."""

    service: Service
    desk: Desk
    set_up: StoredSetUp
    locks: tuple[Held, ...]
    keeper: Keeper | None

    def stay(self, db: Connection) -> None:
        """Say that we are still at work on it, or find out that somebody else is."""
        now = self.service.now()
        if not (stored.renew(db, self.set_up, now) and all(lock.renew(db, now) for lock in self.locks)):
            raise _busy()
        if self.keeper:
            self.keeper.renew(db, now)

    def record(self, step: SetUpStep, state: str, scrub: Scrubber, made: Mapping[str, Any] | None = None) -> None:
        """Write a step into the journal; the next is taken only after that. `made` is all that was made by now."""
        told = attrs.evolve(step, summary=_one_line(scrub(step.summary)))
        with self.service.database.writing() as db:
            self.stay(db)
            try:
                stored.write(db, self.set_up, told, state, self.service.sealer, self.service.now())
            except (TypeError, RecursionError, UnicodeError):
                broken = f"what step {step.id} made is not JSON"
                raise PluginBroken("The account could not be set up: the plugin failed.", detail=broken) from None
            if made is not None and step.state is StepState.DONE:
                self._share(db, made, step.made)

    def _share(self, db: Connection, made: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
        """Seal what a step changed for every other connection that stands on the same thing of the carrier."""
        provider, sealer, now = self.set_up.provider, self.service.sealer, self.service.now()
        method = self.desk.engine.descriptor(provider).setup_method(self.desk.connection.setup_method)
        shared = method.shared if method else None
        if shared is None or shared not in made:
            return
        for other in connections.set_up_at(db, self.set_up.organization, provider):
            try:
                theirs = other.made(sealer)
            except SealBroken:
                continue
            if other.id != self.set_up.connection and theirs.get(shared) == made[shared]:
                values = _columns_of(self.service, self.desk.engine, other, {**theirs, **changed})
                connections.change(db, other.organization, other.id, {**values, "updated_at": now})


def create(
    service: Service, caller: Caller, engine: Engine, draft: ConnectionDraft, account: CarrierAccount, keeper: Keeper
) -> bytes:
    """Reserve the evidence, set the account up, then spend the evidence and answer with the connection."""
    id = draft.evidence_id()
    with service.database.reading() as db:
        begun = stored.of_request(db, caller.organization, keeper.key, id) if keeper.key else None
    if begun:
        return _again(service, begun, keeper)
    proven = proofs.examined(service, caller, engine, account, id)
    new = draft.connection(engine, account, proven)
    now = service.now()
    with service.database.writing() as db:
        proofs.reserve(db, caller, id, now)
        made = connections.create(db, attrs.evolve(new, status="pending"), service.sealer, now)
        stored.begin(db, made, proven.identity or proven.fingerprint, id, keeper.key, now)
        set_up = stored.find(db, caller.organization, made)
    assert set_up is not None
    return _for_request(service, set_up, keeper)


def settle(service: Service, set_up: StoredSetUp) -> bool:
    """Finish or undo one that nobody is at work on; False where it has to wait, or somebody else is at it."""
    leased = _take_over(service, set_up)
    if leased is None:
        return False
    try:
        with _turn(service, leased, None) as work:
            _finish_or_undo(work)
    except (TrunklineError, ApiError, LockTimeout, SealBroken) as error:
        code = getattr(error, "code", type(error).__name__)
        _log.warning("set_up_failed", connection_id=set_up.connection, goal=set_up.goal, code=code)
        _leave(service, leased, service.now() + RETRY_MS)
    with service.database.reading() as db:
        now = stored.find(db, set_up.organization, set_up.connection)
    if now is not None and now.goal is not Goal.NONE:
        return False
    _log.info("set_up_settled", connection_id=set_up.connection, outcome="finished" if now else "undone")
    return True


def give_up(service: Service, caller: Caller, connection: int) -> bool:
    """Undo a set-up that is not finished, and remove its connection; False for any other connection.

    What these credentials cannot undo is forgotten, since the customer wants it gone: it bears our marker at the
    carrier, and the next set-up of the account finds it.
    """
    with service.database.reading() as db:
        set_up = stored.find(db, caller.organization, connection)
    if set_up is None or set_up.goal is Goal.NONE:
        return False
    leased = _take_over(service, set_up)
    if leased is None:
        raise not_ready("pending")
    try:
        with _turn(service, leased, None) as work:
            _undo(work)
    except TrunklineError as error:
        if error.retryable:
            raise
        _log.warning("set_up_forgotten", connection_id=connection, code=error.code)
        with service.database.writing() as db:
            _remove(db, leased, service.now())
    except BaseException:
        _leave(service, leased, service.now())
        raise
    return True


# Who is at work


def _again(service: Service, begun: StoredSetUp, keeper: Keeper) -> bytes:
    """Go on with what an earlier run of the same request began, or answer what came of it."""
    if begun.goal is Goal.NONE:
        with service.database.reading() as db:
            answer = shown.find_shown(db, begun.organization, begun.connection)
        assert answer is not None
        return answer
    leased = _take_over(service, begun)
    if leased is None:
        running = "The first request with this idempotency key is still running. Ask again in a moment."
        raise ApiError("idempotency_key_running", running, retry_after=5)
    return _for_request(service, leased, keeper)


def _for_request(service: Service, set_up: StoredSetUp, keeper: Keeper) -> bytes:
    with _turn(service, set_up, keeper) as work:
        answer = _finish_or_undo(work)
    assert answer is not None
    return answer


def _take_over(service: Service, set_up: StoredSetUp) -> StoredSetUp | None:
    with service.database.writing() as db:
        return stored.take_over(db, set_up, service.now())


def _leave(service: Service, set_up: StoredSetUp, until: int) -> None:
    """Let go of it, if we still hold it."""
    with service.database.writing() as db:
        stored.try_later(db, set_up, until)


@contextmanager
def _turn(service: Service, set_up: StoredSetUp, keeper: Keeper | None) -> Iterator[_Work]:
    """The carrier account to ourselves: no other set-up of it is at work, and none was cut off and left."""
    with ExitStack() as until_done:
        try:
            desk = _desk(service, set_up)
            names = (desk.set_up_lock(), desk.route_lock())
            locks = tuple(until_done.enter_context(service.lock(name, LEASE_MS)) for name in names)
            work = _open(service, set_up, locks, keeper)
            with service.database.writing() as db:
                work.stay(db)
            _make_way(work)
        except Exception:
            _turn_did_not_come(service, set_up, keeper)
            raise
        yield work


def _turn_did_not_come(service: Service, set_up: StoredSetUp, keeper: Keeper | None) -> None:
    """A request that is refused leaves nothing behind, unless an earlier run of it has begun."""
    if keeper is None:
        return
    with service.database.writing() as db:
        if stored.has_begun(db, set_up):
            stored.try_later(db, set_up, service.now())
        elif stored.renew(db, set_up, service.now()):
            _remove(db, set_up, service.now())


def _open(service: Service, set_up: StoredSetUp, locks: tuple[Held, ...], keeper: Keeper | None) -> _Work:
    desk = _desk(service, set_up)
    # What is shown once, like a password, is known only to the set-up that made it.
    made, earlier = _made_before(service, set_up)
    account = attrs.evolve(desk.account, made=made, earlier=earlier)
    return _Work(service, attrs.evolve(desk, account=account), set_up, locks, keeper)


def _desk(service: Service, set_up: StoredSetUp) -> Desk:
    with service.database.reading() as db:
        connection = connections.find(db, set_up.organization, set_up.connection)
    if connection is None:
        raise _busy()
    return desk_for(service, set_up.mode, connection)


def _made_before(service: Service, set_up: StoredSetUp) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the newest finished set-up of this account made, and what those made that may be of this account."""
    same: list[dict[str, Any]] = []
    perhaps: list[dict[str, Any]] = []
    with service.database.reading() as db:
        for each in stored.finished_before(db, set_up):
            known = each.shares_account(set_up)
            model = None if known and same else connections.find(db, each.organization, each.connection)
            if model is not None:
                (same if known else perhaps).append(model.made(service.sealer))
    return (same[0] if same else {}), perhaps


def _make_way(work: _Work) -> None:
    """Settle what others began on this carrier account and left, before anything is begun."""
    with work.service.database.reading() as db:
        others = [] if stored.has_begun(db, work.set_up) else stored.others_begun(db, work.set_up)
    for other in others:
        theirs = _their_work(work, other)
        try:
            _finish_or_undo(theirs)
        except TrunklineError as error:
            _leave(work.service, theirs.set_up, work.service.now() + RETRY_MS)
            if error.retryable:
                raise
            _undo_with_ours(work, other)


def _undo_with_ours(work: _Work, other: StoredSetUp) -> None:
    """Their credentials may be good no more; ours were tested a moment ago, if they surely open the same account."""
    with work.service.database.reading() as db:
        left = stored.find(db, other.organization, other.connection)
    if left is None:
        return
    if not left.shares_account(work.set_up):
        raise _left_behind(left.connection)
    theirs = _their_work(work, left)
    _undo(attrs.evolve(theirs, desk=attrs.evolve(theirs.desk, account=work.desk.account)))


def _their_work(work: _Work, other: StoredSetUp) -> _Work:
    leased = _take_over(work.service, other)
    if leased is None:
        raise _busy()
    return _open(work.service, leased, work.locks, None)


# What is done


def _finish_or_undo(work: _Work) -> bytes | None:
    """Finish it and give the answer; an error is raised after its steps are undone.

    Where no request waits, what may succeed later is left for later.
    """
    if work.set_up.goal is Goal.UNDO:
        _undo(work)
        return None
    try:
        return _finish(work)
    except TrunklineError as error:
        young = work.service.now() < work.set_up.begun_at + _GIVE_UP_MS
        if work.keeper is None and error.retryable and young:
            raise
        failed = error
    try:
        _undo(work)
    except TrunklineError as undoing:
        _log.warning("set_up_not_undone", connection_id=work.set_up.connection, code=undoing.code)
        _refuse_half_done(failed, work.set_up.connection)
    raise failed


def _finish(work: _Work) -> bytes:
    """Take the steps that are left, then connect."""
    with work.service.database.reading() as db:
        done = stored.steps_done(db, work.set_up, work.service.sealer)
    account = work.desk.account
    journal = list(done)
    try:
        with closing(work.desk.engine.set_up_account(account, done)) as steps:
            for step in steps:
                journal.append(step)
                work.record(step, step.state.value, _scrubber(account, journal), _made(account, journal))
    except TrunklineError as error:
        raise error.scrubbed(_scrubber(account, journal)) from None
    latest = {step.id: step.state for step in journal}
    if StepState.INTENDED in latest.values():
        raise PluginBroken(
            "The account could not be set up: the plugin failed.", detail="a step was announced and never told of again"
        )
    return _connect(work, _made(account, journal))


def _made(account: CarrierAccount, journal: list[SetUpStep]) -> dict[str, Any]:
    made = dict(account.made)
    for step in journal:
        made |= step.made
    return made


def _connect(work: _Work, made: dict[str, Any]) -> bytes:
    """Seal what was made, spend the evidence, keep the answer: in one transaction."""
    service, set_up, connection = work.service, work.set_up, work.desk.connection
    values = _columns_of(service, work.desk.engine, connection, made)
    now = service.now()
    with service.database.writing() as db:
        work.stay(db)
        stored.finish(db, set_up)
        evidence.spend_reserved(db, set_up.organization, set_up.evidence_id, now)
        connections.change(db, set_up.organization, set_up.connection, {**values, "updated_at": now})
        connections.set_status(db, set_up.organization, set_up.connection, "connected", _SET_UP, now)
        numbers.adopt_orphans(db, set_up.organization, set_up.provider, connection.identity, set_up.connection, now)
        answer = shown.find_shown(db, set_up.organization, set_up.connection)
        assert answer is not None
        if work.keeper:
            work.keeper.keep(db, answer)
        elif set_up.idempotency_key:
            idempotency.keep_unanswered(db, set_up.organization, set_up.idempotency_key, 201, answer)
    return answer


def _columns_of(service: Service, engine: Engine, of: StoredConnection, made: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that hold what was made, and show what of it may be shown."""
    redacted = engine.redact_sip_config(of.provider, of.sip_config(service.sealer))
    return {
        **connections.sealed_made(service.sealer, of.organization, of.id, made),
        "shown_sip_config": connections.as_shown(shown_sip_config(redacted, made)),
    }


def _undo(work: _Work) -> None:
    """Take back the steps that were taken, then forget the connection; where that fails, recovery tries again."""
    service, set_up, account = work.service, work.set_up, work.desk.account
    with service.database.writing() as db:
        work.stay(db)
        stored.turn_back(db, set_up, service.now())
        steps = stored.steps_done(db, set_up, service.sealer)
    scrub = _scrubber(account, steps)
    try:
        if steps:
            _take_back(work, steps, scrub)
    except TrunklineError as error:
        now = service.now()
        with service.database.writing() as db:
            if stored.try_later(db, set_up, now + RETRY_MS):
                connections.change(db, set_up.organization, set_up.connection, {"updated_at": now})
                why = Reason.of(error.scrubbed(scrub))
                connections.set_status(db, set_up.organization, set_up.connection, "error", why, now)
                evidence.free(db, set_up.organization, set_up.evidence_id)
        raise error.scrubbed(scrub) from None
    with service.database.writing() as db:
        work.stay(db)
        _remove(db, set_up, service.now())


def _take_back(work: _Work, steps: list[SetUpStep], scrub: Scrubber) -> None:
    with closing(work.desk.engine.undo_set_up(work.desk.account, steps)) as undone:
        for step in undone:
            if step.state is not StepState.INTENDED:
                work.record(step, UNDONE, scrub)


def _remove(db: Connection, set_up: StoredSetUp, now: int) -> None:
    evidence.free(db, set_up.organization, set_up.evidence_id)
    connections.remove(db, set_up.organization, set_up.connection, _NOT_SET_UP, now)


def _refuse_half_done(failed: TrunklineError, connection: int) -> NoReturn:
    """The carrier's error, and what is left of the set-up."""
    error = as_api_error(failed)
    left = (
        f"What was set up until then could not be taken back yet: connection {connection} stays with status error "
        "until that is done, which is tried again by itself."
    )
    raise attrs.evolve(error, detail=f"{error.detail} {left}") from None


def _scrubber(account: CarrierAccount, steps: list[SetUpStep]) -> Scrubber:
    """Takes out the account's secrets and those that set-up made, of which the engine does not know."""
    made = [account.made, account.earlier, *(step.made for step in steps), *(step.undo for step in steps)]
    return Scrubber((*account.secrets(), *(secret for each in made for secret in secrets_in(each))))


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _busy() -> ApiError:
    busy = "Another set-up at this carrier is under way. Look at the list of connections, or try again soon."
    return ApiError("account_busy", busy, retry_after=5)


def _left_behind(connection: int) -> ApiError:
    left = (
        f"Connection {connection} was not set up, and what was made for it could not be taken back. It may be of this "
        "carrier account, so delete it first."
    )
    return ApiError("account_busy", left, retry_after=5)
