"""One measured figure, the bound it is held against, and the table of all of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table


@attrs.frozen
class Figure:
    """What was measured, in which unit; `bound` says what it must keep, and `kept` whether it did."""

    what: str
    value: float
    unit: str
    bound: str = ""
    kept: bool | None = None


def at_least(what: str, value: float, bound: float, unit: str = "ratio") -> Figure:
    """A figure that must reach its bound."""
    return Figure(what, round(value, 4), unit, f"≥ {bound:g}", value >= bound)


def at_most(what: str, value: float, bound: float, unit: str = "ratio") -> Figure:
    """A figure that must not pass its bound."""
    return Figure(what, round(value, 4), unit, f"≤ {bound:g}", value <= bound)


def shown(what: str, value: float, unit: str) -> Figure:
    """A figure without a bound, shown beside the others."""
    return Figure(what, round(value, 4), unit)


def report(sections: Sequence[tuple[str, Sequence[Figure]]], target: Path) -> None:
    """Write the figures as JSON, and print them as a table."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({title: [attrs.asdict(f) for f in figures] for title, figures in sections}, indent=2))
    table = Table("measured", "value", "unit", "bound", "")
    for title, figures in sections:
        table.add_section()
        table.add_row(f"[bold]{title}")
        for figure in figures:
            verdict = {True: "[green]kept", False: "[red]missed", None: ""}[figure.kept]
            table.add_row(figure.what, f"{figure.value:,.4g}", figure.unit, figure.bound, verdict)
    Console(width=130).print(table)
