"""Control shows and turns everything, and never shows how a request was authorized."""

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from trunkline_sandbox import UnknownThing

Caller = Any
Control = Any
Twilio = Any


def test_accounts_are_listed_with_what_opens_them(control: Control) -> None:
    listed = control("GET", "accounts")
    assert {
        "healthy",
        "empty",
        "trial",
        "suspended",
        "closed",
        "main_key",
        "standard_key",
        "restricted_key",
        "subaccount",
        "geo_blocked",
        "email_name",
        "test_credentials",
        "bad_credentials",
        "restricted_to_trunks",
    } == {entry["label"] for entry in listed}
    for entry in listed:
        assert set(entry) == {"label", "provider", "setup_method", "credentials", "sip_config", "expect"}
        assert (entry["provider"], entry["setup_method"], entry["sip_config"]) == ("twilio", "api_key", {})
        assert set(entry["credentials"]) in (
            {"accountSid", "authToken"},
            {"accountSid", "apiKeySid", "apiKeySecret"},
        )


def test_the_carrier_names_its_own_hosts(control: Control) -> None:
    shown = control("GET", "carrier")
    assert shown["name"] == "twilio"
    assert {"api.twilio.com", "trunking.twilio.com", "api.dublin.ie1.twilio.com"} < set(shown["hosts"])


def test_state_shows_routing_trunks_and_origination(control: Control, healthy: Caller) -> None:
    trunk = healthy.post("/v1/Trunks", FriendlyName="Ours")["sid"]
    form = {"FriendlyName": "Edge", "SipUrl": "sip:edge.example.com", "Priority": 1, "Weight": 1, "Enabled": "true"}
    healthy.post(f"/v1/Trunks/{trunk}/OriginationUrls", **form)
    number = healthy.get(healthy.numbers(".json?PageSize=1"))["incoming_phone_numbers"][0]
    healthy.post(healthy.numbers(f"/{number['sid']}.json"), TrunkSid=trunk)
    state = control("GET", "state")[healthy.sid]
    assert state["numbers"][number["phone_number"]]["trunk_sid"] == trunk
    assert state["trunks"][trunk]["numbers"] == [number["phone_number"]]
    assert state["trunks"][trunk]["origination_urls"][0]["sip_url"] == "sip:edge.example.com"


def test_the_journal_holds_what_was_received(control: Control, healthy: Caller) -> None:
    number = healthy.get(healthy.numbers(".json?PageSize=1"))["incoming_phone_numbers"][0]["sid"]
    healthy.on("api").ask("POST", healthy.numbers(f"/{number}.json"), {"VoiceUrl": "", "Other": "x"})
    first, second = control("GET", "requests")
    assert (first["method"], first["query"], first["form"]) == ("GET", {"PageSize": "1"}, {})
    assert (second["method"], second["host"], second["status"]) == ("POST", "api.twilio.com", 200)
    assert second["form"] == {"VoiceUrl": "", "Other": "x"}
    assert second["account"] == healthy.sid
    assert second["at"].endswith("Z")
    control("DELETE", "requests")
    assert control("GET", "requests") == []


def test_the_journal_never_holds_the_authorization(control: Control, twilio: Twilio, healthy: Caller) -> None:
    healthy.get(healthy.numbers())
    healthy.ask("GET", healthy.numbers(), headers={"Authorization": "Bearer 5ecret"}, params={"Page": "0"})
    shown = json.dumps(control("GET", "requests")) + repr(list(twilio.requests))
    for secret in (healthy.password, "authorization", "Basic ", "Bearer", "5ecret"):
        assert secret.lower() not in shown.lower()


def test_the_journal_is_bounded_and_can_be_switched_off(control: Control, twilio: Twilio, healthy: Caller) -> None:
    assert control("PUT", "requests", {"keep": 2}) == {"keep": 2}
    for size in (1, 2, 3):
        healthy.get(healthy.numbers(f".json?PageSize={size}"))
    assert [entry.query["PageSize"] for entry in twilio.requests] == ["2", "3"]
    control("PUT", "requests", {"keep": 0})
    healthy.get(healthy.numbers())
    assert len(twilio.requests) == 0


def test_requests_can_be_picked_out_by_method_path_and_host(twilio: Twilio, healthy: Caller) -> None:
    healthy.get(healthy.numbers())
    healthy.on("trunking").get("/v1/Trunks")
    assert [entry.path for entry in twilio.requests.matching(host="trunking.twilio.com")] == ["/v1/Trunks"]
    assert [entry.method for entry in twilio.requests.matching("GET", "/Incoming")] == ["GET"]
    assert twilio.requests.matching("POST") == []


def test_faults_are_added_listed_and_lifted(control: Control, healthy: Caller) -> None:
    made = control("POST", "faults", {"kind": "status", "status": 503, "path": "/Trunks", "times": None})
    assert healthy.ask("GET", "/v1/Trunks").status_code == 503
    (listed,) = control("GET", "faults")
    assert (listed["id"], listed["struck"], listed["path"]) == (made["id"], 1, "/Trunks")
    control("DELETE", f"faults/{made['id']}")
    assert healthy.ask("GET", "/v1/Trunks").status_code == 200
    control("DELETE", f"faults/{made['id']}", status=404)
    control("POST", "faults", {"kind": "html"})
    control("DELETE", "faults")
    assert control("GET", "faults") == []


@pytest.mark.parametrize(
    "wrong", [{}, {"kind": "earthquake"}, {"kind": "html", "colour": "red"}, {"kind": "html", "path": "("}, []]
)
def test_a_wrong_fault_is_refused(control: Control, wrong: Any) -> None:
    control("POST", "faults", wrong, status=400)


def test_latency_is_set_at_run_time(control: Control, healthy: Caller, twilio: Twilio) -> None:
    assert control("PUT", "latency", {"ms": 30}) == {"ms": 30}
    assert healthy.ask("GET", "/v1/Trunks").elapsed.total_seconds() >= 0.03
    assert twilio.latency_ms == 30
    control("PUT", "latency", {"ms": "soon"}, status=400)


def test_more_requests_in_flight_than_the_limit_are_refused(control: Control, healthy: Caller, twilio: Twilio) -> None:
    assert control("PUT", "limits", {"concurrency": 3}) == {"concurrency": 3}
    twilio.latency_ms = 500
    together = threading.Barrier(8)

    def ask(_: int) -> tuple[int, str]:
        together.wait()
        answer = healthy.ask("GET", "/v1/Trunks")
        if answer.status_code == 429:
            assert answer.json()["code"] == 20429
        return answer.status_code, answer.headers["Twilio-Concurrent-Requests"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert sorted(status for status, _ in answers) == [200] * 3 + [429] * 5
    assert sorted(count for status, count in answers if status == 200) == ["1", "2", "3"]
    assert healthy.ask("GET", "/v1/Trunks").headers["Twilio-Concurrent-Requests"] == "1"


def test_the_limit_counts_each_account_apart(call_as: Any, twilio: Twilio) -> None:
    twilio.concurrency = 1
    twilio.latency_ms = 200
    callers = [call_as("healthy"), call_as("empty")]
    together = threading.Barrier(2)

    def ask(caller: Caller) -> int:
        together.wait()
        return int(caller.ask("GET", "/v1/Trunks").status_code)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(ask, callers)) == [200, 200]


def test_a_write_refused_as_one_too_many_is_not_applied(healthy: Caller, twilio: Twilio, account: Any) -> None:
    twilio.concurrency = 0
    before = len(account.trunks)
    assert healthy.refusal("POST", "/v1/Trunks", {}) == (429, 20429)
    assert len(account.trunks) == before


def test_the_customer_points_a_number_elsewhere(control: Control, healthy: Caller) -> None:
    number = healthy.get(healthy.numbers(".json?PageSize=1"))["incoming_phone_numbers"][0]
    path = f"accounts/{healthy.sid}/numbers/{number['phone_number']}"
    changed = control("PATCH", path, {"voice_url": "https://elsewhere.example.com/", "voice_receive_mode": "fax"})
    assert changed["voice_url"] == "https://elsewhere.example.com/"
    shown = healthy.get(healthy.numbers(f"/{number['sid']}.json"))
    assert (shown["voice_url"], shown["voice_receive_mode"]) == ("https://elsewhere.example.com/", "fax")
    control("PATCH", path, {"colour": "red"}, status=400)


def test_the_customer_gives_a_number_up(control: Control, healthy: Caller) -> None:
    number = healthy.get(healthy.numbers(".json?PageSize=1"))["incoming_phone_numbers"][0]
    path = f"accounts/healthy/numbers/{number['phone_number'].replace('+', '%2B')}"
    control("DELETE", path)
    assert healthy.refusal("GET", healthy.numbers(f"/{number['sid']}.json")) == (404, 20404)
    control("DELETE", path, status=404)


def test_the_customer_edits_and_deletes_our_trunk(control: Control, healthy: Caller) -> None:
    (trunk,) = healthy.get("/v1/Trunks")["trunks"]
    (url,) = healthy.get(f"/v1/Trunks/{trunk['sid']}/OriginationUrls")["origination_urls"]
    base = f"accounts/{healthy.sid}"
    control("PATCH", f"{base}/origination_urls/{url['sid']}", {"sip_url": "sip:other.example.com", "enabled": False})
    (url,) = healthy.get(f"/v1/Trunks/{trunk['sid']}/OriginationUrls")["origination_urls"]
    assert (url["sip_url"], url["enabled"]) == ("sip:other.example.com", False)
    control("PATCH", f"{base}/trunks/{trunk['sid']}", {"friendly_name": "Theirs"})
    assert healthy.get(f"/v1/Trunks/{trunk['sid']}")["friendly_name"] == "Theirs"
    control("DELETE", f"{base}/origination_urls/{url['sid']}")
    assert healthy.get(f"/v1/Trunks/{trunk['sid']}/OriginationUrls")["origination_urls"] == []
    control("DELETE", f"{base}/trunks/{trunk['sid']}")
    assert healthy.get("/v1/Trunks")["trunks"] == []


def test_an_account_is_suspended_and_its_token_changed(control: Control, healthy: Caller) -> None:
    control("PATCH", f"accounts/{healthy.sid}/account/it", {"status": "suspended"})
    assert healthy.refusal("GET", "/v1/Trunks") == (403, 20403)
    answer = control("PATCH", f"accounts/{healthy.sid}/account/it", {"status": "active", "auth_token": "f" * 32})
    assert answer == {"status": "active"}
    assert healthy.refusal("GET", "/v1/Trunks") == (401, 20003)
    healthy.password = "f" * 32
    assert healthy.get("/v1/Trunks")


def test_a_country_is_closed(control: Control, healthy: Caller) -> None:
    control("PATCH", f"accounts/{healthy.sid}/dialing/US", {"low_risk_numbers_enabled": False})
    assert not healthy.get("/v1/DialingPermissions/Countries/US")["low_risk_numbers_enabled"]


@pytest.mark.parametrize(
    "path", ["accounts/AC0/numbers/+1", "accounts/healthy/numbers/+1", "accounts/healthy/trunks/TK0", "nothing"]
)
def test_what_is_not_there_is_not_found(control: Control, path: str) -> None:
    control("DELETE", path, status=404)


def test_reset_brings_everything_back(control: Control, healthy: Caller, twilio: Twilio) -> None:
    twilio.carrier.add_account("extra", numbers=2)
    before = control("GET", "state")
    number = next(iter(twilio.carrier.accounts["healthy"].numbers))
    healthy.ask("DELETE", healthy.numbers(f"/{number}.json"))
    healthy.post("/v1/Trunks")
    control("POST", "faults", {"kind": "html", "times": None, "path": "/v1/"})
    control("PUT", "latency", {"ms": 1})
    assert control("GET", "state") != before
    control("POST", "reset")
    assert control("GET", "state") == before
    assert (control("GET", "faults"), control("GET", "latency"), control("GET", "requests")) == ([], {"ms": 0}, [])


def test_a_big_account_is_added_by_code(twilio: Twilio, call_as: Any) -> None:
    twilio.carrier.add_account("big", "Big Business", numbers=10_000)
    big = call_as("big")
    listed, path = 0, big.numbers(".json?PageSize=1000")
    while path:
        page = big.get(path)
        listed, path = listed + len(page["incoming_phone_numbers"]), page["next_page_uri"]
    assert listed == 10_000


README = Path(__file__).resolve().parents[2] / "sandbox" / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=["carrier", "trunk"])
def test_an_example_in_the_readme_runs(example: str) -> None:
    exec(compile(example, str(README), "exec"), {})


def test_the_carrier_can_be_changed_in_process_too(twilio: Twilio, account: Any) -> None:
    number = next(iter(account.numbers.values()))
    twilio.carrier.change("healthy", "numbers", number.phone_number, {"voice_url": "https://elsewhere.example.com/"})
    assert number.value("voice_url") == "https://elsewhere.example.com/"
    twilio.carrier.remove("healthy", "numbers", number.sid)
    with pytest.raises(UnknownThing):
        twilio.carrier.remove("healthy", "numbers", number.sid)
