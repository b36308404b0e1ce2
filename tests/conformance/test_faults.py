"""What a fault makes of an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline_conformance.checks import BY_ID as CHECKS
from trunkline_conformance.faults import Case, FaultRun, Held
from trunkline_conformance.fields import null, unknown_word, with_one_changed
from trunkline_conformance.replaying import library
from trunkline_conformance.scenarios import BY_ID
from trunkline_conformance.simulated import simulation_of
from trunkline_conformance.simulated_faults import strike_simulated, without_fault
from trunkline_conformance.subject import installed

LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["active", "toll_free", "TRIAL"])
JSON = st.recursive(
    LEAVES, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3), max_leaves=12
)


def differences(before: Any, after: Any, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each field that differs, with what stands there now."""
    if json.dumps(before) == json.dumps(after):
        return
    match before, after:
        case dict(), dict() if list(before) == list(after):
            for name in before:
                yield from differences(before[name], after[name], (*names, name))
        case list(), list() if len(before) == len(after):
            for one, other in zip(before, after, strict=True):
                yield from differences(one, other, names)
        case _:
            yield names, after


@given(JSON, st.integers(0, 63), st.sampled_from([(null, None), (unknown_word, "something_new")]))
def test_one_field_changes_in_every_row_and_nothing_else(answer: Any, number: int, fault: tuple[Any, Any]) -> None:
    change, value = fault
    changed = with_one_changed(answer, number, change)
    if changed is None:
        assert with_one_changed(answer, number + 1, change) is None
        return
    found = list(differences(answer, changed))
    assert {names for names, _ in found} == {found[0][0]} != {()}
    assert all(now == value for _, now in found)


def test_each_number_strikes_another_field_until_they_go_round() -> None:
    rows = {"numbers": [{"kind": "local", "fee": 1}, {"kind": "mobile", "fee": None}], "next": 2}
    struck = [with_one_changed(rows, number, null) for number in range(5)]
    assert struck[0] == {"numbers": None, "next": 2}
    assert struck[1]["numbers"] == [{"kind": None, "fee": 1}, {"kind": None, "fee": None}]
    assert struck[2]["numbers"] == [{"kind": "local", "fee": None}, {"kind": "mobile", "fee": None}]
    assert struck[3] == rows | {"next": None}
    assert struck[4] == struck[0]


TOLD_TRULY = CHECKS["faults/are-told-truly"]


@pytest.fixture(scope="module")
def released() -> FaultRun:
    """A release on a simulated carrier whose write took effect, and whose answer was lost."""
    subject, scenario = installed("vonage"), BY_ID["release/restored"]
    cassette = library(subject, Path(__file__).parents[2] / "cassettes" / "vonage").cassettes[scenario.id]
    simulation = simulation_of("vonage")
    assert simulation
    clean = without_fault(simulation, subject, scenario, cassette)
    asked = [(each.step, each.method) for each in clean.asked]
    case = Case(scenario.id, asked.index(("release_number", "POST")), "timeout-after")
    return strike_simulated(simulation, subject, scenario, cassette, case, clean)


def test_a_lost_answer_is_judged_by_what_the_carrier_holds(released: FaultRun) -> None:
    assert released.struck == {"release_number"}
    assert released.held
    imported, given_back = released.held["import_number"], released.held["release_number"]
    assert imported.before != imported.after == given_back.before
    assert given_back.after == imported.before
    assert all(finding.right for finding in TOLD_TRULY.judge(released))


def test_a_claim_that_the_carrier_does_not_bear_out_is_found(released: FaultRun) -> None:
    assert released.held
    before = released.held["release_number"].before
    (found,) = [
        finding
        for finding in TOLD_TRULY.judge(
            attrs.evolve(released, held={**released.held, "release_number": Held(before, before)})
        )
        if not finding.right
    ]
    assert "differs in" in found.came
    assert found.hook == "release_number"
