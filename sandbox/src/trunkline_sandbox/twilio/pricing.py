"""pricing.twilio.com v1 and v2: what this account pays. Prices are strings, whatever the published schema says."""

from decimal import Decimal
from typing import Any

from trunkline_sandbox.carrier import Response

from .countries import COUNTRIES, Country
from .errors import not_found
from .paging import cut, page_of_v1
from .routing import Call, Product

pricing = Product("pricing")


def _country(call: Call) -> Country:
    country = COUNTRIES.get(call.params["iso"].upper())
    if country is None:
        raise not_found(call.request.path)
    return country


def _head(call: Call, country: Country, path: str) -> dict[str, Any]:
    url = call.url("pricing", f"{path}/{country.iso}")
    return {"country": country.name, "iso_country": country.iso, "url": url}


def _after_discount(call: Call, price: str) -> str:
    """The price with the account's discount off, in as many decimals as it has, but not fewer than the price."""
    return str(Decimal(price) * (1 - Decimal(call.account.discount))) if call.account.discount != "0" else price


@pricing.get("/v1/PhoneNumbers/Countries")
def list_phone_number_countries(call: Call) -> Response:
    """The countries with numbers for sale, without prices."""
    page = cut(call, list(COUNTRIES.values()), lambda country: country.iso)
    show = "/v1/PhoneNumbers/Countries"
    return page_of_v1(call, "pricing", "countries", page, lambda country: _head(call, country, show))


@pricing.get("/v1/PhoneNumbers/Countries/{iso}")
def fetch_phone_number_prices(call: Call) -> Response:
    """What numbers of a country cost a month."""
    country = _country(call)
    prices = [
        {"number_type": kind, "base_price": price, "current_price": _after_discount(call, price)}
        for kind, price in country.numbers.items()
    ]
    head = _head(call, country, "/v1/PhoneNumbers/Countries")
    return Response.of_json(200, {**head, "phone_number_prices": prices, "price_unit": country.unit})


@pricing.get("/v2/Trunking/Countries")
def list_trunking_countries(call: Call) -> Response:
    """The countries with prices for calls over trunks, without the prices."""
    page = cut(call, list(COUNTRIES.values()), lambda country: country.iso)
    show = "/v2/Trunking/Countries"
    return page_of_v1(call, "pricing", "countries", page, lambda country: _head(call, country, show))


@pricing.get("/v2/Trunking/Countries/{iso}")
def fetch_trunking_prices(call: Call) -> Response:
    """What calls over a trunk cost a minute; the list price is not given."""
    country = _country(call)
    originating = [
        {"number_type": kind, "base_price": None, "current_price": _after_discount(call, price)}
        for kind, price in country.originating.items()
    ]
    terminating = [
        {
            "friendly_name": f"Outbound Trunking Minute - {country.name}",
            "destination_prefixes": [country.code],
            "origination_prefixes": ["ALL"],
            "base_price": None,
            "current_price": _after_discount(call, country.terminating),
        }
    ]
    return Response.of_json(
        200,
        {
            **_head(call, country, "/v2/Trunking/Countries"),
            "originating_call_prices": originating,
            "terminating_prefix_prices": terminating,
            "price_unit": country.unit,
        },
    )
