"""What a Telnyx account holds, and the rules that tie its parts together."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import attrs

from .switches import Switches

Level = Literal["trial", "paid", "verified"]


def moment(seconds: float) -> str:
    """As the API writes a date."""
    written = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return written.replace("+00:00", "Z")


VOICE_DEFAULTS: dict[str, Any] = {
    "translated_number": "",
    "tech_prefix_enabled": False,
    "usage_payment_method": "pay-per-minute",
    "inbound_call_screening": "disabled",
    "forwards_to": "",
    "forwarding_type": "always",
    "call_forwarding_enabled": True,
}


@attrs.define(eq=False)
class Number:
    """A phone number of an account; `voice` holds only what differs from the defaults."""

    id: str
    phone_number: str
    country: str
    kind: str
    created: float
    updated: float
    status: str = "active"
    connection_id: str | None = None
    customer_reference: str | None = None
    tags: list[str] = attrs.Factory(list)
    external_pin: str | None = None
    messaging_profile_id: str | None = None
    deletion_lock_enabled: bool = False
    emergency_enabled: bool = False
    t38_fax_gateway_enabled: bool = False
    hd_voice_enabled: bool = False
    voicemail_enabled: bool | None = None
    """None where voicemail was never set."""
    source_type: str | None = "number_order"
    monthly_cost: str | None = "1.00"
    voice: dict[str, Any] = attrs.Factory(dict)
    shown_instead: list[str | None] = attrs.Factory(list)
    """Connections that the next reads still show."""

    def setting(self, name: str) -> Any:
        """A voice setting."""
        return self.voice.get(name, VOICE_DEFAULTS[name])


@attrs.define(eq=False)
class Fqdn:
    """Where an FQDN connection sends calls."""

    id: str
    connection_id: str
    fqdn: str
    port: int | None
    dns_record_type: str
    created: float
    updated: float


@attrs.define(eq=False)
class Ip:
    """Where an IP connection sends calls."""

    id: str
    connection_id: str
    ip_address: str
    port: int
    created: float
    updated: float


@attrs.define(eq=False)
class Profile:
    """An outbound voice profile."""

    id: str
    name: str
    created: float
    updated: float
    enabled: bool = True
    whitelisted_destinations: list[str] = attrs.Factory(lambda: ["US", "CA"])
    concurrent_call_limit: int | None = None
    daily_spend_limit: str | None = None
    daily_spend_limit_enabled: bool = False
    tags: list[str] = attrs.Factory(list)


@attrs.define(eq=False)
class Connection:
    """A connection or application of any kind: what a number's connection_id names."""

    id: str
    record_type: str
    name: str
    created: float
    updated: float
    active: bool = True
    transport_protocol: str = "UDP"
    user_name: str | None = None
    password: str | None = attrs.field(default=None, repr=False)
    tags: list[str] = attrs.Factory(list)
    inbound: dict[str, Any] = attrs.Factory(dict)
    authentication: str | None = None
    """credential-authentication, ip-authentication, or not configured yet."""
    profile_id: str | None = None
    webhook_url: str | None = None

    @property
    def is_application(self) -> bool:
        """Whether it is anything but a trunk: /connections may not know it."""
        return self.record_type not in ("fqdn_connection", "ip_connection", "credential_connection")


@attrs.define(eq=False)
class ApiKey:
    """An API key; that of a sub-user may be denied paths."""

    secret: str = attrs.field(repr=False)
    denied: tuple[str, ...] = ()


@attrs.define(eq=False)
class Account:
    """A Telnyx account."""

    label: str
    user_id: str
    name: str
    created: float
    expect: str = "healthy"
    level: Level = "verified"
    trouble: str | None = None
    """A 20xxx code that everything but the balance is refused with."""
    balance: str = "300.00"
    credit_limit: str = "100.00"
    keys: list[ApiKey] = attrs.Factory(list)
    numbers: dict[str, Number] = attrs.Factory(dict)
    connections: dict[str, Connection] = attrs.Factory(dict)
    fqdns: dict[str, Fqdn] = attrs.Factory(dict)
    ips: dict[str, Ip] = attrs.Factory(dict)
    profiles: dict[str, Profile] = attrs.Factory(dict)
    switches: Switches = attrs.Factory(Switches)
    _lists: dict[tuple[Any, ...], list[Number]] = attrs.field(factory=dict, init=False)

    @property
    def api_key(self) -> str:
        """The main key."""
        return self.keys[0].secret

    def number(self, name: str) -> Number:
        """A number by its id or in E.164; KeyError when the account does not have it."""
        found = self.numbers.get(name)
        if found is not None:
            return found
        for number in self.numbers.values():
            if number.phone_number == name:
                return number
        raise KeyError(name)

    def on_connection(self, connection_id: str) -> list[Number]:
        """The numbers on a connection."""
        return [number for number in self.numbers.values() if number.connection_id == connection_id]

    def connection_name(self, number: Number) -> str | None:
        """The name of the connection that a number is on."""
        connection = self.connections.get(number.connection_id or "")
        return connection.name if connection else None

    def listed(self, key: tuple[Any, ...], order: Callable[[Number], Any], wanted: Callable[[Number], bool]) -> Any:
        """The numbers wanted, in order; kept under the key until something changes."""
        found = self._lists.get(key)
        if found is None:
            found = self._lists[key] = sorted(filter(wanted, self.numbers.values()), key=order)
        return found

    def changed(self) -> None:
        """Forget the lists that were kept."""
        self._lists.clear()

    def connect(self, number: Number, connection_id: str | None, now: float) -> None:
        """Route a number to a connection, or to none."""
        number.shown_instead = [number.connection_id] * self.switches.stale_reads
        number.connection_id = connection_id
        number.updated = now
        self.changed()

    def drop_connection(self, connection: Connection) -> None:
        """Delete a connection; its numbers stay, on none, and its records go."""
        for number in self.on_connection(connection.id):
            number.connection_id = None
        for kept in (self.fqdns, self.ips):
            for id in [each.id for each in kept.values() if each.connection_id == connection.id]:
                del kept[id]
        del self.connections[connection.id]
        self.changed()

    def described(self) -> dict[str, Any]:
        """What the account holds, without secrets, as control shows it."""
        return {
            "label": self.label,
            "user_id": self.user_id,
            "level": self.level,
            "trouble": self.trouble,
            "numbers": {number.phone_number: described_number(number) for number in self.numbers.values()},
            "connections": {each.id: described_connection(self, each) for each in self.connections.values()},
            "outbound_voice_profiles": {each.id: attrs.asdict(each) for each in self.profiles.values()},
            "switches": attrs.asdict(self.switches),
        }


def described_number(number: Number) -> dict[str, Any]:
    """A number with its routing."""
    return {
        "id": number.id,
        "type": number.kind,
        "status": number.status,
        "connection_id": number.connection_id,
        **{name: number.setting(name) for name in VOICE_DEFAULTS},
    }


def described_connection(account: Account, connection: Connection) -> dict[str, Any]:
    """A connection with where it leads; never its password."""
    return {
        "record_type": connection.record_type,
        "name": connection.name,
        "active": connection.active,
        "transport_protocol": connection.transport_protocol,
        "authentication": connection.authentication,
        "outbound_voice_profile_id": connection.profile_id,
        "inbound": connection.inbound,
        "fqdns": [f"{each.fqdn}:{each.port}" for each in account.fqdns.values() if each.connection_id == connection.id],
        "ips": [each.ip_address for each in account.ips.values() if each.connection_id == connection.id],
        "numbers": [number.phone_number for number in account.on_connection(connection.id)],
    }
