"""`trunkline-conformance drift`: where recorded conversations differ from the carrier's OpenAPI documents."""

from __future__ import annotations

from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated

import typer

from trunkline.errors import InvalidFields
from trunkline_conformance.cassettes import Cassette, CassetteUnreadable, load
from trunkline_conformance.documents import Documents, DocumentUnreadable, read
from trunkline_conformance.drift import Drift, drift_of, known_in

KNOWN = "known_differences.toml"
"""The accepted differences, beside a provider's cassettes."""


def drift(
    spec: Annotated[
        list[str], typer.Option(help="A document, as a file or a web address; may be given more than once.")
    ],
    cassettes: Annotated[Path, typer.Option(help="Folder of the provider's cassettes.")] = Path("cassettes"),
    known: Annotated[
        Path | None, typer.Option(help=f"Accepted differences; else {KNOWN} beside the cassettes.")
    ] = None,
    unseen: Annotated[bool, typer.Option("--unseen", help="Name every field that no cassette shows.")] = False,
) -> None:
    """Hold recorded conversations against the carrier's OpenAPI documents. Exit status 0 where they agree, else 1."""
    try:
        documents = Documents(tuple(read(each) for each in spec))
        found = drift_of(cassettes_in(cassettes), documents, known_in(known or cassettes / KNOWN))
    except (DocumentUnreadable, CassetteUnreadable, InvalidFields, TOMLDecodeError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if not found.compared:
        typer.echo(f"Nothing in {cassettes} belongs to these documents.", err=True)
        raise typer.Exit(2)
    for line in told(found, unseen=unseen):
        typer.echo(line)
    raise typer.Exit(1 if found.differences else 0)


def cassettes_in(folder: Path) -> list[Cassette]:
    """Every cassette below a folder; raises `CassetteUnreadable`."""
    return [load(path, str(path.relative_to(folder).with_suffix(""))) for path in sorted(folder.rglob("*.yaml"))]


def told(found: Drift, *, unseen: bool) -> list[str]:
    """The outcome in lines."""
    lines = [
        f"{found.compared} exchanges compared: {len(found.differences)} differences, {len(found.known)} known ones."
    ]
    lines += [f"  {each} (in {scenario})" for each, scenario in found.differences.items()]
    lines += [f"  known: {each}; {by.source}" for each, by in found.known.items()]
    lines += [f"  not found any more: {each.kind} {each.operation} {each.field}" for each in found.unused]
    lines += [f"  no document speaks of {each}" for each in found.elsewhere]
    count = sum(len(fields) for fields in found.unseen.values())
    lines.append(f"{count} documented fields of answers are in no cassette{':' if unseen and count else '.'}")
    if unseen:
        lines += [f"  {operation}: {', '.join(fields)}" for operation, fields in found.unseen.items()]
    return lines
