"""The simulated Vonage keeps to Vonage's own rules, the inconvenient ones included."""

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
import requests

from trunkline_sandbox import Fault, Sandbox, running
from trunkline_sandbox.vonage import Account, Number, SimulatedVonage, Switches

REST, API = "rest.nexmo.com", "api.nexmo.com"


class Time:
    now = 0.0


@attrs.define
class Caller:
    session: requests.Session
    sandbox: Sandbox[SimulatedVonage]
    key: str
    secret: str

    def ask(self, method: str, path: str, host: str = REST, **more: Any) -> requests.Response:
        headers = {"Host": host} | more.pop("headers", {})
        more.setdefault("auth", (self.key, self.secret))
        return self.session.request(method, self.sandbox.address + path, headers=headers, timeout=5, **more)

    def get(self, path: str, host: str = REST, **query: Any) -> Any:
        answer = self.ask("GET", path, host, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def row(self, number: Number) -> dict[str, Any]:
        (row,) = self.get("/account/numbers", pattern=number.msisdn, search_pattern=0)["numbers"]
        return dict(row)

    def update(self, number: Number, **settings: str) -> requests.Response:
        form = {"country": number.country, "msisdn": number.msisdn, **settings}
        return self.ask("POST", "/number/update", data=form)


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def vonage(clock: Time) -> Iterator[Sandbox[SimulatedVonage]]:
    with running(SimulatedVonage(clock=lambda: clock.now)) as sandbox:
        yield sandbox


CallAs = Callable[[str], Caller]


@pytest.fixture
def call_as(vonage: Sandbox[SimulatedVonage]) -> Iterator[CallAs]:
    with requests.Session() as session:
        session.trust_env = False

        def caller(label: str) -> Caller:
            (entry,) = [entry for entry in vonage.carrier.listing() if entry.label == label]
            assert (entry.provider, entry.setup_method, entry.sip_config) == ("vonage", "api_key", {})
            return Caller(session, vonage, entry.credentials["apiKey"], entry.credentials["apiSecret"])

        yield caller


@pytest.fixture
def healthy(call_as: CallAs) -> Caller:
    return call_as("healthy")


@pytest.fixture
def account(vonage: Sandbox[SimulatedVonage]) -> Account:
    return vonage.carrier.accounts["healthy"]


@pytest.fixture
def number(account: Account) -> Number:
    return next(iter(account.numbers.values()))


# Credentials


def test_both_secrets_of_an_account_are_good(healthy: Caller, account: Account) -> None:
    for secret in account.secrets:
        assert healthy.ask("GET", "/account/get-balance", auth=(account.api_key, secret)).status_code == 200


@pytest.mark.parametrize("label", ["bad_credentials", "revoked_secret"])
def test_a_wrong_secret_is_refused_in_old_words_on_one_host_and_as_a_problem_on_the_other(
    call_as: CallAs, label: str
) -> None:
    caller = call_as(label)
    old = caller.ask("GET", "/account/get-balance")
    assert old.status_code == 401
    assert old.json() == {"error-code": "401", "error-code-label": "authentication failed"}
    new = caller.ask("GET", "/v2/applications", API)
    assert new.status_code == 401
    assert new.headers["Content-Type"] == "application/problem+json"
    assert new.json()["instance"] == new.headers["X-Nexmo-Trace-Id"]


def test_a_secret_in_the_query_is_not_looked_at(healthy: Caller) -> None:
    query = {"api_key": healthy.key, "api_secret": healthy.secret}
    assert healthy.ask("GET", "/account/get-balance", params=query, auth=lambda request: request).status_code == 401


def test_a_401_on_the_old_host_may_be_a_problem_too(call_as: CallAs, account: Account) -> None:
    account.switches.unauthorized = "problem"
    assert call_as("bad_credentials").ask("GET", "/account/get-balance").json()["title"]


def test_each_host_answers_for_its_own_paths_only(healthy: Caller) -> None:
    assert healthy.ask("GET", "/v2/applications").status_code == 404
    assert healthy.ask("GET", "/account/get-balance", API).status_code == 404
    assert healthy.ask("DELETE", "/account/numbers").status_code == 405


# The list


def test_pages_are_numbered_from_one_and_hold_ten_unless_asked_and_a_hundred_at_most(
    healthy: Caller, account: Account
) -> None:
    assert len(healthy.get("/account/numbers")["numbers"]) == 10
    assert healthy.ask("GET", "/account/numbers", params={"size": 101}).status_code == 420
    found: list[str] = []
    for index in range(1, 100):
        page = healthy.get("/account/numbers", size=100, index=index)
        assert page["count"] == len(account.numbers)
        if not page["numbers"]:
            break
        found += [row["msisdn"] for row in page["numbers"]]
    assert found == [number.msisdn for number in account.numbers.values()]


def test_an_account_without_numbers_answers_an_empty_object(call_as: CallAs) -> None:
    assert call_as("empty").get("/account/numbers") == {}


def test_a_pattern_finds_more_than_the_one_number(healthy: Caller, account: Account, number: Number) -> None:
    assert healthy.get("/account/numbers", pattern=number.msisdn[:2], search_pattern=0)["count"] > 1
    assert healthy.get("/account/numbers", pattern=number.msisdn[3:], search_pattern=2)["count"] >= 1
    account.switches.pattern = "contains"
    assert healthy.get("/account/numbers", pattern=number.msisdn[3:], search_pattern=0)["count"] >= 1


def test_filters_by_country_and_application(healthy: Caller, account: Account) -> None:
    application = next(iter(account.applications))
    assert {row["country"] for row in healthy.get("/account/numbers", country="gb")["numbers"]} == {"GB"}
    linked = healthy.get("/account/numbers", application_id=application)["count"]
    assert linked == healthy.get("/account/numbers", has_application="true")["count"] > 0
    assert healthy.get("/account/numbers", has_application="false")["count"] == len(account.numbers) - linked


# Updates


def test_an_update_clears_every_field_it_leaves_out(healthy: Caller, number: Number) -> None:
    number.settings |= {"moHttpUrl": "https://hooks.example/sms", "voiceStatusCallback": "https://hooks.example/end"}
    answer = healthy.update(number, voiceCallbackType="sip", voiceCallbackValue="sip:+1@sip.example.com")
    assert answer.json() == {"error-code": "200", "error-code-label": "success"}
    assert number.settings == {"voiceCallbackType": "sip", "voiceCallbackValue": "sip:+1@sip.example.com"}
    healthy.update(number)
    assert number.settings == {}


def test_an_update_may_merge_instead(healthy: Caller, account: Account, number: Number) -> None:
    account.switches.clears_left_out = False
    number.settings["moHttpUrl"] = "https://hooks.example/sms"
    healthy.update(number, voiceCallbackType="tel", voiceCallbackValue="441")
    assert set(number.settings) == {"moHttpUrl", "voiceCallbackType", "voiceCallbackValue"}
    healthy.update(number, moHttpUrl="")
    assert "moHttpUrl" not in number.settings


def test_a_sip_address_and_an_application_stand_side_by_side(healthy: Caller, account: Account, number: Number) -> None:
    application = next(iter(account.applications))
    healthy.update(number, app_id=application, voiceCallbackType="sip", voiceCallbackValue="sip:1@sip.example.com")
    row = healthy.row(number)
    assert (row["app_id"], row["voiceCallbackType"]) == (application, "sip")
    healthy.update(number, app_id=application)
    assert healthy.row(number)["voiceCallbackValue"] == application


def test_a_sip_address_may_drive_the_application_out(healthy: Caller, account: Account, number: Number) -> None:
    account.switches.sip_drops_application = True
    application = next(iter(account.applications))
    healthy.update(number, app_id=application, voiceCallbackType="sip", voiceCallbackValue="sip:1@sip.example.com")
    assert "app_id" not in healthy.row(number)


def test_the_deprecated_app_type_links_the_application(healthy: Caller, account: Account, number: Number) -> None:
    first, second = account.applications
    healthy.update(number, voiceCallbackType="app", voiceCallbackValue=first)
    assert number.settings == {"app_id": first}
    healthy.update(number, app_id=second, voiceCallbackType="app", voiceCallbackValue=first)
    assert healthy.row(number)["voiceCallbackValue"] == first
    account.switches.takes_app_type = False
    assert healthy.update(number, voiceCallbackType="app", voiceCallbackValue=first).status_code == 420


@pytest.mark.parametrize("status", [420, 200])
@pytest.mark.parametrize(
    "settings",
    [
        {"voiceCallbackType": "sip"},
        {"voiceCallbackType": "fax", "voiceCallbackValue": "1"},
        {"app_id": "00000000-0000-0000-0000-000000000000"},
        {"moHttpUrl": "https://gone.example/sms"},
        {"moHttpUrl": "nonsense"},
    ],
)
def test_a_refused_update_changes_nothing_and_says_420_in_the_body_whatever_the_status(
    healthy: Caller, account: Account, number: Number, settings: dict[str, str], status: int
) -> None:
    account.switches = Switches(refusal_status=status, dead_hosts=["gone.example"])
    number.settings["moHttpUrl"] = "https://hooks.example/sms"
    answer = healthy.update(number, **settings)
    assert (answer.status_code, answer.json()["error-code"]) == (status, "420")
    assert number.settings == {"moHttpUrl": "https://hooks.example/sms"}


def test_a_json_body_names_no_number(healthy: Caller, number: Number) -> None:
    answer = healthy.ask("POST", "/number/update", json={"country": "US", "msisdn": number.msisdn})
    assert answer.status_code == 420


def test_hidden_fields_can_be_written_and_not_read(healthy: Caller, account: Account, number: Number) -> None:
    healthy.update(number, voiceStatusCallback="https://hooks.example/end", moSmppSysType="inbound")
    assert not {"voiceStatusCallback", "moSmppSysType"} & healthy.row(number).keys()
    account.switches.hidden_fields = "listed_as_url"
    assert healthy.row(number)["voiceStatusCallbackUrl"] == "https://hooks.example/end"
    account.switches.hidden_fields = "listed"
    assert healthy.row(number)["voiceStatusCallback"] == "https://hooks.example/end"


def test_writes_over_the_rate_are_told_to_wait(call_as: CallAs, vonage: Any, clock: Time) -> None:
    caller = call_as("rate_limited")
    number = next(iter(vonage.carrier.accounts["rate_limited"].numbers.values()))
    assert caller.update(number).status_code == 200
    refused = caller.update(number)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert caller.row(number)
    clock.now += 1
    assert caller.update(number).status_code == 200


def test_a_lagging_list_shows_what_was_before(healthy: Caller, account: Account, number: Number) -> None:
    account.switches.lag = 1
    healthy.update(number, voiceCallbackType="tel", voiceCallbackValue="441")
    assert "voiceCallbackType" not in healthy.row(number)
    assert healthy.row(number)["voiceCallbackType"] == "tel"


def test_cancelling_loses_the_number(healthy: Caller, account: Account, number: Number) -> None:
    answer = healthy.ask("POST", "/number/cancel", data={"country": number.country, "msisdn": number.msisdn})
    assert answer.status_code == 200
    assert number not in account.numbers.values()
    assert healthy.update(number).status_code == 420


# The rest


def test_the_name_is_told_only_where_subaccounts_are_provisioned(call_as: CallAs) -> None:
    caller = call_as("provisioned")
    primary = caller.get(f"/accounts/{caller.key}/subaccounts", API)["_embedded"]["primary_account"]
    assert (primary["name"], primary["suspended"]) == ("Cedar Dental Group", False)
    healthy = call_as("healthy")
    assert healthy.ask("GET", f"/accounts/{healthy.key}/subaccounts", API).status_code == 403
    assert healthy.ask("GET", "/accounts/ffffffff/subaccounts", API).status_code == 404


def test_applications_come_by_the_page(healthy: Caller) -> None:
    first = healthy.get("/v2/applications", API, page_size=1)
    assert (first["total_items"], first["total_pages"], len(first["_embedded"]["applications"])) == (2, 2, 1)
    assert healthy.ask("GET", "/v2/applications", API, params={"page_size": 101}).status_code == 400
    one = first["_embedded"]["applications"][0]
    assert healthy.get(f"/v2/applications/{one['id']}", API) == one
    assert healthy.ask("GET", "/v2/applications/none", API).status_code == 404


def test_control_changes_numbers_switches_and_the_account_behind_the_api(
    healthy: Caller, account: Account, number: Number, vonage: Any
) -> None:
    base = f"{vonage.address}/_sandbox/accounts/healthy"

    def patch(path: str, fields: dict[str, Any]) -> int:
        return healthy.session.patch(f"{base}/{path}", json=fields, timeout=5).status_code

    application = next(iter(account.applications))
    assert patch(f"numbers/{number.e164}", {"app_id": application, "features": ["SMS"], "type": "landline"}) == 200
    assert (number.settings, number.features) == ({"app_id": application}, ("SMS",))
    limits = [{"feature": "VOICE", "type": "OUTBOUND", "reach": "DOMESTIC"}]
    assert patch(f"numbers/{number.e164}", {"limitations": limits}) == 200
    assert healthy.row(number)["limitations"] == limits
    assert patch("switches/all", {"lag": 2}) == 200
    assert account.switches.lag == 2
    assert patch("account/self", {"balance": 0}) == 200
    assert healthy.get("/account/get-balance")["value"] == 0
    assert patch("numbers/+1", {}) == patch("walls/1", {}) == 404
    assert patch("switches/all", {"nonsense": 1}) == 400
    assert healthy.session.delete(f"{base}/applications/{application}", timeout=5).status_code == 204
    assert number.settings == {}
    assert healthy.session.delete(f"{base}/numbers/{number.e164}", timeout=5).status_code == 204
    assert number not in account.numbers.values()
    vonage.reset()
    assert account.label in vonage.carrier.accounts


def test_a_repeated_page_is_the_one_before(healthy: Caller, vonage: Any) -> None:
    vonage.faults.add(Fault("repeat_page", path="/account/numbers", after=1))
    first, again = (healthy.get("/account/numbers", size=5, index=index) for index in (1, 2))
    assert first == again


def test_added_accounts_survive_a_reset(vonage: Any) -> None:
    key = vonage.carrier.add_account("big", numbers=250).api_key
    vonage.reset()
    assert len(vonage.carrier.accounts["big"].numbers) == 250
    assert key in vonage.carrier.state()
    assert vonage.carrier.hosts == {REST, API}


def test_what_is_for_rent_has_prices_in_text(healthy: Caller) -> None:
    (row,) = healthy.get("/number/search", country="US", type="mobile-lvn")["numbers"]
    assert (row["cost"], row["initialPrice"]) == ("0.90", "0.00")
    assert healthy.get("/number/search", country="ZZ") == {}
    assert healthy.ask("POST", "/number/buy", data={"country": "US", "msisdn": "1"}).status_code == 420
