"""Every answer of the simulated Twilio is what Twilio's own documents say, but for the differences known."""

import re
from collections.abc import Callable
from typing import Any

import attrs
import jsonschema
import pytest

from trunkline_sandbox import Fault
from trunkline_sandbox.twilio.model import CallerId, Named
from trunkline_sandbox.twilio.routing import Product, Route
from trunkline_sandbox.twilio.simulated import PRODUCTS

# Buying a number is documented, but nothing is for sale in the sandbox.
NOT_FOR_SALE = ("POST", "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json")
ENDPOINTS = [
    (product, route)
    for product in PRODUCTS.values()
    for route in product.routes
    if (route.method, route.path) != NOT_FOR_SALE
]

PASSWORD = "correct0Horse7Staple"
FORMS: dict[str, dict[str, Any]] = {
    "/SIP/CredentialLists.json": {"FriendlyName": "Phones"},
    "/SIP/CredentialLists/{list}.json": {"FriendlyName": "Desk phones"},
    "/Credentials.json": {"Username": "desk", "Password": PASSWORD},
    "/Credentials/{sid}.json": {"Password": PASSWORD},
    "/IncomingPhoneNumbers/{sid}.json": {"VoiceUrl": "https://example.com/voice"},
    "/v1/Trunks": {"FriendlyName": "Ours", "DomainName": "ours.pstn.twilio.com"},
    "/v1/Trunks/{trunk}": {"FriendlyName": "Renamed", "Secure": "true"},
    "/OriginationUrls": {
        "FriendlyName": "Ours",
        "SipUrl": "sip:edge.example.com;transport=tls",
        "Priority": 10,
        "Weight": 10,
        "Enabled": "true",
    },
    "/OriginationUrls/{sid}": {"Enabled": "false"},
    "/v1/Settings": {"DialingPermissionsInheritance": "false"},
    "/v2/PhoneNumbers/{number}": {"VoiceRegion": "ie1"},
    "/v2/Trunks/{domain}": {"VoiceRegion": "ie1"},
}


@attrs.define
class Prepared:
    """An account that has one of everything a path can name."""

    names: dict[str, str]
    """By the placeholder in a path, or, where that is `sid`, by the segment before it."""
    forms: dict[str, dict[str, Any]]

    def path(self, template: str) -> str:
        def named(found: re.Match[str]) -> str:
            segment, placeholder = found.groups()
            return f"{segment}/{self.names[segment if placeholder == 'sid' else placeholder]}"

        return re.sub(r"(\w+)/\{(\w+)\}", named, template)

    def form(self, template: str) -> dict[str, Any]:
        endings = [ending for ending in self.forms if template.endswith(ending)]
        return self.forms[max(endings, key=len)]


@pytest.fixture
def prepared(account: Any, healthy: Any) -> Prepared:
    (trunk,) = account.trunks.values()
    (credentials,) = account.credential_lists
    (addresses,) = account.ip_access_control_lists
    (attached,) = account.on_trunk[trunk.sid]
    first = next(iter(account.numbers.values()))
    lists = f"/2010-04-01/Accounts/{account.sid}/SIP/CredentialLists"
    other_list = healthy.post(f"{lists}.json", FriendlyName="Others")["sid"]
    credential = healthy.post(f"{lists}/{credentials}/Credentials.json", Username="a", Password=PASSWORD)["sid"]
    healthy.post(f"/v1/Trunks/{trunk.sid}/IpAccessControlLists", IpAccessControlListSid=addresses)
    other_addresses, caller_id = "AL" + "0" * 32, "PN" + "0" * 32
    account.ip_access_control_lists[other_addresses] = Named(other_addresses, "Other addresses", 0, 0)
    account.caller_ids[caller_id] = CallerId(caller_id, "Mobile", 0, 0, phone_number="+14155550100")
    names = {
        "account": account.sid,
        "trunk": trunk.sid,
        "list": credentials,
        "iso": "US",
        "number": first.phone_number,
        "domain": trunk.domain_name,
        "Applications": next(iter(account.applications)),
        "CredentialLists": credentials,
        "Credentials": credential,
        "IncomingPhoneNumbers": first.sid,
        "IpAccessControlLists": addresses,
        "OriginationUrls": next(iter(trunk.origination_urls)),
        "OutgoingCallerIds": caller_id,
        "PhoneNumbers": attached,
    }
    attaching = {
        "/v1/Trunks/{trunk}/PhoneNumbers": {"PhoneNumberSid": first.sid},
        "/v1/Trunks/{trunk}/CredentialLists": {"CredentialListSid": other_list},
        "/v1/Trunks/{trunk}/IpAccessControlLists": {"IpAccessControlListSid": other_addresses},
    }
    return Prepared(names, FORMS | attaching)


def document_of(product: Product, route: Route) -> str:
    version = route.path.split("/")[1]
    return "twilio/twilio_api_v2010" if product.name == "api" else f"twilio/twilio_{product.name}_{version}"


@pytest.mark.parametrize(
    ("product", "route"),
    [pytest.param(product, route, id=f"{route.method} {route.path}") for product, route in ENDPOINTS],
)
def test_an_endpoint_answers_as_documented(
    product: Product, route: Route, prepared: Prepared, healthy: Any, document: Callable[[str], Any]
) -> None:
    documented = document(document_of(product, route))
    path = prepared.path(route.path)
    form = prepared.form(route.path) if route.method == "POST" else None
    answer = healthy.on(product.name).ask(route.method, path, form)
    assert answer.ok, answer.text
    documented.check(route.method, path, answer.status_code, answer.json() if answer.content else None)


@pytest.mark.parametrize(
    ("product", "path"),
    [
        ("api", "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json"),
        ("api", "/2010-04-01/Accounts/{account}/OutgoingCallerIds.json"),
        ("api", "/2010-04-01/Accounts/{account}/SIP/CredentialLists.json"),
        ("trunking", "/v1/Trunks"),
    ],
)
def test_an_empty_list_is_as_documented(
    product: str, path: str, call_as: Callable[..., Any], document: Callable[[str], Any]
) -> None:
    documented = document(f"twilio/twilio_{product}_{'v2010' if product == 'api' else 'v1'}")
    empty = call_as("empty")
    path = path.format(account=empty.sid)
    answer = empty.on(product).get(path)
    assert [] in answer.values()
    documented.check("GET", path, 200, answer)


@pytest.mark.parametrize(
    "wrong",
    [
        {"friendly_name": 7},
        {"sid": "PN0"},
        {"date_created": "2026-11-23T00:00:00Z"},
        {"voice_method": "PATCH"},
        {"voice_receive_mode": None},
        {"capabilities": {"voice": "yes"}},
        {"undocumented": True},
        {"$remove": ["type"]},
    ],
    ids=str,
)
def test_the_check_against_the_document_notices(
    wrong: dict[str, Any], twilio: Any, healthy: Any, account: Any, document: Callable[[str], Any]
) -> None:
    path = healthy.numbers(f"/{next(iter(account.numbers))}.json")
    twilio.faults.add(Fault("patch_json", patch=wrong))
    with pytest.raises(jsonschema.ValidationError):
        document("twilio/twilio_api_v2010").check("GET", path, 200, healthy.get(path))


def test_every_number_with_an_oddity_is_as_documented(healthy: Any, document: Callable[[str], Any]) -> None:
    page = healthy.get(healthy.numbers(".json?PageSize=60"))
    document("twilio/twilio_api_v2010").check("GET", healthy.numbers(), 200, page)


def test_prices_in_every_country_are_as_documented(healthy: Any, document: Callable[[str], Any]) -> None:
    for version, path in (("v1", "/v1/PhoneNumbers/Countries"), ("v2", "/v2/Trunking/Countries")):
        for country in healthy.get(path)["countries"]:
            one = f"{path}/{country['iso_country']}"
            document(f"twilio/twilio_pricing_{version}").check("GET", one, 200, healthy.get(one))
