"""Putting one number's earlier routing back, under a lease."""

from __future__ import annotations

from trunkline.errors import NumberNotFound, TrunklineError
from trunkline.numbers import Release, ReleaseOutcome
from trunkline_service.connections import note_health
from trunkline_service.desk import Desk, says_no_more
from trunkline_service.storage import numbers
from trunkline_service.storage.events import Reason
from trunkline_service.storage.numbers import StoredNumber
from trunkline_service.writes import nothing_was_written

CONNECTION_DELETED = Release(
    ReleaseOutcome.CANNOT_RESTORE,
    "connection_deleted",
    "The connection is deleted and its credentials with it, so the routing at the carrier stays as it is. Change it "
    "there, or connect the same carrier account again.",
)
_NO_SNAPSHOT = Release(
    ReleaseOutcome.CANNOT_RESTORE, "no_snapshot", "It is not known how this number was routed before it was imported."
)

_NUMBER_GONE = Release(
    ReleaseOutcome.CANNOT_RESTORE, "number_not_found", "This number is not on the carrier account any more."
)


def put_back(desk: Desk, leased: StoredNumber) -> Release:
    """Put the routing back if it is still ours, and let the number go.

    After an error that changed nothing the number stays held; after any other, recovery tries again.
    """
    sealer = desk.service.sealer
    snapshot, route = leased.snapshot(sealer), leased.route(sealer)
    try:
        if snapshot is None or route is None:
            release = _NO_SNAPSHOT
        else:
            release = desk.engine.release_number(desk.account, leased.ref, route, snapshot)
    except NumberNotFound:
        release = _NUMBER_GONE
    except TrunklineError as error:
        with desk.service.database.writing() as db:
            if nothing_was_written(error):
                numbers.cancel_release(db, leased, desk.now())
            else:
                numbers.leave_to_recovery(db, leased, desk.now())
        if says_no_more(error):
            note_health(desk.service, desk.connection, Reason.of(error))
        raise
    restored = release.outcome is ReleaseOutcome.RESTORED
    with desk.service.database.writing() as db:
        numbers.mark_released(db, leased, desk.now(), keep_snapshot=not restored)
    return release
