"""Listing: every number once, from every page, with what the carrier says of it and nothing that it does not."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.numbers import CarrierNumber
from trunkline_conformance.check import RIGHT, Check, Finding, wrong
from trunkline_conformance.conversation import Run, Step

_NEEDS = ("list_numbers",)


def _reads_every_page(run: Run) -> Iterator[Finding]:
    wanted = {fact.number for fact in run.facts.numbers}
    for step in _listed(run):
        missing = sorted(wanted - {number.number for number in step.result})
        if missing:
            came = f"{len(wanted) - len(missing)}; {', '.join(missing[:3])} … are missing"
            yield wrong(step.name, expected=f"{len(wanted)} numbers", came=came, hook="list_numbers")
        elif wanted:
            yield RIGHT


def _listed(run: Run) -> Iterator[Step]:
    """The lists that came whole."""
    for step in run.of_hook("list_numbers"):
        if step.error is None and all(isinstance(each, CarrierNumber) for each in step.result):
            yield step


CHECKS = (
    Check(
        "list-numbers/reads-every-page",
        "A list has every number of the account, from every page.",
        "A number that is not listed cannot be imported, and nobody notices.",
        "Follow the carrier's link or cursor until there is none.",
        _reads_every_page,
        scenarios=("list-numbers/*", "import/new"),
        needs=_NEEDS,
        essential=True,
    ),
)
