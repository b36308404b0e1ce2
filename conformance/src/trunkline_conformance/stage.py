"""Drives one plugin through one scenario: each step is an engine call, seen from above and from below."""

from __future__ import annotations

import contextlib
import io
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from trunkline.account import CarrierAccount
from trunkline.engine import Deadlines, Engine, ImportOutcome
from trunkline.errors import TrunklineError
from trunkline.hookspec import NEEDED_FOR
from trunkline.http.guard import Limits
from trunkline.numbers import CarrierNumber, Route, RoutingSnapshot
from trunkline.plan import ImportPlan
from trunkline.registry import Registry
from trunkline.setup import SetUpStep
from trunkline.sip.dial import SipDial
from trunkline.sip.limits import SipLimits
from trunkline.sip_target import SipTarget
from trunkline_conformance.cassettes import Facts, GivenAccount, Provenance
from trunkline_conformance.conversation import StageDial, Step
from trunkline_conformance.subject import Subject
from trunkline_conformance.witness import Witness

REQUESTS_PER_CALL = 300
"""More than any step of a scenario may take."""


class Stuck(Exception):
    """The scenario cannot go on: a step that others build on did not come to its end."""


class Stage:
    """One plugin before one end of the wire. Steps are named by their hook; the second of a kind ends in ` 2`.

    `meanwhile` is told what happens at the carrier between two steps, and to which number; a cassette holds that
    already.
    """

    def __init__(
        self,
        subject: Subject,
        dial: StageDial,
        *,
        given: GivenAccount,
        credentials: Mapping[str, str],
        facts: Facts,
        provenance: Provenance,
        meanwhile: Callable[[str, str | None], None] = lambda event, number: None,
        sip: SipDial | None = None,
        sip_limits: SipLimits | None = None,
        response_bytes: int = 32 * 1024 * 1024,
        pause: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self.subject = subject
        self.facts = facts
        self.steps: list[Step] = []
        self.sleeps: list[float] = []
        self._dial = dial
        self._witness = Witness(subject, dial)
        self._meanwhile = meanwhile
        self._events: tuple[str, ...] = ()
        self._given = given
        self._credentials = dict(credentials)
        self.provenance = provenance
        self._engine = Engine(
            Registry.of(self._witness),
            dial=dial,
            sip=sip,
            sip_limits=sip_limits,
            platform=SipTarget.parse(provenance.platform),
            deadlines=Deadlines(read=25, listing=60, write=20, set_up=60, grace=2),
            limits=Limits(requests_per_call=REQUESTS_PER_CALL, response_bytes=response_bytes),
            now=lambda: provenance.moment,
            rng=random.Random(provenance.seed),
            sleep=self._sleep,
        )
        self._pause = pause
        self._account = self._read_account({})

    # What a scenario may ask

    def can(self, *hooks: str) -> bool:
        """Whether the plugin offers the capability that each of these hooks belongs to."""
        return all(self.subject.can(name) for name, belong in NEEDED_FOR.items() if not set(hooks).isdisjoint(belong))

    def number(self, role: str) -> str:
        """The number that plays this role."""
        if role not in self.facts.cast:
            raise Stuck(f"the cassette's facts give no number for the role {role!r}")
        return self.facts.cast[role]

    def meanwhile(self, event: str, role: str | None = None) -> None:
        """Something happens at the carrier, to the number of that role or to the account."""
        self._events = (*self._events, event)
        self._meanwhile(event, self.number(role) if role else None)

    # Steps

    def test_credentials(self) -> Any:
        """Test them."""
        return self._take("test_credentials", lambda: self._engine.test_credentials(self._account))

    def suggest_name(self) -> Any:
        """Ask for a name."""
        return self._take("suggest_name", lambda: self._engine.suggest_name(self._account))

    def list_numbers(self) -> list[CarrierNumber]:
        """List every number; those that came before an error stay in the step's result."""
        listed: list[CarrierNumber] = []
        with self._step("list_numbers") as step:
            step.result = listed
            for number in self._engine.list_numbers(self._account):
                listed.append(number)  # One by one: those before an error are kept.
        return listed

    def read_routing(self, numbers: Sequence[str]) -> dict[str, RoutingSnapshot]:
        """Read how these numbers are routed."""
        with self._step("read_routing", tuple(numbers)) as step:
            step.result = self._engine.read_routing(self._account, numbers)
        return step.result or {}

    def plan_import(self, snapshots: Sequence[RoutingSnapshot]) -> ImportPlan | None:
        """Plan the import of these numbers."""
        plan: ImportPlan | None = self._take("plan_import", lambda: self._engine.plan_import(self._account, snapshots))
        return plan

    def prepare_route(self) -> Route | None:
        """Find or make what numbers are pointed at."""
        route: Route | None = self._take("prepare_route", lambda: self._engine.prepare_route(self._account))
        return route

    def import_number(self, route: Route, snapshot: RoutingSnapshot) -> ImportOutcome | None:
        """Import one number."""
        outcome: ImportOutcome | None = self._take(
            "import_number", lambda: next(self._engine.import_numbers(self._account, route, [snapshot]))
        )
        return outcome

    def verify_number(self, route: Route, snapshot: RoutingSnapshot) -> Any:
        """Verify one number."""
        return self._take(
            "verify_number", lambda: self._engine.verify_number(self._account, snapshot.number.ref, route)
        )

    def release_number(self, route: Route, snapshot: RoutingSnapshot) -> Any:
        """Release one number."""
        return self._take(
            "release_number",
            lambda: self._engine.release_number(self._account, snapshot.number.ref, route, snapshot),
        )

    def set_up_account(self, done: Sequence[SetUpStep] = (), *, until: int | None = None) -> list[SetUpStep]:
        """Set the account up, or break off after so many announcements; what it made joins the account."""
        taken: list[SetUpStep] = []
        with self._step("set_up_account") as step:
            step.result = taken
            running = self._engine.set_up_account(self._account, done)
            for number, each in enumerate(running, 1):
                taken.append(each)
                if number == until:
                    step.broken_off = True
                    running.close()
                    break
        made: dict[str, Any] = {}
        for each in (*done, *taken):
            made |= each.made
        self._account = self._read_account(made)
        return taken

    def undo_set_up(self, steps: Sequence[SetUpStep]) -> list[SetUpStep]:
        """Take back what a set-up made."""
        undone: list[SetUpStep] = []
        with self._step("undo_set_up") as step:
            step.result = undone
            for each in self._engine.undo_set_up(self._account, steps):
                undone.append(each)
        self._account = self._read_account({})
        return undone

    # What most scenarios begin with

    def whole_set_up(self) -> list[SetUpStep]:
        """A set-up that came to its end; `Stuck` where it did not."""
        taken = self.set_up_account()
        if self.steps[-1].error is not None:
            raise Stuck("set_up_account did not come to its end")
        return taken

    def snapshot(self, role: str) -> RoutingSnapshot:
        """The routing of the number of that role; `Stuck` where it is not found."""
        number = self.number(role)
        found = self.read_routing([number]).get(number)
        if found is None:
            raise Stuck(f"read_routing did not find {number}, which is on the account")
        return found

    def route(self) -> Route:
        """The route; `Stuck` where there is none."""
        route = self.prepare_route()
        if route is None:
            raise Stuck("prepare_route gave no route")
        return route

    def imported(self, role: str) -> tuple[Route, RoutingSnapshot]:
        """A number that was imported, with its routing before; `Stuck` where that did not work."""
        snapshot, route = self.snapshot(role), self.route()
        outcome = self.import_number(route, snapshot)
        if outcome is None or outcome.error is not None:
            raise Stuck(f"import_number did not import {snapshot.number.number}")
        return route, snapshot

    # How a step is taken

    def _sleep(self, seconds: float) -> None:
        """Note how long was to be slept; only a live carrier is really waited for."""
        self.sleeps.append(seconds)
        self._pause(seconds)

    def _read_account(self, made: Mapping[str, Any]) -> CarrierAccount:
        return self._engine.account(
            self.subject.id,
            {name: value for name, value in self._credentials.items() if value is not None},
            self._given.sip_config,
            marker=self.provenance.marker,
            setup_method=self._given.setup_method,
            made=made,
        )

    def _take(self, hook: str, work: Callable[[], Any]) -> Any:
        with self._step(hook) as step:
            step.result = work()
        return step.result

    @contextmanager
    def _step(self, hook: str, about: tuple[str, ...] = ()) -> Iterator[Step]:
        before = sum(each.hook == hook for each in self.steps)
        step = Step(hook if not before else f"{hook} {before + 1}", hook, self._events, about)
        self.steps.append(step)
        self._witness.step = step
        self._dial.begin(step.name)
        first, slept, began = len(self._dial.asked), len(self.sleeps), time.monotonic()
        printed = io.StringIO()
        try:
            with overheard(step.logs), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                yield step
        except TrunklineError as error:
            step.error = error
        finally:
            step.seconds = time.monotonic() - began
            step.asked = self._dial.asked[first:]
            step.sleeps = self.sleeps[slept:]
            step.printed = printed.getvalue()

    def close(self) -> None:
        """Give up the engine's connections."""
        self._engine.close()


@contextmanager
def overheard(texts: list[str]) -> Iterator[None]:
    """Collect every log record of the process, DEBUG included, but those of the cassette player."""
    root = logging.getLogger()
    handler = _Overhearing(texts)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


class _Overhearing(logging.Handler):
    """Keeps each record's text, its traceback, and whatever was put beside them."""

    usual = frozenset(vars(logging.makeLogRecord({})))

    def __init__(self, texts: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("vcr"):
            beside = {name: value for name, value in vars(record).items() if name not in self.usual}
            self._texts.append(f"{self.format(record)} {beside or ''}")
