"""/v2/phone_numbers: the numbers, where their calls go, and what overrides that."""

from typing import Any

from trunkline_sandbox.carrier import Response

from .errors import LOCKED, Refusal, invalid, not_found
from .model import VOICE_DEFAULTS, Number, moment
from .paging import page
from .routing import Call, Part, data

numbers = Part()

_SORTS = ("purchased_at", "phone_number", "connection_name", "usage_payment_method")
_SLIM_LACKS = ("connection_name", "messaging_profile_id", "messaging_profile_name", "tags", "deletion_lock_enabled")
_DELETED_LACKS = ("country_iso_alpha2", "emergency_status", "source_type", "inbound_call_screening")
_SETTABLE = ("customer_reference", "external_pin", "hd_voice_enabled", "tags", "billing_group_id", "address_id")
_SCREENINGS = ("disabled", "reject_calls", "flag_calls")


def show(call: Call, number: Number) -> dict[str, Any]:
    """A number as the API shows it: pins in clear, no price, no name, no state."""
    connection_id = number.shown_instead.pop() if number.shown_instead else number.connection_id
    connection = call.account.connections.get(connection_id or "")
    return {
        "record_type": "phone_number",
        "id": number.id,
        "phone_number": number.phone_number,
        "country_iso_alpha2": number.country,
        "phone_number_type": number.kind,
        "status": number.status,
        "connection_id": connection_id,
        "connection_name": connection.name if connection else None,
        "customer_reference": number.customer_reference,
        "tags": number.tags,
        "external_pin": number.external_pin,
        "messaging_profile_id": number.messaging_profile_id,
        "messaging_profile_name": "Text messages" if number.messaging_profile_id else None,
        "billing_group_id": None,
        "emergency_enabled": number.emergency_enabled,
        "emergency_address_id": None,
        "emergency_status": "active" if number.emergency_enabled else "disabled",
        "call_forwarding_enabled": number.setting("call_forwarding_enabled"),
        "cnam_listing_enabled": False,
        "caller_id_name_enabled": False,
        "call_recording_enabled": False,
        "t38_fax_gateway_enabled": number.t38_fax_gateway_enabled,
        "hd_voice_enabled": number.hd_voice_enabled,
        "inbound_call_screening": number.setting("inbound_call_screening"),
        "deletion_lock_enabled": number.deletion_lock_enabled,
        "source_type": number.source_type,
        "purchased_at": moment(number.created),
        "created_at": moment(number.created),
        "activated_at": moment(number.created),
        "updated_at": moment(number.updated),
    }


def show_voice(call: Call, number: Number) -> dict[str, Any]:
    """The voice settings of a number."""
    return {
        "record_type": "voice_settings",
        "id": number.id,
        "phone_number": number.phone_number,
        "connection_id": number.connection_id or "",
        "customer_reference": number.customer_reference or "",
        "translated_number": number.setting("translated_number"),
        "tech_prefix_enabled": number.setting("tech_prefix_enabled"),
        "usage_payment_method": number.setting("usage_payment_method"),
        "inbound_call_screening": number.setting("inbound_call_screening"),
        "call_forwarding": {
            "call_forwarding_enabled": number.setting("call_forwarding_enabled"),
            "forwards_to": number.setting("forwards_to"),
            "forwarding_type": number.setting("forwarding_type"),
        },
        "call_recording": {
            "inbound_call_recording_enabled": False,
            "inbound_call_recording_format": "wav",
            "inbound_call_recording_channels": "single",
        },
        "cnam_listing": {"cnam_listing_enabled": False, "cnam_listing_details": ""},
        "emergency": {
            "emergency_enabled": number.emergency_enabled,
            "emergency_address_id": "",
            "emergency_status": "active" if number.emergency_enabled else "disabled",
        },
        "media_features": {
            "rtp_auto_adjust_enabled": True,
            "accept_any_rtp_packets_enabled": False,
            "t38_fax_gateway_enabled": number.t38_fax_gateway_enabled,
        },
    }


def _wanted(call: Call) -> list[Number]:
    query = call.query
    sort = query.get("sort", "created_at")
    if sort not in (*_SORTS, "created_at"):
        raise invalid(f"sort must be one of {', '.join(_SORTS)}", "/sort", status=400)
    filters = {name: value for name, value in query.items() if name.startswith("filter[")}
    if len(filters.get("filter[phone_number]", "123")) < 3:
        raise invalid("filter[phone_number] requires at least three digits.", "/filter/phone_number", status=400)

    def fits(number: Number) -> bool:
        return all(_fits(call, number, name, value) for name, value in filters.items())

    def place(number: Number) -> Any:
        if sort == "phone_number":
            return number.phone_number
        if sort == "connection_name":
            return call.account.connection_name(number) or ""
        return -number.created

    found: list[Number] = call.account.listed((sort, *sorted(filters.items())), place, fits)
    return found


def _fits(call: Call, number: Number, name: str, value: str) -> bool:
    match name:
        case "filter[phone_number]":
            # Nothing but digits is documented to find anything; a plus has been seen to work.
            plain = value.removeprefix("+") if call.switches.plus_in_filter else value
            return plain.isdigit() and plain in number.phone_number
        case "filter[status]":
            return number.status == value
        case "filter[connection_id]":
            return number.connection_id == value
        case "filter[tag]":
            return value in number.tags
        case "filter[country_iso_alpha2]":
            return number.country == value
        case "filter[customer_reference]":
            return number.customer_reference == value
        case "filter[voice.connection_name][contains]":
            return value.lower() in (call.account.connection_name(number) or "").lower()
    # What it does not know, the API leaves out of account.
    return True


def _number(call: Call) -> Number:
    try:
        return call.account.number(call.params["id"])
    except KeyError:
        raise not_found() from None


@numbers.on("GET", "/phone_numbers")
def list_numbers(call: Call) -> Response:
    """The numbers, twenty to a page unless more are asked for."""
    return page(call, _wanted(call), lambda number: show(call, number), default=20)


@numbers.on("GET", "/phone_numbers/slim")
def list_slim(call: Call) -> Response:
    """The numbers, with less said of each."""

    def slim(number: Number) -> dict[str, Any]:
        shown = {name: value for name, value in show(call, number).items() if name not in _SLIM_LACKS}
        # This list's own document has no null.
        shown = {name: value for name, value in shown.items() if value is not None and name != "source_type"}
        return {**shown, "record_type": "phone_number_slim"}

    return page(call, _wanted(call), slim, default=20)


@numbers.on("GET", "/phone_numbers/voice")
def list_voice(call: Call) -> Response:
    """The voice settings of the numbers."""
    return page(call, _wanted(call), lambda number: show_voice(call, number), default=20)


@numbers.on("POST", "/phone_numbers/actions/verify_ownership")
def verify_ownership(call: Call) -> Response:
    """Which of these numbers the account has; reads only."""
    asked = call.body().get("phone_numbers")
    if not isinstance(asked, list) or len(asked) > 1000:
        raise invalid("phone_numbers must be a list of at most 1000 numbers.", "/phone_numbers")
    own = {number.phone_number: number for number in call.account.numbers.values() if number.status == "active"}
    found = [{"number_val_e164": each, "id": own[each].id} for each in asked if each in own]
    missing = [each for each in asked if each not in own]
    return data(200, {"found": found, "not_found": missing, "record_type": "number_ownership_verification"})


@numbers.on("GET", "/phone_numbers/{id}")
def fetch_number(call: Call) -> Response:
    """One number, by its id or in E.164."""
    return data(200, show(call, _number(call)))


@numbers.on("PATCH", "/phone_numbers/{id}")
def update_number(call: Call) -> Response:
    """Changes what it knows and passes over the rest in silence."""
    number = _number(call)
    body = call.body()
    if "messaging_profile_id" in body:
        raise invalid("messaging_profile_id is not reachable here.", "/messaging_profile_id")
    if number.status != "active":
        raise Refusal(422, LOCKED, "The phone number cannot be changed in its present status.")
    for name in _SETTABLE:
        if name in body and hasattr(number, name):
            setattr(number, name, body[name])
    if "connection_id" in body:
        _connect(call, number, body["connection_id"])
    number.updated = call.now
    call.account.changed()
    # What is answered is what was taken, whatever reads that follow show.
    kept, number.shown_instead = number.shown_instead, []
    answer = data(200, show(call, number))
    number.shown_instead = kept
    return answer


def _connect(call: Call, number: Number, wanted: Any) -> None:
    switches = call.switches
    if wanted in (None, ""):
        doing = switches.null_connection if wanted is None else switches.empty_connection
        if doing == "refused":
            raise invalid("connection_id must be the id of a connection.", "/connection_id")
        if doing == "clears":
            call.account.connect(number, None, call.now)
    elif isinstance(wanted, str) and wanted in call.account.connections:
        if wanted != number.connection_id:
            call.account.connect(number, wanted, call.now)
    elif switches.foreign_connection == "refused":
        raise invalid("The connection could not be found.", "/connection_id")
    elif switches.foreign_connection == "not_found":
        raise not_found()


@numbers.on("DELETE", "/phone_numbers/{id}")
def delete_number(call: Call) -> Response:
    """Gives the number up: it is lost."""
    number = _number(call)
    if number.deletion_lock_enabled:
        raise Refusal(422, LOCKED, "The phone number is locked against deletion.")
    del call.account.numbers[number.id]
    call.account.changed()
    number.status = "deleted"
    # This answer's own document has no null, and less in it.
    shown = {name: value for name, value in show(call, number).items() if value is not None}
    return data(200, {name: value for name, value in shown.items() if name not in _DELETED_LACKS})


@numbers.on("GET", "/phone_numbers/{id}/voice")
def fetch_voice(call: Call) -> Response:
    """The voice settings of one number."""
    return data(200, show_voice(call, _number(call)))


@numbers.on("GET", "/phone_numbers/{id}/voicemail")
def fetch_voicemail(call: Call) -> Response:
    """Whether voicemail is on, with its pin in clear."""
    enabled = _number(call).voicemail_enabled
    if enabled is None and not call.switches.voicemail_always_there:
        raise not_found()
    return data(200, {"enabled": enabled is True, "pin": "4711"})


@numbers.on("PATCH", "/phone_numbers/{id}/voice")
def update_voice(call: Call) -> Response:
    """Changes voice settings; a connection_id given here is passed over in silence."""
    number = _number(call)
    body = call.body()
    if body.get("inbound_call_screening", "disabled") not in _SCREENINGS:
        raise invalid("inbound_call_screening is not one of those there are.", "/inbound_call_screening")
    given = {**body, **body.get("call_forwarding", {})}
    for name in VOICE_DEFAULTS:
        if name in given:
            number.voice[name] = given[name]
    number.updated = call.now
    return data(200, show_voice(call, number))
