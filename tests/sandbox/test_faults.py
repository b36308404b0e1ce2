"""Each fault does to a request what its name says, and to no other request."""

import json
import socket
import threading
import time
from typing import Any

import pytest
import requests

from trunkline_sandbox import Fault, Sandbox, Server
from trunkline_sandbox.faults import KINDS, merged
from trunkline_sandbox.twilio import SimulatedTwilio

Caller = Any
Twilio = Any


@pytest.fixture
def number(account: Any) -> Any:
    return next(number for number in account.numbers.values() if not number.own)


@pytest.fixture
def path(healthy: Caller, number: Any) -> str:
    return str(healthy.numbers(f"/{number.sid}.json"))


WRITE = {"VoiceUrl": "https://example.com/voice"}


def test_a_status_is_answered_with_the_body_and_headers_given(twilio: Twilio, healthy: Caller, path: str) -> None:
    body = {"code": 20429, "message": "Too Many Requests", "status": 429}
    twilio.faults.add(Fault("status", status=429, json=body, headers={"Retry-After": "7"}))
    answer = healthy.ask("GET", path)
    assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (429, body, "7")
    assert healthy.ask("GET", path).status_code == 200


def test_a_status_may_have_no_body_or_one_of_text(twilio: Twilio, healthy: Caller, path: str) -> None:
    twilio.faults.add(Fault("status", status=503))
    twilio.faults.add(Fault("status", status=500, body="<h1>oops</h1>"))
    first, second = healthy.ask("GET", path), healthy.ask("GET", path)
    assert (first.status_code, first.content) == (503, b"")
    assert (second.status_code, second.text, second.headers["Content-Type"]) == (500, "<h1>oops</h1>", "text/html")


@pytest.mark.parametrize("kind", ["status", "html", "empty"])
def test_a_write_answered_in_the_carriers_place_is_not_applied(
    twilio: Twilio, healthy: Caller, path: str, number: Any, kind: Any
) -> None:
    twilio.faults.add(Fault(kind))
    healthy.ask("POST", path, WRITE)
    assert not number.value("voice_url")


def test_an_html_page_says_bad_gateway(twilio: Twilio, healthy: Caller, path: str) -> None:
    twilio.faults.add(Fault("html"))
    answer = healthy.ask("GET", path)
    assert answer.status_code == 502
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text.startswith("<html>")


def test_an_empty_answer_is_a_200_without_a_body(twilio: Twilio, healthy: Caller, path: str) -> None:
    twilio.faults.add(Fault("empty"))
    answer = healthy.ask("GET", path)
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_wrong_content_type_comes_with_the_right_body(twilio: Twilio, healthy: Caller, path: str) -> None:
    twilio.faults.add(Fault("wrong_content_type"))
    answer = healthy.ask("GET", path)
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.json() == healthy.get(path)


def test_truncated_json_is_no_json(twilio: Twilio, healthy: Caller, path: str) -> None:
    twilio.faults.add(Fault("truncated_json"))
    answer = healthy.ask("GET", path)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.content)


def test_an_answer_cut_short_ends_before_its_length(twilio: Twilio, healthy: Caller, path: str) -> None:
    twilio.faults.add(Fault("cut_short"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        healthy.ask("GET", path)


def test_an_oversized_answer_has_the_size_asked_for(twilio: Twilio, healthy: Caller, path: str) -> None:
    twilio.faults.add(Fault("oversized", size=3_000_000))
    assert len(healthy.ask("GET", path).content) == 3_000_000


def test_a_patch_lies_over_the_real_answer(twilio: Twilio, healthy: Caller, path: str) -> None:
    real = healthy.get(path)
    patch = {"voice_url": None, "status": "on-the-moon", "capabilities": {"voice": None}, "new": 1, "$remove": ["type"]}
    twilio.faults.add(Fault("patch_json", patch=patch))
    answer = healthy.get(path)
    assert (answer["voice_url"], answer["status"], answer["new"]) == (None, "on-the-moon", 1)
    assert answer["capabilities"] == {**real["capabilities"], "voice": None}
    assert "type" not in answer
    assert answer["sid"] == real["sid"]


def test_a_patch_reaches_every_item_of_a_list_or_one(twilio: Twilio, healthy: Caller) -> None:
    patch = {"incoming_phone_numbers": {"*": {"beta": None}, "1": {"friendly_name": None}}}
    twilio.faults.add(Fault("patch_json", patch=patch))
    first, second, third = healthy.get(healthy.numbers(".json?PageSize=3"))["incoming_phone_numbers"]
    assert first["beta"] is third["beta"] is None
    assert first["friendly_name"]
    assert second["friendly_name"] is None


def test_patches_merge_key_by_key() -> None:
    assert merged({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}) == {"a": {"b": None, "c": 2}}
    assert merged([{}, {"x": 1}, 3], {"0": {"y": 2}}) == [{"y": 2}, {"x": 1}, 3]
    assert merged([{}, {"x": 1}], {"*": {"y": 2}}) == [{"y": 2}, {"x": 1, "y": 2}]
    assert merged({"a": 1}, [1]) == [1]
    assert merged(None, {"a": 1}) == {"a": 1}


@pytest.mark.parametrize("which", ["numbers", "trunks"])
def test_a_repeated_page_links_to_itself(twilio: Twilio, healthy: Caller, which: str) -> None:
    twilio.faults.add(Fault("repeat_page", times=None))
    path = healthy.numbers(".json?PageSize=2") if which == "numbers" else "/v1/Trunks?PageSize=2"
    page = healthy.get(path)
    link = page["next_page_uri"] if which == "numbers" else page["meta"]["next_page_url"].removeprefix(twilio.address)
    assert healthy.get(link) == page


def test_a_slow_answer_takes_its_time_and_the_write_is_applied(
    twilio: Twilio, healthy: Caller, path: str, number: Any
) -> None:
    twilio.faults.add(Fault("slow", seconds=0.2))
    began = time.monotonic()
    assert healthy.ask("POST", path, WRITE).status_code == 200
    assert time.monotonic() - began >= 0.2
    assert number.value("voice_url")


@pytest.mark.parametrize(("kind", "applied"), [("timeout_before", False), ("timeout_after", True)])
def test_a_timeout_leaves_the_write_out_or_in(
    twilio: Twilio, healthy: Caller, path: str, number: Any, kind: Any, applied: bool
) -> None:
    twilio.faults.add(Fault(kind))
    with pytest.raises(requests.exceptions.ReadTimeout):
        healthy.ask("POST", path, WRITE, timeout=0.5)
    assert bool(number.value("voice_url")) is applied
    (entry,) = twilio.requests
    assert (entry.status, entry.fault) == (None, kind)


@pytest.mark.parametrize(("kind", "applied"), [("reset_before", False), ("reset_after", True)])
def test_a_reset_leaves_the_write_out_or_in(
    twilio: Twilio, healthy: Caller, path: str, number: Any, kind: Any, applied: bool
) -> None:
    twilio.faults.add(Fault(kind))
    with pytest.raises(requests.exceptions.ConnectionError):
        healthy.ask("POST", path, WRITE)
    assert bool(number.value("voice_url")) is applied


def test_a_reset_reaches_the_client_as_a_reset(twilio: Twilio) -> None:
    twilio.faults.add(Fault("reset_before"))
    with socket.create_connection((twilio.host, twilio.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_fault_skips_the_first_and_then_strikes_so_many_times(twilio: Twilio, healthy: Caller, path: str) -> None:
    twilio.faults.add(Fault("status", status=503, after=1, times=2))
    assert [healthy.ask("GET", path).status_code for _ in range(5)] == [200, 503, 503, 200, 200]


def test_a_fault_may_strike_forever(twilio: Twilio, healthy: Caller, path: str) -> None:
    fault = twilio.faults.add(Fault("status", status=503, times=None))
    assert {healthy.ask("GET", path).status_code for _ in range(5)} == {503}
    assert fault.struck == 5
    twilio.faults.clear()
    assert healthy.ask("GET", path).status_code == 200


def test_faults_queue_up_one_a_request(twilio: Twilio, healthy: Caller, path: str) -> None:
    for status in (500, 502, 503):
        twilio.faults.add(Fault("status", status=status))
    assert [healthy.ask("GET", path).status_code for _ in range(4)] == [500, 502, 503, 200]


def test_a_fault_strikes_only_what_it_matches(twilio: Twilio, healthy: Caller, call_as: Any, path: str) -> None:
    strict = Fault("status", method="post", path="/IncomingPhoneNumbers/PN", host="api.twilio.com", times=None)
    strict.account = healthy.sid
    twilio.faults.add(strict)
    api = healthy.on("api")
    assert api.ask("GET", path).status_code == 200
    assert healthy.ask("POST", path, {}).status_code == 200
    assert healthy.on("trunking").ask("POST", "/v1/Trunks", {}).status_code == 201
    stranger = call_as("email_name", host="api.twilio.com")
    other = stranger.get(stranger.numbers())["incoming_phone_numbers"][0]["sid"]
    assert stranger.ask("POST", stranger.numbers(f"/{other}.json"), {}).status_code == 200
    assert api.ask("POST", path, {}).status_code == 500


@pytest.mark.parametrize("kind", KINDS)
def test_control_is_out_of_every_faults_reach(twilio: Twilio, control: Any, kind: Any) -> None:
    twilio.faults.add(Fault(kind, times=None))
    assert control("GET", "latency") == {"ms": 0}


def test_an_unknown_fault_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="no such fault"):
        Fault("earthquake")  # type: ignore[arg-type]


def test_the_sandbox_stops_while_a_client_is_left_hanging() -> None:
    sandbox = Sandbox(SimulatedTwilio())
    sandbox.faults.add(Fault("timeout_before", times=None))
    server = Server(sandbox)
    server.start()
    with socket.create_connection((sandbox.host, sandbox.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        while not len(sandbox.requests):
            threading.Event().wait(0.001)
        server.stop()
        assert connection.recv(1) == b""
