"""What `deploy/` holds fits the tree and is as closed as it says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNIT, CONTAINERFILE = DEPLOY / "trunkline.service", DEPLOY / "Containerfile"


def instructions() -> list[tuple[str, str]]:
    lines = re.sub(r"\\\n\s*", "", CONTAINERFILE.read_text()).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines) if word and word != "#"]


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.\[\]-]+)==(\S+)", lock.read_text(), re.MULTILINE))


def test_the_container_copies_what_is_there_and_runs_as_nobody_in_particular() -> None:
    copied = [rest.split()[0] for word, rest in instructions() if word == "COPY" and not rest.startswith("--from")]
    assert copied
    assert not [path for path in copied if not (ROOT / path).exists()]
    last_stage = instructions()[[word for word, _ in instructions()].index("FROM", 1) :]
    user = next(index for index, (word, _) in enumerate(last_stage) if word == "USER")
    assert last_stage[user][1].isdigit()
    assert int(last_stage[user][1]) > 0
    assert {"HEALTHCHECK", "ENTRYPOINT"} <= {word for word, _ in last_stage[user:]}


def test_every_dependency_of_the_container_is_hashed_and_of_the_version_that_is_tested() -> None:
    shipped, tested = pins(DEPLOY / "requirements.lock"), pins(ROOT / "requirements.lock")
    assert {"litestar", "psycopg", "twilio", "prometheus-client"} <= set(shipped)
    assert not {"pytest", "mypy", "schemathesis", "bandit"} & set(shipped)
    assert {name: version for name, version in shipped.items() if tested.get(name, version) != version} == {}
    entries = re.split(r"\n(?=\S)", (DEPLOY / "requirements.lock").read_text().strip())
    assert all("--hash=sha256:" in entry for entry in entries)


def test_systemd_takes_the_unit_and_finds_it_little_exposed(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed; it comes with systemd")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/trunkline/bin/trunkline-service", sys.executable))
    for command in (["verify"], ["security", "--offline=true", "--threshold=15"]):
        done = subprocess.run(["systemd-analyze", *command, str(unit)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert unit.name not in done.stderr


def test_the_unit_waits_longer_than_the_server_takes_to_stop() -> None:
    from trunkline_service.server import GIVE_UP_SECONDS

    waits = re.search(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(), re.MULTILINE)
    assert waits
    assert int(waits[1]) > GIVE_UP_SECONDS
