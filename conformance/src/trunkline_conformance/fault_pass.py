"""Picks faults for a plugin's scenarios, and finds the smallest case of each check that fails."""

from __future__ import annotations

import enum
import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import attrs
from hypothesis import HealthCheck, Phase, find, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from trunkline_conformance.check import About, Check, Finding
from trunkline_conformance.conversation import READING_METHODS, Run
from trunkline_conformance.faults import Case, FaultRun
from trunkline_conformance.replaying import Library
from trunkline_conformance.scenarios import BY_ID
from trunkline_conformance.simulated import Simulation, simulation_of
from trunkline_conformance.simulated_faults import STRUCK, strike_simulated, without_fault
from trunkline_conformance.striking import faults_for, strike

_SHRINKS = 60
_BEGINS_WITH = ("new-fields", "null", "unknown-word")
_BEGINS_OVER_SIP = ("new-headers", "moved", "silence")
_LONGEST = 100
"""Requests of a conversation that is tried with faults; a longer one takes too much of the time."""

_FIELDS = 64
"""Fields of an answer that are told apart; of one with fewer, some are struck by several numbers."""


class Profile(enum.Enum):
    """How many cases are tried."""

    NONE = "none"
    FEW = "few"
    CI = "ci"
    THOROUGH = "thorough"

    @property
    def cases(self) -> int:
        """That many."""
        return {Profile.NONE: 0, Profile.FEW: 15, Profile.CI: 80, Profile.THOROUGH: 2000}[self]


@attrs.define
class FaultFindings:
    """What the checks found under faults, by check: how much they looked at, and the smallest case that went wrong."""

    looked_at: dict[str, int] = attrs.Factory(dict)
    problems: dict[str, tuple[Finding, ...]] = attrs.Factory(dict)
    cases: int = 0

    def note(self, check: Check, findings: Sequence[Finding]) -> None:
        """Count what a check looked at in one case, and keep the first case that went wrong."""
        self.looked_at[check.id] = self.looked_at.get(check.id, 0) + len(findings)
        if wrong := tuple(finding for finding in findings if not finding.right):
            self.problems.setdefault(check.id, wrong[:1])


def _about_faults(checks: Sequence[Check]) -> tuple[Check, ...]:
    return tuple(check for check in checks if check.about is About.FAULTS)


@attrs.frozen
class FaultPass:
    """A plugin's scenarios, ready to be struck. Only a scenario that goes well without a fault is tried with one.

    Some are struck on the carrier's simulation too, where there is one; raises `SimulationRefused`.
    """

    library: Library
    runs: Mapping[str, Run]
    checks: tuple[Check, ...] = attrs.field(converter=_about_faults)
    chance: random.Random
    simulation: Simulation | None = attrs.field()
    _simulated: dict[str, Run] = attrs.field(factory=dict, init=False)

    @simulation.default
    def _published(self) -> Simulation | None:
        return simulation_of(self.library.subject.id)

    def by_profile(self, profile: Profile) -> FaultFindings:
        """Try as many cases as the profile says, as Hypothesis picks them, and shrink those that go wrong."""
        found = FaultFindings()
        lengths = self._lengths()
        if not (profile.cases and lengths and self.checks):
            return found
        cases = st.sampled_from(list(lengths)).flatmap(
            lambda id: st.builds(
                lambda at, fault, lasting, field: Case(id, at, fault.id, lasting, field if fault.field else 0),
                st.integers(0, lengths[id] - 1),
                st.sampled_from(faults_for(self.library.cassettes[id])),
                st.booleans(),
                st.integers(0, _FIELDS - 1),
            )
        )
        number = self.chance.randrange(2**32)

        @seed(number)
        @_quiet(profile.cases, Phase.generate)
        @given(cases)
        def look(case: Case) -> None:
            self.one(case, found)

        for case in self._always(lengths):
            self.one(case, found)
        look()
        for check in self.checks:
            if check.id in found.problems:
                found.problems[check.id] = self._smallest(check, cases, number) or found.problems[check.id]
        return found

    def one(self, case: Case, found: FaultFindings) -> None:
        """Try one case."""
        found.cases += 1
        for check, findings in self._judged(case, self.checks):
            found.note(check, findings)

    def _always(self, lengths: Mapping[str, int]) -> Iterator[Case]:
        """What every run begins with: answers in other forms, pages that come again, lost answers to writes."""
        for road in (_BEGINS_WITH, _BEGINS_OVER_SIP):
            if first := next((id for id in lengths if road[0] in self._faults(id)), None):
                yield from (Case(first, 0, fault) for fault in road)
        if (pages := "list-numbers/many-pages") in lengths:
            places = [each.url.partition("?")[0] for each in self.runs[pages].asked]
            later = [at for at, place in enumerate(places) if place in places[:at]]
            yield from (Case(pages, at, "repeated-page") for at in later[:1])
            yield from (Case(pages, at, "cyclic-page", lasting=True) for at in later[:1])
        for hook in ("import_number", "release_number"):
            writes = (
                Case(id, at, "timeout-after")
                for id in lengths
                for at, asked in enumerate(self.runs[id].asked)
                if asked.step == hook and asked.method not in READING_METHODS
            )
            yield from islice(writes, 1)

    def _lengths(self) -> dict[str, int]:
        """How many requests each scenario takes."""
        return {
            id: len(run.asked)
            for id, run in self.runs.items()
            if 0 < len(run.asked) <= _LONGEST
            and not (run.stuck or run.unplayed)
            and all(each.played is not None for each in run.asked)
        }

    def _faults(self, scenario: str) -> frozenset[str]:
        return frozenset(fault.id for fault in faults_for(self.library.cassettes[scenario]))

    def struck(self, case: Case) -> Iterator[FaultRun]:
        """A case on its cassette, and on the simulated carrier where its scenario is struck there."""
        id, subject = case.scenario, self.library.subject
        scenario, cassette = BY_ID[id], self.library.cassettes[id]
        yield strike(subject, scenario, cassette, case, self.runs[id], self.chance)
        if self.simulation and id in STRUCK:
            if id not in self._simulated:
                self._simulated[id] = without_fault(self.simulation, subject, scenario, cassette)
            yield strike_simulated(self.simulation, subject, scenario, cassette, case, self._simulated[id])

    def _judged(self, case: Case, checks: Sequence[Check]) -> Iterator[tuple[Check, list[Finding]]]:
        seen = [*self.struck(case)]
        yield from ((check, [finding for each in seen for finding in check.judge(each)]) for check in checks)

    def _smallest(self, check: Check, cases: st.SearchStrategy[Case], number: int) -> tuple[Finding, ...]:
        def fails(case: Case) -> bool:
            return any(not finding.right for _, findings in self._judged(case, [check]) for finding in findings)

        try:
            case = find(
                cases, fails, settings=_quiet(_SHRINKS, Phase.generate, Phase.shrink), random=random.Random(number)
            )
        except NoSuchExample:
            return ()
        return tuple(each for _, findings in self._judged(case, [check]) for each in findings if not each.right)[:1]


def _quiet(examples: int, *phases: Phase) -> settings:
    return settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
