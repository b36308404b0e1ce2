"""The README's table of providers."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_readme_says_of_each_provider_what_its_descriptor_says() -> None:
    spec = importlib.util.spec_from_file_location("make_provider_table", ROOT / "docs" / "make_provider_table.py")
    assert spec
    assert spec.loader
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    readme = (ROOT / "README.md").read_text()
    assert maker.written_into(readme) == readme, "run: make provider-table"
    for name in ("SIP trunk", "SignalWire", "Telnyx", "Twilio", "Vonage"):
        assert f"| {name} |" in readme
