"""api.twilio.com/2010-04-01: accounts, numbers, caller ids, SIP credentials."""

import re
from collections.abc import Callable
from typing import Any

from trunkline_sandbox.carrier import Response, encode_json
from trunkline_sandbox.dates import rfc_2822

from .errors import (
    INVALID_APPLICATION,
    INVALID_TRUNK,
    NUMBER_NOT_FOR_SALE,
    TRIAL_REFUSED,
    Refusal,
    invalid,
    not_found,
)
from .model import Account, ApiKey, CallerId, Credential, CredentialList, Filters, Named, Number
from .paging import cut, page_of_2010
from .parameters import boolean, one_of, required, text, web_address
from .routing import Call, Product

api = Product("api")

ROOT = "/2010-04-01/Accounts"
NUMBERS = ROOT + "/{account}/IncomingPhoneNumbers"
LISTS = ROOT + "/{account}/SIP/CredentialLists"
LIST_LIMIT = 100
CREDENTIAL_LIMIT = 1000

_SUBRESOURCES = {
    "applications": "Applications",
    "balance": "Balance",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
    "keys": "Keys",
    "outgoing_caller_ids": "OutgoingCallerIds",
    "sip": "SIP",
}


def dates(thing: Any) -> dict[str, str]:
    """When a thing was made and last changed, as the 2010 API writes it."""
    return {"date_created": rfc_2822(thing.created), "date_updated": rfc_2822(thing.updated)}


def encoded(show: Callable[[Any], dict[str, Any]]) -> Callable[[Any], bytes]:
    """The same, in JSON."""
    return lambda thing: encode_json(show(thing)).encode()


# Accounts


def show_account(account: Account) -> dict[str, Any]:
    """An account; the real token is in it, whoever asks."""
    base = f"{ROOT}/{account.sid}"
    return {
        "sid": account.sid,
        "owner_account_sid": account.owner_sid or account.sid,
        "friendly_name": account.friendly_name,
        "status": account.status,
        "type": account.type,
        "auth_token": account.auth_token,
        "date_created": rfc_2822(account.created),
        "date_updated": rfc_2822(account.created),
        "subresource_uris": {name: f"{base}/{part}.json" for name, part in _SUBRESOURCES.items()},
        "uri": f"{base}.json",
    }


@api.get(ROOT + ".json", needs_main_key=True)
def list_accounts(call: Call) -> Response:
    """The account itself and its subaccounts."""
    found = [
        account
        for account in (call.account, *call.world.subaccounts_of(call.account))
        if call.query.get("FriendlyName") in (None, account.friendly_name)
        and call.query.get("Status") in (None, account.status)
    ]
    return page_of_2010(call, "accounts", cut(call, found, lambda account: account.sid), encoded(show_account))


@api.get(ROOT + "/{account}.json", needs_main_key=True)
def fetch_account(call: Call) -> Response:
    """The account."""
    return Response.of_json(200, show_account(call.account))


@api.get(ROOT + "/{account}/Balance.json")
def fetch_balance(call: Call) -> Response:
    """The balance, which subaccounts do not have."""
    account = call.account
    if account.is_subaccount:
        raise not_found(call.request.path)
    return Response.of_json(200, {"account_sid": account.sid, "balance": account.balance, "currency": "USD"})


@api.get(ROOT + "/{account}/Keys.json", needs_main_key=True)
def list_keys(call: Call) -> Response:
    """The API keys, without their secrets."""

    def show(key: ApiKey) -> dict[str, Any]:
        return {"sid": key.sid, "friendly_name": key.friendly_name, **dates(key)}

    return page_of_2010(call, "keys", cut(call, list(call.account.keys.values()), lambda key: key.sid), encoded(show))


@api.get(ROOT + "/{account}/Applications.json")
def list_applications(call: Call) -> Response:
    """The voice and SMS applications."""
    found = list(call.account.applications.values())
    page = cut(call, found, lambda application: application.sid)
    return page_of_2010(call, "applications", page, encoded(lambda known: show_application(call.account, known)))


@api.get(ROOT + "/{account}/Applications/{sid}.json")
def fetch_application(call: Call) -> Response:
    """One application."""
    application = call.account.applications.get(call.params["sid"])
    if application is None:
        raise not_found(call.request.path)
    return Response.of_json(200, show_application(call.account, application))


def show_application(account: Account, application: Named) -> dict[str, Any]:
    """An application."""
    return {
        "sid": application.sid,
        "account_sid": account.sid,
        "friendly_name": application.friendly_name,
        "api_version": "2010-04-01",
        "voice_url": "https://apps.example.com/voice",
        "voice_method": "POST",
        "voice_fallback_url": None,
        "voice_fallback_method": "POST",
        "voice_caller_id_lookup": False,
        "status_callback": None,
        "status_callback_method": "POST",
        "sms_url": None,
        "sms_method": "POST",
        "sms_fallback_url": None,
        "sms_fallback_method": "POST",
        "sms_status_callback": None,
        "message_status_callback": None,
        "public_application_connect_enabled": False,
        **dates(application),
        "uri": f"{ROOT}/{account.sid}/Applications/{application.sid}.json",
    }


@api.get(ROOT + "/{account}/OutgoingCallerIds.json")
def list_caller_ids(call: Call) -> Response:
    """Verified caller ids."""
    found = [
        known
        for known in call.account.caller_ids.values()
        if call.query.get("PhoneNumber") in (None, known.phone_number)
        and call.query.get("FriendlyName") in (None, known.friendly_name)
    ]
    page = cut(call, found, lambda known: known.sid)
    return page_of_2010(call, "outgoing_caller_ids", page, encoded(lambda known: show_caller_id(call.account, known)))


@api.get(ROOT + "/{account}/OutgoingCallerIds/{sid}.json")
def fetch_caller_id(call: Call) -> Response:
    """One verified caller id."""
    known = call.account.caller_ids.get(call.params["sid"])
    if known is None:
        raise not_found(call.request.path)
    return Response.of_json(200, show_caller_id(call.account, known))


def show_caller_id(account: Account, known: CallerId) -> dict[str, Any]:
    """A verified caller id."""
    return {
        "sid": known.sid,
        "account_sid": account.sid,
        "friendly_name": known.friendly_name,
        "phone_number": known.phone_number,
        **dates(known),
        "uri": f"{ROOT}/{account.sid}/OutgoingCallerIds/{known.sid}.json",
    }


# Numbers

_FILTERS = ("PhoneNumber", "FriendlyName", "Origin", "Beta")


def _wanted(filters: dict[str, str], kind: str | None) -> Callable[[Number], bool]:
    """Whether a number passes the filters of a list."""
    partial = re.escape(filters.get("PhoneNumber", "").replace(" ", "+")).replace(r"\*", "[0-9]")
    pattern = re.compile(partial)
    name, origin = filters.get("FriendlyName"), filters.get("Origin")
    beta_too = filters.get("Beta", "true").lower() != "false"

    def wanted(number: Number) -> bool:
        return (
            (kind is None or number.kind == kind)
            and (name is None or number.friendly_name == name)
            and (origin is None or number.value("origin") == origin)
            and (beta_too or not number.value("beta"))
            and pattern.search(number.phone_number) is not None
        )

    return wanted


def _list_numbers(call: Call, kind: str | None, encode: Callable[[Number], bytes]) -> Response:
    chosen = {name: call.query[name] for name in _FILTERS if name in call.query}
    if not chosen and kind is None:
        page = cut(call, call.account.listed_numbers(), _sid, call.account.place_of)
    else:
        filters: Filters = (("kind", kind or ""), *chosen.items())
        page = cut(call, call.account.listed_numbers(filters, _wanted(chosen, kind)), _sid)
    return page_of_2010(call, "incoming_phone_numbers", page, encode)


def _sid(number: Number) -> str:
    return number.sid


def _encode_without_type(number: Number) -> bytes:
    return number.encoded().replace(b'"type":"%s",' % number.kind.encode(), b"", 1)


@api.get(NUMBERS + ".json")
def list_numbers(call: Call) -> Response:
    """All numbers of the account; those of subaccounts are not among them."""
    return _list_numbers(call, None, Number.encoded)


@api.get(NUMBERS + "/Local.json")
def list_local_numbers(call: Call) -> Response:
    """Local numbers."""
    return _list_numbers(call, "local", _encode_without_type)


@api.get(NUMBERS + "/Mobile.json")
def list_mobile_numbers(call: Call) -> Response:
    """Mobile numbers."""
    return _list_numbers(call, "mobile", _encode_without_type)


@api.get(NUMBERS + "/TollFree.json")
def list_toll_free_numbers(call: Call) -> Response:
    """Toll-free numbers."""
    return _list_numbers(call, "toll-free", _encode_without_type)


@api.post(NUMBERS + ".json")
def buy_number(call: Call) -> Response:
    """Nothing is for sale here: a platform that imports numbers has no business buying any."""
    raise invalid("PhoneNumber is not available.", NUMBER_NOT_FOR_SALE)


@api.get(NUMBERS + "/{sid}.json")
def fetch_number(call: Call) -> Response:
    """One number."""
    return Response(200, _number(call).encoded())


@api.delete(NUMBERS + "/{sid}.json")
def release_number(call: Call) -> Response:
    """Gives the number up. It does not come back."""
    call.account.drop_number(_number(call))
    return Response(204)


@api.post(NUMBERS + "/{sid}.json")
def update_number(call: Call) -> Response:
    """Changes what is named; what is not, or is misnamed, stays as it was."""
    number = _number(call)
    fields = {
        field: check(call, name, call.form[name]) for name, (field, check) in _UPDATABLE.items() if name in call.form
    }
    if fields.get("trunk_sid"):
        refuse_second_on_trial(call.account, number)
    call.account.update_number(number, fields, call.now)
    return Response(200, number.encoded())


def _number(call: Call) -> Number:
    number = call.account.numbers.get(call.params["sid"])
    if number is None:
        raise not_found(call.request.path)
    return number


def refuse_second_on_trial(account: Account, number: Number) -> None:
    """A trial account may have one number on a trunk, not two."""
    others = [sid for numbers in account.on_trunk.values() for sid in numbers if sid != number.sid]
    if account.type == "Trial" and others:
        raise Refusal(403, TRIAL_REFUSED, "Trial accounts may associate one phone number with a trunk")


def _trunk(call: Call, name: str, value: str) -> str:
    if value and value not in call.account.trunks:
        raise invalid(f"{name} {value} is not valid", INVALID_TRUNK)
    return value


def _application(call: Call, name: str, value: str) -> str:
    if value and value not in call.account.applications:
        raise invalid(f"{name} {value} is not valid", INVALID_APPLICATION)
    return value


def _url(_: Call, name: str, value: str) -> str:
    return web_address(name, value)


def _method(_: Call, name: str, value: str) -> str:
    return one_of(name, value, "GET", "POST") if value else "POST"


def _boolean(_: Call, name: str, value: str) -> bool:
    return boolean(name, value)


def _name(_: Call, name: str, value: str) -> str:
    return text(name, value)


def _receive_mode(_: Call, name: str, value: str) -> str:
    return one_of(name, value, "voice", "fax") if value else "voice"


_UPDATABLE: dict[str, tuple[str, Callable[[Call, str, str], Any]]] = {
    "FriendlyName": ("friendly_name", _name),
    "TrunkSid": ("trunk_sid", _trunk),
    "VoiceApplicationSid": ("voice_application_sid", _application),
    "VoiceUrl": ("voice_url", _url),
    "VoiceMethod": ("voice_method", _method),
    "VoiceFallbackUrl": ("voice_fallback_url", _url),
    "VoiceFallbackMethod": ("voice_fallback_method", _method),
    "VoiceCallerIdLookup": ("voice_caller_id_lookup", _boolean),
    "VoiceReceiveMode": ("voice_receive_mode", _receive_mode),
    "StatusCallback": ("status_callback", _url),
    "StatusCallbackMethod": ("status_callback_method", _method),
    "SmsUrl": ("sms_url", _url),
    "SmsMethod": ("sms_method", _method),
    "SmsFallbackUrl": ("sms_fallback_url", _url),
    "SmsFallbackMethod": ("sms_fallback_method", _method),
    "SmsApplicationSid": ("sms_application_sid", _application),
}


# SIP credentials


def show_list(account: Account, known: Named, kind: str, inside: str) -> dict[str, Any]:
    """A list of credentials, or of addresses."""
    base = f"{ROOT}/{account.sid}/SIP/{kind}/{known.sid}"
    return {
        "sid": known.sid,
        "account_sid": account.sid,
        "friendly_name": known.friendly_name,
        **dates(known),
        "subresource_uris": {re.sub("(?<!^)(?=[A-Z])", "_", inside).lower(): f"{base}/{inside}.json"},
        "uri": f"{base}.json",
    }


def _show_credential_list(call: Call) -> Callable[[CredentialList], dict[str, Any]]:
    return lambda known: show_list(call.account, known, "CredentialLists", "Credentials")


@api.get(LISTS + ".json")
def list_credential_lists(call: Call) -> Response:
    """The credential lists."""
    page = cut(call, list(call.account.credential_lists.values()), lambda known: known.sid)
    return page_of_2010(call, "credential_lists", page, encoded(_show_credential_list(call)))


@api.post(LISTS + ".json")
def create_credential_list(call: Call) -> Response:
    """A new, empty list."""
    required(call.form, "FriendlyName")
    if len(call.account.credential_lists) >= LIST_LIMIT:
        raise invalid(f"An account may have {LIST_LIMIT} credential lists")
    sid = call.world.ids.sid("CL")
    made = CredentialList(sid, text("FriendlyName", call.form["FriendlyName"]), call.now, call.now)
    call.account.credential_lists[sid] = made
    return Response.of_json(201, _show_credential_list(call)(made))


def _credential_list(call: Call) -> CredentialList:
    known = call.account.credential_lists.get(call.params["list"])
    if known is None:
        raise not_found(call.request.path)
    return known


@api.get(LISTS + "/{list}.json")
def fetch_credential_list(call: Call) -> Response:
    """One list."""
    return Response.of_json(200, _show_credential_list(call)(_credential_list(call)))


@api.post(LISTS + "/{list}.json")
def rename_credential_list(call: Call) -> Response:
    """Another name for a list."""
    known = _credential_list(call)
    required(call.form, "FriendlyName")
    known.friendly_name, known.updated = text("FriendlyName", call.form["FriendlyName"]), call.now
    return Response.of_json(200, _show_credential_list(call)(known))


@api.delete(LISTS + "/{list}.json")
def delete_credential_list(call: Call) -> Response:
    """Deletes the list and takes it off the trunks it is on."""
    known = _credential_list(call)
    del call.account.credential_lists[known.sid]
    for trunk in call.account.trunks.values():
        trunk.credential_lists.pop(known.sid, None)
    return Response(204)


def _show_credential(call: Call) -> Callable[[Credential], dict[str, Any]]:
    base = f"{ROOT}/{call.account.sid}/SIP/CredentialLists/{call.params['list']}"
    return lambda known: {
        "sid": known.sid,
        "account_sid": call.account.sid,
        "credential_list_sid": call.params["list"],
        "username": known.username,
        **dates(known),
        "uri": f"{base}/Credentials/{known.sid}.json",
    }


@api.get(LISTS + "/{list}/Credentials.json")
def list_credentials(call: Call) -> Response:
    """The users on a list; passwords are never shown."""
    page = cut(call, list(_credential_list(call).credentials.values()), lambda known: known.sid)
    return page_of_2010(call, "credentials", page, encoded(_show_credential(call)))


@api.post(LISTS + "/{list}/Credentials.json")
def create_credential(call: Call) -> Response:
    """A new user, with a password strong enough."""
    known = _credential_list(call)
    required(call.form, "Username", "Password")
    username = text("Username", call.form["Username"], 32)
    _refuse_weak(call.form["Password"])
    if any(credential.username == username for credential in known.credentials.values()):
        raise invalid("Username is on this credential list already")
    if len(known.credentials) >= CREDENTIAL_LIMIT:
        raise invalid(f"A credential list may have {CREDENTIAL_LIMIT} credentials")
    made = Credential(call.world.ids.sid("CR"), username, call.now, call.now)
    known.credentials[made.sid] = made
    return Response.of_json(201, _show_credential(call)(made))


def _refuse_weak(password: str) -> None:
    strong = (
        len(password) >= 12
        and re.search("[0-9]", password)
        and re.search("[a-z]", password)
        and re.search("[A-Z]", password)
    )
    if not strong:
        raise invalid("Password must have 12 characters, with a digit, an upper-case and a lower-case letter")


def _credential(call: Call) -> Credential:
    credential = _credential_list(call).credentials.get(call.params["sid"])
    if credential is None:
        raise not_found(call.request.path)
    return credential


@api.get(LISTS + "/{list}/Credentials/{sid}.json")
def fetch_credential(call: Call) -> Response:
    """One user."""
    return Response.of_json(200, _show_credential(call)(_credential(call)))


@api.post(LISTS + "/{list}/Credentials/{sid}.json")
def change_password(call: Call) -> Response:
    """Another password for a user."""
    credential = _credential(call)
    if "Password" in call.form:
        _refuse_weak(call.form["Password"])
        credential.updated = call.now
    return Response.of_json(200, _show_credential(call)(credential))


@api.delete(LISTS + "/{list}/Credentials/{sid}.json")
def delete_credential(call: Call) -> Response:
    """Takes a user off the list."""
    del _credential_list(call).credentials[_credential(call).sid]
    return Response(204)


@api.get(ROOT + "/{account}/SIP/IpAccessControlLists.json")
def list_ip_access_control_lists(call: Call) -> Response:
    """The lists of addresses."""
    page = cut(call, list(call.account.ip_access_control_lists.values()), lambda known: known.sid)

    def show(known: Named) -> dict[str, Any]:
        return show_list(call.account, known, "IpAccessControlLists", "IpAddresses")

    return page_of_2010(call, "ip_access_control_lists", page, encoded(show))
