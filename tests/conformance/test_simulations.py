"""Simulations are found by entry point: a stranger's carrier is struck and recorded on like one of ours."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trunkline_conformance.checks import CHECKS
from trunkline_conformance.cli import app
from trunkline_conformance.fault_pass import FaultFindings, FaultPass
from trunkline_conformance.faults import Case
from trunkline_conformance.new_provider import write_provider
from trunkline_conformance.replaying import library, replay
from trunkline_conformance.scenarios import BY_ID as SCENARIOS
from trunkline_conformance.simulated import SimulationRefused, simulation_of
from trunkline_conformance.subject import installed

HOST = "voice.blueheron.example"

SIMULATION = f'''
from trunkline_conformance.acme import SimulatedAcme
from trunkline_conformance.simulated.acme import AcmeAccount


class Heron(SimulatedAcme):
    hosts = frozenset({{"{HOST}"}})


class HeronAccount(AcmeAccount):
    def build(self, now):
        return Heron()


class HalfAnAccount(AcmeAccount.__base__):
    pass


no_account = "a text"
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stranger's provider as an installer leaves it: its package, and what is recorded of its distribution."""
    folder = tmp_path_factory.mktemp("stranger")
    write_provider(folder / "written", {"provider": "blue_heron", "api_host": HOST})
    site = folder / "written" / "src"
    distribution(site, "trunkline_blue_heron", "trunkline.providers", "trunkline_blue_heron:plugin")
    (site / "heron_simulation.py").write_text(SIMULATION)
    return site


@pytest.fixture
def stranger(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(project))
    yield project
    theirs = ("trunkline_blue_heron", "heron_simulation")
    for name in [name for name in sys.modules if name.partition(".")[0] in theirs]:
        del sys.modules[name]


@pytest.fixture
def simulated(stranger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    distribution(tmp_path, "heron_simulation", "trunkline.simulations", "heron_simulation:HeronAccount")
    monkeypatch.syspath_prepend(str(tmp_path))
    return stranger


def distribution(site: Path, name: str, group: str, value: str, *, provider: str = "blue_heron") -> None:
    info = site / f"{name}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.3\nName: {name}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{provider} = {value}\n")


def struck(site: Path) -> FaultFindings:
    """A release whose write takes effect, and whose answer is lost: two steps are left to look at."""
    subject, scenario = installed("blue_heron"), SCENARIOS["release/restored"]
    found, chance = library(subject, site / "trunkline_blue_heron" / "cassettes"), random.Random(7)
    run = replay(subject, scenario, found.cassettes[scenario.id], chance)
    writes = [at for at, asked in enumerate(run.asked) if asked.step == "release_number" and asked.method != "GET"]
    findings = FaultFindings()
    case = Case(scenario.id, writes[0], "timeout-after")
    FaultPass(found, {scenario.id: run}, CHECKS, chance).one(case, findings)
    assert not findings.problems
    return findings


def test_without_a_simulation_a_stranger_is_struck_on_its_cassettes_alone(stranger: Path) -> None:
    assert simulation_of("blue_heron") is None
    assert struck(stranger).looked_at["faults/end-in-time"] == 2


def test_a_strangers_carrier_is_struck_where_it_is_simulated(simulated: Path) -> None:
    findings = struck(simulated)
    # Each step from the struck one on, on the cassette and on the simulation.
    assert findings.looked_at["faults/end-in-time"] == 4
    assert findings.looked_at["faults/are-told-truly"] == 4


def test_a_strangers_conversations_are_recorded_where_its_carrier_is_simulated(simulated: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cassettes"
    folder.mkdir()
    allowed = simulated / "trunkline_blue_heron" / "cassettes" / "allowed.toml"
    (folder / allowed.name).write_text(allowed.read_text())
    asked = ["record", "blue_heron", "--cassettes", str(folder), "--scenario", "release/restored"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    text = (folder / "release" / "restored.yaml").read_text()
    assert f"https://{HOST}/v1/numbers" in text
    assert "\n  origin: sandbox\n" in text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("heron_simulation:missing", "does not load: AttributeError"),
        ("heron_simulation:no_account", "is no SimulatedAccount"),
        ("heron_simulation:HalfAnAccount", "does not have all of its methods"),
    ],
)
def test_a_simulation_that_is_none_is_refused(
    stranger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    distribution(tmp_path, "heron_simulation", "trunkline.simulations", value)
    monkeypatch.syspath_prepend(str(tmp_path))
    for command in ("run", "record"):
        result = CliRunner().invoke(app, [command, "blue_heron"])
        assert result.exit_code == 2
        assert said in " ".join(result.output.replace("│", " ").split())


def test_two_simulations_of_one_carrier_are_refused(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    distribution(tmp_path / "other", "other_heron", "trunkline.simulations", "other_heron:Account")
    monkeypatch.syspath_prepend(str(tmp_path / "other"))
    with pytest.raises(SimulationRefused, match=r"heron_simulation:HeronAccount and other_heron:Account"):
        simulation_of("blue_heron")


def test_ours_are_found_as_a_strangers_are_and_nobodys_carrier_is_not() -> None:
    assert [bool(simulation_of(provider)) for provider in ("signalwire", "telnyx", "twilio", "vonage")] == [True] * 4
    assert simulation_of("acme") is None
