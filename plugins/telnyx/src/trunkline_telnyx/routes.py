"""The connection that numbers are put on: the customer's own, or one of ours, found or made."""

from __future__ import annotations

import attrs

from trunkline.errors import CarrierRefused, TrunklineError, WriteOutcomeUnknown
from trunkline.numbers import Route
from trunkline.refusals import NotThere
from trunkline.sip_target import SipTarget
from trunkline_telnyx import connections
from trunkline_telnyx.client import Row, Telnyx
from trunkline_telnyx.connections import (
    FQDN,
    NUMBER_FORMATS,
    Connection,
    Place,
    leading,
    name_for,
    wanted_port,
    wanted_transport,
)
from trunkline_telnyx.refusals import LevelTooLow, Taken, unexpected


@attrs.frozen
class Target:
    """The connection to be used, if there is one yet, where it leads, and whether it is one of ours."""

    connection: Connection | None
    places: tuple[Place, ...]
    own: bool


def find(telnyx: Telnyx) -> Target:
    """The connection the customer named, the one that guided set-up made, or the one that carries our marker."""
    if telnyx.connection_id is not None:
        try:
            connection = connections.fetch_any(telnyx, telnyx.connection_id)
        except NotThere as missing:
            raise CarrierRefused(
                "The connection of this connection ID is not in the account of this API key. Copy the ID from SIP "
                "Trunking in the Telnyx Mission Control Portal.",
                detail=missing.detail,
                reply=missing.reply,
            ) from None
        return Target(connection, tuple(connections.places(telnyx, connection)), own=False)
    found = _made_in_set_up(telnyx) or connections.ours(telnyx)
    if found is None:
        return Target(None, (), own=True)
    return Target(found, tuple(connections.places(telnyx, found)), own=True)


def find_made(telnyx: Telnyx) -> Target:
    """The same, but refused where guided set-up should have made it and it is gone."""
    target = find(telnyx)
    if telnyx.guided and target.connection is None:
        raise CarrierRefused(
            "The connection that was set up at Telnyx is not there any more. Connect this account anew.",
            detail="guided set-up, and no connection of that id or marker",
        )
    return target


def needed_change(target: Target, platform: SipTarget) -> tuple[str, Place | None]:
    """What has to be done so that calls reach the platform: `found`, `change` which record, or `make` one."""
    here = leading(target.places, platform)
    if here:
        return "found", here[0]
    # One of ours leads to where the platform was: changed, since one more beside it would share the calls.
    return ("change", target.places[0]) if target.own and target.places else ("make", None)


def require_usable(telnyx: Telnyx, target: Target) -> None:
    """Raise `CarrierRefused` where numbers put there would not reach the platform and we may not mend it."""
    action, which = needed_change(target, telnyx.call.require_platform())
    is_fqdn = target.connection is None or target.connection.kind == FQDN
    platform = named_platform(telnyx) if is_fqdn and action != "found" else telnyx.call.require_platform()
    if target.connection is None:
        return
    places = list(target.places)
    if target.own and action != "found":
        # As it will be.
        planned = Place(which.id if which else "", target.connection.id, platform.host, wanted_port(platform))
        places = [planned, *(place for place in places if place is not which)]
    connections.require_usable(connections.judge(telnyx, target.connection, places))


def named_platform(telnyx: Telnyx) -> SipTarget:
    """The platform's SIP host, which an FQDN record needs to be a name; `CarrierRefused` where it is an address."""
    platform = telnyx.call.require_platform()
    if connections.is_address(platform.host):
        raise CarrierRefused(
            "This platform's SIP host is an IP address, and an FQDN connection needs a name. Make an IP connection "
            "with that address in the Telnyx Mission Control Portal, and give its ID.",
            detail="nothing was written",
        )
    return platform


def prepare(telnyx: Telnyx) -> Route:
    """The connection, found or made, with a record that leads to the platform."""
    platform = telnyx.call.require_platform()
    target = find_made(telnyx)
    require_usable(telnyx, target)
    made = target.connection is None
    connection = target.connection or make(telnyx, {})
    place = mend(telnyx, Target(connection, target.places, target.own), platform)
    data = {"own": target.own, "kind": connection.kind, "host": place.host}
    return Route(connection.id, "connection", made, data)


def make(telnyx: Telnyx, more: Row) -> Connection:
    """A connection of ours, with what more is said of it; names are not unique, so a lost answer is looked up first."""
    body = {
        "connection_name": name_for(telnyx.call.marker),
        "active": True,
        "transport_protocol": wanted_transport(telnyx.call.require_platform()),
        "inbound": {**NUMBER_FORMATS, "default_routing_method": "sequential"},
        **more,
    }
    try:
        return connections.of_row(telnyx.send("POST", "/fqdn_connections", body))
    except (WriteOutcomeUnknown, Taken) as failure:
        found = _looked_up(telnyx, failure)
        if found is None:
            raise failure from None
        return found
    except LevelTooLow as level:
        raise CarrierRefused(
            "Telnyx allows this account one connection of this kind, and that one is in other use. Upgrade the account "
            "in the Telnyx Mission Control Portal, or delete that connection, then try again.",
            detail=level.detail,
            reply=level.reply,
        ) from None


def mend(telnyx: Telnyx, target: Target, platform: SipTarget) -> Place:
    """The record that leads to the platform: found, changed or made."""
    action, which = needed_change(target, platform)
    if action == "found" and which is not None:
        return which
    if target.connection is None:
        raise unexpected("no connection to mend")
    id, port = target.connection.id, wanted_port(platform)
    place = {"fqdn": platform.host, "port": port, "dns_record_type": "a"}
    try:
        if which is not None:
            row = telnyx.ask(lambda sdk: sdk.fqdns.update(which.id, connection_id=id, **place))
        else:
            row = telnyx.ask(lambda sdk: sdk.fqdns.create(connection_id=id, **place))
    except WriteOutcomeUnknown as unknown:
        try:
            found = leading(connections.places(telnyx, target.connection), platform)
        except TrunklineError:
            raise unknown from None
        if not found:
            raise
        return found[0]
    written = connections.place_of(row)
    if not connections.leads_to(written, platform):
        raise unexpected("the FQDN record is not as it was written")
    return written


def _made_in_set_up(telnyx: Telnyx) -> Connection | None:
    id = telnyx.made.get("connection_id")
    if not isinstance(id, str):
        return None
    try:
        return connections.fetch_fqdn(telnyx, id)
    except NotThere:
        return None


def _looked_up(telnyx: Telnyx, failure: TrunklineError) -> Connection | None:
    try:
        return connections.ours(telnyx)
    except TrunklineError:
        raise failure from None
