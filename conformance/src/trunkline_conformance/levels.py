"""Levels: how far a plugin has come, computed from what was found out, and never claimed."""

from __future__ import annotations

import datetime as dt

import attrs

from trunkline.descriptor import CAPABILITIES
from trunkline_conformance.check import About
from trunkline_conformance.examination import Examination, Status
from trunkline_conformance.fault_pass import Profile

LIVE_DAYS = 180
"""How old a recording on a real account may be."""


@attrs.frozen
class Level:
    """One level: whether it is reached, and what stands in the way."""

    name: str
    reached: bool
    why: str


def levels(examination: Examination, today: dt.date) -> tuple[Level, ...]:
    """*Replays*, *robust*, *complete* and *live*, each of the first three building on the one before."""
    replays = _replays(examination)
    robust = _robust(examination, replays)
    return replays, robust, _complete(examination, robust), _live(examination, replays, today)


def _replays(examination: Examination) -> Level:
    failed = [
        verdict.check.id
        for verdict in examination.verdicts
        if verdict.check.about is not About.FAULTS and verdict.status is Status.FAILED
    ]
    if failed:
        return Level("replays", False, f"{_counted(failed, 'check fails', 'checks fail')}: {_named(failed)}")
    return Level("replays", True, f"{len(examination.runs)} scenarios replay, and every check of them passes")


def _robust(examination: Examination, replays: Level) -> Level:
    if not replays.reached:
        return Level("robust", False, "it does not replay")
    if examination.faults is Profile.NONE or not examination.struck.cases:
        return Level("robust", False, "no fault was tried")
    failed = [
        verdict.check.id
        for verdict in examination.verdicts
        if verdict.check.about is About.FAULTS and verdict.status is Status.FAILED
    ]
    if failed:
        return Level(
            "robust", False, f"{_counted(failed, 'check fails', 'checks fail')} under faults: {_named(failed)}"
        )
    return Level("robust", True, f"{examination.struck.cases} cases with a fault, and the law holds in each")


def _complete(examination: Examination, robust: Level) -> Level:
    if not robust.reached:
        return Level("complete", False, "it is not robust")
    lacks = examination.exemptions.carrier_lacks
    lacking = [name for name in CAPABILITIES if not examination.subject.can(name) and name not in lacks]
    if lacking:
        return Level("complete", False, f"it cannot, and nothing says that its carrier cannot: {_named(lacking)}")
    return Level("complete", True, "it can do all that its carrier can")


def _live(examination: Examination, replays: Level, today: dt.date) -> Level:
    if not replays.reached:
        return Level("live", False, "it does not replay")
    cassettes = examination.library.cassettes.values()
    other = [each.scenario for each in cassettes if each.provenance.origin != "live"]
    if other:
        origins = " and ".join(sorted({each.provenance.origin for each in cassettes}))
        return Level("live", False, f"its cassettes come from: {origins}")
    old = [each.scenario for each in cassettes if (today - each.provenance.day).days > LIVE_DAYS]
    if old:
        return Level("live", False, f"recorded more than {LIVE_DAYS} days ago: {_named(old)}")
    return Level("live", True, f"every cassette was recorded on a real account within {LIVE_DAYS} days")


def _counted(things: list[str], one: str, many: str) -> str:
    return f"{len(things)} {one if len(things) == 1 else many}"


def _named(things: list[str]) -> str:
    return ", ".join(things[:5]) + (" and more" if len(things) > 5 else "")
