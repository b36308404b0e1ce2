"""Verifying and releasing: drift is told, and what was there before is put back, where it is still ours."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from trunkline.numbers import Release, RoutingSnapshot
from trunkline_conformance.check import RIGHT, Check, Finding, wrong
from trunkline_conformance.checks import testing
from trunkline_conformance.checks.endings import of_hooks
from trunkline_conformance.checks.words import says_something
from trunkline_conformance.conversation import Run

_RELEASES = ("import_numbers", "release_numbers")
_VERIFIES = ("import_numbers", "verify_numbers")


def _gives_back_what_was(run: Run) -> Iterator[Finding]:
    read = [snapshot for step in run.of_hook("read_routing") for snapshot in (step.result or {}).values()]
    for before, after in pairwise(read):
        differing = _differing(before, after) - set(run.facts.derived)
        if differing:
            expected = f"{before.view}, and all else that an import overwrites, as before"
            came = f"{after.view}, with another {', '.join(sorted(differing))}"
            yield wrong("the routing afterwards", expected=expected, came=came, hook="release_number")
        else:
            yield RIGHT


def _differing(before: RoutingSnapshot, after: RoutingSnapshot) -> set[str]:
    names = {*before.restore, *after.restore}
    return {name for name in names if before.restore.get(name, "") != after.restore.get(name, "")}


def _writes_nothing_needless(run: Run) -> Iterator[Finding]:
    needed = 1 if run.scenario == "release/twice" else 0
    for step in run.of_hook("release_number")[needed:]:
        if step.writes:
            yield wrong(step.name, expected="no write", came=step.writes[0].text, hook=step.hook)
        else:
            yield RIGHT


def _says_why(run: Run) -> Iterator[Finding]:
    for step, release in run.answers(Release):
        if says_something(release.detail):
            yield RIGHT
        else:
            came = repr(release.detail)
            yield wrong(step.name, expected="a sentence that a customer can follow", came=came, hook=step.hook)


CHECKS = (
    Check(
        "verify/passes-what-is-routed-here",
        "A number that was imported is verified.",
        "Verification is what makes a number active.",
        "Compare the number's routing with the route.",
        of_hooks("verify_number"),
        scenarios=("verify/good",),
        needs=_VERIFIES,
        essential=True,
    ),
    Check(
        "verify/tells-drift",
        "A number that the customer routed elsewhere fails its verification.",
        "It is called active, and its calls go elsewhere.",
        "Read the present routing from the carrier; remember nothing.",
        testing.verdicts_are_so,
        scenarios=("verify/*",),
        needs=_VERIFIES,
        essential=True,
    ),
    Check(
        "release/restores",
        "A release ends with the earlier routing restored, also where the answer to the write was lost.",
        "The customer gets everything back as it was.",
        "Write what the snapshot holds, and read back where the answer is lost.",
        of_hooks("release_number"),
        scenarios=("release/restored", "release/twice", "release/answer-lost"),
        needs=_RELEASES,
        essential=True,
    ),
    Check(
        "release/gives-back-what-was",
        "After a release the routing is read as it was before the import, in all that an import overwrites.",
        "Fallbacks, callbacks and messages go with the routing.",
        "Keep every field that the write clears in the snapshot, and write each of them back.",
        _gives_back_what_was,
        scenarios=("release/restored",),
        needs=_RELEASES,
        essential=True,
    ),
    Check(
        "release/leaves-changes-alone",
        "What the customer routed elsewhere since is left alone.",
        "It is their number, and their latest word on it.",
        "Read the present routing first, and write only where it is still ours.",
        of_hooks("release_number"),
        scenarios=("release/changed-since",),
        needs=_RELEASES,
        essential=True,
    ),
    Check(
        "release/admits-what-it-cannot",
        "Where the earlier routing cannot be put back, the release says so.",
        "A customer who believes it restored waits for calls that never come.",
        "Answer CANNOT_RESTORE with a code and a sentence.",
        of_hooks("release_number"),
        scenarios=("release/cannot",),
        needs=_RELEASES,
        essential=True,
    ),
    Check(
        "release/writes-nothing-needless",
        "Nothing is written where there is nothing to put back: a second time, after a change, without the number.",
        "A needless write can undo what somebody else did.",
        "Compare the present routing with the snapshot and the route first.",
        _writes_nothing_needless,
        scenarios=("release/twice", "release/changed-since", "release/cannot"),
        needs=_RELEASES,
        essential=True,
    ),
    Check(
        "release/says-why",
        "A release says in a sentence how it ended.",
        "The customer reads it.",
        "Write the detail for the customer.",
        _says_why,
        scenarios=("release/*",),
        needs=_RELEASES,
    ),
)
