"""trunking.twilio.com/v1: trunks, where they send calls, whom they admit, and the numbers on them."""

import re
from collections.abc import Callable
from typing import Any

from trunkline_sandbox.carrier import Response
from trunkline_sandbox.dates import iso_8601

from .api_2010 import refuse_second_on_trial
from .errors import DOMAIN_TAKEN, TRIAL_REFUSED, Refusal, invalid, not_found
from .model import Number, OriginationUrl, Trunk
from .paging import cut, page_of_v1
from .parameters import boolean, one_of, required, text, web_address, whole
from .routing import Call, Product

trunking = Product("trunking")

TRUNK_LIMIT = 100
DOMAIN_ENDING = ".pstn.twilio.com"
# Not served in these regions, as Twilio's table of regional availability says.
REGIONS_WITHOUT_PHONE_NUMBERS = ("ie1", "au1")


def dates(thing: Any) -> dict[str, str]:
    """When a thing was made and last changed, as the v1 APIs write it."""
    return {"date_created": iso_8601(thing.created), "date_updated": iso_8601(thing.updated)}


# Trunks


def _show_trunk(call: Call, trunk: Trunk) -> dict[str, Any]:
    base = call.url("trunking", f"/v1/Trunks/{trunk.sid}")
    auth_types = trunk.auth_types()
    return {
        "sid": trunk.sid,
        "account_sid": call.account.sid,
        "friendly_name": trunk.friendly_name,
        "domain_name": trunk.domain_name or None,
        "disaster_recovery_url": trunk.disaster_recovery_url or None,
        "disaster_recovery_method": trunk.disaster_recovery_method or None,
        "secure": trunk.secure,
        "recording": {"mode": "do-not-record", "trim": "do-not-trim"},
        "transfer_mode": trunk.transfer_mode,
        "transfer_caller_id": trunk.transfer_caller_id,
        "cnam_lookup_enabled": trunk.cnam_lookup_enabled,
        "symmetric_rtp_enabled": False,
        "auth_type": ",".join(auth_types),
        "auth_type_set": auth_types,
        **dates(trunk),
        "url": base,
        "links": {
            "origination_urls": f"{base}/OriginationUrls",
            "credential_lists": f"{base}/CredentialLists",
            "ip_access_control_lists": f"{base}/IpAccessControlLists",
            "phone_numbers": f"{base}/PhoneNumbers",
        },
    }


def _trunk(call: Call) -> Trunk:
    trunk = call.account.trunks.get(call.params["trunk"])
    if trunk is None:
        call.world.refuse_parent(call.account, "trunks", call.params["trunk"])
        raise not_found(call.request.path)
    return trunk


def _trunk_fields(call: Call, own_domain: str = "") -> dict[str, Any]:
    form = call.form
    checks: dict[str, tuple[str, Callable[[str, str], Any]]] = {
        "FriendlyName": ("friendly_name", text),
        "Secure": ("secure", boolean),
        "CnamLookupEnabled": ("cnam_lookup_enabled", boolean),
        "TransferMode": ("transfer_mode", lambda name, value: one_of(name, value, *_TRANSFER_MODES)),
        "TransferCallerId": ("transfer_caller_id", lambda name, value: one_of(name, value, *_TRANSFER_CALLER_IDS)),
        "DisasterRecoveryUrl": ("disaster_recovery_url", web_address),
        "DisasterRecoveryMethod": ("disaster_recovery_method", lambda name, value: one_of(name, value, "GET", "POST")),
    }
    fields = {field: check(name, form[name]) for name, (field, check) in checks.items() if name in form}
    if "DomainName" in form:
        fields["domain_name"] = _domain(call, form["DomainName"].lower(), own_domain)
    return fields


_TRANSFER_MODES = ("disable-all", "enable-all", "sip-only")
_TRANSFER_CALLER_IDS = ("from-transferee", "from-transferor")


def _domain(call: Call, domain: str, own_domain: str) -> str:
    if domain in ("", own_domain):
        return domain
    name = domain.removesuffix(DOMAIN_ENDING)
    if name == domain or not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name):
        raise invalid(f"DomainName must be letters, digits and hyphens, and end in {DOMAIN_ENDING}")
    if call.world.domains.is_taken(domain):
        raise invalid("Trunk Domain already taken", DOMAIN_TAKEN)
    return domain


@trunking.get("/v1/Trunks")
def list_trunks(call: Call) -> Response:
    """The trunks."""
    page = cut(call, list(call.account.trunks.values()), lambda trunk: trunk.sid)
    return page_of_v1(call, "trunking", "trunks", page, lambda trunk: _show_trunk(call, trunk))


@trunking.post("/v1/Trunks")
def create_trunk(call: Call) -> Response:
    """A new trunk, of any name, even one that is there already."""
    if call.account.type == "Trial" and call.account.trunks:
        raise Refusal(403, TRIAL_REFUSED, "Trial accounts may have one trunk")
    if len(call.account.trunks) >= TRUNK_LIMIT:
        raise invalid(f"An account may have {TRUNK_LIMIT} trunks")
    fields = _trunk_fields(call)
    made = Trunk(call.world.ids.sid("TK"), fields.pop("friendly_name", ""), call.now, call.now, **fields)
    call.account.trunks[made.sid] = made
    call.world.domains.take(made.domain_name)
    return Response.of_json(201, _show_trunk(call, made))


@trunking.get("/v1/Trunks/{trunk}")
def fetch_trunk(call: Call) -> Response:
    """One trunk."""
    return Response.of_json(200, _show_trunk(call, _trunk(call)))


@trunking.post("/v1/Trunks/{trunk}")
def update_trunk(call: Call) -> Response:
    """Changes what is named."""
    trunk = _trunk(call)
    fields = _trunk_fields(call, trunk.domain_name)
    if "domain_name" in fields and fields["domain_name"] != trunk.domain_name:
        call.world.domains.give_up(trunk.domain_name)
        call.world.domains.take(fields["domain_name"])
    for field, value in fields.items():
        setattr(trunk, field, value)
    trunk.updated = call.now
    return Response.of_json(200, _show_trunk(call, trunk))


@trunking.delete("/v1/Trunks/{trunk}")
def delete_trunk(call: Call) -> Response:
    """Deletes the trunk; its domain name stays locked for thirty days."""
    trunk = _trunk(call)
    call.account.drop_trunk(trunk, call.now)
    call.world.domains.give_up(trunk.domain_name)
    return Response(204)


# Origination URLs


def _show_origination_url(call: Call, url: OriginationUrl) -> dict[str, Any]:
    trunk = call.params["trunk"]
    return {
        "sid": url.sid,
        "account_sid": call.account.sid,
        "trunk_sid": trunk,
        "friendly_name": url.friendly_name,
        "sip_url": url.sip_url,
        "priority": url.priority,
        "weight": url.weight,
        "enabled": url.enabled,
        **dates(url),
        "url": call.url("trunking", f"/v1/Trunks/{trunk}/OriginationUrls/{url.sid}"),
    }


def _origination_fields(call: Call) -> dict[str, Any]:
    checks: dict[str, tuple[str, Callable[[str, str], Any]]] = {
        "FriendlyName": ("friendly_name", text),
        "SipUrl": ("sip_url", _sip_url),
        "Priority": ("priority", lambda name, value: whole(name, value, 0, 65_535)),
        "Weight": ("weight", lambda name, value: whole(name, value, 1, 65_535)),
        "Enabled": ("enabled", boolean),
    }
    return {field: check(name, call.form[name]) for name, (field, check) in checks.items() if name in call.form}


def _sip_url(name: str, value: str) -> str:
    if not re.fullmatch(r"sip:\S+", value, re.IGNORECASE):
        raise invalid(f"Invalid parameter {name}: must be a SIP URI of scheme sip")
    return value


def _origination_url(call: Call) -> OriginationUrl:
    url = _trunk(call).origination_urls.get(call.params["sid"])
    if url is None:
        raise not_found(call.request.path)
    return url


@trunking.get("/v1/Trunks/{trunk}/OriginationUrls")
def list_origination_urls(call: Call) -> Response:
    """Where the trunk sends calls."""
    page = cut(call, list(_trunk(call).origination_urls.values()), lambda url: url.sid)
    return page_of_v1(call, "trunking", "origination_urls", page, lambda url: _show_origination_url(call, url))


@trunking.post("/v1/Trunks/{trunk}/OriginationUrls")
def create_origination_url(call: Call) -> Response:
    """One more place to send calls; all five fields are needed."""
    trunk = _trunk(call)
    required(call.form, "FriendlyName", "SipUrl", "Priority", "Weight", "Enabled")
    fields = _origination_fields(call)
    made = OriginationUrl(call.world.ids.sid("OU"), created=call.now, updated=call.now, **fields)
    trunk.origination_urls[made.sid] = made
    return Response.of_json(201, _show_origination_url(call, made))


@trunking.get("/v1/Trunks/{trunk}/OriginationUrls/{sid}")
def fetch_origination_url(call: Call) -> Response:
    """One place calls are sent."""
    return Response.of_json(200, _show_origination_url(call, _origination_url(call)))


@trunking.post("/v1/Trunks/{trunk}/OriginationUrls/{sid}")
def update_origination_url(call: Call) -> Response:
    """Changes what is named."""
    url = _origination_url(call)
    for field, value in _origination_fields(call).items():
        setattr(url, field, value)
    url.updated = call.now
    return Response.of_json(200, _show_origination_url(call, url))


@trunking.delete("/v1/Trunks/{trunk}/OriginationUrls/{sid}")
def delete_origination_url(call: Call) -> Response:
    """No longer sends calls there."""
    del _trunk(call).origination_urls[_origination_url(call).sid]
    return Response(204)


# Numbers on the trunk


def _show_phone_number(call: Call, number: Number) -> dict[str, Any]:
    values = number.values()
    trunk = number.value("trunk_sid")
    in_api = f"/2010-04-01/Accounts/{call.account.sid}/IncomingPhoneNumbers/{number.sid}.json"
    return {
        "sid": number.sid,
        "account_sid": call.account.sid,
        "trunk_sid": trunk,
        "phone_number": number.phone_number,
        "friendly_name": number.friendly_name,
        **{field: values[field] for field in _SHOWN_ON_TRUNK},
        **dates(number),
        "url": call.url("trunking", f"/v1/Trunks/{trunk}/PhoneNumbers/{number.sid}"),
        "links": {"phone_number": call.url("api", in_api)},
    }


_SHOWN_ON_TRUNK = (
    "address_requirements",
    "api_version",
    "beta",
    "capabilities",
    "sms_application_sid",
    "sms_fallback_method",
    "sms_fallback_url",
    "sms_method",
    "sms_url",
    "status_callback",
    "status_callback_method",
    "voice_application_sid",
    "voice_caller_id_lookup",
    "voice_fallback_method",
    "voice_fallback_url",
    "voice_method",
    "voice_url",
)


def _trunk_with_numbers(call: Call) -> Trunk:
    if call.origin.region in REGIONS_WITHOUT_PHONE_NUMBERS:
        raise not_found(call.request.path)
    return _trunk(call)


def _number_on_trunk(call: Call) -> Number:
    number = call.account.on_trunk.get(_trunk_with_numbers(call).sid, {}).get(call.params["sid"])
    if number is None:
        raise not_found(call.request.path)
    return number


@trunking.get("/v1/Trunks/{trunk}/PhoneNumbers")
def list_phone_numbers(call: Call) -> Response:
    """The numbers on the trunk."""
    found = list(call.account.on_trunk.get(_trunk_with_numbers(call).sid, {}).values())
    page = cut(call, found, lambda number: number.sid)
    return page_of_v1(call, "trunking", "phone_numbers", page, lambda number: _show_phone_number(call, number))


@trunking.post("/v1/Trunks/{trunk}/PhoneNumbers")
def attach_phone_number(call: Call) -> Response:
    """Puts a number of the account on the trunk, taking it off any other."""
    trunk = _trunk_with_numbers(call)
    required(call.form, "PhoneNumberSid")
    number = call.account.numbers.get(call.form["PhoneNumberSid"])
    if number is None:
        raise not_found(f"/v1/Trunks/{trunk.sid}/PhoneNumbers/{call.form['PhoneNumberSid']}")
    refuse_second_on_trial(call.account, number)
    call.account.update_number(number, {"trunk_sid": trunk.sid}, call.now)
    return Response.of_json(201, _show_phone_number(call, number))


@trunking.get("/v1/Trunks/{trunk}/PhoneNumbers/{sid}")
def fetch_phone_number(call: Call) -> Response:
    """One number on the trunk."""
    return Response.of_json(200, _show_phone_number(call, _number_on_trunk(call)))


@trunking.delete("/v1/Trunks/{trunk}/PhoneNumbers/{sid}")
def detach_phone_number(call: Call) -> Response:
    """Takes the number off the trunk; the account keeps it."""
    call.account.update_number(_number_on_trunk(call), {"trunk_sid": ""}, call.now)
    return Response(204)


# Whom the trunk admits


def _attachments(product: Product, segment: str, key: str, parameter: str) -> None:
    """The four endpoints for one kind of list: credentials, or addresses."""

    def show(call: Call, sid: str) -> dict[str, Any]:
        trunk = _trunk(call)
        attached = getattr(trunk, key)[sid]
        return {
            "sid": sid,
            "account_sid": call.account.sid,
            "trunk_sid": trunk.sid,
            "friendly_name": getattr(call.account, key)[sid].friendly_name,
            "date_created": iso_8601(attached),
            "date_updated": iso_8601(attached),
            "url": call.url("trunking", f"/v1/Trunks/{trunk.sid}/{segment}/{sid}"),
        }

    def attached_sid(call: Call) -> str:
        if call.params["sid"] not in getattr(_trunk(call), key):
            raise not_found(call.request.path)
        return call.params["sid"]

    @product.get(f"/v1/Trunks/{{trunk}}/{segment}")
    def list_attached(call: Call) -> Response:
        page = cut(call, list(getattr(_trunk(call), key)), str)
        return page_of_v1(call, "trunking", key, page, lambda sid: show(call, sid))

    @product.post(f"/v1/Trunks/{{trunk}}/{segment}")
    def attach(call: Call) -> Response:
        trunk = _trunk(call)
        required(call.form, parameter)
        sid = call.form[parameter]
        if sid not in getattr(call.account, key):
            raise not_found(f"{call.request.path}/{sid}")
        if sid in getattr(trunk, key):
            raise invalid(f"{parameter} {sid} is associated with this trunk already")
        getattr(trunk, key)[sid] = trunk.updated = call.now
        return Response.of_json(201, show(call, sid))

    @product.get(f"/v1/Trunks/{{trunk}}/{segment}/{{sid}}")
    def fetch_attached(call: Call) -> Response:
        return Response.of_json(200, show(call, attached_sid(call)))

    @product.delete(f"/v1/Trunks/{{trunk}}/{segment}/{{sid}}")
    def detach(call: Call) -> Response:
        del getattr(_trunk(call), key)[attached_sid(call)]
        return Response(204)


_attachments(trunking, "CredentialLists", "credential_lists", "CredentialListSid")
_attachments(trunking, "IpAccessControlLists", "ip_access_control_lists", "IpAccessControlListSid")
