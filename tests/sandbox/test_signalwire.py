"""The rules of the simulated SignalWire, the inconvenient ones included, and both answers of each of its switches."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
import requests

from trunkline_sandbox import Fault, Sandbox, running
from trunkline_sandbox.signalwire import SimulatedSignalWire, Switches

NUMBERS = "/api/relay/rest/phone_numbers"
SCRIPTS = "/api/fabric/resources/swml_scripts"
SWML = {"version": "1.0.0", "sections": {"main": []}}


@attrs.define
class Caller:
    sandbox: Sandbox[SimulatedSignalWire]
    session: requests.Session
    given: dict[str, str]

    def ask(self, method: str, path: str, *, host: str | None = None, **more: Any) -> requests.Response:
        headers = {"Host": host or self.given["spaceUrl"]}
        auth = (self.given["projectId"], self.given["apiToken"])
        return self.session.request(
            method,
            self.sandbox.address + path,
            auth=auth,
            headers=headers,
            timeout=5,
            allow_redirects=False,
            **more,
        )

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, at: Any, /, **fields: Any) -> requests.Response:
        return self.ask("PUT", f"{NUMBERS}/{at.id}", json=fields)

    def script(self) -> Any:
        answer = self.ask("POST", SCRIPTS, json={"name": "Ours", "contents": SWML})
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def signalwire() -> Iterator[Sandbox[SimulatedSignalWire]]:
    with running(SimulatedSignalWire()) as sandbox:
        yield sandbox


@pytest.fixture
def call_as(signalwire: Any) -> Iterator[Any]:
    with requests.Session() as session:
        session.trust_env = False

        def caller(label: str) -> Caller:
            (entry,) = [entry for entry in signalwire.carrier.listing() if entry.label == label]
            return Caller(signalwire, session, dict(entry.credentials))

        yield caller


@pytest.fixture
def healthy(call_as: Any) -> Any:
    return call_as("healthy")


@pytest.fixture
def number(signalwire: Any) -> Any:
    """A number that is routed nowhere."""
    return next(each for each in signalwire.carrier.accounts["healthy"].numbers.values() if not each.own)


def switch(signalwire: Any, label: str = "healthy", **switches: Any) -> None:
    signalwire.carrier.change(label, "switches", "-", switches)


# Who may do what


@pytest.mark.parametrize(
    ("label", "statuses"),
    [
        ("healthy", (200, 200, 200, 200, 200)),
        ("no_management", (200, 200, 200, 200, 401)),
        ("no_numbers", (401, 200, 200, 200, 401)),
        ("no_voice", (200, 401, 401, 401, 200)),
        ("video_only", (200, 200, 401, 401, 401)),
        ("no_scopes", (401, 401, 401, 401, 401)),
        ("bad_credentials", (401, 401, 401, 401, 401)),
    ],
)
def test_each_api_asks_for_its_own_scopes(call_as: Any, label: str, statuses: tuple[int, ...]) -> None:
    caller = call_as(label)
    bins = f"/api/laml/2010-04-01/Accounts/{caller.given['projectId']}/LamlBins"
    paths = (NUMBERS, SCRIPTS, bins, "/api/relay/rest/sip_profile", f"/api/projects/{caller.given['projectId']}")
    assert tuple(caller.ask("GET", path).status_code for path in paths) == statuses


def test_the_lookup_is_open_to_every_token_and_to_no_wrong_one(call_as: Any) -> None:
    path = "/api/relay/rest/lookup/phone_number/%2B15551234567"
    assert call_as("no_scopes").get(path)["e164"] == "+15551234567"
    assert call_as("bad_credentials").ask("GET", path).status_code == 401


@pytest.mark.parametrize(("lookup", "status"), [("open", 200), ("not_found", 404), ("scoped", 401)])
def test_the_lookup_has_three_ways(signalwire: Any, call_as: Any, lookup: str, status: int) -> None:
    switch(signalwire, "no_scopes", lookup=lookup)
    path = "/api/relay/rest/lookup/phone_number/+15551234567"
    assert call_as("no_scopes").ask("GET", path).status_code == status


@pytest.mark.parametrize(("way", "status"), [("401", 401), ("404", 404), ("404_html", 404), ("redirect", 302)])
def test_another_space_than_the_projects_own_has_four_ways(
    signalwire: Any, call_as: Any, way: str, status: int
) -> None:
    switch(signalwire, unknown_space=way)
    answer = call_as("wrong_space").ask("GET", NUMBERS)
    assert answer.status_code == status
    assert ("html" in answer.headers.get("Content-Type", "")) is (way == "404_html")


def test_a_token_counts_on_its_own_space_only(call_as: Any, healthy: Any) -> None:
    assert healthy.ask("GET", NUMBERS, host=call_as("empty").given["spaceUrl"]).status_code == 404
    assert healthy.ask("GET", NUMBERS, host="127.0.0.1").status_code == 200


def test_every_project_is_shown_as_active_and_full(call_as: Any) -> None:
    for label in ("healthy", "trial"):
        caller = call_as(label)
        shown = caller.get(f"/api/laml/2010-04-01/Accounts/{caller.given['projectId']}")
        assert (shown["status"], shown["type"], shown["auth_token"]) == ("active", "Full", "redacted")


def test_another_project_is_not_found(call_as: Any, healthy: Any) -> None:
    assert healthy.ask("GET", f"/api/projects/{call_as('empty').given['projectId']}").status_code == 404


@pytest.mark.parametrize(("method", "path", "status"), [("PATCH", NUMBERS, 405), ("GET", "/api/nothing", 404)])
def test_what_is_not_there_is_refused(healthy: Any, method: str, path: str, status: int) -> None:
    assert healthy.ask(method, path).status_code == status


# Pages


@pytest.mark.parametrize("switches", [{}, {"links": "relative"}, {"empty_pages": True}], ids=str)
@pytest.mark.parametrize("size", [1, 7, 50])
def test_pages_hold_every_number_once_newest_first(
    signalwire: Any, call_as: Any, switches: dict[str, Any], size: int
) -> None:
    switch(signalwire, "every_handler", **switches)
    caller, seen, path = call_as("every_handler"), [], f"{NUMBERS}?page_size={size}"
    while path:
        page = caller.get(path)
        assert page["links"]["self"].startswith("/" if switches.get("links") else "https://late-payer.signalwire.com/")
        seen += [row["id"] for row in page["data"]]
        path = NUMBERS + "?" + page["links"]["next"].partition("?")[2] if "next" in page["links"] else ""
    assert seen == list(signalwire.carrier.accounts["every_handler"].numbers)


@pytest.mark.parametrize("query", ["page_number=1", "page_size=0", "page_size=1001", "page_token=PBx", "page_size=x"])
def test_a_page_that_cannot_be_is_a_bad_request(healthy: Any, query: str) -> None:
    answer = healthy.ask("GET", f"{NUMBERS}?{query}")
    assert (answer.status_code, answer.json()) == (400, {"error": "Bad Request"})


def test_the_filter_finds_parts_of_numbers(healthy: Any, number: Any) -> None:
    found = healthy.get(f"{NUMBERS}?filter_number=%2B1&page_size=1000")["data"]
    assert len(found) == 1000
    assert [row["id"] for row in healthy.get(f"{NUMBERS}?filter_number={number.number[2:]}")["data"]] == [number.id]


def test_a_repeated_page_links_to_itself(signalwire: Any, healthy: Any) -> None:
    signalwire.faults.add(Fault("repeat_page"))
    links = healthy.get(f"{NUMBERS}?page_size=5")["links"]
    assert links["next"] == links["self"]


# Numbers


@pytest.mark.parametrize("handler", ["call_flow", "ai_agent", "fabric_subscriber", "sip_gateway", "call_queue", "x", 7])
def test_a_put_sets_no_handler_of_the_fabric_api(healthy: Any, number: Any, handler: Any) -> None:
    answer = healthy.put(number, call_handler=handler)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["title"] == "Invalid Attribute"
    assert number.value("call_handler") is None


def test_a_handler_wants_its_field_and_empties_those_of_others(healthy: Any, number: Any) -> None:
    assert healthy.put(number, call_handler="relay_topic").status_code == 422
    assert healthy.put(number, call_handler="relay_topic", call_relay_topic="x").status_code == 200
    url = "https://calls.example/"
    after = healthy.put(number, call_handler="laml_webhooks", call_request_url=url).json()
    assert (after["call_relay_topic"], after["call_request_url"]) == (None, url)
    assert after["calling_handler_resource_id"]


def test_it_may_keep_them_too(signalwire: Any, healthy: Any, number: Any) -> None:
    switch(signalwire, keeps_other_fields=True)
    healthy.put(number, call_handler="relay_topic", call_relay_topic="x")
    url = "https://calls.example/"
    after = healthy.put(number, call_handler="laml_webhooks", call_request_url=url).json()
    assert (after["call_relay_topic"], after["call_request_url"]) == ("x", url)


@pytest.mark.parametrize(
    ("way", "status", "handler"),
    [("refused", 422, "relay_topic"), ("accepted", 200, None), ("ignored", 200, "relay_topic"), ("error", 500, None)],
)
def test_a_null_handler_has_four_ways(
    signalwire: Any, healthy: Any, number: Any, way: str, status: int, handler: Any
) -> None:
    healthy.put(number, call_handler="relay_topic", call_relay_topic="x")
    switch(signalwire, null_handler=way)
    assert healthy.put(number, call_handler=None).status_code == status
    assert number.value("call_handler") == ("relay_topic" if way == "error" else handler)


@pytest.mark.parametrize(("way", "status"), [("accepted", 200), ("refused", 422)])
def test_a_webhook_without_an_address_has_two_ways(
    signalwire: Any, healthy: Any, number: Any, way: str, status: int
) -> None:
    switch(signalwire, empty_webhook=way)
    assert healthy.put(number, call_handler="laml_webhooks", call_request_url="").status_code == status


@pytest.mark.parametrize(("way", "status"), [("cleared", 200), ("refused", 422)])
def test_an_empty_string_has_two_ways(signalwire: Any, healthy: Any, number: Any, way: str, status: int) -> None:
    switch(signalwire, blanks=way)
    answer = healthy.put(number, call_fallback_url="")
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("way", "status", "handler"), [("accepted", 200, "relay_script"), ("refused", 422, None), ("dropped", 200, None)]
)
def test_the_address_of_a_script_has_three_ways(
    signalwire: Any, healthy: Any, number: Any, way: str, status: int, handler: str | None
) -> None:
    switch(signalwire, script_address=way)
    url = healthy.script()["swml_script"]["request_url"]
    assert url.startswith("https://acme-voice.signalwire.com/relay-bins/")
    assert healthy.put(number, call_handler="relay_script", call_relay_script_url=url).status_code == status
    assert number.value("call_handler") == handler


@pytest.mark.parametrize("way", ["script", "own"])
def test_the_derived_resource_is_the_scripts_or_one_of_its_own(
    signalwire: Any, healthy: Any, number: Any, way: str
) -> None:
    switch(signalwire, derived_resource=way)
    script = healthy.script()
    url = script["swml_script"]["request_url"]
    after = healthy.put(number, call_handler="relay_script", call_relay_script_url=url).json()
    assert (after["calling_handler_resource_id"] == script["id"]) is (way == "script")
    assert script["id"] != script["swml_script"]["id"]


@pytest.mark.parametrize(
    "fields",
    [
        {"call_request_url": "ftp://x"},
        {"call_request_url": "https://[x"},
        {"call_request_method": "PATCH"},
        {"call_receive_mode": "telex"},
        {"call_request_url": None},
        {"call_laml_application_id": "nobody"},
    ],
)
def test_a_wrong_value_changes_nothing(healthy: Any, number: Any, fields: dict[str, Any]) -> None:
    before = number.shown()
    assert healthy.put(number, **fields).status_code == 422
    assert number.shown() == before


def test_what_cannot_be_set_is_ignored(healthy: Any, number: Any) -> None:
    after = healthy.put(number, calling_handler_resource_id="x", number="+1", nonsense=1).json()
    assert (after["number"], after["calling_handler_resource_id"]) == (number.number, None)


def test_a_form_is_a_bad_request(healthy: Any, number: Any) -> None:
    answer = healthy.ask("PUT", f"{NUMBERS}/{number.id}", data={"call_handler": "relay_topic"})
    assert (answer.status_code, answer.json()) == (400, {"error": "Bad Request"})


def test_messages_have_a_handler_of_their_own(healthy: Any, number: Any) -> None:
    healthy.put(number, message_handler="laml_webhooks", message_request_url="https://texts.example/")
    after = healthy.put(number, call_handler="relay_topic", call_relay_topic="x").json()
    assert after["message_request_url"] == "https://texts.example/"


def test_giving_up_a_number_loses_it_but_not_in_the_first_month_of_a_trial(
    signalwire: Any, call_as: Any, healthy: Any, number: Any
) -> None:
    assert healthy.ask("DELETE", f"{NUMBERS}/{number.id}").status_code == 204
    assert healthy.ask("GET", f"{NUMBERS}/{number.id}").status_code == 404
    trial = call_as("trial")
    (own,) = signalwire.carrier.accounts["trial"].numbers
    assert trial.ask("DELETE", f"{NUMBERS}/{own}").status_code == 422
    signalwire.carrier.clock.advance(days=31)
    assert trial.ask("DELETE", f"{NUMBERS}/{own}").status_code == 204


def test_nothing_is_for_sale(healthy: Any) -> None:
    assert healthy.ask("POST", NUMBERS, json={"number": "+18085550100"}).status_code == 422


def test_too_many_writes_in_ten_seconds_are_refused(signalwire: Any, healthy: Any, number: Any) -> None:
    switch(signalwire, writes_per_10_seconds=2, retry_after=3)
    statuses = [healthy.put(number, name=str(at)).status_code for at in range(3)]
    assert statuses == [200, 200, 429]
    refused = healthy.put(number, name="x")
    assert refused.headers["Retry-After"] == "3"
    assert refused.json()["errors"][0]["code"] == "rate_limit_exceeded"
    assert healthy.ask("GET", NUMBERS).status_code == 200
    signalwire.carrier.clock.advance(seconds=11)
    assert healthy.put(number, name="x").status_code == 200


# Scripts and bins


def test_a_project_at_its_limit_makes_no_script(call_as: Any) -> None:
    answer = call_as("limit_reached").ask("POST", SCRIPTS, json={"name": "x", "contents": SWML})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "account_limit_exceeded")


def test_a_script_is_made_found_changed_and_deleted(healthy: Any) -> None:
    made = healthy.script()
    assert healthy.get(SCRIPTS)["data"][0] == made
    changed = {"version": "1.0.0", "sections": {"main": [{"hangup": {}}]}}
    after = healthy.ask("PUT", f"{SCRIPTS}/{made['id']}", json={"contents": changed, "display_name": "New"}).json()
    assert (after["swml_script"]["contents"], after["display_name"]) == (changed, "New")
    assert after["swml_script"]["request_url"] == made["swml_script"]["request_url"]
    assert healthy.ask("DELETE", f"{SCRIPTS}/{made['id']}").status_code == 204
    assert healthy.ask("GET", f"{SCRIPTS}/{made['id']}").status_code == 404


@pytest.mark.parametrize("way", ["object", "text"])
def test_contents_are_shown_in_one_of_two_ways(signalwire: Any, healthy: Any, way: str) -> None:
    switch(signalwire, contents=way)
    shown = healthy.script()["swml_script"]["contents"]
    assert (json.loads(shown) if way == "text" else shown) == SWML


def test_a_bin_is_found_by_a_part_of_its_name_and_serves_an_address(healthy: Any) -> None:
    path = f"/api/laml/2010-04-01/Accounts/{healthy.given['projectId']}/LamlBins"
    made = healthy.ask("POST", path, data={"Name": "Ours 7", "Contents": "<Response/>"}).json()
    assert made["request_url"].startswith("https://acme-voice.signalwire.com/laml-bins/")
    healthy.ask("POST", path, data={"Name": "Other"})
    assert [known["sid"] for known in healthy.get(f"{path}?Name=Ours")["laml_bins"]] == [made["sid"]]
    first = healthy.get(f"{path}?PageSize=1")
    second = healthy.get(first["next_page_uri"])
    assert (second["laml_bins"][0]["sid"], second["next_page_uri"]) == (made["sid"], None)
    assert healthy.ask("GET", f"{path}?Page=1").status_code == 400
    after = healthy.ask("POST", f"{path}/{made['sid']}", data={"Contents": "<Response><Hangup/></Response>"}).json()
    assert "Hangup" in after["contents"]
    assert healthy.ask("DELETE", f"{path}/{made['sid']}").status_code == 204
    assert healthy.ask("GET", f"{path}/{made['sid']}").status_code == 404


# Control


def test_accounts_say_what_to_expect_and_open_what_they_should(signalwire: Any, call_as: Any) -> None:
    for entry in signalwire.carrier.listing():
        assert (entry.provider, entry.setup_method, set(entry.credentials)) == (
            "signalwire",
            "api_key",
            {"projectId", "apiToken", "spaceUrl"},
        )
        assert entry.credentials["spaceUrl"] in signalwire.carrier.hosts
        opened = call_as(entry.label).ask("GET", "/api/relay/rest/lookup/phone_number/+15551234567").status_code
        assert (opened == 200) is (entry.expect != "bad_credentials")


def test_control_changes_routing_and_switches_and_reset_forgets_them(signalwire: Any, number: Any) -> None:
    control = f"{signalwire.address}/_sandbox"
    path = f"{control}/accounts/healthy/numbers/{number.number}"
    changed = requests.patch(path, json={"call_handler": "sip_gateway"}, timeout=5).json()
    assert changed["call_handler"] == "sip_gateway"
    assert requests.patch(path, json={"nonsense": 1}, timeout=5).status_code == 400
    switches = requests.patch(f"{control}/accounts/healthy/switches/-", json={"contents": "text"}, timeout=5).json()
    assert switches == {**attrs.asdict(Switches()), "contents": "text"}
    for missing in ("accounts/nobody/numbers/x", "accounts/healthy/numbers/x", "accounts/healthy/nothing/x"):
        assert requests.patch(f"{control}/{missing}", json={}, timeout=5).status_code == 404
        assert requests.delete(f"{control}/{missing}", timeout=5).status_code == 404
    state = requests.get(f"{control}/state", timeout=5).json()
    project = signalwire.carrier.accounts["healthy"]
    assert state[project.id]["numbers"][number.number]["call_handler"] == "sip_gateway"
    assert project.token not in json.dumps(state)
    assert requests.delete(path, timeout=5).status_code == 204
    requests.post(f"{control}/reset", timeout=5)
    again = signalwire.carrier.accounts["healthy"]
    assert again.number(number.number).value("call_handler") is None
    assert again.switches == Switches()


def test_the_same_seed_gives_the_same_projects_and_more_can_be_added() -> None:
    assert SimulatedSignalWire("one").listing() == SimulatedSignalWire("one").listing()
    assert SimulatedSignalWire("one").listing() != SimulatedSignalWire("two").listing()
    carrier = SimulatedSignalWire()
    assert len(carrier.add_account("big", numbers=5000).numbers) == 5000
    carrier.reset()
    assert len(carrier.accounts["big"].numbers) == 5000


def test_it_is_served_beside_the_others_at_a_port_of_its_own() -> None:
    command = [sys.executable, "-m", "trunkline_sandbox", "serve", "--signalwire-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            addresses = json.loads(process.stdout.readline())
            shown = requests.get(f"{addresses['signalwire']}/_sandbox/carrier", timeout=5).json()
            assert shown["name"] == "signalwire"
            assert "acme-voice.signalwire.com" in shown["hosts"]
        finally:
            process.terminate()
            process.wait(10)
