"""Whether an imported number is still routed to the platform, and may dial out."""

from __future__ import annotations

from decimal import Decimal

import attrs

from trunkline import e164
from trunkline.checks import FAIL, INBOUND_ROUTED, OUTBOUND_AUTHORIZED, PASS, UNKNOWN, Verification
from trunkline.errors import AccountSuspended, NumberNotFound, PermissionMissing
from trunkline.numbers import NumberRef, Route, RoutingSnapshot
from trunkline.refusals import NotThere
from trunkline_telnyx import accounts, connections, outbound, overrides, profiles, routing
from trunkline_telnyx.client import Telnyx
from trunkline_telnyx.connections import Connection
from trunkline_telnyx.findings import IN_PORTAL, PORTAL, Finding, not_permitted, suspended


def verify(telnyx: Telnyx, number: NumberRef, route: Route) -> Verification:
    """Seven requests: number, voice settings, voicemail, connection, where that leads, outbound profile, balance."""
    with telnyx.call.proving() as proof:
        try:
            present = routing.fetch(telnyx, number)
            connection = _connection(telnyx, route.id)
            inbound = _inbound(telnyx, present, route, connection)
        except NumberNotFound as gone:
            remedy = "If it was moved to another account or given up, remove it here too."
            missing = Finding(FAIL, "number_not_on_account", gone.summary, remedy)
            return Verification(missing.check(INBOUND_ROUTED, proof()), missing.check(OUTBOUND_AUTHORIZED, proof()))
        except AccountSuspended as error:
            blocked = suspended(error.summary)
            return Verification(blocked.check(INBOUND_ROUTED, proof()), blocked.check(OUTBOUND_AUTHORIZED, proof()))
    into = inbound.check(INBOUND_ROUTED, proof())
    with telnyx.call.proving() as asked:
        out = _outbound(telnyx, number, present, connection)
    # The number and the connection, read above, are part of what proves that calls may go out.
    return Verification(into, out.check(OUTBOUND_AUTHORIZED, proof() + asked()))


def _connection(telnyx: Telnyx, id: str) -> Connection | Finding:
    try:
        return connections.fetch_any(telnyx, id)
    except NotThere:
        return Finding(
            FAIL,
            "connection_deleted",
            "The connection that the number was put on has been deleted at Telnyx.",
            "Import the number again, or connect the account anew.",
        )
    except PermissionMissing as missing:
        return not_permitted("This API key may not read connections, so its target was not checked.", missing.summary)


# Inbound


def _inbound(telnyx: Telnyx, present: RoutingSnapshot, route: Route, connection: Connection | Finding) -> Finding:
    if present.restore["status"] != "active":
        return _not_active(present)
    if isinstance(connection, Finding) and connection.outcome is FAIL:
        return connection
    if present.points_at != route.id:
        where = "another connection" if present.points_at else "nothing"
        return Finding(
            FAIL,
            "routed_elsewhere",
            f"Telnyx routes the number to {where}, not to this platform's connection.",
            f"Import the number again, or put it back on the connection {IN_PORTAL}, under Numbers.",
        )
    led = connection if isinstance(connection, Finding) else _leads(telnyx, connection)
    overriding = overrides.judge(overrides.fetch(telnyx, present.number.handle))
    # What fails comes before what is left open.
    for finding in (overriding, led):
        if finding is not None and finding.outcome is FAIL:
            return finding
    if led.outcome is UNKNOWN or overriding is None:
        return (
            attrs.evolve(led, summary=f"The number is on its connection. {led.summary}") if led.outcome is PASS else led
        )
    return overriding


def _leads(telnyx: Telnyx, connection: Connection) -> Finding:
    try:
        return connections.judge(telnyx, connection, connections.places(telnyx, connection))
    except PermissionMissing as missing:
        return not_permitted("This API key may not read where the connection leads.", missing.summary)


def _not_active(present: RoutingSnapshot) -> Finding:
    status = str(present.restore["status"]).replace("-", " ") or "in an unknown state"
    return Finding(
        FAIL,
        "number_not_active",
        f"Telnyx has this number as {status}.",
        f"{PORTAL}, look at the number: what it waits for is told there.",
    )


# Outbound


def _outbound(telnyx: Telnyx, number: NumberRef, present: RoutingSnapshot, connection: Connection | Finding) -> Finding:
    if present.restore["status"] != "active":
        return _not_active(present)
    if isinstance(connection, Finding):
        return connection
    country = e164.country(number.number)
    countries = [country] if country else []
    try:
        profile = profiles.attached(telnyx, connection)
        return outbound.judge(telnyx, connection, None, profile, countries, lambda: _credit(telnyx))
    except AccountSuspended as error:
        return suspended(error.summary)


def _credit(telnyx: Telnyx) -> Decimal | None:
    try:
        return accounts.available_credit(telnyx)
    except PermissionMissing:
        return None
