"""The credential test and the verification: verdicts that the facts bear out, with proof and a remedy."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.checks import Check as Verdict
from trunkline.checks import CredentialTest, Outcome, Verification
from trunkline_conformance.check import RIGHT, Check, Finding, wrong
from trunkline_conformance.checks.endings import of_hooks
from trunkline_conformance.checks.words import says_something
from trunkline_conformance.conversation import Run, Step
from trunkline_conformance.scenarios import BY_ID

_CAPABILITY = {"inbound_reachable": "check_inbound", "outbound_authorized": "check_outbound"}


def _verdicts(run: Run) -> Iterator[tuple[Step, Verdict]]:
    answers: list[tuple[Step, CredentialTest | Verification]] = [
        *run.answers(CredentialTest),
        *run.answers(Verification),
    ]
    yield from ((step, check) for step, answer in answers for check in answer.checks)


def verdicts_are_so(run: Run) -> Iterator[Finding]:
    """Whether each outcome is one that the facts bear out."""
    told = {**BY_ID[run.scenario].verdicts, **run.facts.verdicts}
    for step, check in _verdicts(run):
        allowed = told.get(step.name, {}).get(check.name)
        capability = _CAPABILITY.get(check.name)
        if allowed is None:
            continue
        untold = not run.subject.can(capability) and check.outcome is Outcome.UNKNOWN
        if untold or check.outcome.value in allowed:
            yield RIGHT
        else:
            came = f"{check.outcome.value} ({check.code}: {check.summary})"
            yield wrong(f"{check.name} of {step.name}", expected=" or ".join(allowed), came=came, hook=step.hook)


def _guess_nothing(run: Run) -> Iterator[Finding]:
    for step, check in _verdicts(run):
        capability = _CAPABILITY.get(check.name)
        if check.outcome is Outcome.PASS and not run.subject.can(capability):
            expected = f"unknown, since the descriptor says that it cannot {capability}"
            yield wrong(f"{check.name} of {step.name}", expected=expected, came="pass", hook=step.hook)
        else:
            yield RIGHT


def _are_proven(run: Run) -> Iterator[Finding]:
    for step, check in _verdicts(run):
        if check.outcome is Outcome.UNKNOWN:
            continue
        asked = {(each.method, each.host, each.status) for each in step.asked}
        proof = {(each.method, each.host, each.status) for each in check.proof}
        if not proof:
            came = f"{check.outcome.value} without proof"
            yield wrong(
                f"{check.name} of {step.name}", expected="the requests that prove it", came=came, hook=step.hook
            )
        elif not proof <= asked:
            came = f"a proof that was not asked in this step: {sorted(map(str, proof - asked))[0]}"
            yield wrong(f"{check.name} of {step.name}", expected="requests of this step", came=came, hook=step.hook)
        else:
            yield RIGHT


def _help(run: Run) -> Iterator[Finding]:
    for step, check in _verdicts(run):
        if check.outcome is Outcome.FAIL:
            if says_something(check.remedy):
                yield RIGHT
            else:
                came = f"the remedy {check.remedy!r}"
                yield wrong(f"{check.name} of {step.name}", expected="what to do about it", came=came, hook=step.hook)


def _identify(run: Run) -> Iterator[Finding]:
    for step, test in run.answers(CredentialTest):
        wanted, came = run.facts.identity, test.identity
        if came == wanted if wanted is not None else came is not None:
            yield RIGHT
        else:
            expected = wanted or "the carrier's own id of the account"
            yield wrong(f"identity of {step.name}", expected=expected, came=str(came), hook=step.hook)


CHECKS = (
    Check(
        "test-credentials/passes-a-healthy-account",
        "The test of good credentials passes.",
        "A test that never passes lets nobody connect.",
        "Look at the carrier's answers to a healthy account, and at each check's outcome.",
        of_hooks("test_credentials"),
        scenarios=("test-credentials/*",),
        essential=True,
    ),
    Check(
        "test-credentials/verdicts-are-so",
        "Each check of a test or verification has the outcome that the facts bear out.",
        "A verdict decides whether a customer is told that calls will come in and go out.",
        "Derive each outcome from an answer of the carrier; where none tells, say unknown.",
        verdicts_are_so,
        scenarios=("test-credentials/*", "trouble/rejected", "trunk/*"),
        essential=True,
    ),
    Check(
        "test-credentials/guesses-nothing",
        "What the descriptor says it cannot check is unknown, and never passes.",
        "A guess that passes is a promise that nobody can keep.",
        "Give the check UNKNOWN with the reason, or declare the capability.",
        _guess_nothing,
        scenarios=("test-credentials/*",),
    ),
    Check(
        "test-credentials/verdicts-are-proven",
        "Each pass and each fail carries as proof requests that were really made in that step.",
        "A verdict without proof is an opinion.",
        "Collect the proof with `call.proving()`.",
        _are_proven,
        scenarios=("test-credentials/*", "trouble/rejected", "trunk/*", "verify/*"),
        essential=True,
    ),
    Check(
        "test-credentials/failures-help",
        "Each check that fails says what to do, and whose turn it is.",
        "A customer who is only told no calls support.",
        "Give the check a remedy in a sentence.",
        _help,
        scenarios=("trouble/rejected", "trouble/forbidden", "trouble/suspended", "trunk/*", "verify/drifted"),
    ),
    Check(
        "test-credentials/identifies-the-account",
        "A test that passes gives the carrier's own id of the account.",
        "By it a second connection to the same account is noticed, and a change of account refused.",
        "Read the id from the carrier's answer, not from what the customer typed, where the carrier has one.",
        _identify,
        scenarios=("test-credentials/*",),
        essential=True,
    ),
)
