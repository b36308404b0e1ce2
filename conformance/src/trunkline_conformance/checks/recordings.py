"""The cassettes themselves: there is one of each scenario, and it holds what the scenario is about."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline_conformance.check import RIGHT, About, Check, Finding, wrong
from trunkline_conformance.replaying import Library
from trunkline_conformance.scenarios import BY_ID


def _are_there(library: Library) -> Iterator[Finding]:
    for scenario, why in library.unreadable.items():
        yield wrong(scenario, expected="a cassette that can be read", came=why)
    for scenario in library.missing:
        yield wrong(scenario, expected=f"a cassette in {library.folder}", came="there is none")
    for scenario in library.cassettes:
        if scenario in library.without:
            yield wrong(scenario, expected="no cassette, as conformance.toml says", came="there is one")
        else:
            yield RIGHT


def _hold_their_scenario(library: Library) -> Iterator[Finding]:
    for id, cassette in library.cassettes.items():
        scenario = BY_ID[id]
        absent = [role for role in scenario.cast if role not in cassette.facts.cast]
        if absent:
            yield wrong(id, expected=f"facts that name a number as {', '.join(absent)}", came="facts without it")
        elif lack := scenario.contains(cassette):
            yield wrong(id, expected=scenario.story, came=lack)
        else:
            yield RIGHT


CHECKS = (
    Check(
        "cassettes/are-there",
        "There is a readable cassette of every scenario that the declared capabilities call for.",
        "What was never recorded was never tried.",
        "Record the scenario, or name it in conformance.toml with the reason why the carrier has nothing like it.",
        _are_there,
        About.CASSETTES,
        essential=True,
    ),
    Check(
        "cassettes/hold-their-scenario",
        "Each cassette holds what its scenario is about.",
        "A recording of many pages that has one page proves nothing about paging.",
        "Record the scenario anew on an account of the kind that it begins with.",
        _hold_their_scenario,
        About.CASSETTES,
        essential=True,
    ),
)
