"""Connections, which numbers are put on, and the places they send calls to."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence

import attrs

from trunkline.checks import FAIL, PASS, UNKNOWN
from trunkline.errors import CarrierRefused
from trunkline.refusals import NotThere
from trunkline.sip_target import SipTarget
from trunkline_telnyx.client import PAGE_SIZE, Row, Telnyx, part, text
from trunkline_telnyx.findings import PORTAL, Finding
from trunkline_telnyx.refusals import unexpected

FQDN, IP, CREDENTIAL = "fqdn_connection", "ip_connection", "credential_connection"
KINDS = {
    FQDN: "an FQDN connection",
    IP: "an IP connection",
    CREDENTIAL: "a credential connection",
    "call_control_application": "a Voice API application",
    "texml_application": "a TeXML application",
    "fax_application": "a fax application",
    "external_connection": "an external connection",
    "uac_connection": "a UAC connection",
}

NUMBER_FORMATS = {"ani_number_format": "+E.164", "dnis_number_format": "+e164"}
"""By default Telnyx leaves out the plus, and then no platform finds the number (OpenAPI, `dnis_number_format`)."""

CREDENTIALS = "credential-authentication"
DEFAULT_PORT = 5060
TLS_PORT = 5061
_NAME_LIMIT = 60


@attrs.frozen
class Connection:
    """One connection or application; what its high-level details do not tell is None."""

    id: str
    kind: str
    name: str
    active: bool
    made_at: str = ""
    profile_id: str | None = None
    transport: str | None = None
    user_name: str | None = None
    authentication: str | None = None
    primary: str | None = None
    full: bool = False
    """True where its channel limit lets no call in."""
    number_format: str | None = None
    round_robin: bool = False
    """True where all its places share the calls."""
    subdomain: str | None = None
    closed: bool = False
    """True where its subdomain takes calls from the account's own connections only."""

    @property
    def words(self) -> str:
        """What kind of thing it is."""
        return KINDS.get(self.kind, "a connection of another kind")


@attrs.frozen
class Place:
    """Where a connection sends calls: a host name or an address, and a port unless DNS tells it (srv)."""

    id: str
    connection_id: str
    host: str
    port: int | None
    srv: bool = False


# Names


def name_for(marker: str) -> str:
    """The name of what we make: the marker, cut short without becoming another's."""
    if len(marker) < 3:
        return f"trunkline {marker}"
    if len(marker) <= _NAME_LIMIT:
        return marker
    return f"{marker[: _NAME_LIMIT - 17]}-{hashlib.sha256(marker.encode()).hexdigest()[:16]}"


# Reading


def fetch_fqdn(telnyx: Telnyx, id: str) -> Connection:
    """One FQDN connection; `NotThere` for an id that is another kind's, another account's or nobody's."""
    return of_row(telnyx.ask(lambda sdk: sdk.fqdn_connections.retrieve(id)))


def fetch_any(telnyx: Telnyx, id: str) -> Connection:
    """One connection of any kind: an FQDN or IP connection whole, of others the high-level details.

    Which kinds /connections/{id} knows is not documented: those that it may not know are looked for too.
    """
    for look in (
        lambda sdk: sdk.fqdn_connections.retrieve(id),
        lambda sdk: sdk.connections.retrieve(id),
        lambda sdk: sdk.call_control_applications.retrieve(id),
        lambda sdk: sdk.texml_applications.retrieve(id),
        lambda sdk: sdk.fax_applications.retrieve(id),
        lambda sdk: sdk.external_connections.retrieve(id),
    ):
        try:
            found = of_row(telnyx.ask(look))
        except NotThere:
            continue
        # The high-level details tell neither channel limit nor subdomain (OpenAPI, `/connections/{id}`).
        return of_row(telnyx.ask(lambda sdk: sdk.ip_connections.retrieve(id))) if found.kind == IP else found
    return of_row(telnyx.ask(lambda sdk: sdk.uac_connections.retrieve(id)))


def exists(telnyx: Telnyx, id: str) -> bool:
    """Whether the account has a connection or an application of this id."""
    try:
        fetch_any(telnyx, id)
    except NotThere:
        return False
    return True


def named(telnyx: Telnyx, name: str) -> list[Connection]:
    """The FQDN connections of exactly this name, the oldest first; the filter finds those that contain it."""
    query = {"filter[connection_name][contains]": name}
    found = [of_row(row) for row in telnyx.rows("/fqdn_connections", query)]
    return sorted((each for each in found if each.name == name), key=lambda each: (each.made_at, len(each.id), each.id))


def ours(telnyx: Telnyx) -> Connection | None:
    """The connection that carries our marker; the oldest of several, since every caller must choose the same one."""
    return next(iter(named(telnyx, name_for(telnyx.call.marker))), None)


def places(telnyx: Telnyx, connection: Connection) -> list[Place]:
    """Where it sends calls. /fqdns writes connection_id as a number, against its document."""
    if connection.kind not in (FQDN, IP):
        return []
    return _records(telnyx, "/fqdns", connection) if connection.kind == FQDN else addresses(telnyx, connection)


def addresses(telnyx: Telnyx, connection: Connection) -> list[Place]:
    """The IP addresses of a connection: it sends calls there, or knows its callers by them, or both."""
    return _records(telnyx, "/ips", connection)


def _records(telnyx: Telnyx, path: str, connection: Connection) -> list[Place]:
    rows = telnyx.rows(path, {"filter[connection_id]": connection.id, "page[size]": str(PAGE_SIZE)})
    return [place for place in map(place_of, rows) if place.connection_id == connection.id]


# Comparing


def wanted_port(platform: SipTarget) -> int:
    """The port an FQDN record needs: without one Telnyx takes 5060 (OpenAPI, `/fqdns`)."""
    return platform.port or (TLS_PORT if platform.transport == "tls" else DEFAULT_PORT)


def wanted_transport(platform: SipTarget) -> str:
    """As Telnyx writes it."""
    return (platform.transport or "udp").upper()


def leads_to(place: Place, platform: SipTarget) -> bool:
    """Whether calls sent there reach the platform's host and port."""
    if not _same_host(place.host, platform.host):
        return False
    if place.srv:
        return platform.port is None
    port = place.port or DEFAULT_PORT
    return port == platform.port if platform.port else port in (DEFAULT_PORT, TLS_PORT)


def leading(found: Iterable[Place], platform: SipTarget) -> list[Place]:
    """The places that are the platform."""
    return [place for place in found if leads_to(place, platform)]


def judge(telnyx: Telnyx, connection: Connection, found: Sequence[Place]) -> Finding:
    """Whether calls to a number on this connection are sent to the platform, as far as its configuration tells."""
    called = f"Telnyx connection {shown(connection.name)}"
    if connection.kind not in (FQDN, IP):
        return _other_kind(connection)
    if not connection.active:
        summary = f"The {called} is switched off, so no call passes it."
        return Finding(FAIL, "connection_inactive", summary, f"{PORTAL}, open SIP Trunking and switch it on.")
    if connection.full:
        summary = f"The {called} has a channel limit of 0 for inbound calls, so none comes in."
        return Finding(
            FAIL, "no_channels", summary, f"{PORTAL}, raise or remove the connection's inbound channel limit."
        )
    platform = telnyx.call.platform
    if platform is None:
        summary = f"The {called} can be read, but this platform has no SIP host to compare its target with."
        return Finding(UNKNOWN, "platform_not_set", summary, "The operator of this platform has to set its SIP host.")
    here = leading(found, platform)
    if not here:
        return _elsewhere(connection, found, platform)
    # An IP connection's example names its primary one by the address itself (OpenAPI, `default_primary_ip_id`).
    ours = {name for place in here for name in (place.id, place.host)}
    if connection.primary and not connection.round_robin and connection.primary not in ours:
        summary = f"The {called} sends calls to another host first, and to {platform.host} only where that one fails."
        record = "FQDN" if connection.kind == FQDN else "IP address"
        return Finding(FAIL, "another_host_first", summary, f"{PORTAL}, make {platform.host} its primary {record}.")
    finding = _subdomain(telnyx, connection) or next(iter(open_of(connection, found, platform)), None)
    return finding or Finding(PASS, "routed_here", f"The {called} is active and sends calls to {platform.host}.")


def open_of(connection: Connection, found: Sequence[Place], platform: SipTarget) -> list[Finding]:
    """What leaves it open whether calls that a connection sends here are answered, all of it."""
    called, doubts = f"Telnyx connection {shown(connection.name)}", []
    if connection.round_robin and len(leading(found, platform)) < len(found):
        summary = f"The {called} shares calls out in turn, so some of them go to another host than {platform.host}."
        remedy = f"{PORTAL}, set its routing method to sequential, with {platform.host} first."
        doubts.append(Finding(UNKNOWN, "calls_shared", summary, remedy))
    if platform.transport and connection.transport and connection.transport.lower() != platform.transport:
        summary = f"The {called} sends calls over {connection.transport}, this platform asks for {platform.transport}."
        remedy = f"{PORTAL}, set the connection's transport protocol to {platform.transport.upper()}."
        doubts.append(Finding(UNKNOWN, "other_transport", summary, remedy))
    if connection.number_format not in (None, NUMBER_FORMATS["dnis_number_format"]):
        summary = f"The {called} leaves out the plus of the number that is called, so this platform may not find it."
        remedy = f"{PORTAL}, set its inbound DNIS number format to +E.164."
        doubts.append(Finding(UNKNOWN, "number_format", summary, remedy))
    return doubts


def _other_kind(connection: Connection) -> Finding:
    summary = f"{connection.words.capitalize()} does not send calls to a SIP host."
    if connection.kind == CREDENTIAL:
        summary = "A credential connection sends calls to whatever is registered with it, not to a SIP host."
    elif connection.kind not in KINDS:
        summary = "This kind of connection is not known here, so where it sends calls cannot be told."
    remedy = f"{PORTAL}, make an FQDN connection that leads to this platform, and give its ID."
    return Finding(FAIL if connection.kind in KINDS else UNKNOWN, "connection_kind", summary, remedy)


def _elsewhere(connection: Connection, found: Sequence[Place], platform: SipTarget) -> Finding:
    called = f"Telnyx connection {shown(connection.name)}"
    if connection.kind == IP:
        if is_address(platform.host):
            summary = f"None of the addresses of the {called} is {platform.host}."
            remedy = f"{PORTAL}, add {platform.host} to the connection's IP addresses."
            return Finding(FAIL, "connection_elsewhere", summary, remedy)
        summary = f"The {called} sends calls to addresses, which cannot be compared with the name {platform.host}."
        remedy = f"{PORTAL}, make an FQDN connection with {platform.host}, and give its ID."
        return Finding(UNKNOWN, "addresses_not_comparable", summary, remedy)
    if not found:
        summary = f"The {called} has no FQDN record yet; importing numbers adds one for {platform.host}."
        return Finding(UNKNOWN, "fqdn_will_be_added", summary, "Nothing has to be done.")
    if any(_same_host(place.host, platform.host) for place in found):
        summary = f"The {called} leads to {platform.host}, but to another port than this platform's."
        remedy = f"{PORTAL}, set the port of the FQDN record to {wanted_port(platform)}."
        return Finding(FAIL, "wrong_port", summary, remedy)
    summary = f"The {called} sends calls elsewhere: none of its FQDN records is {platform.host}."
    remedy = f"{PORTAL}, make a connection of its own for this platform, with {platform.host} as FQDN, and give its ID."
    return Finding(FAIL, "connection_elsewhere", summary, remedy)


def _subdomain(telnyx: Telnyx, connection: Connection) -> Finding | None:
    domain = (telnyx.domain or "").lower()
    if not domain.endswith(".sip.telnyx.com"):
        return None
    if f"{(connection.subdomain or '').lower()}.sip.telnyx.com" != domain:
        summary = f"The connection does not have the SIP subdomain {domain}."
        return Finding(FAIL, "domain_not_found", summary, f"{PORTAL}, copy the connection's own SIP subdomain.")
    if connection.closed:
        summary = f"The SIP subdomain {domain} takes calls from the account's own connections only."
        remedy = f"{PORTAL}, let the connection's SIP subdomain receive calls from anyone."
        return Finding(FAIL, "domain_closed", summary, remedy)
    return None


_NO_OBSTACLE = frozenset(
    {"calls_shared", "other_transport", "number_format", "fqdn_will_be_added", "domain_not_found", "domain_closed"}
)
"""What numbers may be imported in spite of: it is mended by the import, warned of, or not about calls to numbers."""


def require_usable(finding: Finding) -> None:
    """Raise `CarrierRefused` unless numbers put on the connection reach the platform, or will once it is mended."""
    if finding.outcome is PASS or finding.code in _NO_OBSTACLE:
        return
    raise CarrierRefused(
        f"{finding.summary} {finding.remedy or ''}".strip(), detail=f"{finding.code}: nothing was written"
    )


# From rows


def of_row(row: Row) -> Connection:
    """A connection as any of its resources tells it."""
    id = text(row, "id")
    if not id:
        raise unexpected("a connection without an id")
    inbound, outbound = part(row, "inbound"), part(row, "outbound")
    limit = inbound.get("channel_limit")
    return Connection(
        id=id,
        kind=text(row, "record_type") or _guessed_kind(row),
        name=text(row, "connection_name") or text(row, "application_name") or text(row, "friendly_name"),
        active=row.get("active") is True,
        made_at=text(row, "created_at"),
        profile_id=text(outbound, "outbound_voice_profile_id") or text(row, "outbound_voice_profile_id") or None,
        transport=text(row, "transport_protocol") or None,
        user_name=text(row, "user_name") or None,
        # Live it is the first; the document has the second; the newest resource for it has the third.
        authentication=next(
            (
                value
                for value in (
                    text(outbound, "fqdn_authentication_method"),
                    text(outbound, "ip_authentication_method"),
                    text(row, "fqdn_outbound_authentication"),
                )
                if value
            ),
            None,
        ),
        primary=text(inbound, "default_primary_fqdn_id") or text(inbound, "default_primary_ip_id") or None,
        full=limit == 0 and limit is not False,
        number_format=text(inbound, "dnis_number_format") or None,
        round_robin=text(inbound, "default_routing_method") == "round-robin",
        subdomain=text(inbound, "sip_subdomain") or None,
        closed=text(inbound, "sip_subdomain_receive_settings") == "only_my_connections",
    )


def place_of(row: Row) -> Place:
    """An FQDN or IP record."""
    id, port = text(row, "id"), row.get("port")
    if not id:
        raise unexpected("an FQDN record without an id")
    return Place(
        id,
        text(row, "connection_id"),
        text(row, "fqdn") or text(row, "ip_address"),
        port if isinstance(port, int) and not isinstance(port, bool) else None,
        text(row, "dns_record_type").lower() == "srv",
    )


def shown(name: str) -> str:
    """A name fit to be shown, in quotation marks, without what looks like an e-mail address."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in name).split())[:80]
    return "“…”" if "@" in plain or not plain else f"“{plain}”"


def _guessed_kind(row: Row) -> str:
    return FQDN if "transport_protocol" in row else "unknown"


def _same_host(one: str, other: str) -> bool:
    return one.rstrip(".").casefold() == other.rstrip(".").casefold()


def is_address(host: str) -> bool:
    """Whether it is an IP address, which no FQDN record takes."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
