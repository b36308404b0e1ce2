"""How steps end, judged by what the facts of their scenario say: shared by the checks that name what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from trunkline_conformance.check import RIGHT, Finding, wrong
from trunkline_conformance.conversation import Run, Step
from trunkline_conformance.scenarios import BY_ID


def judged(run: Run, steps: Iterable[Step]) -> Iterator[Finding]:
    """Whether each of these steps ends as it may."""
    scenario = BY_ID[run.scenario]
    for step in steps:
        allowed = scenario.may_end(run.facts.endings, step.name, step.hook, step.events)
        if step.ending in allowed:
            yield RIGHT
        else:
            said = f": {step.error.summary} {step.error.detail}".rstrip() if step.error else ""
            asked = f"{step.name}, in this scenario: {scenario.story}"
            yield wrong(asked, expected=" or ".join(allowed), came=step.ending + said, hook=step.hook)


def of_hooks(*hooks: str) -> Callable[[Run], Iterator[Finding]]:
    """Judges the endings of these hooks' steps."""
    return lambda run: judged(run, run.of_hook(*hooks))


def afterwards(run: Run) -> Iterator[Finding]:
    """Judges the steps that were taken after something happened at the carrier."""
    return judged(run, [step for step in run.steps if step.events])
