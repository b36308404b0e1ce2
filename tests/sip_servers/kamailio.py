"""A Kamailio on loopback that plays carriers: the domain of a request says which, the port which certificate."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import attrs
import pytest

from .certificates import KINDS, write_certificates

HOST = "tls.acme.example"
"""What the good certificate is for."""

USER, PASSWORD = "acme-trunk", 'S3cret "pass" \\word'
REALM = "carrier.example"

CARRIERS = ("open", "md5", "proxy", "barred", "unlisted", "trunk", "busy", "silent", "tls")
"""Beside them `sha256`, of the other Kamailio."""

_MODULES = ("tm", "sl", "pv", "textops", "siputils", "auth", "kex", "maxfwd")

_ROUTES = """
request_route {
    if ($rm == "REGISTER" && $hdr(Contact) != $null) { sl_send_reply("400", "No contact was to be sent"); exit; }
    if ($rm != "OPTIONS" && $rm != "REGISTER") { sl_send_reply("400", "Only questions were to be asked"); exit; }
    $var(password) = "PASSWORD";
    $var(carrier) = $rd;
    if ($rd == "127.0.0.1") $var(carrier) = $rU + ".acme.example";  # For clients that look up every name.
    switch ($var(carrier)) {
        case "open.acme.example":
            append_to_reply("Allow: INVITE, ACK, OPTIONS\\r\\n");
            sl_send_reply("200", "OK");
            exit;
        case "md5.acme.example":
            route(AUTHENTICATE);
            sl_send_reply("200", "OK");
            exit;
        case "sha256.acme.example":
            route(AUTHENTICATE);
            sl_send_reply("200", "OK");
            exit;
        case "proxy.acme.example":
            if (!pv_proxy_authenticate("REALM", "$var(password)", "0")) { proxy_challenge("REALM", "1"); exit; }
            sl_send_reply("200", "OK");
            exit;
        case "barred.acme.example":
            route(AUTHENTICATE);
            sl_send_reply("403", "Forbidden");
            exit;
        case "unlisted.acme.example":
            sl_send_reply("403", "Forbidden");
            exit;
        case "trunk.acme.example":
            if ($rm == "REGISTER") { sl_send_reply("405", "Method Not Allowed"); exit; }
            sl_send_reply("200", "OK");
            exit;
        case "busy.acme.example":
            append_to_reply("Retry-After: 17 (overloaded);duration=60\\r\\n");
            sl_send_reply("503", "Service Unavailable");
            exit;
        case "silent.acme.example":
            drop;
        case "tls.acme.example":
            sl_send_reply("200", "OK");
            exit;
    }
    sl_send_reply("404", "Not Here");
}

route[AUTHENTICATE] {
    if (!pv_www_authenticate("REALM", "$var(password)", "0")) { www_challenge("REALM", "1"); exit; }
}
"""


@attrs.frozen
class Kamailio:
    """Where each carrier is asked over UDP and TCP, and over TLS with each kind of certificate.

    A carrier is a host of `hosts`, whatever address stands for it; `authority` is the file of whom to trust.
    """

    hosts: Mapping[str, tuple[str, int]]
    tls_ports: Mapping[str, int]
    authority: str

    def port(self, carrier: str) -> int:
        return self.hosts[f"{carrier}.acme.example"][1]


@contextmanager
def kamailio_running() -> Iterator[Kamailio]:
    """Start two on free ports, since one speaks one algorithm, and stop them with all their children."""
    program = shutil.which("kamailio", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        if "kamailio" in os.environ.get("TRUNKLINE_REQUIRE", ""):
            pytest.fail("no kamailio is installed")
        pytest.skip("no kamailio is installed; run: apt-get install kamailio kamailio-tls-modules sipsak")
    with tempfile.TemporaryDirectory(prefix="kamailio") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        authority = write_certificates(folder, HOST)
        port, sha256_port, *others = _free_ports(2 + len(KINDS))
        tls_ports = dict(zip(KINDS, others, strict=True))
        (folder / "tls.cfg").write_text(_certificates(tls_ports, folder))
        stack.enter_context(_process(program, folder, "md5", "MD5", port, tls_ports))
        stack.enter_context(_process(program, folder, "sha256", "SHA-256", sha256_port, {}))
        hosts = {f"{carrier}.acme.example": ("127.0.0.1", port) for carrier in CARRIERS}
        hosts["sha256.acme.example"] = ("127.0.0.1", sha256_port)
        yield Kamailio(hosts, tls_ports, str(authority))


@contextmanager
def _process(
    program: str, folder: Path, name: str, algorithm: str, port: int, tls_ports: Mapping[str, int]
) -> Iterator[None]:
    config, log = folder / f"{name}.cfg", folder / f"{name}.log"
    config.write_text(_config(algorithm, port, tls_ports, folder))
    (folder / name).mkdir()
    command = [program, "-f", str(config), "-DD", "-E", "-m", "32", "-M", "4", "-Y", str(folder / name)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    try:
        _wait_for((port, *tls_ports.values()), process, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


@pytest.fixture(scope="session")
def kamailio() -> Iterator[Kamailio]:
    """A Kamailio that plays carriers."""
    with kamailio_running() as server:
        yield server


def _config(algorithm: str, port: int, tls_ports: Mapping[str, int], folder: Path) -> str:
    lines = [
        "debug=1",
        "log_stderror=yes",
        "children=1",
        "tcp_children=1",
        "auto_aliases=no",
        "dns=no",
        "rev_dns=no",
        "disable_core_dump=yes",
        'server_header="Server: Acme SBC 7"',
        f"listen=udp:127.0.0.1:{port}",
        f"listen=tcp:127.0.0.1:{port}",
        *(f'loadmodule "{module}.so"' for module in _MODULES),
        f'modparam("auth", "algorithm", "{algorithm}")',
    ]
    if tls_ports:
        lines += ["enable_tls=yes", 'loadmodule "tls.so"', f'modparam("tls", "config", "{folder}/tls.cfg")']
        lines += [f"listen=tls:127.0.0.1:{each}" for each in tls_ports.values()]
    password = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
    return "\n".join(lines) + _ROUTES.replace("REALM", REALM).replace("PASSWORD", password)


def _certificates(tls_ports: Mapping[str, int], folder: Path) -> str:
    profiles = ["[server:default]", f"certificate = {folder}/good.pem", f"private_key = {folder}/good.key"]
    for kind, port in tls_ports.items():
        profiles += [
            f"[server:127.0.0.1:{port}]",
            "method = TLSv1.2+",
            f"certificate = {folder}/{kind}.pem",
            f"private_key = {folder}/{kind}.key",
        ]
    return "\n".join([*profiles, "[client:default]", "verify_certificate = no", ""])


def _free_ports(count: int) -> list[int]:
    """Ports that are free over TCP, and the first two over UDP too."""
    while True:
        listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        ports = [each.getsockname()[1] for each in listeners]
        try:
            for port in ports[:2]:
                with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
                    datagrams.bind(("127.0.0.1", port))
            return ports
        except OSError:
            continue
        finally:
            for each in listeners:
                each.close()


def _wait_for(ports: Sequence[int], process: subprocess.Popen[bytes], log: Path) -> None:
    """Ask until it answers over UDP, and accepts over TCP."""
    ask = (
        b"OPTIONS sip:open.acme.example SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKready;rport\r\n"
        b"From: <sip:test@acme.example>;tag=1\r\nTo: <sip:open.acme.example>\r\nCall-ID: ready\r\nCSeq: 1 OPTIONS\r\n"
        b"Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text(errors="replace")
        with closing(socket.socket(type=socket.SOCK_DGRAM)) as sock:
            sock.settimeout(0.1)
            try:
                sock.connect(("127.0.0.1", ports[0]))
                sock.send(ask)
                sock.recv(4096)
                for port in ports:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.05)
    raise AssertionError(f"kamailio does not answer: {log.read_text(errors='replace')}")
