"""Importing: one write, believed only when the carrier confirms it, and never written twice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from trunkline.engine import ImportOutcome
from trunkline.numbers import Route
from trunkline_conformance.check import RIGHT, Check, Finding, wrong
from trunkline_conformance.checks.endings import afterwards, of_hooks
from trunkline_conformance.conversation import Run

_NEEDS = ("import_numbers",)


def _writes_once(run: Run) -> Iterator[Finding]:
    for number, step in enumerate(run.of_hook("import_number"), 1):
        allowed = 0 if run.scenario == "import/already-ours" and number == 2 else 1
        if len(step.writes) <= allowed:
            yield RIGHT
        else:
            came = f"{len(step.writes)} writes"
            yield wrong(step.name, expected=f"at most {allowed}", came=came, hook=step.hook)


def _reads_its_answer(run: Run) -> Iterator[Finding]:
    """What came back was read at the time of the call; that it points at the route the engine sees to."""
    moment = run.cassette.provenance.moment
    for step, outcome in run.answers(ImportOutcome):
        if outcome.readback is None:
            continue
        if outcome.readback.read_at == moment:
            yield RIGHT
        else:
            expected, came = f"read at {moment}, the time of the call", f"read at {outcome.readback.read_at}"
            yield wrong(step.name, expected=expected, came=came, hook=step.hook)


def _finds_its_route_again(run: Run) -> Iterator[Finding]:
    for (_, first), (step, again) in pairwise(run.answers(Route)):
        if again.id != first.id or again.made or step.writes:
            came = f"{again.id}, made={again.made}, {len(step.writes)} writes"
            yield wrong(step.name, expected=f"{first.id}, found", came=came, hook=step.hook)
        else:
            yield RIGHT


def _says_what_it_made(run: Run) -> Iterator[Finding]:
    for step, route in run.answers(Route):
        if route.made and not step.writes:
            yield wrong(step.name, expected="made=False, since nothing was written", came="made=True", hook=step.hook)
        else:
            yield RIGHT


def _leaves_the_list(run: Run) -> Iterator[Finding]:
    lists = [step for step in run.of_hook("list_numbers") if step.error is None]
    for before, after in pairwise(lists):
        if [_lasting(each) for each in before.result] == [_lasting(each) for each in after.result]:
            yield RIGHT
        else:
            came = "another list"
            yield wrong(after.name, expected="the list as it was before the import", came=came, hook=after.hook)


def _lasting(number: Any) -> tuple[object, ...]:
    """All but the name: some carriers call a number by what it is routed to."""
    return number.number, number.handle, number.type, number.capabilities, number.region, number.monthly_fee


CHECKS = (
    Check(
        "import/imports",
        "An import of a number that is there ends with the number imported.",
        "It is what the provider is for.",
        "Point the number at the route, and give its routing as the carrier tells it.",
        of_hooks("import_number"),
        scenarios=("import/new", "import/already-ours"),
        needs=_NEEDS,
        essential=True,
    ),
    Check(
        "import/writes-once",
        "An import is one write; of a number that is ours already, none.",
        "Each write is a moment in which calls may go astray.",
        "Look at the snapshot first: where it points at the route, there is nothing to do.",
        _writes_once,
        # Where a carrier ignores a write, another way to the same routing may be tried.
        scenarios=("import/new", "import/already-ours", "import/mixed", "import/*-lost", "import/unsettled"),
        needs=_NEEDS,
        essential=True,
    ),
    Check(
        "import/reads-its-answer",
        "What an import reads back is dated by the time of the call.",
        "The caller keeps it as the proof of the import.",
        "Make the snapshot from the carrier's answer, with call.now().",
        _reads_its_answer,
        scenarios=("import/new", "import/answer-lost"),
        needs=_NEEDS,
    ),
    Check(
        "import/believes-the-carrier",
        "Where the carrier's answer shows the number routed as before, it is not imported.",
        "A carrier may accept a change with a 200 and not make it.",
        "Give the routing as read back, not as it was asked for.",
        afterwards,
        scenarios=("import/ignored",),
        needs=_NEEDS,
        essential=True,
    ),
    Check(
        "import/settles-a-lost-answer",
        "Where the answer to the write is lost, reading back decides; a change that took effect is an import.",
        "A caller who is told that it failed imports again, or gives up what works.",
        "Catch WriteOutcomeUnknown and read back: `trunkline.settling`.",
        afterwards,
        scenarios=("import/answer-lost",),
        needs=_NEEDS,
        essential=True,
    ),
    Check(
        "import/claims-no-lost-write",
        "Where the write was lost on its way, the number is not called imported.",
        "Its calls still go elsewhere.",
        "Read back, and compare with the route.",
        afterwards,
        scenarios=("import/write-lost",),
        needs=_NEEDS,
        essential=True,
    ),
    Check(
        "import/admits-not-knowing",
        "Where reading back does not settle a lost answer, the outcome is WriteOutcomeUnknown.",
        "Neither yes nor no would be true.",
        "Let WriteOutcomeUnknown through when reading back fails.",
        afterwards,
        scenarios=("import/unsettled",),
        needs=_NEEDS,
        essential=True,
    ),
    Check(
        "import/misses-what-is-gone",
        "A number that left the account is not found by any hook, and its import is NumberNotFound.",
        "Only the customer can bring it back.",
        "Turn the carrier's answer about a missing number into NumberNotFound, and leave it out of read_routing.",
        afterwards,
        scenarios=("import/removed",),
        needs=_NEEDS,
    ),
    Check(
        "import/sinks-no-other",
        "A number that cannot be imported does not keep the others from it.",
        "One bad number never sinks the others.",
        "Judge each number by its own answer.",
        afterwards,
        scenarios=("import/mixed",),
        needs=_NEEDS,
    ),
    Check(
        "import/finds-its-route-again",
        "Preparing a route a second time finds the first one and writes nothing.",
        "Two routes for one account are one too many, and some carriers charge for them.",
        "Look for what bears call.marker before making it.",
        _finds_its_route_again,
        scenarios=("import/already-ours",),
        needs=_NEEDS,
        essential=True,
    ),
    Check(
        "import/says-what-it-made",
        "A route is called made only where something was written.",
        "What was made is told to the customer, and taken back by whoever undoes it.",
        "Set `made` where the object was made in this call.",
        _says_what_it_made,
        scenarios=("import/*",),
        needs=_NEEDS,
    ),
    Check(
        "import/leaves-the-list",
        "The list after an import is the list before it.",
        "An import changes where calls go, and nothing else.",
        "Derive what is listed from the number, not from its routing.",
        _leaves_the_list,
        scenarios=("import/new",),
        needs=("import_numbers", "list_numbers"),
    ),
)
