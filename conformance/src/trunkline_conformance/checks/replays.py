"""What holds in every conversation: it is the recorded one, whole, and each step ends as the facts say."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline_conformance.check import RIGHT, Check, Finding, wrong
from trunkline_conformance.checks.endings import judged
from trunkline_conformance.conversation import Run

EVERYWHERE = ("*",)


def _asks_what_was_recorded(run: Run) -> Iterator[Finding]:
    for step in run.steps:
        for asked in step.asked:
            if asked.played is None:
                yield wrong(asked.text, expected=asked.nearest, came="a request that was not recorded", hook=step.hook)
            else:
                yield RIGHT


def _plays_everything(run: Run) -> Iterator[Finding]:
    for name, request in run.unplayed:
        step = run.step(name)
        expected = f"{request}, as recorded in step {name}" if name else request
        came = f"it was never asked: {run.stuck}" if run.stuck else "it was never asked"
        yield wrong(run.scenario, expected=expected, came=came, hook=step.hook if step else None)
    yield from (RIGHT for _ in run.asked)


def _ends_as_it_should(run: Run) -> Iterator[Finding]:
    return judged(run, [step for step in run.steps if not step.events])


def _breaks_nowhere(run: Run) -> Iterator[Finding]:
    for step in run.steps:
        if step.ending.startswith("plugin_"):
            came = f"{step.ending}: {step.error.detail if step.error else ''}"
            raised = "; ".join(f"{type(each).__name__}: {each}"[:200] for each in step.raised)
            yield wrong(
                step.name, expected="an answer, or an error of the engine's", came=f"{came} {raised}", hook=step.hook
            )
        else:
            yield RIGHT


CHECKS = (
    Check(
        "replay/asks-what-was-recorded",
        "Every request is the recorded one: method, host, path, query, body, in its turn.",
        "A request that differs from the recorded one is a request that nobody has seen the carrier answer.",
        "Mend the request, or record the scenario anew if the new request is right.",
        _asks_what_was_recorded,
        scenarios=EVERYWHERE,
        essential=True,
    ),
    Check(
        "replay/plays-everything",
        "Every recorded exchange is asked for, to the end of the conversation.",
        "A plugin that leaves out half of what was recorded, as reading back, would pass otherwise.",
        "Ask for what is missing, or record the scenario anew if it is no longer needed.",
        _plays_everything,
        scenarios=EVERYWHERE,
        essential=True,
    ),
    Check(
        "replay/ends-as-it-should",
        "While the carrier does what it should, each step ends as the scenario's facts say.",
        "A plugin that refuses where nothing is wrong, or answers where something is, misleads its caller.",
        "Answer what the carrier confirmed; raise only what the carrier's answer calls for.",
        _ends_as_it_should,
        scenarios=EVERYWHERE,
        essential=True,
    ),
    Check(
        "replay/breaks-nowhere",
        "No hook crashes, hangs, answers the wrong type, or holds money in a float.",
        "The engine contains a broken plugin, and its customer learns nothing.",
        "Answer in the engine's types, and turn what the carrier may answer into them or into an error.",
        _breaks_nowhere,
        scenarios=EVERYWHERE,
        essential=True,
    ),
)
