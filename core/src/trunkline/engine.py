"""The typed face of the hooks: one plugin per call, a deadline, a checked answer, and one family of errors."""

from __future__ import annotations

import contextvars
import copy
import datetime as dt
import functools
import logging
import random
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, nullcontext, suppress
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from trunkline import forms
from trunkline.account import CarrierAccount
from trunkline.call import Call
from trunkline.checks import Check, CredentialTest, Outcome, Verification
from trunkline.deadline import Deadline
from trunkline.descriptor import Can, DigestAuth, ProviderDescriptor
from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierRefused,
    CarrierUnavailable,
    InvalidFields,
    PluginBroken,
    PluginHung,
    RateLimited,
    SnapshotStale,
    TrunklineError,
    Unsupported,
    WriteOutcomeUnknown,
)
from trunkline.events import Event
from trunkline.hookspec import NEEDED_FOR, READS
from trunkline.http.pace import AHEAD
from trunkline.numbers import CarrierNumber, NumberRef, Release, Route, RoutingSnapshot, SuggestedName
from trunkline.plan import ImportPlan
from trunkline.redaction import Scrubber, by_allow_list
from trunkline.registry import STUCK_CALLS_ALLOWED, Problem, ProviderPlugin, Registry
from trunkline.setup import SetUpStep
from trunkline.sip_target import SipTarget
from trunkline.threads import DaemonThreads

if TYPE_CHECKING:
    from trunkline.http.dial import Dial
    from trunkline.http.guard import Limits
    from trunkline.sip.dial import SipDial
    from trunkline.sip.limits import SipLimits
    from trunkline.sip.platform import PlatformHost
    from trunkline.wires import Wires

T = TypeVar("T")
Observer = Callable[[Event], None]

SNAPSHOT_SECONDS = 30.0
"""How old a routing snapshot may be when the routing is overwritten."""

_ROUTE_SECONDS, _WRITE_SECONDS = 2.0, 0.5
_BATCH = 1000
_BATCH_SECONDS = 0.05
_PLATFORM_SECONDS = 2.0
_NUMBER_WRITES = frozenset({"import_number", "release_number"})
_log = logging.getLogger("trunkline")


@attrs.frozen
class Deadlines:
    """Seconds that a call may take, and how much longer the engine waits before it calls a plugin hung."""

    read: float = 25.0
    listing: float = 300.0
    write: float = 20.0
    set_up: float = 120.0
    grace: float = 2.0


@attrs.frozen
class ImportOutcome:
    """How the import of one number ended: routed as `readback` says, or not, for the reason in `error`."""

    number: str
    readback: RoutingSnapshot | None = None
    error: TrunklineError | None = None


def utc_now() -> dt.datetime:
    """The time, in UTC."""
    return dt.datetime.now(dt.UTC)


class Engine:
    """Asks carriers through their plugins.

    `dial` and `sip` are where requests go, the carriers themselves by default; with a `dial` and without a `sip` no SIP
    server is reached, so that an engine meant for sandboxes stays among them.
    Every method reaches exactly one plugin and raises only `TrunklineError`s, whose texts are free of secrets.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        dial: Dial | None = None,
        sip: SipDial | None = None,
        platform: SipTarget | None = None,
        deadlines: Deadlines = Deadlines(),
        limits: Limits | None = None,
        sip_limits: SipLimits | None = None,
        observers: Sequence[Observer] = (),
        now: Callable[[], dt.datetime] = utc_now,
        rng: random.Random | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._registry = registry
        self._platform = platform
        self._deadlines = deadlines
        # Each with its calls that hang.
        self._observers: list[tuple[Observer, set[Future[None]]]] = [(observer, set()) for observer in observers]
        self._now = now
        self._threads = DaemonThreads()
        self._lock = threading.Lock()
        self._wires: Wires | None = None
        self._platform_host: PlatformHost | None = None

        def make_wires() -> Wires:
            # requests costs a tenth of a second to import: listing the providers does without it.
            from trunkline.wires import Wires

            return Wires(
                dial=dial,
                sip=sip,
                limits=limits,
                sip_limits=sip_limits,
                platform=platform,
                now=now,
                rng=rng or random.SystemRandom(),  # Plugins draw passwords from it.
                sleep=sleep,
            )

        self._make_wires = make_wires

    # What is installed

    def providers(self) -> tuple[ProviderDescriptor, ...]:
        """The descriptor of each working plugin, by id. Imports no SDK."""
        return tuple(plugin.descriptor for plugin in self._registry.plugins.values())

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the plugins that are not used."""
        return self._registry.problems()

    def descriptor(self, provider: str) -> ProviderDescriptor:
        """The descriptor of one provider; raises `UnknownProvider`."""
        return self._registry.plugin(provider).descriptor

    def warm_up(self) -> None:
        """Let every plugin import what its first call will need; for a background thread after start."""
        for plugin in self._registry.plugins.values():
            if plugin.has("warm_up"):
                future = self._threads.start(lambda plugin=plugin: plugin.call("warm_up"))  # type: ignore[misc]
                if wait([future], timeout=self._deadlines.set_up).not_done:
                    plugin.note_stuck(future)
                elif error := future.exception():
                    _log.warning("warm-up of %s failed: %s", plugin.distribution, type(error).__name__)

    # What the customer gives

    def account(
        self,
        provider: str,
        credentials: Mapping[str, Any],
        sip_config: Mapping[str, Any] | None = None,
        *,
        marker: str,
        setup_method: str | None = None,
        made: Mapping[str, Any] | None = None,
    ) -> CarrierAccount:
        """Read credentials and SIP config by the provider's forms; `InvalidFields` names every problem."""
        descriptor = self.descriptor(provider)
        problems: forms.Problems = {}
        method = descriptor.setup_methods[0].id if setup_method is None else setup_method
        if descriptor.setup_method(method) is None:
            known = ", ".join(each.id for each in descriptor.setup_methods)
            problems["setup_method"] = [f"{descriptor.display_name} is set up by: {known}"]
        form, values = forms.read_credentials(descriptor, credentials, problems)
        config = forms.read_sip_config(descriptor, {} if sip_config is None else sip_config, problems)
        del credentials, sip_config  # so that no traceback with locals shows them
        if problems:
            del values, config
            raise InvalidFields(problems)
        account = CarrierAccount(provider, method, form, values, config, marker, made or {})
        if problems := self._misfits(account):
            raise InvalidFields(problems)
        return account

    def _misfits(self, account: CarrierAccount) -> forms.Problems:
        """What the plugin says of fields that are each right but do not fit together."""
        plugin = self._registry.plugin(account.provider)
        if not plugin.has("check_fields"):
            return {}

        def check() -> forms.Problems:
            said = plugin.call("check_fields", account=account)
            if not isinstance(said, Mapping):
                raise _wrong_type(plugin, "check_fields", said)
            return {str(name): [account.scrub(str(each)) for each in sentences] for name, sentences in said.items()}

        return self._begin(plugin, "check_fields", check, account=account).answer()

    def redact_sip_config(self, provider: str, sip_config: Mapping[str, Any]) -> dict[str, Any]:
        """The part of a SIP config that may be shown: what both the plugin and its descriptor would show."""
        plugin = self._registry.plugin(provider)
        allowed = by_allow_list(sip_config, plugin.descriptor.sip_fields)
        theirs = copy.deepcopy(dict(sip_config))

        def redact() -> dict[str, Any]:
            shown = plugin.call("redact_sip_config", sip_config=theirs)
            if not isinstance(shown, Mapping):
                raise _wrong_type(plugin, "redact_sip_config", shown)
            return {name: value for name, value in allowed.items() if name in shown and shown[name] == value}

        return self._begin(plugin, "redact_sip_config", redact).answer()

    # What only reads

    def test_credentials(self, account: CarrierAccount) -> CredentialTest:
        """Whether the credentials are good, numbers can be routed here, and calls can go out.

        Meanwhile the platform's own SIP host is asked whether it answers.
        """
        from trunkline.sip.platform import with_platform

        asked, until = self._ask_platform(), Deadline.after(_PLATFORM_SECONDS)
        test = self._ask(account, "test_credentials", CredentialTest, self._deadlines.read, check=_proven)
        return with_platform(test, self._platform_answers(asked, until))

    def suggest_name(self, account: CarrierAccount) -> SuggestedName:
        """The account's own name and one of its numbers."""
        return self._ask(account, "suggest_name", SuggestedName, self._deadlines.read)

    def list_numbers(self, account: CarrierAccount) -> Generator[CarrierNumber]:
        """Every number of the account, streamed; a page that fails raises after the numbers before it.

        Close it where it is not read to its end.
        """
        return self._stream(account, "list_numbers", CarrierNumber, "list_numbers", self._deadlines.listing)

    def read_routing(self, account: CarrierAccount, numbers: Sequence[str]) -> dict[str, RoutingSnapshot]:
        """The present routing of each of these numbers that is on the account."""
        wanted = frozenset(numbers)
        found = self._stream(
            account, "read_routing", RoutingSnapshot, "import_numbers", self._deadlines.listing, numbers=tuple(numbers)
        )
        return {snapshot.number.number: snapshot for snapshot in found if snapshot.number.number in wanted}

    def plan_import(self, account: CarrierAccount, snapshots: Sequence[RoutingSnapshot]) -> ImportPlan:
        """What an import of these numbers would make, change and cost, and how many seconds it may take."""
        plan = self._ask(account, "plan_import", ImportPlan, self._deadlines.read, snapshots=tuple(snapshots))
        return attrs.evolve(plan, seconds=max(plan.seconds, self.import_seconds(account.provider, len(snapshots))))

    def import_seconds(self, provider: str, numbers: int) -> float:
        """How long importing so many numbers may take, by the provider's pace alone; asks no carrier."""
        return round(_ROUTE_SECONDS + numbers / self._numbers_per_second(provider), 1)

    def numbers_within(self, provider: str, seconds: float) -> int:
        """How many numbers can be imported in that time, by the provider's pace alone; at least one."""
        return max(1, int(seconds * self._numbers_per_second(provider)))

    def verify_number(self, account: CarrierAccount, number: NumberRef, route: Route) -> Verification:
        """Whether the number is still routed to the platform, and may dial out."""
        return self._ask(account, "verify_number", Verification, self._deadlines.read, number=number, route=route)

    # What writes

    def prepare_route(self, account: CarrierAccount) -> Route:
        """Find, or make, what numbers are pointed at. Two at once may make two: hold a lock per carrier account."""
        return self._ask(account, "prepare_route", Route, self._deadlines.write)

    def import_numbers(
        self, account: CarrierAccount, route: Route, snapshots: Sequence[RoutingSnapshot]
    ) -> Iterator[ImportOutcome]:
        """Point numbers at the route, side by side within the provider's pace; outcomes come as they happen.

        A snapshot older than `SNAPSHOT_SECONDS` when its turn comes is not used: `SnapshotStale`, nothing written.
        After a refusal `for_all`, those that wait and are not at the route already are refused alike, nothing written.
        """
        plugin = self._registry.plugin(account.provider)
        waiting = iter(snapshots)
        running: list[_Import] = []
        ended: SimpleQueue[_Import] = SimpleQueue()
        refusal: CarrierRefused | None = None
        spared: list[RoutingSnapshot] = []

        def start_next() -> None:
            for snapshot in waiting:
                if refusal is None or snapshot.points_at == route.id:
                    running.append(self._begin_import(plugin, account, route, snapshot, ended))
                    return
                spared.append(snapshot)

        for _ in range(plugin.descriptor.pace.concurrency + AHEAD):
            start_next()
        while running:
            one = _next_of(running, ended)
            outcome = self._import_outcome(one, route)
            refusal = _refusal_for_all(outcome) or refusal
            start_next()
            yield outcome
        for snapshot in spared:
            yield ImportOutcome(snapshot.number.number, error=refusal)

    def release_number(
        self, account: CarrierAccount, number: NumberRef, route: Route, snapshot: RoutingSnapshot
    ) -> Release:
        """Put earlier routing back if the present one is still ours; never gives the number up."""
        return self._ask(
            account, "release_number", Release, self._deadlines.write, number=number, route=route, snapshot=snapshot
        )

    def close(self) -> None:
        """Give up idle connections; a later call opens new ones."""
        if self._wires is not None:
            self._wires.dial.close()

    def set_up_account(self, account: CarrierAccount, done: Sequence[SetUpStep] = ()) -> Generator[SetUpStep]:
        """Guided set-up, step by step: the next step is taken only when the caller asks for it."""
        return self._stream(
            account,
            "set_up_account",
            SetUpStep,
            "guided_setup",
            self._deadlines.set_up,
            batch=1,
            setup_method=account.setup_method,
            done=tuple(done),
        )

    def undo_set_up(self, account: CarrierAccount, steps: Sequence[SetUpStep]) -> Generator[SetUpStep]:
        """Take back what a guided set-up made, step by step."""
        return self._stream(
            account, "undo_set_up", SetUpStep, "guided_setup", self._deadlines.set_up, batch=1, steps=tuple(steps)
        )

    # The platform's own SIP host

    def _ask_platform(self) -> Future[Check] | None:
        from trunkline.sip.platform import PlatformHost

        if self._platform is None:
            return None
        wires = self._roads()
        with self._lock:
            if self._platform_host is None:
                self._platform_host = PlatformHost(
                    self._platform, wires.sip_dial, wires.sip_limits, wires.rng, self._threads
                )
        return self._platform_host.answers()

    def _platform_answers(self, asked: Future[Check] | None, until: Deadline) -> Check:
        from trunkline.sip.platform import could_not_tell

        if asked is None:
            return could_not_tell("platform_not_set", "The operator has set no SIP host for this platform.")
        if wait([asked], timeout=until.remaining).not_done:
            return could_not_tell("platform_not_known_yet", "The platform's SIP host is still being asked.")
        if error := asked.exception():
            _log.error("the platform's SIP host could not be asked: %s", type(error).__name__)
            return could_not_tell("platform_not_asked", "The platform's SIP host could not be asked.")
        return asked.result()

    # How a hook is asked

    def _begin_import(
        self,
        plugin: ProviderPlugin,
        account: CarrierAccount,
        route: Route,
        snapshot: RoutingSnapshot,
        ended: SimpleQueue[_Import],
    ) -> _Import:
        call = self._call(plugin, account, "import_number", self._deadlines.write)
        observed = self._observed(plugin, "import_number", call)

        def read_back() -> RoutingSnapshot:
            # It may have been switched off since, for other numbers that hang.
            self._able(account.provider, "import_number")
            # One from the future is as little to be trusted as an old one.
            if abs((self._now() - snapshot.read_at).total_seconds()) > SNAPSHOT_SECONDS:
                raise SnapshotStale(
                    "This number's routing was read too long ago to be changed safely. Import it again."
                )
            arguments = {"number": snapshot.number.ref, "route": route, "snapshot": snapshot}
            return self._answer(plugin, "import_number", RoutingSnapshot, account, call, arguments)

        begun = self._begin(plugin, "import_number", read_back, call=call, account=account)
        one = _Import(snapshot.number.number, begun, observed)

        def tell(_: Future[RoutingSnapshot | _Raised]) -> None:
            # In the import's own thread: the observers of one hold up no other.
            with suppress(TrunklineError), observed:
                begun.answer()
            ended.put(one)

        context = contextvars.copy_context()
        begun.future.add_done_callback(lambda future: context.run(tell, future))
        return one

    def _import_outcome(self, one: _Import, route: Route) -> ImportOutcome:
        try:
            # They have been told, unless it hangs.
            with one.observed:
                readback = one.begun.answer()
            if readback.points_at != route.id or readback.number.number != one.number:
                raise CarrierAnswerUnexpected("The carrier accepted the change, but the number is not routed here.")
        except TrunklineError as error:
            return ImportOutcome(one.number, error=error)
        return ImportOutcome(one.number, readback=readback)

    def _numbers_per_second(self, provider: str) -> float:
        pace = self.descriptor(provider).pace
        return min(pace.per_second or 1e9, pace.writes_per_second or 1e9, pace.concurrency / _WRITE_SECONDS)

    def _ask(
        self,
        account: CarrierAccount,
        hook: str,
        answer: type[T],
        seconds: float,
        *,
        check: Callable[[CarrierAccount, Any, Call], str | None] | None = None,
        **arguments: Any,
    ) -> T:
        plugin = self._able(account.provider, hook)
        call = self._call(plugin, account, hook, seconds)

        def ask() -> T:
            got = self._answer(plugin, hook, answer, account, call, arguments)
            if check and (problem := check(account, got, call)):
                raise _broken(plugin, problem)
            return got

        with self._observed(plugin, hook, call):
            return self._begin(plugin, hook, ask, call=call, account=account).answer()

    @staticmethod
    def _answer(
        plugin: ProviderPlugin,
        hook: str,
        answer: type[T],
        account: CarrierAccount,
        call: Call,
        arguments: Mapping[str, Any],
    ) -> T:
        """What the plugin's hook answers, of the right type and without a secret."""
        got = plugin.call(hook, account=account, call=call, **arguments)
        if not isinstance(got, answer):
            raise _wrong_type(plugin, hook, got)
        if _tells_a_secret(account.scrub, got):
            raise _broken(plugin, f"the answer of {hook} holds a secret")
        return got

    def _stream(
        self,
        account: CarrierAccount,
        hook: str,
        member: type[T],
        capability: str,
        seconds: float,
        *,
        batch: int = _BATCH,
        **arguments: Any,
    ) -> Generator[T]:
        """Pull a plugin's iterator, a batch at a time: it runs only when the caller asks for more."""
        plugin = self._able(account.provider, hook, capability)
        call = self._call(plugin, account, hook, seconds)
        scrubber = account.scrub

        def begin() -> Iterator[Any]:
            return iter(plugin.call(hook, account=account, call=call, **arguments))

        def pull(members: list[T | _Raised]) -> None:
            until = time.monotonic() + _BATCH_SECONDS
            try:
                for each in islice(source, batch):
                    if not isinstance(each, member):
                        raise _wrong_type(plugin, hook, each)
                    if _tells_a_secret(scrubber, each):
                        raise _broken(plugin, f"the answer of {hook} holds a secret")
                    members.append(each)
                    if time.monotonic() > until:
                        break
            except BaseException as error:
                members.append(_Raised(self._translated(plugin, hook, account, error)))

        with self._observed(plugin, hook, call):
            source = self._begin(plugin, hook, begin, call=call, account=account).answer()
            hung: TrunklineError | None = None
            try:
                while not hung:
                    members: list[T | _Raised] = []
                    try:
                        self._begin(plugin, hook, functools.partial(pull, members), call=call, account=account).answer()
                    except PluginHung as error:
                        hung = error
                    if not members and not hung:
                        return
                    for each in tuple(members):
                        if isinstance(each, _Raised):
                            raise each.error
                        yield each
                if hung:
                    raise hung
            finally:
                if not hung:
                    self._close_source(plugin, hook, source, call)

    def _close_source(self, plugin: ProviderPlugin, hook: str, source: Iterator[Any], call: Call) -> None:
        """End a plugin's generator in a thread of its own: what it does on its way out harms nobody."""
        if not isinstance(source, Generator):
            return
        try:
            self._begin(plugin, hook, source.close, call=call).answer()
        except TrunklineError as error:
            _log.warning("plugin did not stop: %s", error.detail)

    def _able(self, provider: str, hook: str, capability: str | None = None) -> ProviderPlugin:
        plugin = self._registry.plugin(provider)
        capability = capability or next((name for name, hooks in NEEDED_FOR.items() if hook in hooks), None)
        if capability:
            says = plugin.descriptor.capability(capability)
            if says.can is not Can.YES:
                raise Unsupported(capability, says.why)
        return plugin

    def _call(self, plugin: ProviderPlugin, account: CarrierAccount, hook: str, seconds: float) -> Call:
        return self._roads().call(plugin.descriptor, account, seconds, read_only=hook in READS)

    def _roads(self) -> Wires:
        with self._lock:
            if self._wires is None:
                self._wires = self._make_wires()
            return self._wires

    def _begin(
        self,
        plugin: ProviderPlugin,
        hook: str,
        work: Callable[[], T],
        *,
        call: Call | None = None,
        account: CarrierAccount | None = None,
    ) -> _Begun[T]:
        """Run a plugin's code in a daemon thread, to be waited for until its deadline and a little longer.

        What it raises is turned into one of our errors in that thread already: nothing foreign comes out of it.
        """

        def attempt() -> T | _Raised:
            try:
                return work()
            except BaseException as error:
                return _Raised(self._translated(plugin, hook, account, error))

        seconds = (call.deadline.remaining if call else self._deadlines.read) + self._deadlines.grace
        return _Begun(plugin, hook, call, seconds, Deadline.after(seconds), self._threads.start(attempt))

    def _translated(
        self, plugin: ProviderPlugin, hook: str, account: CarrierAccount | None, error: BaseException
    ) -> TrunklineError:
        """One of our own errors, without cause or context, in texts that hold no trace of the account's secrets."""
        try:
            scrub = account.scrub if account else str
            if isinstance(error, TrunklineError):
                return _one_of_ours(error).scrubbed(scrub)
            # Not what it says: that may hold what no scrubber knows, as a password in a callback address.
            where = traceback.extract_tb(error.__traceback__)[-1]
            text = scrub(f"{type(error).__name__} in {hook}, {where.filename}:{where.lineno}")
        except BaseException:
            text = f"{hook} raised what cannot be read"
        broken = _broken(plugin, text[:500])
        _log.error("plugin broken: %s", broken.detail)
        return broken

    def _observed(self, plugin: ProviderPlugin, hook: str, call: Call) -> AbstractContextManager[None]:
        if not self._observers:
            return nullcontext()
        return _Observation(self._tell, plugin.descriptor.id, hook, call)

    def _tell(self, event: Event) -> None:
        """Tell every observer, each in a thread of its own; one that hangs is passed over until it comes back."""
        told = [
            (stuck, self._threads.start(functools.partial(observe, event)))
            for observe, stuck in self._observers
            if len(stuck) < STUCK_CALLS_ALLOWED
        ]
        wait([future for _, future in told], timeout=self._deadlines.grace)
        for stuck, future in told:
            if not future.done():
                _log.error("an observer hangs")
                stuck.add(future)
                future.add_done_callback(stuck.discard)
            elif error := future.exception():
                _log.error("an observer failed: %s", type(error).__name__)


@attrs.frozen
class _Raised:
    """What a plugin raised, as one of our errors, in the place of a value."""

    error: TrunklineError


@attrs.frozen(eq=False)
class _Begun(Generic[T]):
    """A plugin's code under way in a thread of its own, and until when it is waited for."""

    plugin: ProviderPlugin
    hook: str
    call: Call | None
    seconds: float
    until: Deadline
    future: Future[T | _Raised]

    def answer(self) -> T:
        """Wait for its answer and give it, or raise what it raised; `PluginHung` past its time."""
        plugin, hook = self.plugin, self.hook
        try:
            came = self.future.result(timeout=self.until.remaining)
        except TimeoutError:
            plugin.note_stuck(self.future)
            raise _settled(
                PluginHung(
                    f"{plugin.descriptor.display_name} did not answer in time.",
                    detail=f"{plugin.distribution} {plugin.version}: {hook} is still running after "
                    f"{self.seconds:.1f} s",
                ),
                hook,
                self.call,
            ) from None
        if isinstance(came, _Raised):
            raise _settled(came.error, hook, self.call)
        return came


@attrs.frozen(eq=False)
class _Import:
    """The import of one number under way."""

    number: str
    begun: _Begun[RoutingSnapshot]
    observed: AbstractContextManager[None]


def _next_of(running: list[_Import], ended: SimpleQueue[_Import]) -> _Import:
    """Take out the next import that ended, or the oldest once its time is over."""
    while True:
        try:
            one = ended.get(timeout=running[0].begun.until.remaining)
        except Empty:
            one = running[0]
        # One that was given up may come back late.
        if one in running:
            running.remove(one)
            return one


class _Observation(AbstractContextManager[None]):
    """Tells the observers, once, how one call ended."""

    def __init__(self, tell: Callable[[Event], None], provider: str, hook: str, call: Call) -> None:
        self._tell = tell
        self._provider = provider
        self._hook = hook
        self._call = call
        self._started = time.monotonic()
        self._untold = threading.Lock()

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not self._untold.acquire(blocking=False):
            return
        if isinstance(error, TrunklineError):
            code, reply = error.code, error.reply
        else:
            code, reply = "ok" if error is None or isinstance(error, GeneratorExit) else "internal", None
        self._tell(
            Event(
                provider=self._provider,
                hook=self._hook,
                code=code,
                seconds=round(time.monotonic() - self._started, 4),
                at=self._call.now(),
                exchanges=tuple(self._call.http.exchanges),
                carrier_code=reply.code if reply else None,
                request_id=reply.request_id if reply else None,
            )
        )


def _proven(account: CarrierAccount, test: CredentialTest, call: Call) -> str | None:
    """A verdict on credentials rests on what the wires were answered; without that there is none to give.

    SIP credentials prove themselves only to a server that asks for them: one that never did leaves them unknown.
    """
    if test.platform is not None:
        return "a test speaks for the platform's SIP host, which only the engine asks"
    if account.form.authentication is None or not test.passed:
        return None
    if test.credentials.outcome is Outcome.UNKNOWN:
        never_asked = isinstance(account.form.authentication, DigestAuth) and not call.sip.challenged
        return None if never_asked else "a test passes without its credentials"
    return None if test.credentials.proof else "credentials pass without proof"


def _refusal_for_all(outcome: ImportOutcome) -> CarrierRefused | None:
    """The refusal that every other number would get too."""
    return outcome.error if isinstance(outcome.error, CarrierRefused) and outcome.error.for_all else None


def _settled(error: TrunklineError, hook: str, call: Call | None) -> TrunklineError:
    """Where a number's write may have taken effect, no error may say that nothing was changed.

    A plugin that could read back afterwards has settled it, and its word counts, unless it broke.
    """
    if call is None or hook not in _NUMBER_WRITES:
        return error
    wire = call.http.adapter
    if (isinstance(error, PluginBroken) and wire.may_have_written) or (
        isinstance(error, CarrierUnavailable | RateLimited) and wire.unsettled
    ):
        return WriteOutcomeUnknown(
            "The change was sent, but reading back failed; whether it took effect is not known yet.",
            detail=f"{error.code}: {error.detail or error.summary}",
            reply=error.reply,
        )
    return error


def _one_of_ours(error: TrunklineError) -> TrunklineError:
    """The error under the nearest of our own classes, since a plugin's subclass could say anything of itself."""
    ours: type[TrunklineError] = next(k for k in type(error).__mro__ if k.__module__ == TrunklineError.__module__)
    if ours is not type(error):
        plain = ours.__new__(ours)
        plain.__dict__.update(error.__dict__)
        return plain
    return error


def _tells_a_secret(scrubber: Scrubber, answer: object) -> bool:
    match answer:
        case RoutingSnapshot():
            # Sealed, never shown; everything else may reach a customer.
            return False
        case CarrierNumber(handle=handle, friendly_name=name, region=region):
            # All of its free text: a list has too many of them for a repr of each.
            return scrubber.finds(f"{handle}\n{name}\n{region}")
    return scrubber.finds(repr(answer))


def _wrong_type(plugin: ProviderPlugin, hook: str, got: object) -> PluginBroken:
    return _broken(plugin, f"{hook} answers {type(got).__name__}")


def _broken(plugin: ProviderPlugin, why: str) -> PluginBroken:
    return PluginBroken(
        f"{plugin.descriptor.display_name} could not be asked: its plugin failed.",
        detail=f"{plugin.distribution} {plugin.version}: {why}",
    )
