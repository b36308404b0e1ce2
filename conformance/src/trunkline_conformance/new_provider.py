"""A new provider from the template: a complete plugin that passes as it stands, for its author to change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import copier

TEMPLATE = Path(__file__).parent / "template"


class NotEmpty(Exception):
    """The folder holds something already; nothing was written."""


def write_provider(folder: Path, answers: Mapping[str, str], *, ask: bool = False) -> None:
    """Write the project. What `answers` leaves out is asked for at the terminal, or else takes its default.

    Raises `NotEmpty`, and `ValueError` for an answer that is not acceptable.
    """
    if folder.exists() and any(folder.iterdir()):
        raise NotEmpty(f"{folder} is not empty. Name a folder that does not exist yet.")
    copier.run_copy(str(TEMPLATE), folder, data=dict(answers), defaults=not ask, quiet=True)
