import socket
import tempfile
from pathlib import Path

import pytest


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.1", "169.254.169.254"])
def test_no_test_connects_beyond_this_machine(address):
    with socket.socket() as sock:
        with pytest.raises(RuntimeError, match="this machine only"):
            sock.connect((address, 80))
        with pytest.raises(RuntimeError, match="this machine only"):
            sock.connect_ex((address, 80))


def test_no_test_sends_a_datagram_beyond_this_machine():
    with socket.socket(type=socket.SOCK_DGRAM) as sock, pytest.raises(RuntimeError, match="this machine only"):
        sock.sendto(b"", ("192.0.2.1", 53))


@pytest.mark.parametrize("host", ["example.com", b"example.com", "192.0.2.1"])
def test_no_test_looks_up_another_machine(host):
    with pytest.raises(RuntimeError, match="this machine only"):
        socket.getaddrinfo(host, 80)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", None])
def test_loopback_is_allowed(host):
    assert socket.getaddrinfo(host, 80)


def test_unix_sockets_are_allowed():
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(str(Path(folder) / "s"))
        server.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(Path(folder) / "s"))
