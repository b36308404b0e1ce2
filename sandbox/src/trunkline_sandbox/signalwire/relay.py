"""/api/relay/rest: phone numbers, number lookup, SIP profile."""

import re
from typing import Any
from urllib.parse import urlsplit

from trunkline_sandbox.carrier import Response

from .errors import Refusal, invalid, not_found
from .model import COMPANIONS, NUMBER_DEFAULTS, OBJECT_FIELDS, Number, Project
from .paging import links_page
from .routing import Call, answers

NUMBERS = "/api/relay/rest/phone_numbers"
UNRELEASABLE_SECONDS = 30 * 86_400

_DERIVED = ("calling_handler_resource_id", "messaging_handler_resource_id")
_SETTABLE = frozenset(
    name for name in NUMBER_DEFAULTS if name.startswith(("call_", "message_")) and name not in _DERIVED
)
_FIELDS_OF_HANDLERS = frozenset(field for fields in COMPANIONS.values() for field in fields)


# Numbers


@answers("GET", NUMBERS, "relay", "Numbers")
def list_numbers(call: Call) -> Response:
    """The numbers, newest first; the filters find what they are a part of."""
    project = call.project
    by_number, by_name = call.query.get("filter_number"), call.query.get("filter_name")
    if by_number is None and by_name is None:
        return links_page(call, project.listed_numbers(), _id, Number.encoded, project.place_of)
    found = [
        number
        for number in project.listed_numbers()
        if (by_number or "") in number.number and (by_name or "") in (number.name or "")
    ]
    return links_page(call, found, _id, Number.encoded)


def _id(number: Number) -> str:
    return number.id


@answers("POST", NUMBERS, "relay", "Numbers")
def buy_number(call: Call) -> Response:
    """Nothing is for sale here: a platform that imports numbers has no business buying any."""
    raise invalid("number", "is not available")


@answers("GET", NUMBERS + "/{id}", "relay", "Numbers")
def fetch_number(call: Call) -> Response:
    """One number."""
    return Response(200, _number(call).encoded())


@answers("DELETE", NUMBERS + "/{id}", "relay", "Numbers")
def release_number(call: Call) -> Response:
    """Gives the number up; in trial mode not before it is 30 days old."""
    number = _number(call)
    if call.project.trial and call.now - number.created < UNRELEASABLE_SECONDS:
        raise invalid("number", "cannot be released within 30 days in trial mode")
    call.project.drop_number(number)
    return Response(204)


@answers("PUT", NUMBERS + "/{id}", "relay", "Numbers")
def update_number(call: Call) -> Response:
    """Changes what is named, by the rules of the handler that is named with it."""
    number, body = _number(call), call.body()
    if _is_dropped(call.project, body):
        return Response(200, number.encoded())
    fields = {field: _checked(call.project, field, body[field]) for field in _SETTABLE & body.keys()}
    if "call_handler" in body:
        fields |= _handler(call.project, number, body, fields)
    if isinstance(body.get("name"), str):
        fields["name"] = body["name"]
    handler = fields.get("call_handler", number.value("call_handler"))
    if "call_handler" in fields or (handler in COMPANIONS and _FIELDS_OF_HANDLERS & fields.keys()):
        after = {**NUMBER_DEFAULTS, **number.own, **fields}
        fields["calling_handler_resource_id"] = _resource(call, handler, after)
    number.put(fields, call.now)
    return Response(200, number.encoded())


def _number(call: Call) -> Number:
    number = call.project.numbers.get(call.params["id"])
    if number is None:
        raise not_found()
    return number


def _is_dropped(project: Project, body: dict[str, Any]) -> bool:
    """Whether this is an update that the project's switches have go by unheard."""
    if body.get("call_handler", "") is None and project.switches.null_handler == "ignored":
        return True
    return project.switches.script_address == "dropped" and _is_hosted_script(body.get("call_relay_script_url"))


def _is_hosted_script(url: object) -> bool:
    return isinstance(url, str) and "/relay-bins/" in url


def _checked(project: Project, field: str, value: Any) -> Any:
    if field == "call_handler":
        return value
    if not isinstance(value, str):
        raise invalid(field, "must be a string")
    if field.endswith("_method"):
        if value not in ("GET", "POST"):
            raise invalid(field, "is not included in the list")
    elif field == "call_receive_mode":
        if value not in ("voice", "fax"):
            raise invalid(field, "is not included in the list")
    elif not value:
        if project.switches.blanks == "refused" and field != "call_request_url":
            raise invalid(field, "can't be blank")
        return None
    elif field.endswith("_url"):
        _check_address(project, field, value)
    elif field in OBJECT_FIELDS and value not in project.objects:
        raise invalid(field, "must exist")
    return value


def _check_address(project: Project, field: str, value: str) -> None:
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid(field, "is not a valid URL")
    if field == "call_relay_script_url" and _is_hosted_script(value) and project.switches.script_address == "refused":
        raise invalid(field, "is invalid")


def _handler(project: Project, number: Number, body: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """What else changes with the handler: the fields of all others are emptied."""
    handler = body["call_handler"]
    if handler is None:
        if project.switches.null_handler == "error":
            raise Refusal(500)
        if project.switches.null_handler == "refused":
            raise invalid("call_handler", "is not included in the list")
        kept: tuple[str, ...] = ()
    elif isinstance(handler, str) and handler in COMPANIONS:
        kept = COMPANIONS[handler]
        needed = kept[0]
        if not fields.get(needed, number.value(needed)) and (
            handler != "laml_webhooks" or project.switches.empty_webhook == "refused"
        ):
            raise invalid(needed, "can't be blank")
    else:
        # FABRIC_HANDLERS among them: "Excludes handlers that can only be set via Fabric API."
        raise invalid("call_handler", "is not included in the list")
    if project.switches.keeps_other_fields:
        return {}
    return {field: NUMBER_DEFAULTS[field] for field in _FIELDS_OF_HANDLERS if field not in kept}


def _resource(call: Call, handler: str | None, after: dict[str, Any]) -> str | None:
    """The resource that SignalWire derives from a handler and its field."""
    if handler not in COMPANIONS:
        return None
    target = after[COMPANIONS[handler][0]]
    if handler == "relay_script" and call.project.switches.derived_resource == "script":
        for script in call.project.scripts.values():
            if script.request_url == target:
                return script.id
    return call.ids.named(f"resource/{call.project.id}/{handler}/{target}")


# Lookup


@answers("GET", "/api/relay/rest/lookup/phone_number/{number}", "relay")
def look_up(call: Call) -> Response:
    """What the numbering plan says of a number; what would be billed is not looked up here."""
    number = call.params["number"]
    switch = call.project.switches.lookup
    if switch == "scoped" and "Numbers" not in call.project.scopes:
        raise Refusal(call.project.switches.missing_scope)
    if switch == "not_found" or not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        raise not_found()
    national = number.removeprefix("+1")
    return Response.of_json(
        200,
        {
            "country_code_number": 1,
            "national_number": national,
            "possible_number": True,
            "valid_number": True,
            "national_number_formatted": f"({national[:3]}) {national[3:6]}-{national[6:]}",
            "international_number_formatted": f"+1 {national[:3]}-{national[3:6]}-{national[6:]}",
            "e164": number,
            "location": "Texas",
            "country_code": "US",
            "timezones": ["America/Chicago"],
            "number_type": "Fixed Line or Mobile",
        },
    )


# SIP profile


@answers("GET", "/api/relay/rest/sip_profile", "relay", "Voice")
def fetch_sip_profile(call: Call) -> Response:
    """The project's SIP domain and its defaults."""
    domain = call.project.sip_domain
    return Response.of_json(
        200,
        {
            "domain": domain,
            "domain_identifier": domain.partition(".")[0],
            "default_codecs": ["OPUS", "G722", "PCMU", "PCMA"],
            "default_ciphers": ["AEAD_AES_256_GCM_8", "AES_256_CM_HMAC_SHA1_80"],
            "default_encryption": "optional",
            "default_send_as": "",
        },
    )
