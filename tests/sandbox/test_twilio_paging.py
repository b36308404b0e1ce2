"""How lists of the simulated Twilio are cut into pages, and that Twilio's own client walks through them."""

from collections.abc import Iterator
from typing import Any

import pytest
from twilio.rest import Client

Caller = Any


def walk(healthy: Caller, first: str) -> Iterator[dict[str, Any]]:
    """The pages of the list of numbers, by their links."""
    path: str | None = first
    while path:
        page = healthy.get(path)
        yield page
        path = page["next_page_uri"]


def test_the_links_lead_through_all_numbers_once(healthy: Caller, account: Any) -> None:
    pages = list(walk(healthy, healthy.numbers(".json?PageSize=1000")))
    found = [number["sid"] for page in pages for number in page["incoming_phone_numbers"]]
    assert found == list(account.numbers)
    assert [(page["page"], page["start"], page["end"]) for page in pages] == [
        (0, 0, 999),
        (1, 1000, 1999),
        (2, 2000, 2999),
    ]


def test_links_of_the_2010_api_are_relative_and_carry_a_token(healthy: Caller) -> None:
    page = healthy.get(healthy.numbers())
    assert page["page_size"] == 50
    assert page["next_page_uri"].startswith("/2010-04-01/Accounts/AC")
    assert "PageToken=" in page["next_page_uri"]
    assert page["first_page_uri"].endswith("?PageSize=50&Page=0")
    assert page["previous_page_uri"] is None


def test_filters_stay_in_the_links(healthy: Caller) -> None:
    first = healthy.numbers(".json?PageSize=20&PhoneNumber=%2B1808")
    found = [number for page in walk(healthy, first) for number in page["incoming_phone_numbers"]]
    assert len(found) > 20
    assert all(number["phone_number"].startswith("+1808") for number in found)


def test_the_link_to_the_previous_page_leads_back(healthy: Caller) -> None:
    first, second = list(walk(healthy, healthy.numbers(".json?PageSize=1000")))[:2]
    assert healthy.get(second["previous_page_uri"])["incoming_phone_numbers"] == first["incoming_phone_numbers"]


@pytest.mark.parametrize(
    "query", ["PageSize=0", "PageSize=1001", "PageSize=many", "Page=-1", "Page=1", "Page=1&PageToken=nonsense"]
)
@pytest.mark.parametrize("path", ["/2010-04-01/Accounts/{}/IncomingPhoneNumbers.json", "/v1/Trunks"])
def test_paging_by_guessing_is_refused(healthy: Caller, path: str, query: str) -> None:
    assert healthy.refusal("GET", f"{path.format(healthy.sid)}?{query}") == (400, 20001)


def test_a_number_deleted_between_two_pages_hides_no_other(healthy: Caller, account: Any) -> None:
    everything = list(account.numbers)
    first = healthy.get(healthy.numbers(".json?PageSize=100"))
    healthy.ask("DELETE", healthy.numbers(f"/{everything[3]}.json"))
    second = healthy.get(first["next_page_uri"])
    assert second["incoming_phone_numbers"][0]["sid"] == everything[100]


def test_the_number_that_a_token_names_may_itself_be_gone(healthy: Caller, account: Any) -> None:
    first = healthy.get(healthy.numbers(".json?PageSize=100"))
    healthy.ask("DELETE", healthy.numbers(f"/{first['incoming_phone_numbers'][-1]['sid']}.json"))
    assert healthy.get(first["next_page_uri"])["incoming_phone_numbers"]


def trunks(healthy: Caller, count: int) -> None:
    for at in range(count):
        healthy.post("/v1/Trunks", FriendlyName=f"Trunk {at}")


def test_links_of_the_v1_apis_carry_the_carriers_own_origin(healthy: Caller) -> None:
    trunking = healthy.on("trunking")
    trunks(trunking, 2)
    meta = trunking.get("/v1/Trunks?PageSize=1")["meta"]
    assert meta["next_page_url"].startswith("https://trunking.twilio.com/v1/Trunks?PageSize=1&Page=1&PageToken=")
    assert meta["first_page_url"] == "https://trunking.twilio.com/v1/Trunks?PageSize=1&Page=0"
    assert meta["key"] == "trunks"


def test_reached_by_its_address_the_links_stay_at_that_address(healthy: Caller, twilio: Any) -> None:
    trunks(healthy, 2)
    seen = []
    link = f"{twilio.address}/v1/Trunks?PageSize=1"
    while link:
        assert link.startswith(twilio.address)
        page = healthy.get(link.removeprefix(twilio.address))
        seen += [trunk["sid"] for trunk in page["trunks"]]
        link = page["meta"]["next_page_url"]
    assert len(seen) == len(set(seen)) == 3


@pytest.fixture
def official(twilio: Any, healthy: Caller) -> Iterator[Client]:
    """Twilio's own client, pointed at the sandbox by hand."""
    client = Client(healthy.user, healthy.password)
    for product in (client.api, client.trunking, client.voice, client.pricing, client.routes):
        product.base_url = twilio.address
    yield client
    client.http_client.session.close()


def test_the_official_client_lists_every_number(official: Client, account: Any) -> None:
    listed = official.incoming_phone_numbers.list(page_size=700)
    assert [number.phone_number for number in listed] == [number.phone_number for number in account.numbers.values()]


def test_the_official_client_sets_up_a_trunk_and_routes_a_number(official: Client, account: Any) -> None:
    number = next(number for number in account.numbers.values() if not number.own)
    trunk = official.trunking.v1.trunks.create(friendly_name="Ours", domain_name="ours-1.pstn.twilio.com")
    official.trunking.v1.trunks(trunk.sid).origination_urls.create(
        friendly_name="Edge", sip_url="sip:edge.example.com", priority=10, weight=10, enabled=True
    )
    assert official.incoming_phone_numbers(number.sid).update(trunk_sid=trunk.sid).trunk_sid == trunk.sid
    attached = official.trunking.v1.trunks(trunk.sid).phone_numbers.list()
    assert [one.sid for one in attached] == [number.sid]
    assert not official.incoming_phone_numbers(number.sid).update(trunk_sid="").trunk_sid
    again = official.trunking.v1.trunks(trunk.sid).phone_numbers.create(phone_number_sid=number.sid)
    assert again.trunk_sid == trunk.sid
    assert official.trunking.v1.trunks(trunk.sid).phone_numbers(number.sid).delete()
    assert not account.numbers[number.sid].value("trunk_sid")
    assert official.trunking.v1.trunks(trunk.sid).delete()


def test_the_official_client_walks_through_all_trunks(official: Client) -> None:
    made = {official.trunking.v1.trunks.create(friendly_name=f"Trunk {at}").sid for at in range(5)}
    assert made < {trunk.sid for trunk in official.trunking.v1.trunks.list(page_size=2)}


def test_the_official_client_reads_prices_permissions_and_routes(official: Client, account: Any) -> None:
    prices = official.pricing.v1.phone_numbers.countries("US").fetch()
    assert {price["number_type"] for price in prices.phone_number_prices} == {"local", "toll free"}
    assert official.voice.v1.dialing_permissions.countries("US").fetch().low_risk_numbers_enabled
    first = next(iter(account.numbers.values())).phone_number
    assert official.routes.v2.phone_numbers(first).fetch().voice_region == "us1"
