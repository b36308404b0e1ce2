"""Our own providers, held against the whole suite."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from trunkline_conformance.examination import Examination, Status, examine
from trunkline_conformance.fault_pass import Profile
from trunkline_conformance.levels import levels
from trunkline_conformance.replaying import called_for
from trunkline_conformance.subject import installed

CASSETTES = Path(__file__).parents[2] / "cassettes"
OVER_HTTP = sorted({folder.name for folder in CASSETTES.iterdir()} - {"manual"})


@pytest.fixture(scope="module", params=OVER_HTTP)
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


def test_a_trunk_is_asked_over_sip_alone_and_struck_there() -> None:
    examination = examine(installed("manual"), CASSETTES / "manual", faults=Profile.FEW, seed=11)
    failed = {each.check.id: each.problems[0] for each in examination.verdicts if each.status is Status.FAILED}
    assert not failed
    assert examination.runs.keys() == {each.id for each in called_for(examination.subject)}
    asked = [each for run in examination.runs.values() for each in run.asked]
    assert {each.url for each in asked} == {"sip:sip.trunk.example"}
    assert any(each.login for each in asked)
    assert examination.struck.cases >= 15
    reached = [level.name for level in levels(examination, dt.date(2026, 12, 1)) if level.reached]
    assert reached == ["replays", "robust", "complete"]
