"""What can be verified of an imported number without a call: the trunk answers, takes the login, has the number."""

from __future__ import annotations

from trunkline.checks import FAIL, INBOUND_ROUTED, Check, Verification
from trunkline.errors import NumberNotFound
from trunkline.numbers import NumberRef
from trunkline_manual import checks, numbers
from trunkline_manual.trunk import Trunk


def verify(trunk: Trunk, number: NumberRef) -> Verification:
    """One request, or two where the first does not tell whether the login is good."""
    known = checks.examine(trunk)
    return Verification(
        _inbound(trunk, number), known.outbound, credentials=known.credentials, reachable=known.reachable
    )


def _inbound(trunk: Trunk, number: NumberRef) -> Check:
    try:
        numbers.find(trunk, number)
    except NumberNotFound as gone:
        remedy = "Enter it again among the numbers of the connection, or release it here."
        return Check(INBOUND_ROUTED, FAIL, "number_not_entered", gone.summary, remedy)
    return checks.inbound(trunk, INBOUND_ROUTED, number.number)
