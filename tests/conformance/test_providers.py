"""Our own providers, held against the whole suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunkline_conformance.examination import Examination, Status, examine
from trunkline_conformance.fault_pass import Profile
from trunkline_conformance.levels import levels
from trunkline_conformance.subject import installed

CASSETTES = Path(__file__).parents[2] / "cassettes"
PROVIDERS = sorted(folder.name for folder in CASSETTES.iterdir())


@pytest.fixture(scope="module", params=PROVIDERS)
def examination(request: pytest.FixtureRequest) -> Examination:
    return examine(installed(request.param), CASSETTES / request.param, faults=Profile.FEW, seed=11)


def test_every_check_that_is_called_for_passes(examination: Examination) -> None:
    failed = {each.check.id: each.problems[0] for each in examination.verdicts if each.status is Status.FAILED}
    assert not failed
    assert len(examination.runs) >= 29
    assert examination.struck.cases >= 15


def test_a_provider_is_robust_and_not_called_live_on_cassettes_of_a_simulation(examination: Examination) -> None:
    today = max(each.provenance.day for each in examination.library.cassettes.values())
    reached = {level.name: level.reached for level in levels(examination, today)}
    assert reached["replays"]
    assert reached["robust"]
    assert not reached["live"]
