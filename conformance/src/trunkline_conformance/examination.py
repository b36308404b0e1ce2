"""Holds one plugin against every check that its capabilities call for."""

from __future__ import annotations

import enum
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from trunkline_conformance.check import About, Check, Finding, wrong
from trunkline_conformance.checks import CHECKS
from trunkline_conformance.conversation import Run
from trunkline_conformance.exemptions import Exemptions, read
from trunkline_conformance.fault_pass import FaultFindings, FaultPass, Profile
from trunkline_conformance.faults import Case
from trunkline_conformance.replaying import Library, called_for, library, replay
from trunkline_conformance.scenarios import BY_ID
from trunkline_conformance.subject import Subject
from trunkline_conformance.telling import listener


class Status(enum.Enum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    EXEMPT = "exempt"
    NOT_CALLED_FOR = "not_called_for"


@attrs.frozen
class Verdict:
    """One check, how it ended, how much it looked at, and what was wrong. `reason` is that of an exemption."""

    check: Check
    status: Status
    looked_at: int
    problems: tuple[Finding, ...]
    reason: str | None = None


@attrs.frozen
class Examination:
    """All that was found out about one plugin."""

    subject: Subject
    library: Library
    runs: Mapping[str, Run]
    verdicts: tuple[Verdict, ...]
    exemptions: Exemptions
    faults: Profile = Profile.NONE
    struck: FaultFindings = attrs.Factory(FaultFindings)

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(verdict.status is not Status.FAILED for verdict in self.verdicts)

    def verdict(self, check: str) -> Verdict:
        """The verdict of one check."""
        return next(verdict for verdict in self.verdicts if verdict.check.id == check)


def examine(
    subject: Subject,
    folder: Path,
    *,
    checks: Sequence[Check] = CHECKS,
    faults: Profile = Profile.NONE,
    case: Case | None = None,
    seed: int | None = None,
) -> Examination:
    """Go through every scenario that has a cassette, and judge; raises `ExemptionRefused`
    and `NoCassettes`.

    With a `case` only its scenario is gone through, and only what it shows is judged.
    """
    chance = random.Random(seed)
    subject.warm_up()
    exemptions = read(folder, CHECKS)
    found = library(subject, folder, exemptions.without)
    cassettes = {id: cassette for id, cassette in found.cassettes.items() if case is None or id == case.scenario}
    runs = {id: replay(subject, BY_ID[id], cassette, chance) for id, cassette in cassettes.items()}
    under_faults = FaultPass(found, runs, checks, chance)
    struck = FaultFindings()
    if case is None:
        struck = under_faults.by_profile(faults)
    elif runs:
        under_faults.one(case, struck)
    asked_for = [each for each in checks if _is_asked_for(each, faults, None if case is None else struck)]
    verdicts = (judge(check, found, runs, struck) for check in asked_for)
    return Examination(
        subject, found, runs, tuple(exempted(verdict, exemptions) for verdict in verdicts), exemptions, faults, struck
    )


def _is_asked_for(check: Check, faults: Profile, by_one_case: FaultFindings | None) -> bool:
    """Whether a check is part of the run; of one case, where that had something to show it."""
    if by_one_case is not None:
        return bool(by_one_case.looked_at.get(check.id))
    return check.about is not About.FAULTS or faults is not Profile.NONE


def judge(check: Check, found: Library, runs: Mapping[str, Run], struck: FaultFindings) -> Verdict:
    """Let one check look at all that it looks at. It is not called for without its capabilities and scenarios."""
    if not _is_possible(check, found):
        return Verdict(check, Status.NOT_CALLED_FOR, 0, ())
    if check.about is About.FAULTS:
        looked_at, problems = struck.looked_at.get(check.id, 0), struck.problems.get(check.id, ())
    else:
        findings = [_told(finding, seen) for seen in _seen(check, found, runs) for finding in check.judge(seen)]
        looked_at, problems = len(findings), tuple(finding for finding in findings if not finding.right)
    if not looked_at:
        problems = (wrong(check.rule, expected="something to look at", came="nothing that shows it"),)
    return Verdict(check, Status.FAILED if problems else Status.PASSED, looked_at, problems)


def _told(finding: Finding, seen: object) -> Finding:
    """What was found in a conversation, with its name, and without the secrets that the plugin let out there."""
    if finding.right or not isinstance(seen, Run):
        return finding
    hidden = listener(seen)
    asked, expected, came = (hidden(text) for text in (finding.asked, finding.expected, finding.came))
    return attrs.evolve(finding, asked=asked, expected=expected, came=came, scenario=seen.scenario)


def exempted(verdict: Verdict, exemptions: Exemptions) -> Verdict:
    """The verdict under an exemption from its check: a failure is excused, and a pass is not."""
    reason = exemptions.exempt.get(verdict.check.id)
    if reason is None or verdict.status is Status.NOT_CALLED_FOR:
        return verdict
    if verdict.status is Status.FAILED:
        return attrs.evolve(verdict, status=Status.EXEMPT, reason=reason)
    needless = wrong(f"the exemption: {reason}", expected="a check that fails", came="it passes: remove the exemption")
    return attrs.evolve(verdict, status=Status.FAILED, problems=(needless,), reason=reason)


def _is_possible(check: Check, found: Library) -> bool:
    """Whether the plugin can what it needs, and is asked for any of its scenarios."""
    if not (found.subject.takes(check.road) and all(found.subject.can(name) for name in check.needs)):
        return False
    if check.about is not About.CONVERSATION:
        return True
    return any(
        check.looks_at(scenario.id) for scenario in called_for(found.subject) if scenario.id not in found.without
    )


def _seen(check: Check, found: Library, runs: Mapping[str, Run]) -> list[Any]:
    match check.about:
        case About.PLUGIN:
            return [found.subject]
        case About.CASSETTES:
            return [found]
    return [run for id, run in runs.items() if check.looks_at(id)]
