"""`pytest --pyargs trunkline_conformance --provider acme`: one test per check."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Two options."""
    group = parser.getgroup("trunkline-conformance")
    group.addoption("--provider", help="Name of the provider's entry point.")
    group.addoption("--cassettes", help="Folder of its cassettes; its package's own if left out.")
