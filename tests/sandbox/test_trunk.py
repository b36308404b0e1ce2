"""The simulated trunk speaks SIP over UDP and TCP, asks for logins, keeps bindings, and misbehaves on demand."""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline_sandbox import Fault, Sandbox
from trunkline_sandbox.trunk import SimulatedTrunk, message, running_trunk

LISTED = {
    "healthy": "healthy",
    "md5": "healthy",
    "behind_proxy": "healthy",
    "registration": "healthy",
    "over_tcp": "healthy",
    "forbids": "healthy",
    "bad_credentials": "bad_credentials",
    "forbidden": "bad_credentials",
    "other_realm": "other_realm",
    "no_login": "credentials_missing",
    "open": "open",
    "no_registration": "not_challenged",
    "address_refused": "address_refused",
    "not_served": "not_served",
    "overloaded": "overloaded",
    "silent": "silent",
}


@attrs.define
class Phone:
    """A SIP client of a few lines: asks, and gives the response's head as text."""

    sandbox: Sandbox[SimulatedTrunk]
    transport: str = "udp"
    count: int = 0

    def request(self, method: str, label: str, *headers: str) -> str:
        self.count += 1
        trunk = self.sandbox.carrier.accounts[label]
        lines = [
            f"{method} sip:{trunk.host} SIP/2.0",
            f"Via: SIP/2.0/{self.transport.upper()} 127.0.0.1;branch=z9hG4bK{self.count};rport",
            f"From: <sip:{trunk.username or 'anybody'}@{trunk.host}>;tag=1",
            f"To: <sip:{trunk.host}>",
            f"Call-ID: call-{self.count}",
            f"CSeq: {self.count} {method}",
            *headers,
            "Content-Length: 0",
        ]
        return "\r\n".join(lines) + "\r\n\r\n"

    def ask(self, method: str, label: str, *headers: str) -> str:
        return self.say(self.request(method, label, *headers))

    def say(self, text: str) -> str:
        host, port = str(self.sandbox.sip_address).split(":")
        kind = socket.SOCK_DGRAM if self.transport == "udp" else socket.SOCK_STREAM
        with socket.socket(type=kind) as sock:
            sock.settimeout(10)
            sock.connect((host, int(port)))
            sock.sendall(text.encode())
            return sock.recv(65536).decode()

    def answer(self, method: str, label: str, challenged: str, password: str, *headers: str) -> str:
        """Ask again with an answer to the first challenge."""
        name = "Authorization" if "WWW-" in challenged else "Proxy-Authorization"
        said = dict(re.findall(r'(\w+)="?([^",\s]+)"?', re.findall(r"Authenticate: Digest (.*)\r", challenged)[0]))
        trunk = self.sandbox.carrier.accounts[label]
        hashed = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[said["algorithm"]]

        def h(text: str) -> str:
            return hashed(text.encode()).hexdigest()

        secret, asked = h(f"{trunk.username}:{said['realm']}:{password}"), h(f"{method}:sip:{trunk.host}")
        response = h(f"{secret}:{said['nonce']}:00000001:c1:auth:{asked}")
        login = (
            f'{name}: Digest username="{trunk.username}", realm="{said["realm"]}", nonce="{said["nonce"]}", '
            f'uri="sip:{trunk.host}", qop=auth, nc=00000001, cnonce="c1", algorithm={said["algorithm"]}, '
            f'response="{response}"'
        )
        return self.ask(method, label, login, *headers)


def status(response: str) -> int:
    return int(response.split(" ", 2)[1])


@pytest.fixture(scope="module")
def running_sandbox() -> Iterator[Sandbox[SimulatedTrunk]]:
    with running_trunk(SimulatedTrunk()) as sandbox:
        yield sandbox


@pytest.fixture
def trunk(running_sandbox: Sandbox[SimulatedTrunk]) -> Iterator[Sandbox[SimulatedTrunk]]:
    yield running_sandbox
    running_sandbox.reset()


@pytest.fixture(params=["udp", "tcp"])
def phone(request: pytest.FixtureRequest, trunk: Sandbox[SimulatedTrunk]) -> Phone:
    return Phone(trunk, request.param)


def control(trunk: Sandbox[Any], method: str, path: str, **more: Any) -> Any:
    answer = requests.request(method, f"{trunk.address}/_sandbox/{path}", timeout=10, **more)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def test_every_way_into_a_trunk_is_listed_with_what_to_expect(trunk: Sandbox[SimulatedTrunk]) -> None:
    listed = control(trunk, "GET", "accounts")
    assert {each["label"]: each["expect"] for each in listed} == LISTED
    for each in listed:
        assert (each["provider"], each["setup_method"]) == ("manual", "manual")
        assert set(each["credentials"]) in (set(), {"username", "password"})
        assert set(each["sip_config"]) >= {"domain", "numbers"}
    numbers = [number for each in listed for number in each["sip_config"]["numbers"]]
    assert len(set(numbers)) == len(numbers) > 30


def test_control_says_which_hosts_are_answered_for_and_where(trunk: Sandbox[SimulatedTrunk]) -> None:
    shown = control(trunk, "GET", "carrier")
    assert shown["name"] == "manual"
    assert {"healthy.trunk.example", "sip.platform.example"} < set(shown["hosts"])
    assert shown["sip"] == trunk.sip_address


@pytest.mark.parametrize(("label", "code"), [("healthy", 401), ("behind_proxy", 407)])
def test_a_login_is_asked_for_in_every_algorithm_and_taken_only_if_it_is_right(
    phone: Phone, label: str, code: int
) -> None:
    phone.sandbox.carrier.change(label, "trunk", "all", {"stale": False})
    challenged = phone.ask("OPTIONS", label)
    assert status(challenged) == code
    assert re.findall("algorithm=([A-Z0-9-]+)", challenged) == ["SHA-256", "MD5"]
    password = phone.sandbox.carrier.accounts[label].password
    assert status(phone.answer("OPTIONS", label, challenged, password)) == 200
    assert status(phone.answer("OPTIONS", label, challenged, "another")) == code
    assert "stale" not in phone.answer("OPTIONS", label, challenged, "another")


def test_a_stale_nonce_is_asked_for_again_once(phone: Phone) -> None:
    password = phone.sandbox.carrier.accounts["behind_proxy"].password
    again = phone.answer("OPTIONS", "behind_proxy", phone.ask("OPTIONS", "behind_proxy"), password)
    assert (status(again), "stale=true" in again) == (407, True)
    assert status(phone.answer("OPTIONS", "behind_proxy", again, password)) == 200


def test_a_nonce_of_nobody_is_no_login(phone: Phone) -> None:
    forged = phone.ask("OPTIONS", "healthy").replace('nonce="', 'nonce="0')
    password = phone.sandbox.carrier.accounts["healthy"].password
    assert status(phone.answer("OPTIONS", "healthy", forged, password)) == 401


def test_a_register_without_contact_changes_no_binding_and_one_with_it_does(phone: Phone) -> None:
    password = phone.sandbox.carrier.accounts["md5"].password
    challenged = phone.ask("REGISTER", "md5")
    asked = phone.answer("REGISTER", "md5", challenged, password)
    assert (status(asked), "Contact:" in asked) == (200, False)
    made = phone.answer("REGISTER", "md5", challenged, password, "Contact: <sip:desk@203.0.113.9>")
    assert "Contact: <sip:desk@203.0.113.9>" in made
    assert control(phone.sandbox, "GET", "state")["md5"]["bindings"] == ["<sip:desk@203.0.113.9>"]


@pytest.mark.parametrize(
    ("method", "label", "code"),
    [
        ("OPTIONS", "open", 200),
        ("REGISTER", "no_registration", 405),
        ("INVITE", "open", 405),
        ("OPTIONS", "address_refused", 403),
        ("OPTIONS", "not_served", 404),
        ("OPTIONS", "overloaded", 503),
    ],
)
def test_each_trunk_answers_in_its_own_way(phone: Phone, method: str, label: str, code: int) -> None:
    response = phone.ask(method, label)
    assert status(response) == code
    assert ("Retry-After: 30" in response) == (label == "overloaded")
    assert re.search(r"\r\nVia: .*;rport=\d+;received=127\.0\.0\.1\r\n", response)
    assert re.search(r"\r\nTo: <sip:[a-z.-]+>;tag=[0-9a-f]{8}\r\n", response)
    (entry,) = list(phone.sandbox.requests)
    assert (entry.method, entry.account, entry.status) == (method, label, code)


def test_the_journal_never_holds_how_a_request_was_authorized(phone: Phone) -> None:
    password = phone.sandbox.carrier.accounts["healthy"].password
    phone.answer("OPTIONS", "healthy", phone.ask("OPTIONS", "healthy"), password)
    assert "Digest" not in str(control(phone.sandbox, "GET", "requests"))


@pytest.mark.parametrize("fault", [Fault("status", status=486), Fault("slow", seconds=0.01)])
def test_faults_strike_a_trunk_as_they_strike_a_carrier(phone: Phone, fault: Fault) -> None:
    phone.sandbox.faults.add(attrs.evolve(fault, account="open"))
    assert status(phone.ask("OPTIONS", "open")) == (fault.status or 200)
    assert [entry.fault for entry in phone.sandbox.requests] == [fault.kind]
    assert status(phone.ask("OPTIONS", "open")) == 200


def test_a_reset_ends_a_tcp_connection_without_an_answer(trunk: Sandbox[SimulatedTrunk]) -> None:
    trunk.faults.add(Fault("reset_before"))
    phone = Phone(trunk, "tcp")
    with contextlib.suppress(ConnectionResetError):
        assert phone.ask("OPTIONS", "open") == ""
    assert status(phone.ask("OPTIONS", "open")) == 200


def test_a_silent_trunk_is_asked_and_says_nothing(trunk: Sandbox[SimulatedTrunk]) -> None:
    phone = Phone(trunk, "tcp")
    both = phone.request("OPTIONS", "silent") + phone.request("OPTIONS", "open")
    assert "Call-ID: call-2" in phone.say(both)
    assert [(entry.account, entry.status) for entry in trunk.requests] == [("silent", None), ("open", 200)]


@pytest.mark.parametrize("rubbish", ["GET / HTTP/1.1\r\n\r\n", "OPTIONS sip:x SIP/2.0\r\n\r\n", "\x00\xff\r\n\r\n"])
def test_what_is_no_sip_gets_no_answer_and_harms_nobody(trunk: Sandbox[SimulatedTrunk], rubbish: str) -> None:
    assert Phone(trunk, "tcp").say(rubbish) == ""
    assert status(Phone(trunk, "udp").ask("OPTIONS", "open")) == 200


@given(st.binary(max_size=400))
@settings(deadline=None, max_examples=150)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    wanted = b"OPTIONS sip:open.trunk.example SIP/2.0\r\nVia: x\r\nf: x\r\nt: x\r\ni: x\r\nCSeq: 1 OPTIONS\r\n\r\n"
    stream = bytearray(wanted + data)
    first = next(message.split(stream))
    assert message.parse(first).host == "open.trunk.example"
    for text in (data, wanted[: len(data)] + data, bytes(reversed(wanted))):
        with contextlib.suppress(message.NotSip):
            assert message.parse(text).method
