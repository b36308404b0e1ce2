"""The report: as data for machines, as text for a terminal, and as one HTML page that needs nothing else."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import jinja2
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trunkline.descriptor import CAPABILITIES
from trunkline_conformance import VERSION
from trunkline_conformance.check import About, Check, Finding
from trunkline_conformance.examination import Examination, Status, Verdict
from trunkline_conformance.levels import levels

_MARK = {Status.PASSED: "✓", Status.FAILED: "✗", Status.EXEMPT: "~", Status.NOT_CALLED_FOR: "·"}
_STYLE = {Status.PASSED: "green", Status.FAILED: "bold red", Status.EXEMPT: "yellow", Status.NOT_CALLED_FOR: "dim"}
_SHOWN = 3
"""Problems of one check that the text shows."""


def as_data(examination: Examination, today: dt.date) -> dict[str, Any]:
    """Everything, as JSON holds it."""
    subject, library = examination.subject, examination.library
    counts = Counter(verdict.status.value for verdict in examination.verdicts)
    return {
        "suite": VERSION,
        "provider": subject.id,
        "name": subject.descriptor.display_name,
        "distribution": subject.distribution,
        "version": subject.version,
        "date": today.isoformat(),
        "passed": examination.passed,
        "levels": [
            {"level": each.name, "reached": each.reached, "why": each.why} for each in levels(examination, today)
        ],
        "counts": {status.value: counts[status.value] for status in Status},
        "capabilities": [
            {"name": name, "can": said.can.value, "why": said.why, "carrier_lacks": lacks.get(name)}
            for lacks in [examination.exemptions.carrier_lacks]
            for name in CAPABILITIES
            for said in [subject.descriptor.capability(name)]
        ],
        "faults": {"profile": examination.faults.value, "cases": examination.struck.cases},
        "scenarios": [
            {
                "id": id,
                "origin": cassette.provenance.origin,
                "recorded": cassette.provenance.recorded,
                "age_days": (today - cassette.provenance.day).days,
                "sdks": dict(cassette.provenance.sdks),
                "requests": len(examination.runs[id].asked) if id in examination.runs else 0,
                "steps": [
                    {"name": step.name, "ending": step.ending, "requests": len(step.asked)}
                    for step in (examination.runs[id].steps if id in examination.runs else ())
                ],
            }
            for id, cassette in library.cassettes.items()
        ],
        "provenance": _provenance(examination, today),
        "without": dict(library.without),
        "checks": [_verdict_data(verdict, examination) for verdict in examination.verdicts],
    }


def _verdict_data(verdict: Verdict, examination: Examination) -> dict[str, Any]:
    check = verdict.check
    return {
        "id": check.id,
        "status": verdict.status.value,
        "essential": check.essential,
        "looked_at": verdict.looked_at,
        "rule": check.rule,
        "why": check.why,
        "remedy": check.remedy,
        "reason": verdict.reason,
        "problems": [problem_data(problem, check, examination) for problem in verdict.problems],
    }


def problem_data(problem: Finding, check: Check, examination: Examination) -> dict[str, Any]:
    """What was asked, expected and came, where to look, and how to repeat it."""
    return {
        "scenario": problem.scenario,
        "asked": problem.asked,
        "expected": problem.expected,
        "came": problem.came,
        "look_at": examination.subject.place_of(problem.hook) if problem.hook else None,
        "again": _command(problem, check, examination),
    }


def _command(problem: Finding, check: Check, examination: Examination) -> str:
    """What repeats it: the case that showed it, or else the check alone."""
    subject, folder = examination.subject, examination.library.folder
    faults = "" if check.about is About.FAULTS else " --faults none"
    again = problem.again or f"trunkline-conformance run {subject.id} --check {check.id}{faults}"
    return again if folder == subject.folder / "cassettes" else f"{again} --cassettes {folder}"


def _provenance(examination: Examination, today: dt.date) -> list[dict[str, Any]]:
    """Where the cassettes come from: of each origin how many, and how many days old they are."""
    by_origin: dict[str, list[int]] = {}
    for cassette in examination.library.cassettes.values():
        provenance = cassette.provenance
        by_origin.setdefault(provenance.origin, []).append((today - provenance.day).days)
    return [
        {"origin": origin, "cassettes": len(ages), "oldest_days": max(ages), "newest_days": min(ages)}
        for origin, ages in by_origin.items()
    ]


def show(examination: Examination, today: dt.date, console: Console) -> None:
    """Print what a person needs: what failed and what to do about it, then the levels."""
    for verdict in examination.verdicts:
        if verdict.status in (Status.FAILED, Status.EXEMPT):
            _show_verdict(verdict, examination, console)
    subject = examination.subject
    table = Table(
        title=f"{subject.descriptor.display_name}: {subject.distribution} {subject.version}", title_justify="left"
    )
    table.add_column("level")
    table.add_column("reached")
    table.add_column("why", overflow="fold")
    for level in levels(examination, today):
        table.add_row(level.name, Text("yes", "green") if level.reached else Text("no", "yellow"), level.why)
    console.print(table)
    counts = Counter(verdict.status for verdict in examination.verdicts)
    told = ", ".join(f"{counts[status]} {status.value.replace('_', ' ')}" for status in Status if counts[status])
    console.print(f"{len(examination.runs)} scenarios, {examination.struck.cases} cases with a fault; checks: {told}")


def _show_verdict(verdict: Verdict, examination: Examination, console: Console) -> None:
    check = verdict.check
    console.print(Text(f"{_MARK[verdict.status]} {check.id}", _STYLE[verdict.status]), Text(check.rule), soft_wrap=True)
    if verdict.status is Status.EXEMPT:
        console.print(Text(f"    exempt: {verdict.reason}", "yellow"), soft_wrap=True)
        return
    for problem in verdict.problems[:_SHOWN]:
        for name, text in problem_data(problem, check, examination).items():
            if text:
                console.print(Text(f"    {name.replace('_', ' '):<9}", "dim") + Text(text), soft_wrap=True)
        console.print()
    if len(verdict.problems) > _SHOWN:
        console.print(Text(f"    and {len(verdict.problems) - _SHOWN} more"))
    console.print(Text(f"    why      {check.why}", "dim"), soft_wrap=True)
    console.print(Text(f"    remedy   {check.remedy}\n"), soft_wrap=True)


def as_page(data: dict[str, Any]) -> str:
    """One HTML page of the data, with its style inside."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("trunkline_conformance", "pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja").render(data)
