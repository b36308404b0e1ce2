"""Listing: every number once, from every page, with what the carrier says of it and nothing that it does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal

from trunkline.numbers import CarrierNumber
from trunkline_conformance.cassettes import NumberFact
from trunkline_conformance.check import RIGHT, Check, Finding, Judge, wrong
from trunkline_conformance.checks.endings import of_hooks
from trunkline_conformance.conversation import Run, Step

_NEEDS = ("list_numbers",)
_LISTS = ("list-numbers/empty", "list-numbers/one-page", "list-numbers/many-pages", "list-numbers/duplicate-page")
UNKNOWN = "unknown"


def _lists(run: Run) -> Iterator[Step]:
    """The lists that came whole."""
    return (step for step in run.of_hook("list_numbers") if step.error is None)


def _reads_every_page(run: Run) -> Iterator[Finding]:
    wanted = {fact.number for fact in run.facts.numbers}
    for step in _lists(run):
        listed = {number.number for number in step.result}
        if missing := sorted(wanted - listed):
            came = f"{len(wanted) - len(missing)} of them; missing: {', '.join(missing[:3])}"
            yield wrong(step.name, expected=f"all {len(wanted)} numbers", came=came, hook=step.hook)
        yield from (RIGHT for _ in wanted & listed)


def _invents_none(run: Run) -> Iterator[Finding]:
    known = {fact.number for fact in run.facts.numbers}
    for step in run.of_hook("list_numbers"):
        strangers = sorted({number.number for number in step.result} - known)
        if strangers:
            expected = "only numbers of the account"
            yield wrong(step.name, expected=expected, came=", ".join(strangers[:3]), hook=step.hook)
        else:
            yield RIGHT


def _gives_each_once(run: Run) -> Iterator[Finding]:
    for step in _lists(run):
        for what in ("number", "handle"):
            for value, times in Counter(getattr(number, what) for number in step.result).items():
                if times > 1:
                    yield wrong(step.name, expected=f"each {what} once", came=f"{value} {times} times", hook=step.hook)
                else:
                    yield RIGHT


def _described(told: Callable[[NumberFact], object], given: Callable[[CarrierNumber], object]) -> Judge:
    """Judges one field of each number against what the facts tell of it, where they do."""

    def judge(run: Run) -> Iterator[Finding]:
        facts = {fact.number: fact for fact in run.facts.numbers}
        for step in _lists(run):
            for number in step.result:
                fact = facts.get(number.number)
                expected = told(fact) if fact else None
                if expected is None:
                    continue
                came = given(number)
                if came == expected:
                    yield RIGHT
                else:
                    yield wrong(
                        f"{number.number} of {step.name}", expected=str(expected), came=str(came), hook=step.hook
                    )

    return judge


def _fee(number: CarrierNumber) -> str:
    fee = number.monthly_fee
    return f"{fee.amount.normalize():f} {fee.currency}" if fee else UNKNOWN


def _told_fee(fact: NumberFact) -> str | None:
    if fact.monthly_fee in (None, UNKNOWN):
        return fact.monthly_fee
    amount, currency = str(fact.monthly_fee).split()
    return f"{Decimal(amount).normalize():f} {currency}"


def _fees_are_so(run: Run) -> Iterator[Finding]:
    if run.subject.can("monthly_fee"):
        yield from _described(_told_fee, _fee)(run)
        return
    for step in _lists(run):
        for number in step.result:
            if number.monthly_fee is None:
                yield RIGHT
            else:
                expected = "unknown, since the descriptor says that no fee can be told"
                yield wrong(f"{number.number} of {step.name}", expected=expected, came=_fee(number), hook=step.hook)


def _streams(run: Run) -> Iterator[Finding]:
    for step in _lists(run):
        if step.first_after in range(len(step.asked)):
            yield RIGHT
        else:
            came = f"the first number came after all {len(step.asked)} requests"
            yield wrong(step.name, expected="numbers as their page comes", came=came, hook=step.hook)


CHECKS = (
    Check(
        "list-numbers/reads-every-page",
        "A list has every number of the account, from every page.",
        "A number that is not listed cannot be imported, and nobody notices.",
        "Follow the carrier's link or cursor until there is none.",
        _reads_every_page,
        scenarios=("list-numbers/one-page", "list-numbers/many-pages", "list-numbers/duplicate-page", "import/new"),
        needs=_NEEDS,
        essential=True,
    ),
    Check(
        "list-numbers/invents-none",
        "A list has only numbers that are on the account, and none where there is none.",
        "A number that is not there is offered for import, and claimed.",
        "Give what the carrier's rows say, and leave out what is no E.164 number.",
        _invents_none,
        scenarios=_LISTS,
        needs=_NEEDS,
        essential=True,
    ),
    Check(
        "list-numbers/gives-each-once",
        "A list has each number and each handle once, even where pages overlap.",
        "A list changes while it is read; the customer must not see a number twice.",
        "Pass pages through `trunkline.paging.Repeats`.",
        _gives_each_once,
        scenarios=_LISTS,
        needs=_NEEDS,
    ),
    Check(
        "list-numbers/fails-aloud",
        "A page that fails ends the list in an error.",
        "A list that ends early looks whole.",
        "Let the error of the page through.",
        of_hooks("list_numbers"),
        scenarios=("list-numbers/page-fails",),
        needs=_NEEDS,
        essential=True,
    ),
    Check(
        "list-numbers/capabilities-are-so",
        "Each number can do what the carrier says, in the engine's words.",
        "Only a number with voice is offered for import.",
        "Map the carrier's capabilities to voice, sms, mms and fax, and claim none that it does not name.",
        _described(
            lambda fact: ", ".join(sorted(fact.capabilities)) if fact.capabilities is not None else None,
            lambda number: ", ".join(sorted(number.capabilities)),
        ),
        scenarios=_LISTS,
        needs=_NEEDS,
    ),
    Check(
        "list-numbers/names-are-so",
        "Each number has the name that it has at the carrier.",
        "The customer picks numbers by their names.",
        "Give the carrier's name of the number as it is, and None where it has none.",
        _described(lambda fact: fact.friendly_name, lambda number: number.friendly_name),
        scenarios=_LISTS,
        needs=_NEEDS,
    ),
    Check(
        "list-numbers/types-are-so",
        "Each number has its type, in the engine's words, or none where nobody says.",
        "Prices and rules go by the type.",
        "Map the carrier's types; where it has none, ask `trunkline.e164.number_type`.",
        _described(lambda fact: fact.type, lambda number: number.type.value if number.type else None),
        scenarios=_LISTS,
        needs=_NEEDS,
    ),
    Check(
        "list-numbers/regions-are-so",
        "Each number has the country, state or province that it belongs to, or none where nothing tells.",
        "Customers choose numbers by where they are.",
        "Ask `trunkline.e164.region`, and the carrier where the number does not tell.",
        _described(lambda fact: fact.region, lambda number: number.region),
        scenarios=_LISTS,
        needs=_NEEDS,
    ),
    Check(
        "list-numbers/fees-are-so",
        "A monthly fee is what the carrier says, exactly; where it does not say, it is unknown, not zero.",
        "A fee of zero is a promise.",
        "Build Money from the carrier's text with Decimal, and give None where there is none.",
        _fees_are_so,
        scenarios=_LISTS,
        needs=_NEEDS,
    ),
    Check(
        "list-numbers/streams",
        "Numbers come as their page comes, before the last page is asked for.",
        "An account may have a hundred thousand numbers, and its caller shows them as they come.",
        "Yield the rows of a page before asking for the next.",
        _streams,
        scenarios=("list-numbers/many-pages",),
        needs=_NEEDS,
    ),
)
