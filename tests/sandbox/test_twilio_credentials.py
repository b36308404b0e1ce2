"""Who may do what with which credentials at the simulated Twilio."""

from collections.abc import Callable
from typing import Any

import pytest

CallAs = Callable[..., Any]

READS = {
    "api": "/2010-04-01/Accounts/{sid}/IncomingPhoneNumbers.json?PageSize=1",
    "trunking": "/v1/Trunks",
    "voice": "/v1/DialingPermissions/Countries/US",
    "pricing": "/v1/PhoneNumbers/Countries/US",
}


def account_path(sid: str) -> str:
    return f"/2010-04-01/Accounts/{sid}.json"


def test_the_account_shows_its_real_token(call_as: CallAs) -> None:
    healthy = call_as("healthy")
    shown = healthy.get(account_path(healthy.sid))
    assert shown["auth_token"] == healthy.password
    assert (shown["status"], shown["type"], shown["owner_account_sid"]) == ("active", "Full", healthy.sid)


@pytest.mark.parametrize("product", READS)
def test_a_wrong_token_is_refused_everywhere(call_as: CallAs, product: str) -> None:
    wrong = call_as("bad_credentials")
    assert wrong.on(product).refusal("GET", READS[product].format(sid=wrong.sid)) == (401, 20003)


def test_a_request_without_credentials_is_told_to_authenticate(twilio: Any, session: Any) -> None:
    answer = session.get(f"{twilio.address}/v1/Trunks", timeout=5)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("product", READS)
def test_test_credentials_read_nothing(call_as: CallAs, product: str) -> None:
    test = call_as("test_credentials")
    assert test.on(product).refusal("GET", READS[product].format(sid=test.sid)) == (403, 20008)


def test_a_standard_key_reads_numbers_but_neither_account_nor_keys(call_as: CallAs) -> None:
    key = call_as("standard_key")
    assert key.refusal("GET", account_path(key.sid)) == (401, 20003)
    assert key.refusal("GET", "/2010-04-01/Accounts.json") == (401, 20003)
    assert key.refusal("GET", f"/2010-04-01/Accounts/{key.sid}/Keys.json") == (401, 20003)
    for product, path in READS.items():
        assert key.on(product).get(path.format(sid=key.sid))


def test_a_main_key_reads_the_account_too(call_as: CallAs) -> None:
    key = call_as("main_key")
    assert key.get(account_path(key.sid))["sid"] == key.sid


def test_a_restricted_key_reaches_only_what_it_was_given(call_as: CallAs) -> None:
    key = call_as("restricted_key")
    assert len(key.get(key.numbers())["incoming_phone_numbers"]) == 4
    assert key.refusal("GET", account_path(key.sid)) == (403, 70051)
    assert key.on("trunking").refusal("GET", "/v1/Trunks") == (403, 70051)


def test_the_sid_of_a_key_is_no_account(call_as: CallAs) -> None:
    key = call_as("main_key")
    assert key.refusal("GET", account_path(key.user)) == (404, 20404)


def test_the_account_of_a_stranger_is_not_found(call_as: CallAs) -> None:
    stranger = call_as("empty")
    assert call_as("healthy").refusal("GET", account_path(stranger.sid)) == (404, 20404)
    assert call_as("healthy").refusal("GET", stranger.numbers()) == (404, 20404)


def test_a_suspended_account_shows_its_status_and_nothing_else(call_as: CallAs) -> None:
    suspended = call_as("suspended")
    assert suspended.get(account_path(suspended.sid))["status"] == "suspended"
    for product, path in READS.items():
        assert suspended.on(product).refusal("GET", path.format(sid=suspended.sid)) == (403, 20403)


def test_the_token_of_a_closed_account_opens_nothing(call_as: CallAs) -> None:
    closed = call_as("closed")
    assert closed.refusal("GET", account_path(closed.sid)) == (401, 20003)


def test_a_parent_reads_its_subaccount_on_the_api_host(call_as: CallAs) -> None:
    parent, child = call_as("healthy"), call_as("subaccount")
    assert parent.get(account_path(child.sid))["owner_account_sid"] == parent.sid
    assert len(parent.get(child.numbers())["incoming_phone_numbers"]) == 5


def test_a_parent_does_not_reach_its_subaccounts_trunk(call_as: CallAs) -> None:
    parent, child = call_as("healthy"), call_as("subaccount")
    trunk = child.on("trunking").post("/v1/Trunks", FriendlyName="Leeds")["sid"]
    assert trunk not in str(parent.on("trunking").get("/v1/Trunks"))
    assert parent.on("trunking").refusal("GET", f"/v1/Trunks/{trunk}") == (401, 20003)


def test_a_subaccount_does_not_reach_its_parent(call_as: CallAs) -> None:
    parent, child = call_as("healthy"), call_as("subaccount")
    assert child.refusal("GET", account_path(parent.sid)) == (401, 20003)


def test_the_numbers_of_a_subaccount_are_not_in_its_parents_list(call_as: CallAs, twilio: Any) -> None:
    parent = call_as("healthy")
    (first, *_) = twilio.carrier.accounts["subaccount"].numbers.values()
    query = {"PhoneNumber": first.phone_number}
    assert parent.get(parent.numbers(), params=query)["incoming_phone_numbers"] == []


def test_a_subaccount_has_no_balance(call_as: CallAs) -> None:
    parent, child = call_as("healthy"), call_as("subaccount")
    shown = parent.get(f"/2010-04-01/Accounts/{parent.sid}/Balance.json")
    assert isinstance(shown["balance"], str)
    assert child.refusal("GET", f"/2010-04-01/Accounts/{child.sid}/Balance.json") == (404, 20404)


def test_a_token_counts_in_its_own_region_only(call_as: CallAs, twilio: Any) -> None:
    healthy = call_as("healthy", host="api.dublin.ie1.twilio.com")
    assert healthy.refusal("GET", healthy.numbers()) == (401, 20003)
    regional = twilio.carrier.region("ie1").accounts["healthy"]
    assert regional.sid == healthy.sid
    healthy.password = regional.auth_token
    assert healthy.get(healthy.numbers())["incoming_phone_numbers"]


def test_routing_set_in_one_region_is_not_seen_in_another(call_as: CallAs, twilio: Any) -> None:
    home = call_as("healthy")
    abroad = home.at("api.dublin.ie1.twilio.com")
    abroad.password = twilio.carrier.region("ie1").accounts["healthy"].auth_token
    sid = home.get(home.numbers())["incoming_phone_numbers"][0]["sid"]
    abroad.post(abroad.numbers(f"/{sid}.json"), VoiceUrl="https://dublin.example.com/")
    assert not home.get(home.numbers(f"/{sid}.json"))["voice_url"]
    assert abroad.get(abroad.numbers(f"/{sid}.json"))["voice_url"] == "https://dublin.example.com/"


def test_numbers_on_a_trunk_are_not_served_in_dublin(call_as: CallAs, twilio: Any, account: Any) -> None:
    abroad = call_as("healthy", host="trunking.dublin.ie1.twilio.com")
    abroad.password = twilio.carrier.region("ie1").accounts["healthy"].auth_token
    trunk = abroad.get("/v1/Trunks")["trunks"][0]
    assert trunk["url"].startswith("https://trunking.dublin.ie1.twilio.com/v1/Trunks/TK")
    assert abroad.refusal("GET", f"/v1/Trunks/{trunk['sid']}/PhoneNumbers") == (404, 20404)


def test_one_product_is_not_served_on_the_host_of_another(call_as: CallAs) -> None:
    healthy = call_as("healthy")
    assert healthy.on("api").refusal("GET", "/v1/Trunks") == (404, 20404)
    assert healthy.on("trunking").refusal("GET", account_path(healthy.sid)) == (404, 20404)
    assert healthy.on("nosuchproduct").refusal("GET", "/v1/Trunks") == (404, 20404)


def test_a_method_that_a_path_does_not_take_is_refused(call_as: CallAs) -> None:
    healthy = call_as("healthy")
    assert healthy.refusal("PUT", healthy.numbers()) == (405, 20004)


def test_every_answer_carries_twilios_headers(call_as: CallAs) -> None:
    healthy = call_as("healthy")
    first, second = (healthy.ask("GET", account_path(healthy.sid)).headers for _ in range(2))
    assert first["Twilio-Request-Id"].startswith("RQ")
    assert first["Twilio-Request-Id"] != second["Twilio-Request-Id"]
    assert first["Twilio-Concurrent-Requests"] == "1"
    assert float(first["Twilio-Request-Duration"]) >= 0


def test_without_the_json_suffix_the_2010_api_speaks_xml(call_as: CallAs) -> None:
    healthy = call_as("healthy")
    answer = healthy.ask("GET", f"/2010-04-01/Accounts/{healthy.sid}")
    assert answer.headers["Content-Type"] == "application/xml"
    assert f"<TwilioResponse><Sid>{healthy.sid}</Sid>" in answer.text
    refused = healthy.ask("GET", f"/2010-04-01/Accounts/{healthy.sid}/NoSuchThing")
    assert refused.status_code == 404
    assert "<RestException><Code>20404</Code>" in refused.text


def test_business_names_and_one_that_is_an_email_address(call_as: CallAs) -> None:
    assert "@" in call_as("email_name").get(account_path(call_as("email_name").sid))["friendly_name"]
    assert "@" not in call_as("healthy").get(account_path(call_as("healthy").sid))["friendly_name"]


def test_the_same_seed_gives_the_same_accounts() -> None:
    from trunkline_sandbox.twilio import SimulatedTwilio

    assert SimulatedTwilio("one").listing() == SimulatedTwilio("one").listing()
    assert SimulatedTwilio("one").listing() != SimulatedTwilio("two").listing()
