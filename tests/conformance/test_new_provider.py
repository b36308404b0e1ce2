"""A stranger's plugin: written by one command, built, installed, and held against the suite as it stands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trunkline_conformance.cli import app

CONFORMANCE = Path(__file__).resolve().parents[2] / "conformance"
ANSWERS = {"--display-name": "Blue Heron", "--api-host": "voice.blueheron.example", "--author": "A. Stranger"}


def command(*words: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        cwd=cwd,
        check=False,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stranger") / "project"
    words = [word for option in ANSWERS.items() for word in option]
    ran = CliRunner().invoke(app, ["new", "blue_heron", "--folder", str(folder), "--defaults", *words])
    assert ran.exit_code == 0, ran.output
    return folder


@pytest.fixture(scope="module")
def installed(project: Path) -> Path:
    """What an installer makes of the wheel: a wheel of pure Python is unpacked where it is to be found."""
    built = command("-m", "hatchling", "build", "--target", "wheel", cwd=project)
    assert built.returncode == 0, built.stderr
    (wheel,) = (project / "dist").glob("*.whl")
    zipfile.ZipFile(wheel).extractall(project / "installed")
    return project / "installed"


def test_a_new_provider_passes_as_it_stands(installed: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    suite = str(Path(sys.executable).with_name("trunkline-conformance"))
    ran = command(suite, "run", "blue_heron", "--faults", "none", "--json", str(report), PYTHONPATH=str(installed))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    levels = {level["level"]: level["reached"] for level in json.loads(report.read_text())["levels"]}
    assert levels["replays"]
    assert not levels["live"]


def test_the_templates_conversations_are_what_its_plugin_and_the_simulated_acme_say(tmp_path: Path) -> None:
    kept = CONFORMANCE / "src/trunkline_conformance/template/project/src/trunkline_[[ provider ]]/cassettes"
    ran = command(str(CONFORMANCE / "scripts/record_template.py"), str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    assert conversations(tmp_path) == conversations(kept)


def conversations(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.jinja")}


def test_its_conversations_say_that_they_are_examples(project: Path) -> None:
    cassettes = list((project / "src/trunkline_blue_heron/cassettes").rglob("*.yaml"))
    assert len(cassettes) > 30
    for cassette in cassettes:
        text = cassette.read_text()
        assert "\n  origin: example\n" in text
        assert "api.acme.example" not in text


def test_it_is_in_the_style_of_the_project(project: Path) -> None:
    settings = str(Path(__file__).parents[2] / "pyproject.toml")
    for check in (["check"], ["format", "--check"]):
        ran = command("-m", "ruff", *check, "--config", settings, str(project / "src"))
        assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["Blue-Heron"], "a small letter first"),
        (["heron", "--api-host", "https://heron.example/"], "a host name in small letters"),
        (["heron", "--display-name", 'the "Heron"'], "without quotes"),
    ],
)
def test_an_answer_that_cannot_be_used_is_refused_with_what_is_wanted(
    words: list[str], says: str, tmp_path: Path
) -> None:
    ran = CliRunner().invoke(app, ["new", *words, "--folder", str(tmp_path / "new"), "--defaults"])
    assert ran.exit_code == 2
    assert says in ran.output


def test_a_folder_that_holds_something_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    ran = CliRunner().invoke(app, ["new", "heron", "--folder", str(tmp_path), "--defaults"])
    assert ran.exit_code == 2
    assert "is not empty" in ran.output
    assert os.listdir(tmp_path) == ["mine.txt"]
