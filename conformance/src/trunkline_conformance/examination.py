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
from trunkline_conformance.replaying import Library, called_for, library, replay
from trunkline_conformance.scenarios import BY_ID
from trunkline_conformance.subject import Subject


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

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(verdict.status is not Status.FAILED for verdict in self.verdicts)

    def verdict(self, check: str) -> Verdict:
        """The verdict of one check."""
        return next(verdict for verdict in self.verdicts if verdict.check.id == check)


def examine(
    subject: Subject, folder: Path, *, checks: Sequence[Check] = CHECKS, seed: int | None = None
) -> Examination:
    """Go through every scenario that has a cassette, and judge; raises `ExemptionRefused`."""
    rng = random.Random(seed)
    exemptions = read(folder, CHECKS)
    found = library(subject, folder, exemptions.without)
    runs = {id: replay(subject, BY_ID[id], cassette, rng) for id, cassette in found.cassettes.items()}
    verdicts = (judge(check, subject, found, runs) for check in checks)
    return Examination(subject, found, runs, tuple(exempted(verdict, exemptions) for verdict in verdicts))


def judge(check: Check, subject: Subject, found: Library, runs: Mapping[str, Run]) -> Verdict:
    """Let one check look at all that it looks at. It is not called for without its capabilities and scenarios."""
    if not all(subject.can(name) for name in check.needs) or not _is_possible(check, found):
        return Verdict(check, Status.NOT_CALLED_FOR, 0, ())
    findings = [finding for seen in _seen(check, subject, found, runs) for finding in check.judge(seen)]
    if not findings:
        nothing = wrong(check.rule, expected="something to look at", came="nothing that shows it")
        return Verdict(check, Status.FAILED, 0, (nothing,))
    problems = tuple(finding for finding in findings if not finding.right)
    return Verdict(check, Status.FAILED if problems else Status.PASSED, len(findings), problems)


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
    """Whether any of its scenarios is one that the plugin's capabilities call for and its carrier has."""
    if check.about is not About.CONVERSATION:
        return True
    return any(
        check.looks_at(scenario.id) for scenario in called_for(found.subject) if scenario.id not in found.without
    )


def _seen(check: Check, subject: Subject, found: Library, runs: Mapping[str, Run]) -> list[Any]:
    match check.about:
        case About.PLUGIN:
            return [subject]
        case About.CASSETTES:
            return [found]
        case About.CONVERSATION:
            return [run for id, run in runs.items() if check.looks_at(id)]
        case About.FAULTS:
            return []
