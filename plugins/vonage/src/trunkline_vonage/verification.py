"""Whether an imported number is still routed to the platform, and may dial out."""

from __future__ import annotations

from trunkline.checks import FAIL, INBOUND_ROUTED, OUTBOUND_AUTHORIZED, PASS, UNKNOWN, Check, Exchange, Verification
from trunkline.errors import NumberNotFound, PermissionMissing
from trunkline.numbers import NumberRef, Route, RoutingSnapshot
from trunkline_vonage import accounts, routing, target
from trunkline_vonage.accounts import Balance
from trunkline_vonage.checks import no_credit, suspended
from trunkline_vonage.client import Vonage
from trunkline_vonage.numbers import all_calls_limited

_REACHES = {"DOMESTIC": "calls within the country", "INTERNATIONAL": "calls abroad"}


def verify(vonage: Vonage, number: NumberRef, route: Route) -> Verification:
    """Three requests: the number, the account's standing, the balance."""
    with vonage.call.proving() as proof:
        try:
            present = routing.fetch(vonage, number)
        except NumberNotFound as gone:
            return Verification(*(_not_there(name, gone, proof()) for name in (INBOUND_ROUTED, OUTBOUND_AUTHORIZED)))
    with vonage.call.proving() as standing_asked:
        standing = accounts.standing(vonage)
    if standing.suspended:
        both = (suspended(name, proof() + standing_asked()) for name in (INBOUND_ROUTED, OUTBOUND_AUTHORIZED))
        return Verification(*both)
    inbound = _inbound(vonage, present, route, proof())
    with vonage.call.proving() as balance_asked:
        balance = _balance(vonage)
    asked = proof() + standing_asked() + balance_asked()
    trouble = no_credit(balance, standing, asked)
    limited = _limited(present, proof())
    if trouble is None or (limited is not None and limited.outcome is FAIL):
        return Verification(inbound, limited or _allowed(asked))
    return Verification(inbound, trouble)


def _not_there(name: str, gone: NumberNotFound, proof: tuple[Exchange, ...]) -> Check:
    remedy = "If it was moved to another account or given up, remove it here too."
    return Check(name, FAIL, "number_not_on_account", gone.summary, remedy, proof)


# Inbound


def _inbound(vonage: Vonage, present: RoutingSnapshot, route: Route, proof: tuple[Exchange, ...]) -> Check:
    name, platform = INBOUND_ROUTED, vonage.call.platform
    if "voice" not in present.number.capabilities:
        summary = "The number does not take voice calls at Vonage any more."
        return Check(
            name, FAIL, "not_voice_capable", summary, "Ask Vonage's support why VOICE was taken off it.", proof
        )
    voice = routing.voice_of(present)
    first = target.first_route_of(voice.value, present.number.number) if voice.type == "sip" else None
    if first != route.id:
        summary = f"Vonage routes the number to {_words(present)}, not to this platform."
        return Check(name, FAIL, "routed_elsewhere", summary, "Import the number again.", proof)
    if platform is None:
        summary = "The number is routed as it was imported, but the platform has no SIP host to compare that with."
        remedy = "The operator of this platform has to set its SIP host."
        return Check(name, UNKNOWN, "platform_not_set", summary, remedy, proof)
    if not platform.same_place(route.id):
        summary = f"The number is routed to where this platform was, not to {platform.host}."
        return Check(name, FAIL, "routed_elsewhere", summary, "Import the number again.", proof)
    if present.points_at != route.id:
        summary = f"The number is routed to {platform.host} first; other addresses were added behind it at Vonage."
        return Check(name, PASS, "routed_here", summary, proof=proof)
    return Check(name, PASS, "routed_here", f"The number is routed to {platform.host}.", proof=proof)


def _words(present: RoutingSnapshot) -> str:
    return {
        "sip": "another SIP address",
        "phone": "a telephone number",
        "application": "an application",
        "none": "nothing",
    }.get(present.view.kind, "something else")


# Outbound


def _balance(vonage: Vonage) -> Balance:
    try:
        return accounts.balance(vonage)
    except PermissionMissing:
        return Balance(None, False)


def _limited(present: RoutingSnapshot, proof: tuple[Exchange, ...]) -> Check | None:
    limits = present.restore["outbound_limits"]
    if not limits:
        return None
    where = " and ".join(_REACHES.get(reach, "all calls") for reach in limits)
    summary = f"Vonage limits outbound calls that show this number as the caller: {where}."
    remedy = "Show another number as the caller of those calls, or ask Vonage's support to lift the limitation."
    outcome = FAIL if all_calls_limited(limits) else UNKNOWN
    return Check(OUTBOUND_AUTHORIZED, outcome, "outbound_limited", summary, remedy, proof)


def _allowed(proof: tuple[Exchange, ...]) -> Check:
    summary = "Vonage sets no limit on outbound calls for this number, and the account has credit."
    return Check(OUTBOUND_AUTHORIZED, PASS, "calls_allowed", summary, proof=proof)
