"""A verdict on one question, before it becomes a check under one name or another."""

from __future__ import annotations

import attrs

from trunkline.checks import FAIL, UNKNOWN, Check, Exchange, Outcome

PORTAL = "In the Telnyx Mission Control Portal"
IN_PORTAL = "in the Telnyx Mission Control Portal"


@attrs.frozen
class Finding:
    """Outcome, stable code, the fact, and what to do about it."""

    outcome: Outcome
    code: str
    summary: str
    remedy: str | None = None

    def check(self, name: str, proof: tuple[Exchange, ...] = ()) -> Check:
        """The check of this name."""
        return Check(name, self.outcome, self.code, self.summary, self.remedy, proof)


def suspended(summary: str) -> Finding:
    """The verdict on an account that can neither be called nor call."""
    remedy = "Look at the account's billing and status in the Telnyx Mission Control Portal, or ask Telnyx' support."
    return Finding(FAIL, "account_suspended", summary, remedy)


def not_permitted(summary: str, remedy: str) -> Finding:
    """The verdict where the key may not see what it would take."""
    return Finding(UNKNOWN, "permission_missing", summary, remedy)
