"""The server itself: large bodies, broken streams, starting and stopping."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import AsyncMock

import httpx
import pytest
from harness import CONNECTIONS, KEYS, World

from serving import serving
from trunkline.errors import CarrierUnavailable
from trunkline_service import unread
from trunkline_service.frame import Frame

SERVICE = [sys.executable, "-m", "trunkline_service"]


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRUNKLINE_")}
    return {**kept, "TRUNKLINE_DATA_DIR": str(folder), **more}


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SERVICE, *arguments],
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
    )


@contextmanager
def served(folder: Path, **more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    with subprocess.Popen(
        [*SERVICE, "serve", "--port", "0"],
        env=environment(folder, **more),
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    ) as process:
        try:
            assert process.stderr is not None
            line = next(each for each in process.stderr if '"listening"' in each)
            yield json.loads(line)["address"], process
        finally:
            process.kill()


def test_who_sends_fifty_megabytes_hears_why_they_are_refused(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.key}", "Content-Type": "application/json"}
    with serving(world.service) as address, httpx.Client(base_url=address, timeout=30) as http:
        told = http.post(CONNECTIONS, content=b"x" * 52428800, headers=headers)
        assert (told.status_code, told.json()["code"]) == (413, "body_too_large")
        assert http.get("/v1/healthz").json() == {"ok": True}


def test_who_announces_fifty_megabytes_and_stalls_is_answered(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.key}", "Content-Type": "application/json"}
    with serving(world.service) as address:
        host, port = address.removeprefix("http://").split(":")
        for more in ("", "Expect: 100-continue\r\n"):
            with socket.create_connection((host, int(port)), timeout=20) as raw:
                head = f"POST {CONNECTIONS} HTTP/1.1\r\nHost: x\r\nContent-Length: 52428800\r\n{more}"
                raw.sendall((head + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n").encode())
                answer = b"".join(iter(lambda: raw.recv(65536), b""))
            assert answer.startswith(b"HTTP/1.1 413")
            assert b"body_too_large" in answer


def test_who_sends_without_end_is_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "MOST_BYTES", 4 * 1024 * 1024)
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 65536
            yield b"x" * 65536

    headers = {"Authorization": f"Bearer {world.key}", "Content-Type": "application/json"}
    with serving(world.service) as address, httpx.Client(base_url=address, timeout=30) as http:
        with suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
            assert http.post(CONNECTIONS, content=pieces(), headers=headers).status_code == 413
        assert sent < 32 * 1024 * 1024
        assert http.get("/v1/healthz").json() == {"ok": True}


def test_a_body_just_within_the_limit_is_read(world: World) -> None:
    body = json.dumps({"numbers": ["x"]}).encode()
    headers = {"Authorization": f"Bearer {world.key}", "Content-Type": "application/json"}
    for size, status in ((256 * 1024, 404), (256 * 1024 + 1, 413)):
        padded = body + b" " * (size - len(body))
        path = f"{CONNECTIONS}/999/import-numbers"
        assert world.http.post(path, content=padded, headers=headers).status_code == status


def test_a_list_that_breaks_off_midway_is_not_taken_for_a_whole_one(world: World) -> None:
    many = [f"+1555{n:07}" for n in range(2600)]
    world.carrier.open("many", *many)
    connection = world.connect({"apiKey": "many"})["id"]

    def fail_late(index: int) -> None:
        if index == 2500:
            raise CarrierUnavailable("Acme went down.")

    world.carrier.before["list_numbers.each"] = fail_late
    with serving(world.service) as address, httpx.Client(base_url=address) as http:
        path, headers = f"{CONNECTIONS}/{connection}/available-numbers", {"Authorization": f"Bearer {world.key}"}
        with http.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == 200
            pieces: list[bytes] = []
            with pytest.raises(httpx.RemoteProtocolError):
                pieces.extend(answer.iter_bytes())
        assert http.get("/v1/healthz").status_code == 200


def test_who_leaves_a_list_midway_ends_the_call_at_the_carrier(world: World) -> None:
    world.carrier.open("many", *[f"+1555{n:07}" for n in range(20_000)])
    connection = world.connect({"apiKey": "many"})["id"]
    path, key = f"{CONNECTIONS}/{connection}/available-numbers", f"Bearer {world.key}"
    ended = threading.Event()
    world.carrier.after["list_numbers"] = lambda: ended.set()
    with serving(world.service) as address, httpx.Client(base_url=address) as http:
        with http.stream("GET", path, headers={"Authorization": key}) as answer:
            next(answer.iter_bytes())
        assert ended.wait(20)


def test_a_request_that_is_cut_off_has_its_line_and_is_counted(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_off = Frame(Raising(asyncio.CancelledError()), world.service.metrics)  # type: ignore[arg-type]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "state": {}}
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cut_off(scope, AsyncMock(), AsyncMock()))
    assert "finished=False" in capsys.readouterr().out


class Raising:
    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def __call__(self, *_: object) -> None:
        raise self._error


def test_migrate_says_in_one_line_that_the_database_is_not_there(tmp_path: Path) -> None:
    ran = run(tmp_path, "migrate", TRUNKLINE_DATABASE_URL="postgresql://u:pw-canary@127.0.0.1:9/x", TRUNKLINE_KEYS=KEYS)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.count("\n") == 1
    assert "TRUNKLINE_DATABASE_URL" in ran.stderr
    assert "canary" not in ran.stderr


def test_organizations_and_keys_are_made_on_the_command_line(tmp_path: Path) -> None:
    made = run(tmp_path, "organizations", "create", "Acme")
    assert (made.returncode, made.stdout.strip()) == (0, "1")
    assert run(tmp_path, "organizations", "create", "Test", "--sandbox").stdout.strip() == "2"
    assert run(tmp_path, "organizations", "list").stdout == "1\tlive\tAcme\n2\tsandbox\tTest\n"
    live = run(tmp_path, "keys", "create", "--organization", "1").stdout.strip()
    sandbox = run(tmp_path, "keys", "create", "--organization", "2", "--read-only").stdout.strip()
    assert live.startswith("sk_live_")
    assert sandbox.startswith("sk_test_")
    listed = run(tmp_path, "keys", "list").stdout
    assert live not in listed
    assert [line.split("\t")[:3] for line in listed.splitlines()] == [["1", "1", "full"], ["2", "2", "read-only"]]
    with served(tmp_path) as (address, process):
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {live}"}) as http:
            assert http.get(CONNECTIONS).json() == []
            assert run(tmp_path, "keys", "revoke", "1").returncode == 0
            assert http.get(CONNECTIONS).status_code == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert run(tmp_path, "keys", "revoke", "1").returncode == 1
    assert run(tmp_path, "keys", "create", "--organization", "9").returncode == 1
    assert run(tmp_path, "organizations", "create", " ").returncode == 1


def test_it_stops_cleanly_when_it_is_interrupted(tmp_path: Path) -> None:
    with served(tmp_path) as (_, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_a_port_that_is_taken_is_told_clearly(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failed = run(tmp_path, "serve", "--port", str(port))
    assert failed.returncode == 1
    assert failed.stderr.strip().startswith(f"Cannot listen on 127.0.0.1 port {port}")
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRUNKLINE_DATABASE_URL", "mysql://x/y"),
        ("TRUNKLINE_DATABASE_URL", "not a url"),
        ("TRUNKLINE_DATABASE_URL", "sqlite://"),
        ("TRUNKLINE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x"),
        ("TRUNKLINE_KEYS", "no"),
        ("TRUNKLINE_KEYS", "k1:AAAA"),
        ("TRUNKLINE_SIP_HOST", "not a host!"),
        ("TRUNKLINE_SIP_ADDRESSES", "203.0.113.7"),
        ("TRUNKLINE_SANDBOX", "https://api.twilio.com"),
        ("TRUNKLINE_SANDBOX", "http://api.twilio.com=http://127.0.0.1:1"),
        ("TRUNKLINE_SANDBOX", "sip:trunk.acme.example=localhost:5070"),
        ("TRUNKLINE_SANDBOX", "sip:trunk.acme.example=127.0.0.1:70000"),
        ("TRUNKLINE_SIP_ALLOWED_HOSTS", "10.0.0.0/8"),
        ("TRUNKLINE_EVIDENCE_MINUTES", "soon"),
        ("TRUNKLINE_EVIDENCE_MINUTES", "0"),
        ("TRUNKLINE_LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_setting_is_told_by_its_name(tmp_path: Path, variable: str, value: str) -> None:
    failed = run(tmp_path, "serve", "--port", "0", **{variable: value})
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"{variable}: ")
    assert "Traceback" not in failed.stderr


def test_other_keys_than_the_database_s_are_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    with served(tmp_path, TRUNKLINE_DATABASE_URL=url, TRUNKLINE_KEYS=KEYS):
        pass
    failed = run(
        tmp_path, "serve", "--port", "0", TRUNKLINE_DATABASE_URL=url, TRUNKLINE_KEYS=KEYS.replace("AAAA", "BBBB", 1)
    )
    assert failed.returncode == 1
    assert failed.stderr.startswith("TRUNKLINE_KEYS: ")


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    assert run(tmp_path, "organizations", "list").returncode == 0
    (tmp_path / "keys").chmod(0o644)
    failed = run(tmp_path, "organizations", "list")
    assert failed.returncode == 1
    assert "chmod 600" in failed.stderr
