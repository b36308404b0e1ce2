"""Records on a real account: says first what it will do, writes only to numbers that were named, and puts them back."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TypeVar

import attrs

from trunkline.engine import ImportOutcome
from trunkline.http.dial import CarrierDial, Dial
from trunkline.numbers import E164, Release, ReleaseOutcome, Route, RoutingSnapshot
from trunkline_conformance.cassettes import Cassette, Facts, GivenAccount, Interaction, NumberFact
from trunkline_conformance.conversation import Step
from trunkline_conformance.leaves import leaves
from trunkline_conformance.live_journal import Journal
from trunkline_conformance.recording import NotRecorded, RecordingDial, made_of, provenance_of
from trunkline_conformance.scenarios import BY_ID, Scenario, perform
from trunkline_conformance.scrubbing import Allowed
from trunkline_conformance.stage import Stage
from trunkline_conformance.stopping import Heard, signals_kept
from trunkline_conformance.subject import Subject

READING = (
    "test-credentials/valid",
    "suggest-name/valid",
    "list-numbers/one-page",
    "list-numbers/many-pages",
    "import/foreign",
)
WRITING = ("import/new", "import/already-ours", "verify/good", "release/restored", "release/twice")
"""Scenarios that import a number; each is played with each of their roles given to the number that was named."""

MARKER = "trunkline conformance recording"
STRANGER = "+12025550199"

StageT = TypeVar("StageT", bound=Stage)


class NotPutBack(Exception):
    """Numbers are still routed to the platform; says which, and what to do."""


@attrs.frozen
class LiveAccount:
    """A real account, and the numbers on it that may be written to; raises `JournalClosed`."""

    subject: Subject
    given: GivenAccount
    numbers: tuple[str, ...] = ()
    dial: Dial = attrs.Factory(CarrierDial)
    sleep: Callable[[float], None] = time.sleep
    journal: Journal = attrs.field(init=False)

    @journal.default
    def _as_it_was_left(self) -> Journal:
        return Journal.opened(self.subject.id, self.given.credentials)

    def scenarios(self) -> tuple[Scenario, ...]:
        """Those that can be recorded on it without harm."""
        ids = READING + (WRITING if self.numbers else ())
        return tuple(BY_ID[id] for id in ids if all(self.subject.can(name) for name in BY_ID[id].needs))

    def plan(self) -> Iterator[str]:
        """What will be done, line by line."""
        name = self.subject.descriptor.display_name
        yield f"On a real {name} account, with the credentials given now, which are kept nowhere:"
        for scenario in self.scenarios():
            writes = scenario.id in WRITING
            yield f"  {scenario.id}: {'writes' if writes else 'only reads'}. {scenario.story}"
        if self.numbers:
            named = ", ".join(self.numbers)
            yield f"Written to is {named} alone: routed elsewhere for some seconds each time, then put back."
            yield f"Should this be killed meanwhile, the next recording puts it back: {self.journal.path} says what."
            yield f"What numbers are routed to is made once, is named “{MARKER}”, and stays: delete it afterwards."
        else:
            yield "Nothing is written at the carrier: no number was named with --number."


class _LiveStage(Stage):
    """A stage on which every number is written down before it is written to, and signals are heeded between steps."""

    journal: Journal
    heard: Heard

    def import_number(self, route: Route, snapshot: RoutingSnapshot) -> ImportOutcome | None:
        """Import one number."""
        self.journal.keep(route, snapshot)
        return super().import_number(route, snapshot)

    @contextmanager
    def _step(self, hook: str, about: tuple[str, ...] = ()) -> Iterator[Step]:
        self.heard.heed()
        with super()._step(hook, about) as step:
            yield step


def record_live(
    account: LiveAccount, scenario: Scenario, *, allowed: Allowed, listed: Sequence[str], now: dt.datetime
) -> Cassette:
    """Play a scenario on a real account and put back what it wrote.

    `listed` are the numbers of the account, as `survey` read them from the carrier's answers. Raises `NotRecorded`,
    `InDoubt`, `NotPutBack`, and `Stopped` where a signal came, once all is put back.
    """
    with signals_kept() if scenario.id in WRITING else nullcontext(Heard()) as heard:
        stage, dial = _stage(_LiveStage, account, scenario, listed, now)
        stage.journal, stage.heard = account.journal, heard
        try:
            stuck = perform(stage, scenario)
        finally:
            put_back(account, now)
        heard.heed()
    if stuck:
        raise NotRecorded(f"{scenario.id}: {stuck}")
    steps, said = stage.steps, dial.interactions
    return made_of(account.subject, scenario, steps, said, account.given, stage.facts, stage.provenance, allowed)


def survey(account: LiveAccount, now: dt.datetime) -> tuple[str, ...]:
    """The numbers that the carrier's own answers name while they are listed."""
    if not account.subject.can("list_numbers"):
        return ()
    scenario = BY_ID["list-numbers/one-page"]
    stage, dial = _stage(Stage, account, scenario, (), now)
    stage.list_numbers()
    stage.close()
    if error := stage.steps[-1].error:
        raise NotRecorded(f"The numbers of the account cannot be listed: {error.code}: {error.detail or error.summary}")
    return tuple(dict.fromkeys(_numbers_in(dial.interactions)))


def put_back(account: LiveAccount, now: dt.datetime) -> None:
    """Release every number of the account's journal; raises `NotPutBack`."""
    if not account.journal.kept:
        return
    stage, _ = _stage(Stage, account, BY_ID["release/restored"], (), now)
    left = []
    for each in account.journal.kept:
        if _released(stage, each.route, each.snapshot):
            account.journal.forget(each.snapshot.number.number)
        else:
            left.append(each.snapshot)
    stage.close()
    if left:
        earlier = ", ".join(f"{each.number.number} to {each.view.kind} {each.view.host or ''}".strip() for each in left)
        raise NotPutBack(
            f"Not everything could be put back, and calls may go to {stage.provenance.platform}. "
            f"Route at the carrier, as it was: {earlier}. The next recording tries it again; once it is done by hand, "
            f"remove {account.journal.path}."
        )


def _released(stage: Stage, route: Route, snapshot: RoutingSnapshot) -> bool:
    ended = stage.release_number(route, snapshot)
    return isinstance(ended, Release) and ended.outcome is not ReleaseOutcome.CANNOT_RESTORE


def _stage(
    kind: type[StageT], account: LiveAccount, scenario: Scenario, listed: Sequence[str], now: dt.datetime
) -> tuple[StageT, RecordingDial]:
    dial = RecordingDial(account.dial)
    cast = {role: account.numbers[0] for role in scenario.cast if account.numbers}
    if "stranger" in scenario.cast:
        cast["stranger"] = STRANGER
    # Whoever knows the seed knows what passwords were drawn from it: it is fresh, and what they open is gone by then.
    provenance = provenance_of(
        account.subject, "live", seed=secrets.randbits(32), now=now, marker=MARKER, day=now.date()
    )
    stage = kind(
        account.subject,
        dial,
        given=account.given,
        credentials={name: value for name, value in account.given.credentials.items() if value is not None},
        facts=Facts(numbers=tuple(map(NumberFact, listed)), cast=cast),
        provenance=provenance,
        pause=account.sleep,
    )
    return stage, dial


def _numbers_in(conversation: Sequence[Interaction]) -> Iterator[str]:
    for at, interaction in enumerate(conversation):
        for place, leaf in leaves(interaction, at):
            if place.side == "response" and isinstance(leaf, str) and re.fullmatch(E164, leaf):
                yield leaf
