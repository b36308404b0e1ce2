"""The ways that a SignalWire number can be told where its calls go, and which of them the API can set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from trunkline.addresses import host_of
from trunkline.numbers import RoutingView

SCRIPT, WEBHOOK = "relay_script", "laml_webhooks"

Routing = Mapping[str, Any]


@attrs.frozen
class Handler:
    """One call handler: the word it is shown by, what it is called in a sentence, and the fields that go with it.

    Without fields it is one that "can only be set via Fabric API" (PhoneNumberCallHandlerRequest).
    """

    kind: str
    words: str
    fields: tuple[str, ...] = ()


# PhoneNumberCallHandler and UpdatePhoneNumberRequest; of its fields the first is the one it cannot do without.
HANDLERS = {
    SCRIPT: Handler("script", "a SWML script", ("call_relay_script_url",)),
    WEBHOOK: Handler(
        "webhook",
        "a LaML webhook",
        (
            "call_request_url",
            "call_request_method",
            "call_fallback_url",
            "call_fallback_method",
            "call_status_callback_url",
            "call_status_callback_method",
        ),
    ),
    "laml_application": Handler("application", "a LaML application", ("call_laml_application_id",)),
    "relay_application": Handler("relay_application", "a Relay application", ("call_relay_application",)),
    "relay_topic": Handler(
        "relay_topic", "a Relay topic", ("call_relay_topic", "call_relay_topic_status_callback_url")
    ),
    "relay_context": Handler(
        "relay_context", "a Relay context", ("call_relay_context", "call_relay_context_status_callback_url")
    ),
    "relay_connector": Handler("relay_connector", "a FreeSWITCH connector", ("call_relay_connector_id",)),
    "relay_sip_endpoint": Handler("sip_endpoint", "a SIP endpoint", ("call_sip_endpoint_id",)),
    "relay_verto_endpoint": Handler("verto_endpoint", "a Verto endpoint", ("call_verto_resource",)),
    "dialogflow": Handler("dialogflow", "a Dialogflow agent", ("call_dialogflow_agent_id",)),
    "video_room": Handler("video_room", "a video room", ("call_video_room_id",)),
    "call_flow": Handler("call_flow", "a call flow"),
    "ai_agent": Handler("ai_agent", "an AI agent"),
    "fabric_subscriber": Handler("subscriber", "a subscriber"),
    "sip_gateway": Handler("sip_gateway", "a SIP gateway"),
    "call_queue": Handler("call_queue", "a call queue"),
}

DERIVED = "calling_handler_resource_id"
"""What SignalWire makes of a handler and its field; it cannot be set."""

SETTABLE = frozenset(field for handler in HANDLERS.values() for field in handler.fields) | {"call_receive_mode"}


def of(routing: Routing) -> Handler | None:
    """The handler in force; one that is not documented is shown as such, and cannot be set."""
    name = routing.get("call_handler")
    if not name:
        return None
    return HANDLERS.get(str(name), Handler("other", "a handler that this version does not know"))


def address(routing: Routing) -> str | None:
    """The address that calls are handled by, where the handler in force has one."""
    field = {SCRIPT: "call_relay_script_url", WEBHOOK: "call_request_url"}.get(str(routing.get("call_handler")))
    value = routing.get(field) if field else None
    return value if isinstance(value, str) and value else None


def view(routing: Routing) -> RoutingView:
    """Where calls go, fit to be shown."""
    if receives_fax(routing):
        return RoutingView("fax")
    handler = of(routing)
    if handler is None:
        return RoutingView("none")
    where = address(routing)
    return RoutingView(handler.kind, host_of(where) if where else None)


def receives_fax(routing: Routing) -> bool:
    """Whether the number is set to receive faxes, not voice calls."""
    return routing.get("call_receive_mode") == "fax"


def can_be_set(routing: Routing) -> bool:
    """Whether a PUT can bring this routing back.

    It cannot where the handler is one of the Fabric API alone, or was assigned as a resource, so that the field which a
    PUT needs is empty.
    """
    handler = of(routing)
    if handler is None or not handler.fields:
        return False
    return bool(routing.get(handler.fields[0])) or not routing.get(DERIVED)


def same(one: object, other: object, field: str) -> bool:
    """Whether two values of a field mean the same: null and "" are both unset, and an unset method is POST."""
    default = "POST" if field.endswith("_method") else "voice" if field == "call_receive_mode" else ""
    return (one or default) == (other or default)
