"""Verifying an imported number: is it still routed here, and may calls go out."""

from __future__ import annotations

from sqlalchemy import Connection

from trunkline.checks import Outcome, Verification
from trunkline.errors import TrunklineError
from trunkline_service.connections import note_health
from trunkline_service.desk import open_desk, says_no_more
from trunkline_service.errors import ApiError, not_found
from trunkline_service.service import Service
from trunkline_service.storage import numbers
from trunkline_service.storage.events import Reason
from trunkline_service.storage.numbers import StoredNumber
from trunkline_service.storage.organizations import Caller
from trunkline_service.storage.tables import Hold
from trunkline_service.views import VerifiedNumberView, check_details_view, checks_view, phone_number_fields

FAILED = {"status": "failed", "voip_verification_status": "failed"}
"""How a number stands that does not work."""

_VERIFIED = Reason("verified", "Calls to the number come to the platform.")


def verify_number(service: Service, caller: Caller, id: int) -> VerifiedNumberView:
    """Ask the carrier, and remember the verdict."""
    row = _verifiable(service, caller, id)
    assert row.connection is not None
    desk = open_desk(service, caller, row.connection)
    route = row.route(service.sealer)
    assert route is not None
    try:
        verdict = desk.engine.verify_number(desk.account, row.ref, route)
    except TrunklineError as error:
        if says_no_more(error):
            note_health(service, desk.connection, Reason.of(error))
        raise
    login = verdict.credentials
    refused = login is not None and login.outcome is Outcome.FAIL
    note_health(service, desk.connection, Reason(login.code, login.summary) if login and refused else None)
    with service.database.writing() as db:
        remember(db, row, verdict, service.now())
        now = numbers.find(db, caller.organization, id) or row
    return VerifiedNumberView(
        **phone_number_fields(now),
        checks=checks_view(verdict.checks),
        check_details=check_details_view(verdict.checks),
    )


def remember(db: Connection, row: StoredNumber, verdict: Verification, now: int) -> bool:
    """Keep the verdict: a check that fails is one; where nothing could be told, what was known before stays."""
    if verdict.passed:
        values = {"status": "active", "voip_verification_status": "verified", "voip_last_verified_at": now}
        return numbers.judge(db, row, values, _VERIFIED, now)
    failed = next((check for check in verdict.checks if check.outcome is Outcome.FAIL), None)
    if failed is None:
        return numbers.judge(db, row, {}, _VERIFIED, now)
    return numbers.judge(db, row, FAILED, Reason(failed.code, failed.summary), now)


def _verifiable(service: Service, caller: Caller, id: int) -> StoredNumber:
    with service.database.reading() as db:
        row = numbers.find(db, caller.organization, id)
    if row is None:
        raise not_found()
    if row.status == "released":
        raise ApiError("number_released", "This number is released. Import it again first.")
    if row.hold is not Hold.HELD:
        raise ApiError("number_busy", "This number is being imported or released just now.", retry_after=5)
    if row.connection is None:
        gone = "This number's connection is deleted. Connect the same carrier account again first."
        raise ApiError("connection_deleted", gone)
    return row
