"""Secrets: sent where the descriptor says, and found nowhere else, in no form and in no piece."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from trunkline.numbers import RoutingSnapshot
from trunkline.redaction import Scrubber
from trunkline.secret import Secret
from trunkline_conformance.check import RIGHT, Check, Finding, Judge, wrong
from trunkline_conformance.checks.replays import EVERYWHERE
from trunkline_conformance.conversation import Run, Step
from trunkline_conformance.subject import Road
from trunkline_conformance.telling import listener, texts_of, texts_of_error

_ADDRESS_PASSWORD = re.compile(r"[a-z]+:(?://)?[^\s\"\\/@:]+:([^\s\"\\@/]{6,})@")


def _judged(step: Step, where: str, texts: Iterable[str], finds: Scrubber) -> Iterator[Finding]:
    told = [text for text in texts if finds.finds(text)]
    if told:
        came = f"a secret, in {where}: {finds(told[0])[:120]}"
        yield wrong(step.name, expected=f"{where} that tells no secret", came=came, hook=step.hook)
    else:
        yield RIGHT


def _in_answers(run: Run) -> Iterator[Finding]:
    finds = listener(run)
    for step in run.steps:
        yield from _judged(step, "what the hook gives", _shown(step.given), finds)


def _shown(given: list[object]) -> Iterator[str]:
    """All of an answer but what is sealed: that may hold a password of the customer's own addresses."""
    for each in given:
        if isinstance(each, RoutingSnapshot):
            yield from texts_of((each.number, each.view))
        else:
            yield repr(each)
            yield from texts_of(each)


def _in_snapshots(run: Run) -> Iterator[Finding]:
    finds = listener(run)
    for step in run.of_hook("read_routing", "import_number"):
        for each in step.given:
            if isinstance(each, RoutingSnapshot):
                yield from _judged(step, "a snapshot", texts_of(each.restore), finds)


def _in_errors(run: Run) -> Iterator[Finding]:
    finds = listener(run)
    for step in run.steps:
        for error in step.raised:
            yield from _judged(step, "what the hook raises", texts_of_error(error), finds)


def _in_logs(run: Run) -> Iterator[Finding]:
    finds = listener(run)
    for step in run.steps:
        yield from _judged(step, "what is logged or printed", (*step.logs, step.printed), finds)


def _in_requests(run: Run) -> Iterator[Finding]:
    finds = listener(run)
    for step in run.steps:
        for asked in step.asked:
            other = (f"{name}: {value}" for name, value in asked.headers.items() if name.lower() != "authorization")
            texts = (asked.url, *texts_of(asked.body), *other)
            yield from _judged(step, "an address, a body or a header", texts, finds)


def _addresses_are_sealed(run: Run) -> Iterator[Finding]:
    """Passwords in addresses at the carrier stand in `restore`, and nowhere else."""
    answers = (text for each in run.cassette.interactions for text in texts_of(each.response))
    for password in {found for text in answers for found in _ADDRESS_PASSWORD.findall(text)}:
        finds = Scrubber([Secret(password)])
        for step in run.steps:
            raised = (text for error in step.raised for text in texts_of_error(error))
            texts = (*_shown(step.given), *raised, *step.logs, step.printed)
            yield from _judged(step, "what the hook gives, raises or logs", texts, finds)


def _check(
    id: str,
    rule: str,
    remedy: str,
    judge: Judge,
    needs: tuple[str, ...] = (),
    *,
    essential: bool = True,
    road: Road | None = None,
) -> Check:
    why = "What is told once stands in logs, traces and tickets for good."
    return Check(
        f"secrets/{id}", rule, why, remedy, judge, scenarios=EVERYWHERE, needs=needs, essential=essential, road=road
    )


CHECKS = (
    _check(
        "not-in-answers",
        "No answer of a hook tells a secret.",
        "Build answers from what the carrier says, and leave credentials out of names, handles and details.",
        _in_answers,
    ),
    _check(
        "not-in-snapshots",
        "No snapshot keeps a secret of the account.",
        "Keep in `restore` only what stands at the carrier.",
        _in_snapshots,
        ("import_numbers",),
    ),
    _check(
        "not-in-errors",
        "Nothing that hangs on an exception tells a secret: text, attributes, notes, causes.",
        "Raise `from None`, and say in an error what the carrier said, not what was sent.",
        _in_errors,
    ),
    _check(
        "not-in-logs",
        "Nothing is logged, at any level, or printed that tells a secret.",
        "Log what was asked by method and path, without credentials.",
        _in_logs,
    ),
    _check(
        "addresses-stay-sealed",
        "A password in an address that a number is routed to stands in a snapshot's `restore` and nowhere else.",
        "The address is the customer's, and so is the password in it.",
        _addresses_are_sealed,
        ("import_numbers",),
        essential=False,
        road=Road.HTTP,
    ),
    _check(
        "not-in-requests",
        "A secret goes into the Authorization header and nowhere else: no address, body or other header.",
        "Let the wire authorize: name the fields in the descriptor.",
        _in_requests,
    ),
)
