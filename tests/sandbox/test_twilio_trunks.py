"""Trunks of the simulated Twilio: names, domains, where they send calls, whom they admit."""

from typing import Any

import pytest

Caller = Any

ORIGINATION = {"FriendlyName": "Edge", "SipUrl": "sip:edge.example.com", "Priority": 1, "Weight": 1, "Enabled": "true"}


@pytest.fixture
def trunking(healthy: Caller) -> Caller:
    return healthy.on("trunking")


@pytest.fixture
def trunk(trunking: Caller) -> str:
    return str(trunking.post("/v1/Trunks", FriendlyName="Ours")["sid"])


def test_two_trunks_may_have_one_name(trunking: Caller) -> None:
    made = [trunking.post("/v1/Trunks", FriendlyName="Same")["sid"] for _ in range(2)]
    named = [one["sid"] for one in trunking.get("/v1/Trunks")["trunks"] if one["friendly_name"] == "Same"]
    assert named == made


def test_a_new_trunk_takes_no_outbound_calls(trunking: Caller, trunk: str) -> None:
    shown = trunking.get(f"/v1/Trunks/{trunk}")
    assert (shown["domain_name"], shown["auth_type"], shown["auth_type_set"]) == (None, "", [])


def test_a_domain_has_one_owner_in_the_whole_world(trunking: Caller, call_as: Any) -> None:
    domain = {"DomainName": "wanted.pstn.twilio.com"}
    trunking.post("/v1/Trunks", **domain)
    assert trunking.refusal("POST", "/v1/Trunks", domain) == (400, 21248)
    assert call_as("empty").on("trunking").refusal("POST", "/v1/Trunks", domain) == (400, 21248)


def test_a_domain_given_up_stays_locked_for_thirty_days(trunking: Caller, twilio: Any) -> None:
    domain = {"DomainName": "wanted.pstn.twilio.com"}
    made = trunking.post("/v1/Trunks", **domain)["sid"]
    assert trunking.ask("DELETE", f"/v1/Trunks/{made}").status_code == 204
    twilio.carrier.clock.advance(days=29)
    assert trunking.refusal("POST", "/v1/Trunks", domain) == (400, 21248)
    twilio.carrier.clock.advance(days=2)
    assert trunking.post("/v1/Trunks", **domain)["domain_name"] == "wanted.pstn.twilio.com"


def test_a_trunk_keeps_its_own_domain_on_update(trunking: Caller) -> None:
    made = trunking.post("/v1/Trunks", DomainName="kept.pstn.twilio.com")["sid"]
    assert trunking.post(f"/v1/Trunks/{made}", DomainName="kept.pstn.twilio.com", Secure="true")["secure"]
    assert trunking.post(f"/v1/Trunks/{made}", DomainName="other.pstn.twilio.com")["domain_name"].startswith("other")
    assert trunking.refusal("POST", "/v1/Trunks", {"DomainName": "kept.pstn.twilio.com"}) == (400, 21248)


@pytest.mark.parametrize(
    "domain", ["wanted.example.com", "a.b.pstn.twilio.com", "_.pstn.twilio.com", ".pstn.twilio.com"]
)
def test_a_domain_of_another_form_is_refused(trunking: Caller, domain: str) -> None:
    assert trunking.refusal("POST", "/v1/Trunks", {"DomainName": domain})[0] == 400


def test_a_trial_account_may_have_one_trunk(call_as: Any) -> None:
    trial = call_as("trial").on("trunking")
    trial.post("/v1/Trunks")
    assert trial.refusal("POST", "/v1/Trunks") == (403, 10002)


def test_an_account_may_have_a_hundred_trunks(call_as: Any) -> None:
    empty = call_as("empty").on("trunking")
    for _ in range(100):
        empty.post("/v1/Trunks")
    assert empty.refusal("POST", "/v1/Trunks")[0] == 400


def test_a_deleted_trunk_leaves_its_numbers_with_the_account(healthy: Caller, trunking: Caller, account: Any) -> None:
    ((trunk, (number,)),) = account.on_trunk.items()
    assert trunking.ask("DELETE", f"/v1/Trunks/{trunk}").status_code == 204
    assert trunking.refusal("GET", f"/v1/Trunks/{trunk}") == (404, 20404)
    assert not healthy.get(healthy.numbers(f"/{number}.json"))["trunk_sid"]


@pytest.mark.parametrize("missing", ORIGINATION)
def test_an_origination_url_needs_all_five_fields(trunking: Caller, trunk: str, missing: str) -> None:
    form = {name: value for name, value in ORIGINATION.items() if name != missing}
    assert trunking.refusal("POST", f"/v1/Trunks/{trunk}/OriginationUrls", form) == (400, 20001)


@pytest.mark.parametrize(
    "wrong",
    [
        {"SipUrl": "sips:edge.example.com"},
        {"SipUrl": "https://edge.example.com"},
        {"Priority": -1},
        {"Priority": 65536},
        {"Weight": 0},
        {"Weight": 65536},
        {"Enabled": "yes"},
    ],
)
def test_a_wrong_origination_url_is_refused(trunking: Caller, trunk: str, wrong: dict[str, Any]) -> None:
    assert trunking.refusal("POST", f"/v1/Trunks/{trunk}/OriginationUrls", {**ORIGINATION, **wrong})[0] == 400
    assert trunking.get(f"/v1/Trunks/{trunk}/OriginationUrls")["origination_urls"] == []


def test_an_origination_url_can_be_made_changed_and_deleted(trunking: Caller, trunk: str) -> None:
    base = f"/v1/Trunks/{trunk}/OriginationUrls"
    made = trunking.post(base, **{**ORIGINATION, "Priority": 0, "Weight": 65535})
    assert (made["priority"], made["weight"], made["enabled"]) == (0, 65535, True)
    changed = trunking.post(f"{base}/{made['sid']}", Enabled="false")
    assert (changed["enabled"], changed["sip_url"]) == (False, made["sip_url"])
    assert trunking.ask("DELETE", f"{base}/{made['sid']}").status_code == 204
    assert trunking.refusal("GET", f"{base}/{made['sid']}") == (404, 20404)


def test_numbers_are_attached_and_detached_through_the_trunk(healthy: Caller, trunking: Caller, trunk: str) -> None:
    sid = healthy.get(healthy.numbers(".json?PageSize=1"))["incoming_phone_numbers"][0]["sid"]
    base = f"/v1/Trunks/{trunk}/PhoneNumbers"
    shown = trunking.post(base, PhoneNumberSid=sid)
    assert shown["links"]["phone_number"].startswith("https://api.twilio.com/2010-04-01/Accounts/AC")
    assert [one["sid"] for one in trunking.get(base)["phone_numbers"]] == [sid]
    assert healthy.get(healthy.numbers(f"/{sid}.json"))["trunk_sid"] == trunk
    assert trunking.ask("DELETE", f"{base}/{sid}").status_code == 204
    assert trunking.get(base)["phone_numbers"] == []
    assert not healthy.get(healthy.numbers(f"/{sid}.json"))["trunk_sid"]
    assert trunking.refusal("DELETE", f"{base}/{sid}") == (404, 20404)


def test_attaching_drives_out_the_voice_application(
    healthy: Caller, trunking: Caller, trunk: str, account: Any
) -> None:
    number = next(number for number in account.numbers.values() if number.value("voice_application_sid"))
    assert not trunking.post(f"/v1/Trunks/{trunk}/PhoneNumbers", PhoneNumberSid=number.sid)["voice_application_sid"]


def test_a_number_that_is_not_there_cannot_be_attached(trunking: Caller, trunk: str) -> None:
    form = {"PhoneNumberSid": "PN" + "0" * 32}
    assert trunking.refusal("POST", f"/v1/Trunks/{trunk}/PhoneNumbers", form) == (404, 20404)


def test_credentials_admitted_to_a_trunk_let_it_take_calls(healthy: Caller, trunking: Caller, trunk: str) -> None:
    lists = f"/2010-04-01/Accounts/{healthy.sid}/SIP/CredentialLists"
    made = healthy.post(f"{lists}.json", FriendlyName="Ours")["sid"]
    user = healthy.post(f"{lists}/{made}/Credentials.json", Username="ours", Password="correct0Horse7Staple")
    assert "Password" not in user
    assert "correct0Horse7Staple" not in str(user)
    base = f"/v1/Trunks/{trunk}/CredentialLists"
    trunking.post(base, CredentialListSid=made)
    assert trunking.refusal("POST", base, {"CredentialListSid": made})[0] == 400
    assert trunking.get(f"/v1/Trunks/{trunk}")["auth_type"] == "CREDENTIAL_LIST"
    assert healthy.ask("DELETE", f"{lists}/{made}.json").status_code == 204
    assert trunking.get(base)["credential_lists"] == []
    assert trunking.get(f"/v1/Trunks/{trunk}")["auth_type"] == ""


@pytest.mark.parametrize("password", ["short1Aa", "nodigitsInThisOne", "nouppercase0000", "NOLOWERCASE0000"])
def test_a_weak_sip_password_is_refused(healthy: Caller, account: Any, password: str) -> None:
    path = f"/2010-04-01/Accounts/{healthy.sid}/SIP/CredentialLists/{next(iter(account.credential_lists))}"
    assert healthy.refusal("POST", f"{path}/Credentials.json", {"Username": "a", "Password": password})[0] == 400


def test_a_sip_user_is_on_a_list_once(healthy: Caller, account: Any) -> None:
    path = f"/2010-04-01/Accounts/{healthy.sid}/SIP/CredentialLists/{next(iter(account.credential_lists))}"
    form = {"Username": "ours", "Password": "correct0Horse7Staple"}
    sid = healthy.post(f"{path}/Credentials.json", **form)["sid"]
    assert healthy.refusal("POST", f"{path}/Credentials.json", form)[0] == 400
    assert healthy.ask("DELETE", f"{path}/Credentials/{sid}.json").status_code == 204
    assert healthy.post(f"{path}/Credentials.json", **form)["username"] == "ours"


def test_the_united_states_are_closed_to_the_geo_blocked_account_only(call_as: Any) -> None:
    path = "/v1/DialingPermissions/Countries/US"
    assert call_as("healthy").on("voice").get(path)["low_risk_numbers_enabled"]
    assert not call_as("geo_blocked").on("voice").get(path)["low_risk_numbers_enabled"]


def test_canada_has_no_dialing_permission_of_its_own(healthy: Caller) -> None:
    assert healthy.get("/v1/DialingPermissions/Countries/US")["name"] == "United States/Canada"
    assert healthy.refusal("GET", "/v1/DialingPermissions/Countries/CA") == (404, 20404)


def test_dialing_permissions_can_be_filtered(healthy: Caller) -> None:
    found = healthy.get("/v1/DialingPermissions/Countries?LowRiskNumbersEnabled=true&Continent=EUROPE")["content"]
    assert {one["iso_code"] for one in found} == {"DE", "GB"}


def test_a_discount_lowers_the_current_price_only(call_as: Any) -> None:
    path = "/v1/PhoneNumbers/Countries/US"
    with_discount = call_as("healthy").on("pricing").get(path)["phone_number_prices"][0]
    without = call_as("empty").on("pricing").get(path)["phone_number_prices"][0]
    assert without == {"number_type": "local", "base_price": "1.15", "current_price": "1.15"}
    assert (with_discount["base_price"], float(with_discount["current_price"])) == ("1.15", 1.035)


def test_prices_may_be_in_another_currency(healthy: Caller) -> None:
    units = {iso: healthy.get(f"/v1/PhoneNumbers/Countries/{iso}")["price_unit"] for iso in ("US", "GB", "DE")}
    assert units == {"US": "USD", "GB": "USD", "DE": "EUR"}
    assert healthy.refusal("GET", "/v1/PhoneNumbers/Countries/ZZ") == (404, 20404)


def test_one_number_of_the_healthy_account_lives_in_another_region(healthy: Caller, account: Any) -> None:
    (abroad,) = account.voice_regions
    assert healthy.on("routes").get(f"/v2/PhoneNumbers/{abroad}")["voice_region"] == "ie1"
    assert healthy.on("routes").get(f"/v2/PhoneNumbers/%2B{abroad[1:]}")["voice_region"] == "ie1"
    assert healthy.refusal("GET", "/v2/PhoneNumbers/+14155550100") == (404, 20404)
