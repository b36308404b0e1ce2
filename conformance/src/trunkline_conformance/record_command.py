"""`trunkline-conformance record`: plays the scenarios, shows what changes in the cassettes, and writes them."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated

import attrs
import typer

from trunkline.descriptor import CredentialForm, Field
from trunkline.errors import InvalidFields
from trunkline.forms import is_acceptable
from trunkline_conformance.cassettes import Cassette, CassetteUnreadable, GivenAccount, dump, load, path_of
from trunkline_conformance.leftovers import InDoubt
from trunkline_conformance.live_journal import JournalClosed, alone, shown
from trunkline_conformance.live_recording import LiveAccount, NotPutBack, put_back, record_live, survey
from trunkline_conformance.recording import NotRecorded, record_simulated
from trunkline_conformance.replaying import called_for
from trunkline_conformance.scenarios import BY_ID, Scenario
from trunkline_conformance.scrubbing import Allowed
from trunkline_conformance.simulated import Simulation, SimulationRefused, simulation_of
from trunkline_conformance.stopping import Stopped
from trunkline_conformance.subject import NotTestable, Road, Subject, installed

ALLOWED = "allowed.toml"
"""The provider's list of what may stand, beside its cassettes."""

_LONGEST_DIFF = 200

Record = Callable[[Scenario], Cassette]


def record(
    provider: Annotated[str, typer.Argument(help="Name of the provider's entry point.")],
    cassettes: Annotated[
        Path | None, typer.Option(help="Folder of its cassettes; else `cassettes` in its package.")
    ] = None,
    scenario: Annotated[list[str] | None, typer.Option(help="Only this one; may be given more than once.")] = None,
    live: Annotated[bool, typer.Option("--live", help="On a real account, whose credentials are asked for.")] = False,
    number: Annotated[
        list[str] | None, typer.Option(help="With --live: a number on the account that may be written to.")
    ] = None,
) -> None:
    """Record the provider's conversations anew, on its simulated carrier or, with --live, on a real account."""
    if unknown := [id for id in scenario or () if id not in BY_ID]:
        raise typer.BadParameter(f"--scenario knows no {unknown[0]!r}; there are: {', '.join(BY_ID)}")
    if number and not live:
        raise typer.BadParameter("--number goes with --live: a simulated carrier has numbers of its own")
    try:
        subject, simulation = installed(provider), simulation_of(provider)
    except (NotTestable, SimulationRefused) as error:
        raise typer.BadParameter(str(error)) from None
    folder = cassettes or subject.folder / "cassettes"
    if not subject.takes(Road.HTTP):
        where = folder if folder.is_dir() else "the folder that is given to `run` as --cassettes"
        typer.echo(
            f"There is nothing to record of {provider}: it asks over SIP, and its conversations are scripts of a peer "
            f"that are written by hand, one SCENARIO.yaml each in {where}.",
            err=True,
        )
        raise typer.Exit(2)
    if not (live or simulation):
        raise typer.BadParameter(f"no installed distribution simulates {provider}; record it with --live")
    try:
        allowed = allowed_for(subject, folder)
    except (InvalidFields, TOMLDecodeError) as error:
        raise typer.BadParameter(f"{folder / ALLOWED}: {error}") from None
    if subject.has("warm_up"):
        subject.plugin.warm_up()
    try:
        with alone(provider) if live else nullcontext():
            if live or simulation is None:
                chosen, make = _prepared_live(subject, tuple(number or ()), allowed)
            else:
                chosen, make = _prepared_simulated(simulation, subject, allowed)
            wanted = [each for each in chosen if not scenario or each.id in scenario]
            failed = [each.id for each in wanted if not _recorded(make, each, folder, ask=live)]
    except (JournalClosed, NotPutBack, NotRecorded) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except Stopped as stopped:
        typer.echo(f"{stopped}; what was written to is put back.", err=True)
        raise typer.Exit(stopped.status) from None
    typer.echo(f"{len(wanted) - len(failed)} of {len(wanted)} scenarios are recorded in {folder}.")
    raise typer.Exit(1 if failed else 0)


def allowed_for(subject: Subject, folder: Path) -> Allowed:
    """What may stand in a provider's cassettes: the general list, the one beside them, and its descriptor's hosts."""
    return Allowed.of(folder / ALLOWED, hosts=[host.pattern for host in subject.descriptor.hosts])


def _prepared_simulated(
    simulation: Simulation, subject: Subject, allowed: Allowed
) -> tuple[Iterable[Scenario], Record]:
    today = dt.datetime.now(dt.UTC).date()
    for id, why in simulation.without.items():
        typer.echo(f"{id}: none, because {why}")
    chosen = [each for each in called_for(subject) if each.id not in simulation.without]
    return chosen, lambda scenario: record_simulated(simulation, subject, scenario, allowed=allowed, day=today)


def _prepared_live(subject: Subject, numbers: tuple[str, ...], allowed: Allowed) -> tuple[Iterable[Scenario], Record]:
    for line in shown(subject.id):
        typer.echo(line)
    account = LiveAccount(subject, GivenAccount(_asked_for(subject)), numbers)
    if account.journal.kept:
        typer.confirm("Put it back now?", abort=True)
        put_back(account, _now())
        typer.echo("All of it is put back.")
    typer.echo("\n".join(account.plan()))
    typer.confirm("Go ahead?", abort=True)
    now = _now()
    listed = survey(account, now)
    if strangers := [number for number in numbers if number not in listed]:
        raise typer.BadParameter(f"--number {strangers[0]} is not on the account")
    typer.confirm(f"The carrier lists {len(listed)} numbers. Is that all of them?", abort=True)
    return account.scenarios(), lambda scenario: record_live(account, scenario, allowed=allowed, listed=listed, now=now)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def _asked_for(subject: Subject) -> dict[str, str | None]:
    """The credentials, each asked for; secret ones are not shown while they are typed."""
    forms = subject.descriptor.credential_forms
    form = forms[0] if len(forms) == 1 else _chosen(forms)
    given = {field.name: _typed(field) for field in form.fields}
    return {name: value for name, value in given.items() if value}


def _chosen(forms: tuple[CredentialForm, ...]) -> CredentialForm:
    by_id = {form.id: form for form in forms}
    for form in forms:
        typer.echo(f"{form.id}: {form.label}")
    while (id := typer.prompt("Which of them")) not in by_id:
        typer.echo(f"There is no {id}.")
    return by_id[id]


def _typed(field: Field) -> str:
    while True:
        default = None if field.required else ""
        value: str = typer.prompt(field.label, default=default, hide_input=field.secret, show_default=False)
        if (not value and not field.required) or is_acceptable(field, value):
            return value
        typer.echo(f"{field.label} does not look right: {field.help}")


def _recorded(make: Record, scenario: Scenario, folder: Path, *, ask: bool) -> bool:
    """Whether the scenario's cassette is there and new: made, shown, and written where it changed."""
    path = path_of(folder, scenario.id)
    try:
        cassette = make(scenario)
    except (NotRecorded, InDoubt) as error:
        typer.echo(f"{scenario.id}: NOT RECORDED\n{error}", err=True)
        return False
    text = text_for(path, cassette)
    before = path.read_text("utf-8") if path.exists() else ""
    if text == before:
        typer.echo(f"{scenario.id}: as it was")
        return True
    typer.echo("".join(_difference(before, text, scenario.id)))
    if ask and not typer.confirm(f"Write {path}?"):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    typer.echo(f"{scenario.id}: {len(cassette.interactions)} exchanges")
    return True


def text_for(path: Path, cassette: Cassette) -> str:
    """The cassette's text, with the day of the one that is there where nothing but the day would change."""
    try:
        present = load(path, cassette.scenario)
    except CassetteUnreadable:
        return dump(cassette)
    dated = attrs.evolve(cassette, provenance=attrs.evolve(cassette.provenance, recorded=present.provenance.recorded))
    same = dump(dated)
    return same if same == path.read_text("utf-8") else dump(cassette)


def _difference(before: str, after: str, name: str) -> Iterator[str]:
    lines = list(
        difflib.unified_diff(before.splitlines(True), after.splitlines(True), f"{name} before", f"{name} now", n=2)
    )
    yield from lines[:_LONGEST_DIFF]
    if len(lines) > _LONGEST_DIFF:
        yield f"… and {len(lines) - _LONGEST_DIFF} lines more\n"
