"""What a SignalWire project holds."""

from collections.abc import Mapping
from typing import Any

import attrs

from trunkline_sandbox.carrier import encode_json
from trunkline_sandbox.dates import iso_8601

from .switches import Switches

ALL_SCOPES = frozenset({"Numbers", "Voice", "Messaging", "Fax", "Video", "Management", "Chat", "Tasking"})
FABRIC_SCOPES = frozenset({"Voice", "Messaging", "Fax", "Video"})
BIN_SCOPES = frozenset({"Voice", "Messaging", "Fax"})

WEBHOOK_FIELDS = (
    "call_request_url",
    "call_request_method",
    "call_fallback_url",
    "call_fallback_method",
    "call_status_callback_url",
    "call_status_callback_method",
)
COMPANIONS: dict[str, tuple[str, ...]] = {
    "relay_context": ("call_relay_context", "call_relay_context_status_callback_url"),
    "relay_topic": ("call_relay_topic", "call_relay_topic_status_callback_url"),
    "relay_script": ("call_relay_script_url",),
    "relay_application": ("call_relay_application",),
    "relay_connector": ("call_relay_connector_id",),
    "relay_sip_endpoint": ("call_sip_endpoint_id",),
    "relay_verto_endpoint": ("call_verto_resource",),
    "laml_webhooks": WEBHOOK_FIELDS,
    "laml_application": ("call_laml_application_id",),
    "dialogflow": ("call_dialogflow_agent_id",),
    "video_room": ("call_video_room_id",),
}
"""The handlers that a PUT may set, each with its fields, the one it cannot do without in front."""

FABRIC_HANDLERS = ("call_flow", "ai_agent", "fabric_subscriber", "sip_gateway", "call_queue")
"""The handlers that a number can have, but that a PUT cannot set."""

OBJECT_FIELDS = (
    "call_laml_application_id",
    "call_dialogflow_agent_id",
    "call_relay_connector_id",
    "call_sip_endpoint_id",
    "call_video_room_id",
)
"""Fields that name something in the project."""

NUMBER_DEFAULTS: dict[str, Any] = {
    "e911_address_id": None,
    "e911_status": None,
    "next_billed_at": "2026-12-08T19:08:41Z",
    "call_handler": None,
    "calling_handler_resource_id": None,
    "call_receive_mode": "voice",
    "call_request_url": None,
    "call_request_method": "POST",
    "call_fallback_url": None,
    "call_fallback_method": "POST",
    "call_status_callback_url": None,
    "call_status_callback_method": "POST",
    "call_laml_application_id": None,
    "call_dialogflow_agent_id": None,
    "call_relay_topic": None,
    "call_relay_topic_status_callback_url": None,
    "call_relay_script_url": None,
    "call_relay_context": None,
    "call_relay_context_status_callback_url": None,
    "call_relay_application": None,
    "call_relay_connector_id": None,
    "call_sip_endpoint_id": None,
    "call_verto_resource": None,
    "call_video_room_id": None,
    "message_handler": None,
    "messaging_handler_resource_id": None,
    "message_request_url": None,
    "message_request_method": "POST",
    "message_fallback_url": None,
    "message_fallback_method": "POST",
    "message_laml_application_id": None,
    "message_relay_topic": None,
    "message_relay_context": None,
}
NUMBER_FIELDS = frozenset(NUMBER_DEFAULTS) | {"name", "capabilities", "number_type", "country_code"}


@attrs.define(eq=False)
class Number:
    """A phone number of a project; `own` holds only what differs from the defaults."""

    id: str
    number: str
    number_type: str
    country_code: str | None
    name: str | None
    created: float
    updated: float
    capabilities: tuple[str, ...] = ("voice", "sms", "mms", "fax")
    own: dict[str, Any] = attrs.Factory(dict)
    _encoded: bytes | None = attrs.field(default=None, init=False)

    def value(self, field: str) -> Any:
        """The value of a field."""
        return self.own.get(field, NUMBER_DEFAULTS[field])

    def put(self, fields: Mapping[str, Any], now: float) -> None:
        """Set fields as they are given."""
        for field, value in fields.items():
            if field in NUMBER_DEFAULTS:
                if value == NUMBER_DEFAULTS[field]:
                    self.own.pop(field, None)
                else:
                    self.own[field] = value
            else:
                setattr(self, field, tuple(value) if field == "capabilities" else value)
        self.updated = now
        self._encoded = None

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.id,
            "number": self.number,
            "name": self.name,
            "capabilities": list(self.capabilities),
            "number_type": self.number_type,
            "country_code": self.country_code,
            "created_at": iso_8601(self.created),
            "updated_at": iso_8601(self.updated),
            **NUMBER_DEFAULTS,
            **self.own,
        }

    def encoded(self) -> bytes:
        """The same in JSON; kept until the number changes."""
        if self._encoded is None:
            self._encoded = encode_json(self.shown()).encode()
        return self._encoded

    def routing(self) -> dict[str, Any]:
        """All that says where calls go."""
        return {field: self.value(field) for field in NUMBER_DEFAULTS if field.startswith("call")}


@attrs.define(eq=False)
class Script:
    """A SWML script: a resource, and the script inside it with an id of its own."""

    id: str
    script_id: str
    display_name: str
    contents: dict[str, Any]
    request_url: str | None
    created: float
    updated: float
    status_callback_url: str | None = None


@attrs.define(eq=False)
class Bin:
    """A LaML bin, which is also called a cXML script."""

    sid: str
    name: str
    contents: str
    request_url: str
    created: float
    updated: float


@attrs.define(eq=False)
class Project:
    """A SignalWire project, on a space that others may share."""

    label: str
    id: str
    space: str
    name: str
    created: float
    token: str = attrs.field(repr=False)
    scopes: frozenset[str] = ALL_SCOPES
    trial: bool = False
    script_limit: int | None = None
    switches: Switches = attrs.Factory(Switches)
    numbers: dict[str, Number] = attrs.Factory(dict)
    """By id, newest first."""
    scripts: dict[str, Script] = attrs.Factory(dict)
    bins: dict[str, Bin] = attrs.Factory(dict)
    objects: dict[str, str] = attrs.Factory(dict)
    """Applications, endpoints, agents and whatever else a handler may name: kind by id."""
    sip_domain: str = ""
    writes: list[float] = attrs.Factory(list)
    _listed: list[Number] | None = attrs.field(default=None, init=False)
    _places: dict[str, int] | None = attrs.field(default=None, init=False)

    def add_number(self, number: Number) -> None:
        """Take a number in, as the newest."""
        self.numbers = {number.id: number, **self.numbers}
        self._listed = self._places = None

    def add_numbers(self, numbers: list[Number]) -> None:
        """Take many in at once, the last as the newest."""
        self.numbers = {number.id: number for number in reversed(numbers)} | self.numbers
        self._listed = self._places = None

    def drop_number(self, number: Number) -> None:
        """Give a number up."""
        del self.numbers[number.id]
        self._listed = self._places = None

    def listed_numbers(self) -> list[Number]:
        """Newest first."""
        if self._listed is None:
            self._listed = list(self.numbers.values())
        return self._listed

    def place_of(self, id: str) -> int | None:
        """Where a number stands among all."""
        if self._places is None:
            self._places = {number.id: at for at, number in enumerate(self.listed_numbers())}
        return self._places.get(id)

    def number(self, number: str) -> Number:
        """The number in E.164; KeyError when the project does not have it."""
        for each in self.numbers.values():
            if each.number == number:
                return each
        raise KeyError(number)

    def described(self) -> dict[str, Any]:
        """What the project holds, without secrets, as control shows it."""
        return {
            "label": self.label,
            "project": self.id,
            "space": self.space,
            "name": self.name,
            "scopes": sorted(self.scopes),
            "switches": attrs.asdict(self.switches),
            "numbers": {
                number.number: {"id": number.id, "name": number.name, **number.routing()}
                for number in self.numbers.values()
            },
            "scripts": {
                script.id: {"display_name": script.display_name, "contents": script.contents}
                for script in self.scripts.values()
            },
            "bins": {known.sid: {"name": known.name, "contents": known.contents} for known in self.bins.values()},
        }
