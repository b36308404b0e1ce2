"""Before an import: which of the numbers can be imported, where their calls go now, what it would cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import attrs

from trunkline.charges import ChargeEstimate, estimate
from trunkline.e164 import is_e164
from trunkline.numbers import RoutingSnapshot
from trunkline.plan import ImportPlan
from trunkline_service.desk import Desk
from trunkline_service.errors import field_error
from trunkline_service.storage import numbers
from trunkline_service.storage.numbers import Claimant, StoredNumber
from trunkline_service.storage.tables import Hold
from trunkline_service.views import NOTHING_CHARGED, ImportResultView, NumberErrorView

MOST_NUMBERS = 10_000

REFUSALS: Mapping[str, str] = {
    "invalid_number": "This is not a number in E.164 form, like +15550001234.",
    "duplicate_in_request": "This number stands in the request before.",
    "not_on_account": "This number is not on the connection's carrier account.",
    "not_voice_capable": "This number cannot take voice calls.",
    "already_in_use": "This number is imported by another organization.",
    "number_busy": "This number is being imported or released just now. Import it again in a moment.",
    "carrier_refused": "The carrier refused to route this number here.",
    "unverified_write": (
        "The carrier's answer was lost, and whether the number is routed here is being looked into. Import it again "
        "in a minute."
    ),
}
"""Why one number of an import is refused, and the sentence where no error brought its own."""

Results = Mapping[str, ImportResultView]
NOTHING_PLANNED = ImportPlan((), (), ())


@attrs.frozen
class Survey:
    """What was found: an answer for each number that needs no import, and the routing of each that does.

    `changes` is how often each number's hold had changed before its routing was read.
    """

    results: Results
    snapshots: Mapping[str, RoutingSnapshot]
    plan: ImportPlan
    changes: Mapping[str, int]


class TakesLonger(Exception):
    """By its estimate, the import takes longer than the caller has time."""


def survey(desk: Desk, wanted: Sequence[str], *, within: float = math.inf) -> Survey:
    """Look at the numbers, here and at the carrier. Writes nothing.

    Raises `TakesLonger` where the import would take more than `within` seconds; the pace alone may tell, unasked.
    """
    valid = [number for number in dict.fromkeys(wanted) if is_e164(number)]
    claimant, now = desk.claimant, desk.now()
    with desk.service.database.reading() as db:
        changes = numbers.count_changes(db, claimant.mode, valid)
        rows = numbers.concerning(db, claimant.organization, claimant.mode, valid)
    settled = {row.number: imported(row) for row in rows if already_imported(row, claimant)}
    open_numbers = [number for number in valid if number not in settled]
    if not open_numbers:
        return Survey(settled, {}, NOTHING_PLANNED, changes)
    if desk.engine.import_seconds(claimant.provider, len(open_numbers)) > within:
        raise TakesLonger
    found = desk.engine.read_routing(desk.account, open_numbers)
    held = {row.number for row in rows if held_by_another(row, claimant) and not row.lease_expired(now)}
    refused = {number: word for number in open_numbers if (word := _refusal(found.get(number), number in held))}
    snapshots = {number: found[number] for number in open_numbers if number not in refused}
    plan = desk.engine.plan_import(desk.account, list(snapshots.values())) if snapshots else NOTHING_PLANNED
    if plan.seconds > within:
        raise TakesLonger
    results = {**settled, **{number: refuse(number, word) for number, word in refused.items()}}
    return Survey(results, snapshots, plan, changes)


def already_imported(row: StoredNumber, claimant: Claimant) -> bool:
    """Whether importing the number again changes nothing.

    A number that lost its connection, or was typed in where a carrier's list now backs it, is imported anew.
    """
    own = row.organization == claimant.organization and row.hold is Hold.HELD
    return own and row.connection is not None and (row.backed or not claimant.backed)


def held_by_another(row: StoredNumber, claimant: Claimant) -> bool:
    """Whether another organization holds the number."""
    return row.organization != claimant.organization


def imported(row: StoredNumber) -> ImportResultView:
    """The result for a number that is imported."""
    return ImportResultView(row.id, row.number, row.status)  # type: ignore[arg-type]


def refuse(number: str, code: str, detail: str | None = None) -> ImportResultView:
    """The result for a number that is refused."""
    return ImportResultView(None, number, "failed", NumberErrorView(code, detail or REFUSALS[code]))


def in_order(wanted: Sequence[str], results: Results) -> list[ImportResultView]:
    """One result for each requested number, in the order asked; numbers without a result are left out."""
    ordered: list[ImportResultView] = []
    seen: set[str] = set()
    for number in wanted:
        if number in seen:
            ordered.append(refuse(number, "duplicate_in_request"))
        elif not is_e164(number):
            ordered.append(refuse(number, "invalid_number"))
        elif number in results:
            ordered.append(results[number])
        seen.add(number)
    return ordered


def charges_of(plan: ImportPlan) -> ChargeEstimate:
    """What the plan costs; where nothing is imported, nothing is charged."""
    if plan is NOTHING_PLANNED:
        return NOTHING_CHARGED
    return estimate(plan.charges)


def refuse_size(wanted: Sequence[str]) -> None:
    """Refuse an import of no numbers, or of too many."""
    if not wanted:
        raise field_error("numbers", "must have at least one number")
    if len(wanted) > MOST_NUMBERS:
        problem = f"must have at most {MOST_NUMBERS} numbers"
        fewer = f"Import fewer numbers at once: {problem}."
        raise field_error("numbers", problem, code="too_many_numbers", detail=fewer)


def _refusal(snapshot: RoutingSnapshot | None, held: bool) -> str | None:
    if snapshot is None:
        return "not_on_account"
    if "voice" not in snapshot.number.capabilities:
        return "not_voice_capable"
    return "already_in_use" if held else None
