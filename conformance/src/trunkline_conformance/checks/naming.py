"""The suggested name: the account's own, one of its numbers, and nobody's address."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.numbers import SuggestedName
from trunkline_conformance.check import RIGHT, Check, Finding, wrong
from trunkline_conformance.conversation import Run


def _is_the_accounts(run: Run) -> Iterator[Finding]:
    for step, name in run.answers(SuggestedName) if run.facts.account_name is not None else ():
        if name.account_name == run.facts.account_name:
            yield RIGHT
        else:
            expected, came = repr(run.facts.account_name), repr(name.account_name)
            yield wrong(step.name, expected=expected, came=came, hook=step.hook)


def _names_its_number(run: Run) -> Iterator[Finding]:
    known = {fact.number for fact in run.facts.numbers}
    for step, name in run.answers(SuggestedName):
        if name.number in known if known else name.number is None:
            yield RIGHT
        else:
            expected = "one of the account's numbers" if known else "no number, since it has none"
            yield wrong(step.name, expected=expected, came=str(name.number), hook=step.hook)


def _shows_no_address(run: Run) -> Iterator[Finding]:
    for step, name in run.answers(SuggestedName):
        if "@" in str(name.account_name):
            yield wrong(step.name, expected="no e-mail address", came=repr(name.account_name), hook=step.hook)
        else:
            yield RIGHT


CHECKS = (
    Check(
        "suggest-name/is-the-accounts",
        "The name is the one that the account has at the carrier.",
        "The customer recognises the account by it.",
        "Read the account's name; where the carrier has none, give None.",
        _is_the_accounts,
        scenarios=("suggest-name/*",),
    ),
    Check(
        "suggest-name/names-its-number",
        "The number is one of the account's, and there is none where the account has none.",
        "A number of somebody else would mislead.",
        "Read the first number of the list.",
        _names_its_number,
        scenarios=("suggest-name/*",),
    ),
    Check(
        "suggest-name/shows-no-address",
        "The name holds no e-mail address.",
        "Everybody in the organization sees it.",
        "Pass the name through `trunkline.names.shown`.",
        _shows_no_address,
        scenarios=("suggest-name/*",),
        essential=True,
    ),
)
