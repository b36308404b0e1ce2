"""Guided set-up: announced before it is taken, found before it is made, safe to break off, taken back whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trunkline.secret import Secret
from trunkline.setup import StepState
from trunkline_conformance.check import RIGHT, Check, Finding, Judge, wrong
from trunkline_conformance.checks.endings import of_hooks
from trunkline_conformance.checks.plain import is_plain
from trunkline_conformance.conversation import Run

_NEEDS = ("guided_setup",)
_PASSWORD = re.compile("password|secret|token", re.IGNORECASE)


def _announces(run: Run) -> Iterator[Finding]:
    for step in run.of_hook("set_up_account"):
        for at, said in enumerate(step.written_after):
            if said == StepState.INTENDED.value:
                yield RIGHT
            else:
                came = f"its last word before was {said or 'nothing'}"
                asked = step.writes[at].text if at < len(step.writes) else step.name
                yield wrong(asked, expected="a step that is announced before it is taken", came=came, hook=step.hook)


def _finishes(run: Run) -> Iterator[Finding]:
    """Whatever is announced in a set-up that was not broken off is found or done in the end."""
    for step in run.of_hook("set_up_account"):
        if step.error or step.broken_off:
            continue
        last = {each.id: each.state for each in step.result}
        for id, state in last.items():
            if state is StepState.INTENDED:
                came = f"{id} was only announced"
                yield wrong(step.name, expected="each announced step done or found", came=came, hook=step.hook)
            else:
                yield RIGHT


def _writes_nothing_again(run: Run) -> Iterator[Finding]:
    for step in run.of_hook("set_up_account")[1:]:
        for asked in step.asked:
            if asked in step.writes:
                yield wrong(step.name, expected="no write: all is there", came=asked.text, hook=step.hook)
            else:
                yield RIGHT


def _can_be_undone(run: Run) -> Iterator[Finding]:
    for step in run.of_hook("set_up_account"):
        for each in step.result:
            if each.state is not StepState.DONE:
                continue
            if is_plain(each.undo):
                yield RIGHT
            else:
                came = f"that of {each.id}" if each.undo else f"{each.id} is done, and nothing says how it is undone"
                yield wrong(step.name, expected="an undo in plain JSON for what was made", came=came, hook=step.hook)


def _takes_back(run: Run) -> Iterator[Finding]:
    for step in run.of_hook("undo_set_up"):
        if step.error is None and step.writes:
            yield RIGHT
        else:
            came = step.ending if step.error else "no write"
            yield wrong(step.name, expected="what was made is taken back", came=came, hook=step.hook)


def _keeps_passwords(run: Run) -> Iterator[Finding]:
    for step in run.of_hook("set_up_account"):
        for each in step.result:
            for name, value in each.made.items():
                if not _PASSWORD.search(name):
                    continue
                if isinstance(value, Secret):
                    yield RIGHT
                else:
                    came = f"{name} as {type(value).__name__}"
                    yield wrong(f"{each.id} of {step.name}", expected="a Secret", came=came, hook=step.hook)


def _check(id: str, rule: str, why: str, remedy: str, judge: Judge, scenarios: tuple[str, ...]) -> Check:
    return Check(f"set-up/{id}", rule, why, remedy, judge, scenarios=scenarios, needs=_NEEDS)


CHECKS = (
    _check(
        "announces-before-it-takes",
        "Each write comes after a step was announced.",
        "What was not in the caller's journal before it was made cannot be found after a crash.",
        "Yield the step as INTENDED, then write, then yield it as DONE.",
        _announces,
        ("set-up/new", "set-up/undone"),
    ),
    _check(
        "finishes",
        "What is announced is found or done in the end.",
        "A step that stays open is taken again for ever.",
        "Yield each announced step once more as FOUND or DONE.",
        _finishes,
        ("set-up/*",),
    ),
    _check(
        "writes-nothing-again",
        "A set-up of an account that is set up writes nothing.",
        "Whoever repeats a set-up must not get a second of everything.",
        "Look for what bears call.marker before making it.",
        _writes_nothing_again,
        ("set-up/repeated",),
    ),
    _check(
        "can-be-undone",
        "Each step that made something says in plain JSON how it is undone.",
        "A set-up that fails halfway is taken back by whoever finds its journal.",
        "Give `undo` what undo_set_up needs.",
        _can_be_undone,
        ("set-up/new",),
    ),
    _check(
        "takes-back",
        "Undoing takes back what was made.",
        "Nothing of ours stays at a customer's carrier.",
        "Walk the steps newest first, and remove what each made.",
        _takes_back,
        ("set-up/undone",),
    ),
    _check(
        "keeps-passwords",
        "A password that a set-up makes is given as a Secret.",
        "What it made is stored, shown and logged like any other JSON.",
        "Wrap it: `Secret(password)`.",
        _keeps_passwords,
        ("set-up/new",),
    ),
    _check(
        "survives-interruption",
        "A set-up that broke off at any step goes on where it was, and can be taken back.",
        "Processes die.",
        "Find what the interrupted run made, recorded or not, by its marker.",
        of_hooks("set_up_account", "undo_set_up"),
        ("set-up/interrupted",),
    ),
)
