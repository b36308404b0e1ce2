"""Hosts are held against the address rules by the addresses that their names lead to, when they are dialled."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
import requests
import urllib3.util.connection

from trunkline.http.dial import CarrierDial
from trunkline.public_addresses import is_public

NAME, URL = "api.acme.example", "https://api.acme.example/x"
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "::",
    "fd00::1",
    "fe80::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "2002:a00:1::",
    "64:ff9b::a00:1",
]
PUBLIC = ["8.8.4.4", "2606:4700::1", "::ffff:8.8.4.4"]


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were tried; nobody answers at any."""
    tried: list[str] = []

    def nobody(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        tried.append(address[0])
        raise OSError("nobody there")

    monkeypatch.setattr(urllib3.util.connection, "create_connection", nobody)
    return tried


def leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str, port: int = 443) -> None:
    """Have DNS say so of the name."""

    def look_up(host: str, *_: Any, **__: Any) -> list[Any]:
        assert host == NAME
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
        pairs = zip(families, addresses, strict=True)
        return [(family, socket.SOCK_STREAM, 6, "", (address, port)) for family, address in pairs]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def dial(url: str = URL) -> None:
    CarrierDial().send(requests.Request("POST", url, data=b"secret").prepare(), (5, 5))


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_to_a_private_address_is_not_dialled(
    monkeypatch: pytest.MonkeyPatch, dialled: list[str], address: str
) -> None:
    leads_to(monkeypatch, address)
    with pytest.raises(requests.ConnectionError):
        dial()
    assert dialled == []


@pytest.mark.parametrize("address", PUBLIC)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_of_several_addresses_only_the_public_one_is_dialled(
    monkeypatch: pytest.MonkeyPatch, dialled: list[str], address: str, place: int
) -> None:
    addresses = ["127.0.0.1", "fd00::1"]
    addresses.insert(place, address)
    leads_to(monkeypatch, *addresses)
    with pytest.raises(requests.ConnectionError):
        dial()
    assert dialled == [address]


def test_public_addresses_are_tried_in_their_order_and_four_at_most(
    monkeypatch: pytest.MonkeyPatch, dialled: list[str]
) -> None:
    addresses = [f"8.8.4.{last}" for last in range(9, 3, -1)]
    leads_to(monkeypatch, *addresses, *addresses)
    with pytest.raises(requests.ConnectionError):
        dial()
    assert dialled == addresses[:4]


def test_the_address_that_was_checked_is_dialled_and_no_second_lookup_of_the_name(
    monkeypatch: pytest.MonkeyPatch, dialled: list[str]
) -> None:
    def rebind(host: str, *_: Any, **__: Any) -> list[Any]:
        leads_to(monkeypatch, "127.0.0.1")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.4.4", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    with pytest.raises(requests.ConnectionError):
        dial()
    assert dialled == ["8.8.4.4"]


def test_tls_is_for_the_name_and_not_for_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The greeting that opens TLS names the host in the clear."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        greetings: list[bytes] = []

        def hear() -> None:
            with listener.accept()[0] as heard:
                greetings.append(heard.recv(4096))

        hearing = threading.Thread(target=hear)
        hearing.start()
        # The one address that tests may dial counts as public here.
        monkeypatch.setattr("trunkline.http.bounded.is_public", lambda ip: ip == "127.0.0.1")
        port = listener.getsockname()[1]
        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, *more, **named: real("127.0.0.1", port, type=socket.SOCK_STREAM)
        )
        with pytest.raises(requests.ConnectionError):
            dial(f"https://{NAME}:{port}/x")
        hearing.join(10)
    assert NAME.encode() in greetings[0]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_told_however_they_are_written(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_told(address: str) -> None:
    assert is_public(address)
