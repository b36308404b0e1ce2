"""The command line."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from trunkline_conformance.canaries import NoCanary
from trunkline_conformance.checks import BY_ID as CHECKS_BY_ID
from trunkline_conformance.checks import CHECKS
from trunkline_conformance.drift_command import drift
from trunkline_conformance.examination import examine
from trunkline_conformance.exemptions import ExemptionRefused
from trunkline_conformance.fault_pass import Profile
from trunkline_conformance.faults import Case
from trunkline_conformance.record_command import record
from trunkline_conformance.replaying import NoCassettes
from trunkline_conformance.report import as_data, as_page, show
from trunkline_conformance.scenarios import BY_ID
from trunkline_conformance.simulated import SimulationRefused
from trunkline_conformance.striking import EVERY_FAULT, CannotStrike
from trunkline_conformance.subject import NotTestable, installed

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

_NO_RUN = (NotTestable, NoCassettes, ExemptionRefused, NoCanary, CannotStrike, SimulationRefused)
"""Why nothing can be said of a provider."""

Provider = Annotated[str, typer.Argument(help="Name of the provider's entry point.")]
Cassettes = Annotated[Path | None, typer.Option(help="Folder of its cassettes; else `cassettes` in its package.")]


app.command()(record)
app.command()(drift)


@app.callback()
def main() -> None:
    """Find out whether a Trunkline provider is good."""


@app.command()
def run(
    provider: Provider,
    cassettes: Cassettes = None,
    faults: Annotated[Profile, typer.Option(help="How many faults are tried.")] = Profile.CI,
    check: Annotated[list[str] | None, typer.Option(help="Only this check; may be given more than once.")] = None,
    scenario: Annotated[
        str | None, typer.Option(help="With --step and --fault: one case, as a report prints it.")
    ] = None,
    step: Annotated[int, typer.Option(help="Which request of the scenario the fault strikes, from 0.")] = 0,
    fault: Annotated[str | None, typer.Option(help="The fault.")] = None,
    lasting: Annotated[bool, typer.Option("--lasting", help="It strikes every request from there on.")] = False,
    field: Annotated[int, typer.Option(help="Which field of the answer it strikes, from 0.")] = 0,
    seed: Annotated[int | None, typer.Option(help="Makes canaries and faults repeat.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report there as JSON.")] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="Write the report there as one HTML page.")] = None,
) -> None:
    """Hold a provider against every check that its capabilities call for. Exit status 0 where all pass, else 1."""
    chosen = [CHECKS_BY_ID[_known("--check", id, CHECKS_BY_ID)] for id in check] if check else CHECKS
    try:
        subject = installed(provider)
        folder = cassettes or subject.folder / "cassettes"
        examination = examine(
            subject, folder, checks=chosen, faults=faults, case=_case(scenario, step, fault, lasting, field), seed=seed
        )
    except _NO_RUN as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    today = dt.datetime.now(dt.UTC).date()
    data = as_data(examination, today)
    if json_file:
        json_file.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "utf-8")
    if html_file:
        html_file.write_text(as_page(data), "utf-8")
    show(examination, today, Console())
    raise typer.Exit(0 if examination.passed else 1)


@app.command()
def new(
    provider: Annotated[str, typer.Argument(help="Id of the new provider, such as acme.")],
    folder: Annotated[Path | None, typer.Option(help="Where to write it; trunkline-PROVIDER if left out.")] = None,
    display_name: Annotated[str | None, typer.Option(help="The carrier's name, as people write it.")] = None,
    api_host: Annotated[str | None, typer.Option(help="The host of the carrier's API.")] = None,
    author: Annotated[str | None, typer.Option(help="Who writes it.")] = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing; take the defaults.")] = False,
) -> None:
    """Write a new provider: a complete plugin that passes as it stands, for you to change."""
    from trunkline_conformance.new_provider import NotEmpty, write_provider

    given = {"provider": provider, "display_name": display_name, "api_host": api_host, "author": author}
    place = folder or Path(f"trunkline-{provider.replace('_', '-')}")
    try:
        write_provider(place, {name: value for name, value in given.items() if value}, ask=not defaults)
    except (NotEmpty, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    typer.echo(f"Wrote {place}. Next:\n\n    pip install --editable {place}\n    trunkline-conformance run {provider}")


def _case(scenario: str | None, step: int, fault: str | None, lasting: bool, field: int) -> Case | None:
    if scenario is None and fault is None:
        return None
    if scenario is None or fault is None:
        raise typer.BadParameter("--scenario and --fault go together")
    return Case(_known("--scenario", scenario, BY_ID), step, _known("--fault", fault, EVERY_FAULT), lasting, field)


def _known(option: str, id: str, known: Mapping[str, object]) -> str:
    if id not in known:
        raise typer.BadParameter(f"{option} knows no {id!r}; there are: {', '.join(known)}")
    return id
