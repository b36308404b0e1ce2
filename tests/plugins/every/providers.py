"""What the tests for every provider must be told of each: all else they find out by asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

import trunkline_signalwire
import trunkline_telnyx
import trunkline_twilio
import trunkline_vonage
from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierRefused,
    CarrierUnavailable,
    CredentialsRejected,
    PermissionMissing,
    RateLimited,
    TrunklineError,
)
from trunkline_sandbox.signalwire import SimulatedSignalWire
from trunkline_sandbox.telnyx import SimulatedTelnyx
from trunkline_sandbox.telnyx.accounts import give_connection, give_fqdn
from trunkline_sandbox.twilio import SimulatedTwilio
from trunkline_sandbox.vonage import SimulatedVonage

FaultTable = dict[str, tuple[dict[str, Any], type[TrunklineError]]]

PASSWORD = "s3same-0pen-canary"
"""What stands in the webhooks and addresses of numbers."""

PIN = "83170264"


def status(code: int, **more: Any) -> dict[str, Any]:
    return {"kind": "status", "status": code, **more}


@attrs.frozen
class Provider:
    """One carrier: its plugin, its simulation, and what is particular about it."""

    id: str
    plugin: Any
    simulated: Callable[[], Any]
    warmed: tuple[str, ...]
    """Modules of the carrier's SDK that warming up imports."""
    crowd: str | None = attrs.field(default=None, kw_only=True)
    """Where it stands how many numbers the simulation's largest account has."""
    earlier: Callable[[Any, str], tuple[Mapping[str, Any], ...]]
    """From a simulation and an account, fields of numbers that are routed somewhere; passwords in their addresses."""
    elsewhere: Mapping[str, Any]
    """Fields with which a customer sends calls somewhere else."""
    list_path: str
    """Where numbers are listed, as an expression."""
    list_key: str
    number_key: str
    page_size: str
    """The query parameter that says how long a page is."""
    optional: tuple[str, ...]
    """Fields of a listed number that may be null."""
    making_without: tuple[str, ...] = ()
    """Credentials without which `prepare_route` makes what it would otherwise find."""
    makes_a_route: bool = True
    can_route_nowhere: bool = True
    """Whether a number that was routed nowhere can be again."""
    named_by_route: bool = False
    """Whether numbers are called by what they are routed to."""
    other_way_in: str | None = None
    """An account with another credential form."""
    not_found: type[TrunklineError] = CarrierRefused
    """What a 404 to everything means."""
    not_found_says: str = ""
    redirected: type[TrunklineError] | None = None
    tolerates: frozenset[tuple[str, str]] = frozenset()
    """Hooks that answer in spite of a fault: what may not be read is left out, what is not there is a verdict."""
    faults: FaultTable = attrs.Factory(dict)
    """Faults in a form that only this carrier has."""
    secrets: tuple[str, ...] = (PASSWORD,)

    def __str__(self) -> str:
        return self.id


CALLS = f"https://menu:{PASSWORD}@calls.example/voice?key={PASSWORD}"
_OLD_401 = {"error-code": "401", "error-code-label": "authentication failed"}
_PROBLEM = {"type": "https://x.example/#y", "title": "No", "detail": "No.", "instance": "0123"}

TWILIO = Provider(
    id="twilio",
    plugin=trunkline_twilio.plugin,
    simulated=SimulatedTwilio,
    crowd="trunkline_sandbox.twilio.accounts._HEALTHY_NUMBERS",
    warmed=(
        "twilio.rest.trunking.v1",
        "twilio.rest.voice.v1",
        "twilio.rest.pricing.v1",
        "twilio.rest.api.v2010.account.incoming_phone_number",
    ),
    earlier=lambda carrier, label: (
        {"voice_url": CALLS, "status_callback": CALLS},
        {"voice_url": CALLS, "voice_fallback_url": CALLS, "voice_fallback_method": "GET"},
    ),
    elsewhere={"trunk_sid": "", "voice_url": "https://elsewhere.example/"},
    list_path=r"/IncomingPhoneNumbers\.json$",
    list_key="incoming_phone_numbers",
    number_key="phone_number",
    page_size="PageSize",
    optional=("friendly_name", "voice_url", "voice_fallback_url", "status_callback", "trunk_sid", "origin", "type"),
    other_way_in="main_key",
    not_found=CredentialsRejected,
    not_found_says="account SID",
    tolerates=frozenset({("verify_number", "404"), ("verify_number", "404 in words")}),
    faults={"404 in words": (status(404, json={"code": 20404, "status": 404}), CredentialsRejected)},
)


def _on_a_connection(carrier: SimulatedTelnyx, label: str) -> tuple[Mapping[str, Any], ...]:
    account = carrier.accounts[label]
    office = give_connection(carrier.world, account, "Head office")
    give_fqdn(carrier.world, account, office, "pbx.example")
    return {"connection_id": office.id, "external_pin": PIN}, {"external_pin": PIN, "tags": ["sales"]}


TELNYX = Provider(
    id="telnyx",
    plugin=trunkline_telnyx.plugin,
    simulated=SimulatedTelnyx,
    warmed=(
        "telnyx.resources.balance",
        "telnyx.resources.phone_numbers.voice",
        "telnyx.resources.fqdn_connections",
        "telnyx.resources.fqdns",
        "telnyx.resources.outbound_voice_profiles",
    ),
    earlier=_on_a_connection,
    named_by_route=True,
    elsewhere={"connection_id": "1293384261075731999"},
    list_path=r"/phone_numbers(/slim)?$",
    list_key="data",
    number_key="phone_number",
    page_size="page[size]",
    optional=("customer_reference", "tags", "connection_id", "connection_name", "external_pin", "phone_number_type"),
    making_without=("connectionId",),
    tolerates=frozenset({("suggest_name", "403"), ("suggest_name", "404"), ("verify_number", "404")}),
    faults={
        "429 and when": (status(429, headers={"x-ratelimit-reset": "7"}), RateLimited),
        "no data": (status(200, json={"errors": []}), CarrierAnswerUnexpected),
    },
    secrets=(PIN,),
)

SIGNALWIRE = Provider(
    id="signalwire",
    plugin=trunkline_signalwire.plugin,
    simulated=SimulatedSignalWire,
    crowd="trunkline_sandbox.signalwire.accounts.HEALTHY_NUMBERS",
    warmed=(
        "signalwire.rest.client",
        "trunkline_signalwire.releasing",
        "signalwire.rest.namespaces.relay_rest_resources_generated",
    ),
    earlier=lambda carrier, label: (
        {"call_handler": "laml_webhooks", "call_request_url": CALLS, "call_status_callback_url": CALLS},
        {"call_handler": "relay_topic", "call_relay_topic": "front-office"},
    ),
    elsewhere={"call_handler": "relay_topic", "call_relay_topic": "elsewhere", "call_relay_script_url": None},
    list_path=r"/phone_numbers$",
    list_key="data",
    number_key="number",
    page_size="page_size",
    optional=("name", "country_code", "number_type", "call_request_url", "call_relay_topic"),
    can_route_nowhere=False,
    not_found=CredentialsRejected,
    not_found_says="space",
    redirected=CredentialsRejected,
    tolerates=frozenset({("verify_number", "404"), ("verify_number", "404 in words")}),
    faults={
        "404 in words": (status(404, json={"error": "Not Found"}), CredentialsRejected),
        "403 in words": (status(403, json={"error": "Forbidden"}), PermissionMissing),
        "500 in words": (status(500, json={"error": "Internal Server Error"}), CarrierUnavailable),
        "401 in words": (status(401, json={"error": "Unauthorized"}), CredentialsRejected),
        "401 laml": (status(401, json={"code": 20003, "status": 401}), CredentialsRejected),
        "html 404": ({"kind": "html", "status": 404}, CredentialsRejected),
    },
)

VONAGE = Provider(
    id="vonage",
    plugin=trunkline_vonage.plugin,
    simulated=SimulatedVonage,
    warmed=("vonage_account",),
    earlier=lambda carrier, label: (
        {
            "voiceCallbackType": "sip",
            "voiceCallbackValue": f"sip:desk:{PASSWORD}@pbx.example",
            "moHttpUrl": CALLS,
        },
        {"voiceCallbackType": "tel", "voiceCallbackValue": "442079460001"},
    ),
    elsewhere={"voiceCallbackType": "tel", "voiceCallbackValue": "442079460002"},
    list_path=r"/account/numbers$",
    list_key="numbers",
    number_key="msisdn",
    page_size="size",
    optional=("type", "moHttpUrl", "voiceCallbackType", "voiceCallbackValue", "app_id", "limitations"),
    makes_a_route=False,
    faults={
        "401 old": (status(401, json=_OLD_401), CredentialsRejected),
        "401 problem": (status(401, json=_PROBLEM), CredentialsRejected),
        "401 on 200": (status(200, json=_OLD_401), CredentialsRejected),
        "404 problem": (status(404, json=_PROBLEM), CarrierRefused),
        "420": (status(420, json={"error-code": "420"}), CarrierRefused),
        "500 in the body": (status(200, json={"error-code": "500"}), CarrierUnavailable),
    },
)

PROVIDERS = (TWILIO, TELNYX, SIGNALWIRE, VONAGE)
