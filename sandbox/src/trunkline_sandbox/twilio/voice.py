"""voice.twilio.com/v1: where an account may call."""

from typing import Any

from trunkline_sandbox.carrier import Response

from .countries import COUNTRIES, DIALING
from .errors import not_found
from .paging import cut, page_of_v1
from .parameters import boolean
from .routing import Call, Product

voice = Product("voice")

_ROOT = "/v1/DialingPermissions/Countries"


def _show_permission(call: Call, iso: str) -> dict[str, Any]:
    url = call.url("voice", f"{_ROOT}/{iso}")
    allowed = {
        "low_risk_numbers_enabled": iso in ("US", "GB", "DE"),
        "high_risk_special_numbers_enabled": False,
        "high_risk_tollfraud_numbers_enabled": False,
        **call.account.dialing.get(iso, {}),
    }
    return {
        "iso_code": iso,
        "name": DIALING[iso],
        "continent": COUNTRIES[iso].continent,
        "country_codes": [f"+{COUNTRIES[iso].code}"],
        **allowed,
        "url": url,
        "links": {"highrisk_special_prefixes": f"{url}/HighRiskSpecialPrefixes"},
    }


_FLAGS = {
    "LowRiskNumbersEnabled": "low_risk_numbers_enabled",
    "HighRiskSpecialNumbersEnabled": "high_risk_special_numbers_enabled",
    "HighRiskTollfraudNumbersEnabled": "high_risk_tollfraud_numbers_enabled",
}


def _wanted(call: Call, shown: dict[str, Any]) -> bool:
    query = call.query
    return (
        query.get("IsoCode", shown["iso_code"]).upper() == shown["iso_code"]
        and query.get("Continent", shown["continent"]).upper() == shown["continent"]
        and query.get("CountryCode", shown["country_codes"][0]) == shown["country_codes"][0]
        and all(boolean(name, query[name]) == shown[flag] for name, flag in _FLAGS.items() if name in query)
    )


@voice.get(_ROOT)
def list_permissions(call: Call) -> Response:
    """All countries; the list is called `content`."""
    shown = [_show_permission(call, iso) for iso in DIALING]
    page = cut(call, [one for one in shown if _wanted(call, one)], lambda one: str(one["iso_code"]))
    return page_of_v1(call, "voice", "content", page, lambda one: one)


@voice.get(_ROOT + "/{iso}")
def fetch_permission(call: Call) -> Response:
    """One country."""
    iso = call.params["iso"].upper()
    if iso not in DIALING:
        raise not_found(call.request.path)
    return Response.of_json(200, _show_permission(call, iso))


def _show_settings(call: Call) -> dict[str, Any]:
    return {
        "dialing_permissions_inheritance": call.account.dialing_inheritance,
        "url": call.url("voice", "/v1/Settings"),
    }


@voice.get("/v1/Settings")
def fetch_settings(call: Call) -> Response:
    """Whether a subaccount inherits the permissions of its parent."""
    return Response.of_json(200, _show_settings(call))


@voice.post("/v1/Settings")
def update_settings(call: Call) -> Response:
    """Changes the inheritance."""
    if "DialingPermissionsInheritance" in call.form:
        chosen = call.form["DialingPermissionsInheritance"]
        call.account.dialing_inheritance = boolean("DialingPermissionsInheritance", chosen)
    return Response.of_json(202, _show_settings(call))
