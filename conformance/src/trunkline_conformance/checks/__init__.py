"""Every check of the suite, by id."""

from __future__ import annotations

from trunkline_conformance.check import Check
from trunkline_conformance.checks import listing, recordings, replays

CHECKS: tuple[Check, ...] = (*recordings.CHECKS, *replays.CHECKS, *listing.CHECKS)
BY_ID = {check.id: check for check in CHECKS}
