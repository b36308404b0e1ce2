"""/v2/fqdns and /v2/ips: where connections send calls."""

import re
from typing import Any

from trunkline_sandbox.carrier import Response

from .errors import IN_USE, Refusal, invalid, not_found
from .model import Fqdn, Ip, moment
from .paging import page
from .routing import Call, Part, data

fqdns = Part()


def show_fqdn(call: Call, record: Fqdn) -> dict[str, Any]:
    """An FQDN record; the document has connection_id as a string."""
    connection = record.connection_id
    shown: dict[str, Any] = {
        "record_type": "fqdn",
        "id": record.id,
        "connection_id": int(connection) if call.switches.numeric_connection_id else connection,
        "fqdn": record.fqdn,
        "dns_record_type": record.dns_record_type,
        "created_at": moment(record.created),
        "updated_at": moment(record.updated),
    }
    return shown if record.port is None else {**shown, "port": record.port}


def show_ip(record: Ip) -> dict[str, Any]:
    """An IP record."""
    return {
        "record_type": "ip",
        "id": record.id,
        "connection_id": record.connection_id,
        "ip_address": record.ip_address,
        "port": record.port,
        "created_at": moment(record.created),
        "updated_at": moment(record.updated),
    }


def _fits(call: Call, record: Any, names: tuple[str, ...]) -> bool:
    wanted = {name: call.query.get(f"filter[{name}]") for name in names}
    return all(value is None or str(getattr(record, name)) == value for name, value in wanted.items())


def _place(body: dict[str, Any], before: Fqdn | None) -> dict[str, Any]:
    """Host, port and kind of record: a needs a port, and has 5060 without one; srv has none."""
    host = body.get("fqdn", before.fqdn if before else None)
    if not isinstance(host, str) or not re.fullmatch(r"(?=.{4,253}$)([A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}", host):
        raise invalid("fqdn is invalid", "/fqdn")
    kind = body.get("dns_record_type", before.dns_record_type if before else None)
    if kind not in ("a", "srv"):
        raise invalid("dns_record_type must be a or srv", "/dns_record_type")
    port = body.get("port", before.port if before else None)
    if kind == "srv" and port is not None:
        raise invalid("port must be blank with an srv record", "/port")
    if kind == "a" and port is None:
        port = 5060
    if port is not None and not (isinstance(port, int) and 0 < port < 65536):
        raise invalid("port is invalid", "/port")
    return {"fqdn": host, "dns_record_type": kind, "port": port}


def _record(call: Call) -> Fqdn:
    found = call.account.fqdns.get(call.params["id"])
    if found is None:
        raise not_found()
    return found


@fqdns.on("GET", "/fqdns")
def list_fqdns(call: Call) -> Response:
    """The FQDN records."""
    names = ("connection_id", "fqdn", "port", "dns_record_type")
    found = [each for each in call.account.fqdns.values() if _fits(call, each, names)]
    return page(call, found, lambda each: show_fqdn(call, each))


@fqdns.on("GET", "/fqdns/{id}")
def fetch_fqdn(call: Call) -> Response:
    """One FQDN record."""
    return data(200, show_fqdn(call, _record(call)))


@fqdns.on("POST", "/fqdns")
def create_fqdn(call: Call) -> Response:
    """One more place that an FQDN connection sends calls to."""
    body = call.body()
    connection = call.account.connections.get(str(body.get("connection_id")))
    if connection is None or connection.record_type != "fqdn_connection":
        raise invalid("The connection could not be found.", "/connection_id")
    made = Fqdn(call.world.id(), connection.id, created=call.now, updated=call.now, **_place(body, None))
    call.account.fqdns[made.id] = made
    return data(201, show_fqdn(call, made))


@fqdns.on("PATCH", "/fqdns/{id}")
def update_fqdn(call: Call) -> Response:
    """Changes one FQDN record."""
    record = _record(call)
    for name, value in _place(call.body(), record).items():
        setattr(record, name, value)
    record.updated = call.now
    return data(200, show_fqdn(call, record))


@fqdns.on("DELETE", "/fqdns/{id}")
def delete_fqdn(call: Call) -> Response:
    """No longer sends calls there."""
    record = _record(call)
    inbound = call.account.connections[record.connection_id].inbound
    if inbound.get("default_primary_fqdn_id") == record.id:
        if call.switches.primary_blocks_deletion:
            raise Refusal(422, IN_USE, "The FQDN is the primary one of its connection.")
        inbound["default_primary_fqdn_id"] = None
    del call.account.fqdns[record.id]
    return data(200, show_fqdn(call, record))


@fqdns.on("GET", "/ips")
def list_ips(call: Call) -> Response:
    """The IP records."""
    found = [each for each in call.account.ips.values() if _fits(call, each, ("connection_id", "ip_address", "port"))]
    return page(call, found, show_ip)
