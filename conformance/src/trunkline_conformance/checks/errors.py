"""In trouble: each refusal of the carrier becomes the error, or the verdict, that says what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.checks import TRUNK_REACHABLE, CredentialTest, Outcome
from trunkline.errors import RateLimited
from trunkline_conformance.check import RIGHT, Check, Finding, wrong
from trunkline_conformance.checks.endings import afterwards
from trunkline_conformance.checks.words import says_something
from trunkline_conformance.conversation import Asked, Run
from trunkline_conformance.subject import Road


def _says_something(run: Run) -> Iterator[Finding]:
    for step in run.steps:
        if step.failure is None:
            continue
        if says_something(step.failure.summary):
            yield RIGHT
        else:
            came = repr(step.failure.summary)
            yield wrong(step.name, expected="a sentence for the customer", came=came, hook=step.hook)


def _names_the_refusal(run: Run) -> Iterator[Finding]:
    """The status of a refusal stands in the error, so that an operator can find it again."""
    for step in run.steps:
        refusals = {asked.status for asked in step.asked if asked.is_refused}
        if step.failure is None or not refusals:
            continue
        if step.failure.reply.status in refusals:
            yield RIGHT
        else:
            came = f"the status {step.failure.reply.status}"
            yield wrong(step.name, expected=f"one of {sorted(map(str, refusals))}", came=came, hook=step.hook)


def _passes_patience_on(run: Run) -> Iterator[Finding]:
    for step in run.steps:
        if not isinstance(step.failure, RateLimited):
            continue
        last = [seconds for asked in step.asked for seconds in _retry_after(run, asked)][-1:]
        if last in ([], [step.failure.retry_after]):
            yield RIGHT
        else:
            came = f"retry_after={step.failure.retry_after}"
            yield wrong(step.name, expected=f"the {last[0]} s that the carrier asked for", came=came, hook=step.hook)


def _retry_after(run: Run, asked: Asked) -> Iterator[float]:
    """The seconds that the recorded answer asked to wait, if it did."""
    for interaction in run.recorded(asked):
        headers = {name.lower(): value for name, (value, *_) in interaction.response["headers"].items()}
        if (value := headers.get("retry-after", "")).isdigit():
            yield float(value)


def _claims_no_pass(run: Run) -> Iterator[Finding]:
    for step, test in run.answers(CredentialTest):
        for check in test.checks:
            # A trunk that refuses is there.
            if check.outcome is Outcome.PASS and check.name != TRUNK_REACHABLE:
                came = f"{check.name} passes ({check.code})"
                yield wrong(step.name, expected="no check that passes", came=came, hook=step.hook)
    yield from (RIGHT for _ in run.of_hook("test_credentials"))


def _family(trouble: str, error: str, why: str, remedy: str) -> Check:
    return Check(
        f"errors/{trouble}",
        f"{_SAID[trouble]}: every hook raises {error}, unless the carrier's facts say otherwise.",
        why,
        remedy,
        afterwards,
        scenarios=(f"trouble/{trouble}",),
        essential=True,
    )


_SAID = {
    "rejected": "The credentials are not accepted",
    "forbidden": "The credentials may not do this",
    "suspended": "The account is suspended",
    "rate-limited": "The carrier asks for patience",
    "down": "The carrier is down",
}

CHECKS = (
    _family(
        "rejected",
        "CredentialsRejected, and the credential test fails",
        "The customer has to give other credentials; an empty list would tell them that all is well.",
        "Raise CredentialsRejected for the carrier's answer to wrong credentials, in every hook.",
    ),
    _family(
        "forbidden",
        "PermissionMissing, and the credential test fails",
        "The credentials are right: the customer has to give them a permission, not to type them again.",
        "Tell the carrier's refusal of a permission from its refusal of credentials.",
    ),
    _family(
        "suspended",
        "AccountSuspended, and the credential test fails",
        "Only the customer's own settlement with the carrier helps.",
        "Look at the account's state, and at the code with which the carrier refuses.",
    ),
    _family(
        "rate-limited",
        "RateLimited, the credential test too",
        "The caller waits and asks again; a verdict would blame the customer.",
        "Raise RateLimited for 429 once the wire has given up.",
    ),
    _family(
        "down",
        "CarrierUnavailable, the credential test too",
        "Nothing is known of the account while its carrier is down.",
        "Raise CarrierUnavailable for 5xx, and catch nothing that you cannot answer for.",
    ),
    Check(
        "errors/say-what-happened",
        "An error says in a sentence what happened.",
        "The customer reads it.",
        "Write the summary for the customer, and the detail for the operator.",
        _says_something,
        scenarios=("trouble/*", "import/*", "list-numbers/page-fails", "trunk/*"),
    ),
    Check(
        "errors/name-the-refusal",
        "An error carries the status that the carrier answered.",
        "An operator finds the carrier's own record of it by its status, code and request id.",
        "Give the error `reply=CarrierReply(status, code, request_id)`.",
        _names_the_refusal,
        scenarios=("trouble/*",),
        road=Road.HTTP,
    ),
    Check(
        "errors/pass-patience-on",
        "RateLimited tells how long the carrier asked to wait.",
        "A caller that does not know waits too long, or not long enough.",
        "Read Retry-After with `trunkline.http.patience.retry_after`.",
        _passes_patience_on,
        scenarios=("trouble/rate-limited",),
    ),
    Check(
        "errors/claim-no-pass",
        "In trouble no check of a credential test passes.",
        "A pass makes evidence, and evidence makes a connection.",
        "A check passes only where the carrier's answer proves it.",
        _claims_no_pass,
        scenarios=("trouble/rejected", "trouble/rate-limited", "trouble/down"),
        essential=True,
    ),
)
