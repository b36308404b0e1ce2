"""Whether an imported number is still routed to the platform, and may dial out."""

from __future__ import annotations

from trunkline.checks import FAIL, INBOUND_ROUTED, OUTBOUND_AUTHORIZED, PASS, Check, Exchange, Verification
from trunkline.errors import NumberNotFound
from trunkline.numbers import NumberRef, Route
from trunkline.refusals import NotThere

from . import accounts, findings, routing, trunks
from .checks import platform_not_set
from .client import Client
from .refusals import CARRIER


def verify(client: Client, number: NumberRef, route: Route) -> Verification:
    """Three requests: the account, the number, the trunk it is on."""
    with client.call.proving() as asked:
        known = accounts.standing(client)
    if known.suspended:
        both = (findings.suspended(name, asked()) for name in (INBOUND_ROUTED, OUTBOUND_AUTHORIZED))
        return Verification(*both)
    with client.call.proving() as looked:
        try:
            routed, where = _is_routed_here(client, number, route)
        except NumberNotFound as gone:
            return Verification(*(_not_there(name, gone, looked()) for name in (INBOUND_ROUTED, OUTBOUND_AUTHORIZED)))
    if client.call.platform is None:
        inbound = platform_not_set(INBOUND_ROUTED, looked())
    elif routed:
        inbound = Check(INBOUND_ROUTED, PASS, "routed_here", where, proof=looked())
    else:
        inbound = Check(INBOUND_ROUTED, FAIL, "routed_elsewhere", where, "Import the number again.", looked())
    return Verification(inbound, findings.outbound(known, asked()))


def _is_routed_here(client: Client, number: NumberRef, route: Route) -> tuple[bool, str]:
    """Whether calls reach the platform, and the sentence that says so."""
    present = routing.fetch(client, number)
    if "voice" not in present.number.capabilities:
        return False, f"The number takes no voice calls at {CARRIER.name} any more."
    if present.points_at != route.id:
        return False, f"{CARRIER.name} does not route the number to this platform's trunk."
    try:
        trunk = client.get(f"{trunks.PATH}/{route.id}")
    except NotThere:
        return False, f"The trunk that the number is on is not at {CARRIER.name} any more."
    if client.call.platform is not None and not trunks.leads_here(client, trunk):
        return False, "The trunk that the number is on leads elsewhere."
    return True, "The number is on this platform's trunk."


def _not_there(name: str, gone: NumberNotFound, proof: tuple[Exchange, ...]) -> Check:
    remedy = "If it was moved to another account or given up, remove it here too."
    return Check(name, FAIL, gone.code, gone.summary, remedy, proof)
