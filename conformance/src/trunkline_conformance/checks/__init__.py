"""Every check of the suite, by id."""

from __future__ import annotations

from trunkline_conformance.check import Check
from trunkline_conformance.checks import (
    descriptor,
    errors,
    faults,
    hygiene,
    importing,
    listing,
    naming,
    recordings,
    redaction,
    releasing,
    replays,
    routing,
    secrets,
    set_up,
    testing,
    wire,
)

CHECKS: tuple[Check, ...] = (
    *descriptor.CHECKS,
    *hygiene.CHECKS,
    *redaction.CHECKS,
    *recordings.CHECKS,
    *replays.CHECKS,
    *wire.CHECKS,
    *secrets.CHECKS,
    *errors.CHECKS,
    *testing.CHECKS,
    *naming.CHECKS,
    *listing.CHECKS,
    *routing.CHECKS,
    *importing.CHECKS,
    *releasing.CHECKS,
    *set_up.CHECKS,
    *faults.CHECKS,
)
BY_ID = {check.id: check for check in CHECKS}
