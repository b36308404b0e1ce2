"""The typed face of the hooks: one plugin per call, a deadline, a checked answer, and one family of errors."""

from __future__ import annotations

import datetime as dt
import logging
import random
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from trunkline import forms
from trunkline.account import CarrierAccount
from trunkline.call import Call
from trunkline.checks import CredentialTest, Outcome, Verification
from trunkline.deadline import Deadline
from trunkline.descriptor import Can, ProviderDescriptor
from trunkline.errors import (
    CarrierAnswerUnexpected,
    InvalidFields,
    PluginBroken,
    PluginHung,
    SnapshotStale,
    TrunklineError,
    Unsupported,
)
from trunkline.events import Event
from trunkline.hookspec import NEEDED_FOR, READS
from trunkline.numbers import CarrierNumber, NumberRef, Release, Route, RoutingSnapshot, SuggestedName
from trunkline.plan import ImportPlan
from trunkline.redaction import Scrubber, by_allow_list
from trunkline.registry import Problem, ProviderPlugin, Registry
from trunkline.setup import SetUpStep
from trunkline.sip_target import SipTarget
from trunkline.threads import DaemonThreads

if TYPE_CHECKING:
    from trunkline.http.dial import Dial
    from trunkline.http.guard import Limits
    from trunkline.http.pace import Paces

T = TypeVar("T")
Observer = Callable[[Event], None]

SNAPSHOT_SECONDS = 30.0
"""How old a routing snapshot may be when the routing is overwritten."""

_BATCH = 1000
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

    Every method reaches exactly one plugin and raises only `TrunklineError`s, whose texts are free of secrets.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        dial: Dial | None = None,
        platform: SipTarget | None = None,
        deadlines: Deadlines = Deadlines(),
        limits: Limits | None = None,
        observers: Sequence[Observer] = (),
        now: Callable[[], dt.datetime] = utc_now,
        rng: random.Random | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._registry = registry
        self._dial = dial
        self._platform = platform
        self._deadlines = deadlines
        self._limits = limits
        self._observers = tuple(observers)
        self._now = now
        self._rng = rng or random.Random()
        self._sleep = sleep
        self._threads = DaemonThreads()
        self._paces: Paces | None = None

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
        method = setup_method or descriptor.setup_methods[0].id
        if descriptor.setup_method(method) is None:
            known = ", ".join(each.id for each in descriptor.setup_methods)
            problems["setup_method"] = [f"{descriptor.display_name} is set up by: {known}"]
        form, values = forms.read_credentials(descriptor, credentials, problems)
        config = forms.read_sip_config(descriptor, sip_config or {}, problems)
        if problems:
            raise InvalidFields(problems)
        return CarrierAccount(provider, method, form, values, config, marker, made or {})

    def redact_sip_config(self, provider: str, sip_config: Mapping[str, Any]) -> dict[str, Any]:
        """The part of a SIP config that may be shown: what both the plugin and its descriptor would show."""
        plugin = self._registry.plugin(provider)
        allowed = by_allow_list(sip_config, plugin.descriptor.sip_fields)
        shown = self._in_time(
            plugin, "redact_sip_config", lambda: plugin.call("redact_sip_config", sip_config=sip_config)
        )
        if not isinstance(shown, Mapping):
            raise _wrong_type(plugin, "redact_sip_config", shown)
        return {name: value for name, value in allowed.items() if name in shown and shown[name] == value}

    # What only reads

    def test_credentials(self, account: CarrierAccount) -> CredentialTest:
        """Whether the credentials are good, numbers can be routed here, and calls can go out."""
        plugin = self._registry.plugin(account.provider)
        answer = self._ask(account, "test_credentials", CredentialTest, self._deadlines.read)
        if answer.credentials.outcome is Outcome.PASS and account.form.authentication and not answer.credentials.proof:
            raise PluginBroken(
                f"{plugin.descriptor.display_name} could not be tested: its plugin claims a result unasked.",
                detail="credentials pass without proof",
            )
        return answer

    def suggest_name(self, account: CarrierAccount) -> SuggestedName:
        """The account's own name and one of its numbers."""
        return self._ask(account, "suggest_name", SuggestedName, self._deadlines.read)

    def list_numbers(self, account: CarrierAccount) -> Iterator[CarrierNumber]:
        """Every number of the account, streamed; a page that fails raises after the numbers before it."""
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
        return attrs.evolve(plan, seconds=max(plan.seconds, self._seconds_for(account.provider, len(snapshots))))

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
        """
        plugin = self._registry.plugin(account.provider)
        waiting = iter(snapshots)
        running: dict[Future[ImportOutcome], RoutingSnapshot] = {}

        def start_next() -> None:
            snapshot = next(waiting, None)
            if snapshot is not None:
                running[self._threads.start(lambda: self._import_one(account, route, snapshot))] = snapshot

        for _ in range(plugin.descriptor.pace.concurrency):
            start_next()
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                del running[future]
                start_next()
            for future in done:
                yield future.result()

    def release_number(
        self, account: CarrierAccount, number: NumberRef, route: Route, snapshot: RoutingSnapshot
    ) -> Release:
        """Put earlier routing back if the present one is still ours; never gives the number up."""
        return self._ask(
            account, "release_number", Release, self._deadlines.write, number=number, route=route, snapshot=snapshot
        )

    def set_up_account(self, account: CarrierAccount, done: Sequence[SetUpStep] = ()) -> Iterator[SetUpStep]:
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

    def undo_set_up(self, account: CarrierAccount, steps: Sequence[SetUpStep]) -> Iterator[SetUpStep]:
        """Take back what a guided set-up made, step by step."""
        return self._stream(
            account, "undo_set_up", SetUpStep, "guided_setup", self._deadlines.set_up, batch=1, steps=tuple(steps)
        )

    # How a hook is asked

    def _import_one(self, account: CarrierAccount, route: Route, snapshot: RoutingSnapshot) -> ImportOutcome:
        number = snapshot.number.ref
        try:
            if (self._now() - snapshot.read_at).total_seconds() > SNAPSHOT_SECONDS:
                raise SnapshotStale(
                    "This number's routing was read too long ago to be changed safely. Import it again."
                )
            readback = self._ask(
                account,
                "import_number",
                RoutingSnapshot,
                self._deadlines.write,
                number=number,
                route=route,
                snapshot=snapshot,
            )
            if readback.points_at != route.id or readback.number.number != number.number:
                raise CarrierAnswerUnexpected("The carrier accepted the change, but the number is not routed here.")
        except TrunklineError as error:
            return ImportOutcome(number.number, error=error)
        return ImportOutcome(number.number, readback=readback)

    def _seconds_for(self, provider: str, writes: int) -> float:
        pace = self.descriptor(provider).pace
        rate = min(pace.per_second or 1e9, pace.writes_per_second or 1e9, pace.concurrency / 0.5)
        return round(2.0 + writes / rate, 1)

    def _ask(self, account: CarrierAccount, hook: str, answer: type[T], seconds: float, **arguments: Any) -> T:
        plugin = self._able(account.provider, hook)
        call = self._call(plugin, account, hook, seconds)
        with self._observed(plugin, hook, call):
            got = self._in_time(
                plugin,
                hook,
                lambda: plugin.call(hook, account=account, call=call, **arguments),
                call=call,
                account=account,
            )
            if not isinstance(got, answer):
                raise _wrong_type(plugin, hook, got)
            # A snapshot is sealed, never shown; everything else may reach a customer.
            if not isinstance(got, RoutingSnapshot) and _scrubber(account)(shown := repr(got)) != shown:
                raise PluginBroken(
                    f"{plugin.descriptor.display_name} could not be asked: its plugin failed.",
                    detail=f"{plugin.distribution} {plugin.version}: the answer of {hook} holds a secret",
                )
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
    ) -> Iterator[T]:
        """Pull a plugin's iterator, a batch at a time: it runs only when the caller asks for more."""
        plugin = self._able(account.provider, hook, capability)
        call = self._call(plugin, account, hook, seconds)
        with self._observed(plugin, hook, call):
            source = self._in_time(
                plugin,
                hook,
                lambda: iter(plugin.call(hook, account=account, call=call, **arguments)),
                call=call,
                account=account,
            )
            while members := self._in_time(plugin, hook, lambda: _pull(source, batch), call=call, account=account):
                for each in members:
                    if isinstance(each, _Raised):
                        raise self._translated(plugin, hook, account, each.error)
                    if not isinstance(each, member):
                        raise _wrong_type(plugin, hook, each)
                    yield each

    def _able(self, provider: str, hook: str, capability: str | None = None) -> ProviderPlugin:
        plugin = self._registry.plugin(provider)
        capability = capability or next((name for name, hooks in NEEDED_FOR.items() if hook in hooks), None)
        if capability:
            says = plugin.descriptor.capability(capability)
            if says.can is not Can.YES:
                raise Unsupported(capability, says.why)
        return plugin

    def _call(self, plugin: ProviderPlugin, account: CarrierAccount, hook: str, seconds: float) -> Call:
        # requests costs a tenth of a second to import: listing the providers does without it.
        from trunkline.http.dial import CarrierDial
        from trunkline.http.guard import GuardAdapter, Limits
        from trunkline.http.pace import Paces
        from trunkline.http.rules import Rules
        from trunkline.http.session import GuardedSession

        if self._dial is None:
            self._dial = CarrierDial()
        if self._paces is None:
            self._paces = Paces()
        deadline = Deadline.after(seconds)
        adapter = GuardAdapter(
            Rules(plugin.descriptor, account, hook in READS),
            dial=self._dial,
            pace=self._paces.of(account.key(), plugin.descriptor.pace),
            deadline=deadline,
            limits=self._limits or Limits(),
            now=self._now,
            rng=self._rng,
            sleep=self._sleep,
        )
        return Call(GuardedSession(adapter), self._platform, account.marker, self._now, self._rng, deadline)

    def _in_time(
        self,
        plugin: ProviderPlugin,
        hook: str,
        work: Callable[[], T],
        *,
        call: Call | None = None,
        account: CarrierAccount | None = None,
    ) -> T:
        """Run a plugin's code in a daemon thread and wait for it until its deadline and a little longer."""
        future = self._threads.start(work)
        seconds = (call.deadline.remaining if call else self._deadlines.read) + self._deadlines.grace
        try:
            error = future.exception(timeout=seconds)
        except TimeoutError:
            error = None
        if not future.done():
            plugin.note_stuck(future)
            raise PluginHung(
                f"{plugin.descriptor.display_name} did not answer in time.",
                detail=f"{plugin.distribution} {plugin.version}: {hook} is still running after {seconds:.1f} s",
            )
        if error is not None:
            raise self._translated(plugin, hook, account, error)
        return future.result()

    def _translated(
        self, plugin: ProviderPlugin, hook: str, account: CarrierAccount | None, error: BaseException
    ) -> TrunklineError:
        """One of our own errors, without cause or context, in texts that hold no trace of the account's secrets."""
        scrub = _scrubber(account)
        if isinstance(error, TrunklineError):
            return error.scrubbed(scrub)
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__} in {hook}, {where.filename}:{where.lineno}: {error}"
        detail = f"{plugin.distribution} {plugin.version}: {scrub(text)[:500]}"
        _log.error("plugin broken: %s", detail)
        return PluginBroken(f"{plugin.descriptor.display_name} could not be asked: its plugin failed.", detail=detail)

    def _observed(self, plugin: ProviderPlugin, hook: str, call: Call) -> _Observation:
        return _Observation(self._observers, plugin.descriptor.id, hook, call)


@attrs.frozen
class _Raised:
    """What an iterator raised, kept in its place behind the members that came before."""

    error: BaseException


def _pull(source: Iterator[T], batch: int) -> list[T | _Raised]:
    members: list[T | _Raised] = []
    try:
        members.extend(islice(source, batch))
    except BaseException as error:
        members.append(_Raised(error))
    return members


class _Observation:
    """Tells the observers how one call ended."""

    def __init__(self, observers: Sequence[Observer], provider: str, hook: str, call: Call) -> None:
        self._observers = observers
        self._provider = provider
        self._hook = hook
        self._call = call
        self._started = time.monotonic()

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not self._observers:
            return
        if isinstance(error, TrunklineError):
            code, reply = error.code, error.reply
        else:
            code, reply = "ok" if error is None or isinstance(error, GeneratorExit) else "internal", None
        event = Event(
            provider=self._provider,
            hook=self._hook,
            code=code,
            seconds=round(time.monotonic() - self._started, 4),
            at=self._call.now(),
            exchanges=tuple(self._call.http.exchanges),
            carrier_code=reply.code if reply else None,
            request_id=reply.request_id if reply else None,
        )
        for observe in self._observers:
            try:
                observe(event)
            except Exception:
                _log.exception("an observer failed")


def _wrong_type(plugin: ProviderPlugin, hook: str, got: object) -> PluginBroken:
    return PluginBroken(
        f"{plugin.descriptor.display_name} could not be asked: its plugin failed.",
        detail=f"{plugin.distribution} {plugin.version}: {hook} answers {type(got).__name__}",
    )


def _scrubber(account: CarrierAccount | None) -> Callable[[str], str]:
    if account is None:
        return str
    users = [value for value in account.credentials.values() if isinstance(value, str)]
    return Scrubber(account.secrets(), users)
