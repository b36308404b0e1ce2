"""Whether an imported number is still routed to the platform, and may dial out."""

from __future__ import annotations

import attrs

from trunkline.checks import FAIL, INBOUND_ROUTED, OUTBOUND_AUTHORIZED, PASS, UNKNOWN, Check, Exchange, Verification
from trunkline.errors import NumberNotFound, PermissionMissing
from trunkline.numbers import NumberRef, Route, RoutingSnapshot
from trunkline.refusals import NotThere
from trunkline_signalwire import bins, handlers, outbound, routes, routing, scripts
from trunkline_signalwire.bins import Bin
from trunkline_signalwire.checks import TOKEN_SCOPES
from trunkline_signalwire.client import SignalWire
from trunkline_signalwire.handlers import SCRIPT
from trunkline_signalwire.routes import Ours
from trunkline_signalwire.scripts import Script


def verify(signalwire: SignalWire, number: NumberRef, route: Route) -> Verification:
    """Two requests: the number, our script; one more with a SIP domain."""
    with signalwire.call.proving() as proof:
        try:
            present = routing.fetch(signalwire, number, Ours(signalwire, route))
        except NumberNotFound as gone:
            return Verification(
                _not_there(INBOUND_ROUTED, gone, proof()), _not_there(OUTBOUND_AUTHORIZED, gone, proof())
            )
        inbound = _inbound(signalwire, present, route)
    return Verification(attrs.evolve(inbound, proof=proof()), outbound.check(signalwire, account_wide=False))


def _not_there(name: str, gone: NumberNotFound, proof: tuple[Exchange, ...]) -> Check:
    remedy = "If it was moved to another project or given up, remove it here too."
    return Check(name, FAIL, "number_not_on_account", gone.summary, remedy, proof)


def _inbound(signalwire: SignalWire, present: RoutingSnapshot, route: Route) -> Check:
    name = INBOUND_ROUTED
    if present.points_at != route.id:
        handler = handlers.of(present.restore)
        where = handler.words if handler else "nothing"
        return Check(
            name,
            FAIL,
            "routed_elsewhere",
            f"SignalWire routes the number to {where}, not to this platform's script.",
            "Import the number again, or assign it to the script in the SignalWire Dashboard.",
        )
    if handlers.receives_fax(present.restore):
        return Check(
            name,
            FAIL,
            "receives_fax",
            "SignalWire has the number receive faxes, not voice calls.",
            "Set the number to accept voice calls in the SignalWire Dashboard.",
        )
    try:
        found = _pointed_at(signalwire, present, route)
    except PermissionMissing:
        summary = "This API token may not read scripts, so where the calls go could not be checked."
        return Check(name, UNKNOWN, "permission_missing", summary, TOKEN_SCOPES)
    if found is None:
        return Check(
            name,
            FAIL,
            "script_deleted",
            "The script that the number is routed to has been deleted at SignalWire.",
            "Import the number again: the script is made anew.",
        )
    return _target(signalwire, found)


def _pointed_at(signalwire: SignalWire, present: RoutingSnapshot, route: Route) -> Script | Bin | None:
    if present.restore.get("call_handler") != SCRIPT:
        return bins.ours(signalwire)
    if route.kind != routes.SCRIPT_ROUTE:
        # Imported before the bin took the script's place.
        return scripts.ours(scripts.read_all(signalwire), signalwire.call.marker)
    try:
        return scripts.fetch(signalwire, str(route.data.get("id", "")))
    except NotThere:
        return None


def _target(signalwire: SignalWire, found: Script | Bin) -> Check:
    name, platform = INBOUND_ROUTED, signalwire.call.platform
    if platform is None:
        return Check(
            name,
            UNKNOWN,
            "platform_not_set",
            "The number is on this platform's script, but the platform has no SIP host to compare its target with.",
            "The operator of this platform has to set its SIP host.",
        )
    if found.leads_to(platform):
        summary = f"The number is on our script, which connects calls to {platform.host}."
        return Check(name, PASS, "routed_here", summary)
    return Check(
        name,
        FAIL,
        "script_elsewhere",
        f"The script that the number is on does not connect calls to {platform.host}.",
        "Import the number again, which mends the script.",
    )
