"""What holds in every conversation: it is the recorded one, whole, and each step ends as the facts say."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline_conformance.check import RIGHT, Check, Finding, wrong
from trunkline_conformance.conversation import Run
from trunkline_conformance.scenarios import BY_ID

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
        expected = f"{request}, as recorded in step {name}"
        yield wrong(run.scenario, expected=expected, came="it was never asked", hook=step.hook if step else None)
    if run.stuck:
        yield wrong(run.scenario, expected="a conversation that goes on to its end", came=run.stuck)
    yield from (RIGHT for asked in run.asked if asked.played is not None)


def _ends_as_it_should(run: Run) -> Iterator[Finding]:
    scenario = BY_ID[run.scenario]
    for step in run.steps:
        allowed = scenario.may_end(run.facts.endings, step.name, step.hook, step.events)
        if step.ending in allowed:
            yield RIGHT
        else:
            said = f": {step.error.summary} ({step.error.detail})" if step.error else ""
            yield wrong(
                f"{step.name} where {scenario.story[:1].lower()}{scenario.story[1:]}",
                expected=" or ".join(allowed),
                came=step.ending + said,
                hook=step.hook,
            )


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
        "Every recorded exchange is asked for, and the conversation goes on to its end.",
        "A plugin that leaves out half of what was recorded, as reading back, would pass otherwise.",
        "Ask for what is missing, or record the scenario anew if it is no longer needed.",
        _plays_everything,
        scenarios=EVERYWHERE,
        essential=True,
    ),
    Check(
        "replay/ends-as-it-should",
        "Each step ends as the scenario's facts say: with an answer, or with an error of the right family.",
        "The caller decides by the type of an error whether to ask the customer, to wait, or to read back.",
        "Raise the error whose family says what the caller is to do, and answer only what the carrier confirmed.",
        _ends_as_it_should,
        scenarios=EVERYWHERE,
        essential=True,
    ),
)
