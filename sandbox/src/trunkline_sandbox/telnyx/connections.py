"""/v2/connections and the resources of each kind: FQDN, IP, credential, Voice API, TeXML, fax, external, UAC."""

import re
from collections.abc import Callable
from typing import Any

from trunkline_sandbox.carrier import Response

from .errors import DUPLICATE, FEATURE_LIMITED, IN_USE, Refusal, invalid, not_found
from .model import Connection, moment
from .paging import page
from .routing import Call, Part, data

connections = Part()

_MASK = "********"
_SORTS = ("created_at", "connection_name", "active")
_INBOUND_DEFAULTS: dict[str, Any] = {
    "ani_number_format": "E.164-national",
    "dnis_number_format": "e164",
    "codecs": ["G722", "G711U"],
    "channel_limit": None,
    "default_routing_method": "sequential",
    "default_primary_fqdn_id": None,
    "default_secondary_fqdn_id": None,
    "default_tertiary_fqdn_id": None,
    "generate_ringback_tone": False,
    "isup_headers_enabled": False,
    "prack_enabled": False,
    "sip_compact_headers_enabled": True,
    "sip_region": "US",
    "sip_subdomain": None,
    "sip_subdomain_receive_settings": "from_anyone",
    "timeout_1xx_secs": 3,
    "timeout_2xx_secs": 90,
    "shaken_stir_enabled": False,
}
_INBOUND_CHOICES = {
    "ani_number_format": ("+E.164", "E.164", "+E.164-national", "E.164-national"),
    "dnis_number_format": ("+e164", "e164", "national", "sip_username"),
    "sip_region": ("US", "Europe", "Australia"),
    "default_routing_method": ("sequential", "round-robin", None),
    "sip_subdomain_receive_settings": ("only_my_connections", "from_anyone"),
}
_AUTHENTICATIONS = ("credential-authentication", "ip-authentication")


# What is shown


def _head(connection: Connection) -> dict[str, Any]:
    return {
        "id": connection.id,
        "record_type": connection.record_type,
        "active": connection.active,
        "anchorsite_override": "Latency",
        "tags": connection.tags,
        "webhook_event_failover_url": "",
        "webhook_api_version": "2",
        "created_at": moment(connection.created),
        "updated_at": moment(connection.updated),
    }


def show_any(connection: Connection) -> dict[str, Any]:
    """The high-level details that any kind has."""
    shown = {
        **_head(connection),
        "connection_name": connection.name,
        "webhook_event_url": connection.webhook_url,
    }
    if connection.profile_id:
        shown["outbound_voice_profile_id"] = connection.profile_id
    return shown


def show_fqdn(call: Call, connection: Connection, password: str | None = None) -> dict[str, Any]:
    """An FQDN connection; its password in full only where it was just set, or as before September 2026."""
    known = connection.password if call.switches.sip_secrets_readable else password
    # https://github.com/team-telnyx/openapi calls the field outbound.ip_authentication_method; live it is another one.
    authentication = "fqdn_authentication_method" if call.switches.authentication_nested else "ip_authentication_method"
    outbound: dict[str, Any] = {
        "ani_override": "",
        "ani_override_type": "always",
        "call_parking_enabled": False,
        "generate_ringback_tone": False,
        "instant_ringback_enabled": False,
        "localization": "US",
        "t38_reinvite_source": "customer",
        "timeout_1xx_secs": 3,
        "timeout_2xx_secs": 90,
        authentication: connection.authentication or "ip-authentication",
    }
    if connection.profile_id:
        outbound["outbound_voice_profile_id"] = connection.profile_id
    shown = {
        **_head(connection),
        "connection_name": connection.name,
        "transport_protocol": connection.transport_protocol,
        "encrypted_media": None,
        "default_on_hold_comfort_noise_enabled": True,
        "dtmf_type": "RFC 2833",
        "encode_contact_header_enabled": False,
        "onnet_t38_passthrough_enabled": False,
        "microsoft_teams_sbc": False,
        "webhook_event_url": connection.webhook_url or "",
        "webhook_timeout_secs": None,
        "rtcp_settings": {"capture_enabled": False, "port": "rtp+1", "report_frequency_secs": 5},
        "inbound": {**_INBOUND_DEFAULTS, **connection.inbound},
        "outbound": outbound,
    }
    if connection.user_name:
        shown |= {"user_name": connection.user_name, "password": known or _MASK}
    return shown


def show_ip(connection: Connection) -> dict[str, Any]:
    """An IP connection."""
    inbound = {name: value for name, value in _INBOUND_DEFAULTS.items() if value is not None and "fqdn" not in name}
    outbound = {"outbound_voice_profile_id": connection.profile_id} if connection.profile_id else {}
    return {
        **_head(connection),
        "connection_name": connection.name,
        "transport_protocol": connection.transport_protocol,
        "webhook_event_url": connection.webhook_url or "",
        "inbound": {**inbound, **connection.inbound},
        "outbound": {"ip_authentication_method": "tech-prefixp-charge-info", **outbound},
    }


def show_credential(connection: Connection) -> dict[str, Any]:
    """A credential connection: calls go to whoever registers with it."""
    outbound = {"outbound_voice_profile_id": connection.profile_id} if connection.profile_id else {}
    return {
        **_head(connection),
        "connection_name": connection.name,
        "user_name": connection.user_name or "user",
        "password": _MASK,
        "sip_uri_calling_preference": "disabled",
        "webhook_event_url": connection.webhook_url or "https://calls.acme.example/events",
        "inbound": {},
        "outbound": outbound,
    }


def show_application(connection: Connection) -> dict[str, Any]:
    """A Voice API or a TeXML application: calls go to a webhook."""
    called = {"outbound_voice_profile_id": connection.profile_id} if connection.profile_id else {}
    shown = {**_head(connection), "dtmf_type": "RFC 2833", "inbound": {}, "outbound": called}
    if connection.record_type == "texml_application":
        shown = {name: value for name, value in shown.items() if not name.startswith("webhook_")}
        return {**shown, "friendly_name": connection.name, "voice_url": connection.webhook_url}
    return {**shown, "application_name": connection.name, "webhook_event_url": connection.webhook_url}


def show_fax(connection: Connection) -> dict[str, Any]:
    """A fax application: calls are taken as faxes."""
    called = {"outbound_voice_profile_id": connection.profile_id} if connection.profile_id else {}
    shown = {name: value for name, value in _head(connection).items() if name != "webhook_api_version"}
    named = {"application_name": connection.name, "webhook_event_url": connection.webhook_url}
    return {**shown, **named, "inbound": {}, "outbound": called}


def show_external(connection: Connection) -> dict[str, Any]:
    """An external connection: calls go to Zoom or Teams. It has no name."""
    called = {"outbound_voice_profile_id": connection.profile_id} if connection.profile_id else {}
    shown = {name: value for name, value in _head(connection).items() if name != "anchorsite_override"}
    more = {"credential_active": False, "external_sip_connection": "zoom", "inbound": {"channel_limit": 10}}
    return {**shown, **more, "webhook_event_url": connection.webhook_url or "", "outbound": called}


def show_uac(connection: Connection) -> dict[str, Any]:
    """A UAC connection: Telnyx registers with the customer's own PBX."""
    called = {"outbound_voice_profile_id": connection.profile_id} if connection.profile_id else {}
    shown = {**_head(connection), "connection_name": connection.name, "authentication": "uac-authentication"}
    return {**shown, "webhook_event_url": connection.webhook_url or "", "inbound": {}, "outbound": called}


# Any kind


def _listed(call: Call, kind: str | None = None) -> list[Connection]:
    sort = call.query.get("sort", "created_at")
    if sort.removeprefix("-") not in _SORTS:
        raise invalid(f"sort must be one of {', '.join(_SORTS)}", "/sort", status=400)
    part = call.query.get("filter[connection_name][contains]")
    if part is not None and len(part) < 3:
        raise invalid("contains requires at least three characters.", "/filter/connection_name/contains", status=400)
    profile = call.query.get("filter[outbound_voice_profile_id]")
    host = call.query.get("filter[fqdn]")
    leading = {each.connection_id for each in call.account.fqdns.values() if each.fqdn == host}
    found = [
        each
        for each in call.account.connections.values()
        if (kind is None or each.record_type == kind)
        and (kind is not None or call.switches.applications_are_connections or not each.is_application)
        and (part is None or part.lower() in each.name.lower())
        and (profile is None or each.profile_id == profile)
        and (host is None or each.id in leading)
    ]
    keys = {"created_at": lambda c: c.created, "connection_name": lambda c: c.name, "active": lambda c: c.active}
    return sorted(found, key=keys[sort.removeprefix("-")], reverse=sort.startswith("-"))


def _connection(call: Call, kind: str | None = None) -> Connection:
    found = call.account.connections.get(call.params["id"])
    if found is None or (kind is not None and found.record_type != kind):
        raise not_found()
    if kind is None and found.is_application and not call.switches.applications_are_connections:
        raise not_found()
    return found


@connections.on("GET", "/connections")
def list_connections(call: Call) -> Response:
    """The connections of every kind."""
    return page(call, _listed(call), show_any)


@connections.on("GET", "/connections/count")
def count_connections(call: Call) -> Response:
    """How many connections there are of each kind."""
    if not call.switches.connection_count:
        raise not_found()
    kinds = ("fqdn_connection", "ip_connection", "credential_connection", "call_control_application")
    counts = {f"{kind}s": len(_of_kind(call, kind)) for kind in (*kinds, "texml_application")}
    return data(200, {"record_type": "connection_count", "counts": counts, "limits": {"global_limit": 10_000}})


@connections.on("GET", "/connections/{id}")
def fetch_connection(call: Call) -> Response:
    """One connection of any kind."""
    return data(200, show_any(_connection(call)))


def _of_kind(call: Call, kind: str) -> list[Connection]:
    return [each for each in call.account.connections.values() if each.record_type == kind]


# FQDN connections


def _show_this(call: Call, password: str | None = None) -> dict[str, Any]:
    return show_fqdn(call, _connection(call, "fqdn_connection"), password)


@connections.on("GET", "/fqdn_connections")
def list_fqdn_connections(call: Call) -> Response:
    """The FQDN connections."""
    return page(call, _listed(call, "fqdn_connection"), lambda each: show_fqdn(call, each))


@connections.on("GET", "/fqdn_connections/{id}")
def fetch_fqdn_connection(call: Call) -> Response:
    """One FQDN connection."""
    return data(200, _show_this(call))


@connections.on("POST", "/fqdn_connections")
def create_fqdn_connection(call: Call) -> Response:
    """A new FQDN connection, of any name, even one that is there already."""
    body = call.body()
    if not isinstance(body.get("connection_name"), str) or not body["connection_name"]:
        raise invalid("connection_name can't be blank", "/connection_name")
    others = _of_kind(call, "fqdn_connection")
    if call.account.level == "trial" and others:
        raise Refusal(403, FEATURE_LIMITED, "This account level allows one connection of this type.")
    if call.switches.names_unique and any(each.name == body["connection_name"] for each in others):
        raise Refusal(422, DUPLICATE, "connection_name has already been taken", "/connection_name")
    made = Connection(call.world.id(), "fqdn_connection", body["connection_name"], call.now, call.now)
    _change(call, made, body)
    call.account.connections[made.id] = made
    return data(201, show_fqdn(call, made, body.get("password")))


@connections.on("PATCH", "/fqdn_connections/{id}")
def update_fqdn_connection(call: Call) -> Response:
    """Changes what it knows, in its right place, and passes over the rest in silence."""
    connection = _connection(call, "fqdn_connection")
    body = call.body()
    _change(call, connection, body)
    connection.updated = call.now
    return data(200, show_fqdn(call, connection, body.get("password")))


def _change(call: Call, connection: Connection, body: dict[str, Any]) -> None:
    """All of it or none: what is refused leaves no trace."""
    inbound, outbound = body.get("inbound") or {}, body.get("outbound") or {}
    _check_inbound(call, inbound)
    field = "fqdn_authentication_method" if call.switches.authentication_nested else "ip_authentication_method"
    authentication = outbound.get(field, connection.authentication)
    if authentication not in (None, *_AUTHENTICATIONS):
        raise invalid("is not included in the list", f"/outbound/{field}")
    credentials = (connection.user_name, connection.password)
    if call.switches.credentials_on_create:
        credentials = _credentials(call, connection, body)
    profile = outbound.get("outbound_voice_profile_id", connection.profile_id)
    if profile is not None and profile not in call.account.profiles:
        raise invalid("The outbound voice profile could not be found.", "/outbound/outbound_voice_profile_id")
    configured = authentication == "credential-authentication" and credentials[0] is not None
    if profile and not connection.profile_id and call.switches.attach_needs_credentials and not configured:
        raise invalid("Outbound authentication must be fully configured.", "/outbound/outbound_voice_profile_id")
    if body.get("transport_protocol", "UDP") not in ("UDP", "TCP", "TLS"):
        raise invalid("is not included in the list", "/transport_protocol")
    connection.inbound = {**connection.inbound, **{k: v for k, v in inbound.items() if k in _INBOUND_DEFAULTS}}
    connection.authentication, connection.profile_id = authentication, profile
    connection.user_name, connection.password = credentials
    connection.name = body.get("connection_name", connection.name)
    connection.active = body.get("active", connection.active)
    connection.transport_protocol = body.get("transport_protocol", connection.transport_protocol)
    connection.tags = body.get("tags", connection.tags)


def _check_inbound(call: Call, inbound: dict[str, Any]) -> None:
    for name, allowed in _INBOUND_CHOICES.items():
        if name in inbound and inbound[name] not in allowed:
            raise invalid("is not included in the list", f"/inbound/{name}")
    for name in ("default_primary_fqdn_id", "default_secondary_fqdn_id", "default_tertiary_fqdn_id"):
        record = call.account.fqdns.get(inbound.get(name) or "")
        if inbound.get(name) is not None and (record is None or record.connection_id != call.params.get("id")):
            raise invalid("must be an FQDN of this connection", f"/inbound/{name}")


def _credentials(call: Call, connection: Connection, body: dict[str, Any]) -> tuple[str | None, str | None]:
    user, password = body.get("user_name", connection.user_name), body.get("password", connection.password)
    if "user_name" in body and not re.fullmatch(r"[A-Za-z][A-Za-z0-9]{3,31}", str(user)):
        raise invalid("user_name must have 4 to 32 letters and digits, a letter first", "/user_name")
    if "password" in body and not 8 <= len(str(password)) <= 128:
        raise invalid("password must have 8 to 128 characters", "/password")
    if user != connection.user_name and user in call.world.taken_user_names:
        raise invalid("user_name has already been taken", "/user_name")
    if user:
        call.world.taken_user_names.add(user)
    return user, password


@connections.on("DELETE", "/fqdn_connections/{id}")
def delete_fqdn_connection(call: Call) -> Response:
    """Deletes the connection, if nothing is on it, or whatever is."""
    connection = _connection(call, "fqdn_connection")
    if call.account.on_connection(connection.id) and call.switches.delete_in_use == "refused":
        raise Refusal(422, IN_USE, "The connection has phone numbers assigned to it.")
    shown = show_fqdn(call, connection)
    call.account.drop_connection(connection)
    return data(200, shown)


def _show_authentication(connection: Connection, password: str | None) -> dict[str, Any]:
    return {
        "fqdn_outbound_authentication": connection.authentication or "ip-authentication",
        "user_name": connection.user_name,
        "password": password or (_MASK if connection.user_name else None),
    }


@connections.on("GET", "/fqdn_connections/{id}/fqdn_authentication")
def fetch_authentication(call: Call) -> Response:
    """How calls out of an FQDN connection are authenticated."""
    if not call.switches.authentication_endpoint:
        raise not_found()
    return data(200, _show_authentication(_connection(call, "fqdn_connection"), None))


@connections.on("PATCH", "/fqdn_connections/{id}/fqdn_authentication")
def update_authentication(call: Call) -> Response:
    """Sets user, password and way of authentication."""
    if not call.switches.authentication_endpoint:
        raise not_found()
    connection = _connection(call, "fqdn_connection")
    body = call.body()
    connection.user_name, connection.password = _credentials(call, connection, body)
    wanted = body.get("fqdn_outbound_authentication", connection.authentication)
    if wanted not in (None, *_AUTHENTICATIONS):
        raise invalid("is not included in the list", "/fqdn_outbound_authentication")
    connection.authentication = wanted
    connection.updated = call.now
    return data(200, _show_authentication(connection, body.get("password")))


# Other kinds, which are read only here


@connections.on("GET", "/ip_connections")
def list_ip_connections(call: Call) -> Response:
    """The IP connections."""
    return page(call, _listed(call, "ip_connection"), show_ip)


def _fetching(kind: str, show: Callable[[Connection], dict[str, Any]]) -> Callable[[Call], Response]:
    """What serves one connection of a kind."""
    return lambda call: data(200, show(_connection(call, kind)))


for _kind, _show in (
    ("ip_connection", show_ip),
    ("credential_connection", show_credential),
    ("call_control_application", show_application),
    ("texml_application", show_application),
    ("fax_application", show_fax),
    ("external_connection", show_external),
    ("uac_connection", show_uac),
):
    connections.on("GET", f"/{_kind}s/{{id}}")(_fetching(_kind, _show))
