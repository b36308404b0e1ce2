"""The server speaks HTTP/1.1 as it should, and leaves nothing behind."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import Any

import pytest
import requests

from trunkline_sandbox import Response, Sandbox, Server, running
from trunkline_sandbox.server import BODY_CAP
from trunkline_sandbox.twilio import SimulatedTwilio

Twilio = Any


@pytest.fixture
def wire(twilio: Twilio) -> Any:
    with socket.create_connection((twilio.host, twilio.port), timeout=5) as connection:
        yield connection


def read_answer(stream: Any) -> tuple[int, dict[str, str], bytes]:
    status = int(stream.readline().split()[1])
    headers = {}
    while (line := stream.readline().decode().strip()) != "":
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    return status, headers, stream.read(int(headers.get("content-length", 0)))


ASK = b"GET /_sandbox/latency HTTP/1.1\r\nHost: x\r\n\r\n"


def test_it_listens_on_the_loopback_only(twilio: Twilio) -> None:
    assert twilio.address == f"http://127.0.0.1:{twilio.port}"


def test_a_connection_serves_many_requests(wire: socket.socket) -> None:
    with wire.makefile("rb") as stream:
        for _ in range(3):
            wire.sendall(ASK)
            assert read_answer(stream)[0] == 200


def test_an_answer_arrives_whole_in_one_piece(wire: socket.socket) -> None:
    wire.sendall(ASK)
    assert wire.recv(65536).endswith(b'{"ms":0}')


def test_pipelined_requests_are_answered_in_order(wire: socket.socket) -> None:
    wire.sendall(ASK * 50 + ASK.replace(b"latency", b"limits"))
    with wire.makefile("rb") as stream:
        bodies = [read_answer(stream)[2] for _ in range(51)]
    assert bodies == [b'{"ms":0}'] * 50 + [b'{"concurrency":50}']


def test_a_request_may_arrive_byte_by_byte(wire: socket.socket) -> None:
    for at in range(len(ASK)):
        wire.sendall(ASK[at : at + 1])
    with wire.makefile("rb") as stream:
        assert read_answer(stream)[0] == 200


def test_a_client_that_asks_to_close_is_closed(wire: socket.socket) -> None:
    wire.sendall(ASK.replace(b"Host: x", b"Host: x\r\nConnection: close"))
    with wire.makefile("rb") as stream:
        assert read_answer(stream)[1]["connection"] == "close"
        assert stream.read() == b""


def test_a_client_that_waits_for_a_go_ahead_gets_it(wire: socket.socket) -> None:
    head = b"PUT /_sandbox/latency HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    wire.sendall(head + b"Content-Length: 8\r\nExpect: 100-continue\r\n\r\n")
    with wire.makefile("rb") as stream:
        assert stream.readline() == b"HTTP/1.1 100 \r\n"
        assert stream.readline() == b"\r\n"
        wire.sendall(b'{"ms":0}')
        assert read_answer(stream)[0] == 200


def test_a_chunked_body_is_read(wire: socket.socket) -> None:
    head = b"PUT /_sandbox/latency HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    wire.sendall(head + b'4\r\n{"ms\r\n4\r\n":2}\r\n0\r\n\r\n')
    with wire.makefile("rb") as stream:
        assert read_answer(stream)[2] == b'{"ms":2.0}'


def test_a_body_beyond_the_cap_is_refused(twilio: Twilio) -> None:
    with requests.Session() as session:
        try:
            status = session.post(f"{twilio.address}/v1/Trunks", data=b"x" * (BODY_CAP + 1), timeout=5).status_code
        except requests.ConnectionError:
            status = 413
    assert status == 413


def test_what_is_not_http_is_refused(wire: socket.socket) -> None:
    wire.sendall(b"\x16\x03\x01 hello\r\n\r\n")
    with wire.makefile("rb") as stream:
        assert read_answer(stream)[0] == 400
        assert stream.read() == b""


def test_a_head_request_gets_no_body(wire: socket.socket) -> None:
    wire.sendall(ASK.replace(b"GET", b"HEAD"))
    with wire.makefile("rb") as stream:
        assert stream.readline().startswith(b"HTTP/1.1 404")
        while stream.readline() != b"\r\n":
            pass
        wire.sendall(ASK)
        assert read_answer(stream)[0] == 200


def test_a_client_that_leaves_before_its_answer_harms_nobody(twilio: Twilio) -> None:
    twilio.latency_ms = 20
    with socket.create_connection((twilio.host, twilio.port), timeout=5) as connection:
        connection.sendall(b"GET /v1/Trunks HTTP/1.1\r\nHost: x\r\n\r\n")
    with requests.Session() as session:
        assert session.get(f"{twilio.address}/v1/Trunks", timeout=5).status_code == 401


def test_a_broken_carrier_answers_500_and_the_next_request_is_served(twilio: Twilio, wire: socket.socket) -> None:
    working = twilio.carrier.handle

    def broken(_: Any) -> Response:
        raise RuntimeError("broken")

    ask = b"GET /v1/Trunks HTTP/1.1\r\nHost: x\r\n\r\n"
    with wire.makefile("rb") as stream:
        twilio.carrier.handle = broken
        wire.sendall(ask)
        assert read_answer(stream)[0] == 500
        twilio.carrier.handle = working
        wire.sendall(ask)
        assert read_answer(stream)[0] == 401


def test_stopping_leaves_no_thread_and_frees_the_port() -> None:
    before = set(threading.enumerate())
    with running(SimulatedTwilio()) as sandbox:
        port = sandbox.port
        idle = socket.create_connection((sandbox.host, port), timeout=5)
    with idle, contextlib.suppress(ConnectionResetError):
        assert idle.recv(1) == b""
    assert set(threading.enumerate()) <= before
    with running(SimulatedTwilio(), port=port) as again:
        assert again.port == port


def test_an_answer_under_way_still_leaves_when_the_sandbox_stops() -> None:
    sandbox = Sandbox(SimulatedTwilio(), latency_ms=100)
    server = Server(sandbox)
    server.start()
    with socket.create_connection((sandbox.host, sandbox.port), timeout=5) as wire, wire.makefile("rb") as stream:
        wire.sendall(b"GET /v1/Trunks HTTP/1.1\r\nHost: x\r\n\r\n")
        while not len(sandbox.requests):
            threading.Event().wait(0.001)
        server.stop()
        assert read_answer(stream)[0] == 401


def test_a_port_that_is_taken_is_an_error_at_once(twilio: Twilio) -> None:
    with pytest.raises(OSError, match="in use"), running(SimulatedTwilio(), port=twilio.port):
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_line_serves_until_interrupted(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "trunkline_sandbox", "serve", "--twilio-port", "0", "--latency-ms", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        addresses = json.loads(process.stdout.readline())
        with requests.Session() as session:
            assert session.get(f"{addresses['twilio']}/_sandbox/latency", timeout=5).json() == {"ms": 1}
        os.kill(process.pid, number)
        assert process.wait(timeout=10) == 0
        assert (process.stdout.read(), process.stderr.read()) == ("", "")
