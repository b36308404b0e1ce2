"""`pytest --pyargs trunkline_conformance --provider acme`: the same run, with one test per check."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `trunkline-conformance run` that matter here."""
    group = parser.getgroup("trunkline-conformance")
    group.addoption("--provider", help="Name of the provider's entry point.")
    group.addoption("--cassettes", help="Folder of its cassettes; else `cassettes` in its package.")
    group.addoption(
        "--faults", default="ci", choices=("none", "few", "ci", "thorough"), help="How many faults are tried."
    )
