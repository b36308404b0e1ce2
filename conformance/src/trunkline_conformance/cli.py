"""The command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trunkline_conformance.examination import Status, examine
from trunkline_conformance.subject import NotTestable, installed

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Find out whether a Trunkline provider is good."""


@app.command()
def run(
    provider: Annotated[str, typer.Argument(help="Name of the provider's entry point.")],
    cassettes: Annotated[
        Path | None, typer.Option(help="Folder of its cassettes; its package's own if left out.")
    ] = None,
) -> None:
    """Run every check that the provider's capabilities call for."""
    try:
        subject = installed(provider)
    except NotTestable as error:
        raise typer.BadParameter(str(error)) from None
    examination = examine(subject, cassettes or subject.folder / "cassettes")
    for verdict in examination.verdicts:
        typer.echo(f"{verdict.status.value:<15} {verdict.check.id} ({verdict.looked_at})")
        if verdict.status is Status.FAILED:
            for problem in verdict.problems:
                typer.echo(f"    asked {problem.asked}\n    expected {problem.expected}\n    came {problem.came}")
                if problem.hook:
                    typer.echo(f"    look at {subject.place_of(problem.hook)}")
    raise typer.Exit(0 if examination.passed else 1)
