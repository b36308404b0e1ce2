"""The README's table of providers."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

from trunkline.registry import Registry

ROOT = Path(__file__).parents[1]
SIMULATED = "on its simulated carrier, whose answers are held against the carrier's OpenAPI documents"


@pytest.fixture(scope="module")
def maker() -> Any:
    spec = importlib.util.spec_from_file_location("make_provider_table", ROOT / "docs" / "make_provider_table.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_says_of_each_provider_what_its_descriptor_says(maker: Any) -> None:
    readme = (ROOT / "README.md").read_text()
    assert maker.written_into(readme) == readme, "run: make provider-table"
    for name in ("SIP trunk", "SignalWire", "Telnyx", "Twilio", "Vonage"):
        assert f"| {name} |" in readme


@pytest.mark.parametrize(
    ("origins", "said"),
    [
        (["sandbox", "sandbox"], f"{SIMULATED}; not live"),
        (["live", "sandbox"], f"live (1 of 2 recorded conversations); {SIMULATED}"),
        (["live", "live"], "live (2 of 2 recorded conversations)"),
        (["example"], "in conversations written by hand; not live"),
        ([], "not live"),
    ],
)
def test_a_provider_is_proven_where_its_cassettes_were_recorded(
    maker: Any, tmp_path: Path, origins: list[str], said: str
) -> None:
    descriptor = Registry.discover().plugins["twilio"].descriptor
    for at, origin in enumerate(origins):
        made = tmp_path / "twilio" / "verify" / f"{at}.yaml"
        made.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "cassettes" / "twilio" / "verify" / "good.yaml", made)
        made.write_text(made.read_text().replace("origin: sandbox", f"origin: {origin}", 1))
    assert maker.proven(descriptor, tmp_path) == said
    assert said in maker.table([descriptor], tmp_path)


def test_a_trunk_is_proven_on_a_carriers_trunk_where_a_conversation_with_one_was_recorded(
    maker: Any, tmp_path: Path
) -> None:
    descriptor = Registry.discover().plugins["manual"].descriptor
    made = tmp_path / "manual" / "good.yaml"
    made.parent.mkdir()
    recorded = sorted((ROOT / "cassettes" / "manual").rglob("*.yaml"))[0].read_text()
    made.write_text(recorded.replace("origin: example", "origin: live", 1))
    assert maker.proven(descriptor, tmp_path) == "on a carrier's trunk (1 of 1 recorded conversations)"
