"""The inconvenient rules of Telnyx, and what nobody knows of it, set either way."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from trunkline_sandbox import Fault, Sandbox, running
from trunkline_sandbox.telnyx import Account, SimulatedTelnyx

Telnyx = Sandbox[SimulatedTelnyx]
Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def telnyx() -> Iterator[Telnyx]:
    with running(SimulatedTelnyx()) as sandbox:
        yield sandbox


@pytest.fixture
def account(telnyx: Telnyx) -> Account:
    return telnyx.carrier.accounts["healthy"]


@pytest.fixture
def ask(telnyx: Telnyx) -> Iterator[Ask]:
    with requests.Session() as session:
        session.trust_env = False

        def send(method: str, path: str, body: Any = None, *, label: str = "healthy", **query: Any) -> tuple[int, Any]:
            entry = next(each for each in telnyx.carrier.listing() if each.label == label)
            headers = {"Authorization": f"Bearer {entry.credentials['apiKey']}"}
            url = f"{telnyx.address}/v2{path}"
            answer = session.request(method, url, json=body, params=query, headers=headers, timeout=5)
            return answer.status_code, answer.json()

        yield send


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    status, body = answer
    return status, body["errors"][0]["code"]


def turn(telnyx: Telnyx, label: str = "healthy", **fields: Any) -> None:
    telnyx.carrier.change(label, "switches", "", fields)


def number_of(account: Account) -> Any:
    return next(each for each in account.numbers.values() if each.connection_id is None and not each.voice)


def connection_of(account: Account, name: str) -> Any:
    return next(each for each in account.connections.values() if each.name == name)


def test_control_lists_every_kind_of_account(telnyx: Telnyx) -> None:
    listed = telnyx.carrier.listing()
    assert {"healthy", "empty", "bad_credentials", "guided", "no_outbound_profile"} <= {each.label for each in listed}
    assert len({each.label for each in listed}) == len(listed)
    for entry in listed:
        assert entry.provider == "telnyx"
        assert entry.setup_method in ("api_key", "guided_telnyx")
        assert set(entry.credentials) in ({"apiKey"}, {"apiKey", "connectionId"})
        assert entry.expect.replace("_", "").isalpha()


def test_a_wrong_key_is_10009(ask: Ask) -> None:
    assert code(ask("GET", "/balance", label="bad_credentials")) == (401, "10009")


def test_the_base_resource_takes_a_connection_and_voice_passes_over_it(ask: Ask, account: Account) -> None:
    number, target = number_of(account), connection_of(account, "Head office")
    status, _ = ask("PATCH", f"/phone_numbers/{number.id}/voice", {"connection_id": target.id})
    assert (status, number.connection_id) == (200, None)
    status, body = ask("PATCH", f"/phone_numbers/{number.id}", {"connection_id": target.id, "unknown": 1})
    assert (status, body["data"]["connection_id"], number.connection_id) == (200, target.id, target.id)


def test_a_number_is_found_by_e164_too(ask: Ask, account: Account) -> None:
    number = number_of(account)
    assert ask("GET", f"/phone_numbers/{number.phone_number}")[1]["data"]["id"] == number.id


@pytest.mark.parametrize(("wanted", "switch"), [(None, "null_connection"), ("", "empty_connection")])
def test_taking_a_number_off_its_connection_is_a_switch(
    ask: Ask, telnyx: Telnyx, account: Account, wanted: Any, switch: str
) -> None:
    number, target = number_of(account), connection_of(account, "Head office")
    for way, expected in {"clears": None, "ignored": target.id}.items():
        number.connection_id = target.id
        turn(telnyx, **{switch: way})
        assert ask("PATCH", f"/phone_numbers/{number.id}", {"connection_id": wanted})[0] == 200
        assert number.connection_id == expected
    turn(telnyx, **{switch: "refused"})
    assert code(ask("PATCH", f"/phone_numbers/{number.id}", {"connection_id": wanted})) == (422, "10015")


def test_a_foreign_connection_is_a_switch(ask: Ask, telnyx: Telnyx, account: Account) -> None:
    path, body = f"/phone_numbers/{number_of(account).id}", {"connection_id": "1"}
    assert code(ask("PATCH", path, body)) == (422, "10015")
    turn(telnyx, foreign_connection="not_found")
    assert code(ask("PATCH", path, body)) == (404, "10005")
    turn(telnyx, foreign_connection="ignored")
    assert ask("PATCH", path, body)[0] == 200


def test_stale_reads_show_the_connection_before(ask: Ask, telnyx: Telnyx, account: Account) -> None:
    number, target = number_of(account), connection_of(account, "Head office")
    turn(telnyx, stale_reads=1)
    path = f"/phone_numbers/{number.id}"
    assert ask("PATCH", path, {"connection_id": target.id})[1]["data"]["connection_id"] == target.id
    assert [ask("GET", path)[1]["data"]["connection_id"] for _ in range(2)] == [None, target.id]


def test_pages_have_twenty_numbers_unless_more_are_asked_for(ask: Ask) -> None:
    meta = ask("GET", "/phone_numbers")[1]["meta"]
    assert (meta["page_size"], meta["page_number"], meta["total_results"]) == (20, 1, 630)
    assert code(ask("GET", "/phone_numbers", **{"page[size]": 251})) == (422, "10015")
    assert ask("GET", "/phone_numbers", **{"page[number]": 99})[1]["data"] == []


def test_numbers_come_in_the_order_asked_for_and_filtered(ask: Ask, account: Account) -> None:
    query = {"page[size]": 250, "sort": "phone_number", "filter[status]": "active"}
    rows = ask("GET", "/phone_numbers", **query)[1]["data"]
    assert [row["phone_number"] for row in rows] == sorted(row["phone_number"] for row in rows)
    assert {row["status"] for row in rows} == {"active"}
    number = number_of(account)
    for written, found in ((number.phone_number[1:], 1), (number.phone_number, 1), ("12", None)):
        status, body = ask("GET", "/phone_numbers", **{"filter[phone_number]": written})
        assert (len(body["data"]) if status == 200 else None) == found


def test_a_profile_is_refused_before_authentication_is_configured(ask: Ask, account: Account) -> None:
    profile = next(iter(account.profiles))
    status, body = ask("POST", "/fqdn_connections", {"connection_name": "New"})
    assert status == 201
    path = f"/fqdn_connections/{body['data']['id']}"
    flat = ask("PATCH", path, {"outbound_voice_profile_id": profile})
    assert (flat[0], "outbound_voice_profile_id" in flat[1]["data"]["outbound"]) == (200, False)
    nested = {"outbound": {"outbound_voice_profile_id": profile}}
    assert code(ask("PATCH", path, nested)) == (422, "10015")
    login = {"fqdn_outbound_authentication": "credential-authentication", "user_name": "new12", "password": "pa55word!"}
    assert ask("PATCH", f"{path}/fqdn_authentication", login)[1]["data"]["password"] == "pa55word!"
    assert ask("PATCH", path, nested)[1]["data"]["outbound"]["outbound_voice_profile_id"] == profile
    assert ask("GET", path)[1]["data"]["password"] == "********"


def test_an_srv_record_has_no_port_and_an_a_record_always_has(ask: Ask, account: Account) -> None:
    base = {"connection_id": connection_of(account, "Head office").id, "fqdn": "edge.example.com"}
    assert ask("POST", "/fqdns", {**base, "dns_record_type": "a"})[1]["data"]["port"] == 5060
    assert "port" not in ask("POST", "/fqdns", {**base, "dns_record_type": "srv"})[1]["data"]
    assert code(ask("POST", "/fqdns", {**base, "dns_record_type": "srv", "port": 5060})) == (422, "10015")
    assert isinstance(ask("GET", "/fqdns")[1]["data"][0]["connection_id"], int)


def test_a_trial_account_has_one_of_each(ask: Ask) -> None:
    for path, body in (
        ("/fqdn_connections", {"connection_name": "One"}),
        ("/outbound_voice_profiles", {"name": "One"}),
    ):
        assert ask("POST", path, body, label="trial")[0] in (200, 201)
        assert code(ask("POST", path, body, label="trial")) == (403, "10039")


def test_deleting_what_is_in_use_is_a_switch(ask: Ask, telnyx: Telnyx, account: Account) -> None:
    office = connection_of(account, "Head office")
    path = f"/fqdn_connections/{office.id}"
    assert code(ask("DELETE", path)) == (422, "10021")
    turn(telnyx, delete_in_use="detaches")
    assert ask("DELETE", path)[0] == 200
    assert not account.on_connection(office.id)


def test_names_may_or_may_not_be_unique(ask: Ask, telnyx: Telnyx) -> None:
    for path, body in (
        ("/fqdn_connections", {"connection_name": "Two"}),
        ("/outbound_voice_profiles", {"name": "Two"}),
    ):
        assert ask("POST", path, body)[0] in (200, 201)
        assert ask("POST", path, body)[0] in (200, 201)
    turn(telnyx, names_unique=True)
    assert code(ask("POST", "/fqdn_connections", {"connection_name": "Two"})) == (422, "10012")


def test_trouble_of_the_account_has_a_code_of_its_own(ask: Ask, telnyx: Telnyx) -> None:
    assert code(ask("GET", "/phone_numbers", label="out_of_funds")) == (403, "20012")
    turn(telnyx, "out_of_funds", trouble_status=401)
    assert code(ask("GET", "/phone_numbers", label="out_of_funds")) == (401, "20012")
    assert ask("GET", "/balance", label="out_of_funds")[1]["data"]["available_credit"] == "-20.00"


def test_a_sub_user_may_not_see_the_money(ask: Ask) -> None:
    assert code(ask("GET", "/balance", label="sub_user")) == (403, "10010")
    assert ask("GET", "/phone_numbers", label="sub_user")[0] == 200


def test_charges_are_written_as_documented_or_as_seen(ask: Ask, telnyx: Telnyx) -> None:
    days = {"start_date": "2026-10-01", "end_date": "2026-11-01"}
    (service,) = ask("GET", "/charges_breakdown", **days)[1]["data"]["results"][0]["services"]
    assert service == {"name": "Local DIDs", "cost_type": "MRC", "cost": "1.00"}
    turn(telnyx, charges="live")
    services = ask("GET", "/charges_breakdown", **days)[1]["data"]["results"][0]["services"]
    assert [each["cost_type"] for each in services] == ["otc", "partial-mrc", "mrc"]
    too_long = {"start_date": "2026-10-01", "end_date": "2026-11-02"}
    assert ask("GET", "/charges_breakdown", **too_long)[0] == 400


def test_the_reset_of_the_rate_limit_is_written_either_way(telnyx: Telnyx, account: Account) -> None:
    def reset() -> int:
        headers = {"Authorization": f"Bearer {account.api_key}"}
        return int(
            requests.get(f"{telnyx.address}/v2/balance", headers=headers, timeout=5).headers["x-ratelimit-reset"]
        )

    assert reset() < 60
    turn(telnyx, rate_limit_reset="epoch")
    assert reset() > 1_700_000_000


def test_too_many_at_once_is_10011(telnyx: Telnyx, ask: Ask) -> None:
    telnyx.concurrency = 0
    assert code(ask("GET", "/balance")) == (429, "10011")


def test_a_repeated_page_claims_that_one_more_follows(telnyx: Telnyx, ask: Ask) -> None:
    telnyx.faults.add(Fault("repeat_page", path="/phone_numbers", times=None))
    meta = ask("GET", "/phone_numbers", **{"page[number]": 40})[1]["meta"]
    assert meta["total_pages"] == 41


def test_control_changes_what_the_customer_would(telnyx: Telnyx, ask: Ask, account: Account) -> None:
    number, target = number_of(account), connection_of(account, "Head office")
    telnyx.carrier.change(
        "healthy", "numbers", number.phone_number, {"connection_id": target.id, "forwards_to": "+1303"}
    )
    assert ask("GET", f"/phone_numbers/{number.id}/voice")[1]["data"]["call_forwarding"]["forwards_to"] == "+1303"
    telnyx.carrier.remove("healthy", "connections", target.id)
    assert ask("GET", f"/phone_numbers/{number.id}")[1]["data"]["connection_id"] is None
    telnyx.carrier.reset()
    assert telnyx.carrier.accounts["healthy"].numbers[number.id].setting("forwards_to") == ""


def test_no_number_is_at_the_simulated_twilio_too(telnyx: Telnyx) -> None:
    from trunkline_sandbox.twilio import SimulatedTwilio

    theirs = {n.phone_number for a in SimulatedTwilio().accounts.values() for n in a.numbers.values()}
    ours = [n.phone_number for a in telnyx.carrier.accounts.values() for n in a.numbers.values()]
    assert len(set(ours)) == len(ours)
    assert not theirs & set(ours)


def test_serve_prints_its_address() -> None:
    command = [sys.executable, "-m", "trunkline_sandbox", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        addresses = json.loads(process.stdout.readline())
        assert requests.get(f"{addresses['telnyx']}/v2/balance", timeout=5).status_code == 401
        process.terminate()
