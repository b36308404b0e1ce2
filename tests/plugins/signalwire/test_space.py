"""A space is named by the customer, so it is held against the address rules like any such host."""

from __future__ import annotations

import random
import socket
from typing import Any

import pytest
import urllib3.util.connection

import trunkline_signalwire
from trunkline.engine import Engine
from trunkline.errors import CarrierUnavailable
from trunkline.registry import Registry

SPACE = "acme.signalwire.com"
CREDENTIALS = {"projectId": "0bd1f6ee-6ffd-4ae9-9c22-d3ee9b4a9f4f", "apiToken": "PT" + "0" * 48, "spaceUrl": SPACE}


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (["10.0.0.1"], set()),
        (["169.254.169.254"], set()),
        (["100.64.0.1"], set()),
        (["::1"], set()),
        (["fd00::1"], set()),
        (["::ffff:192.168.0.1"], set()),
        (["127.0.0.1", "8.8.4.4", "fd00::1"], {"8.8.4.4"}),
    ],
)
def test_a_space_is_reached_at_public_addresses_only(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str], expected: set[str]
) -> None:
    dialled: list[str] = []

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        assert host == SPACE
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    def nobody(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        dialled.append(address[0])
        raise OSError("nobody there")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(urllib3.util.connection, "create_connection", nobody)
    engine = Engine(Registry.of(trunkline_signalwire.plugin), rng=random.Random(7), sleep=lambda seconds: None)
    account = engine.account("signalwire", CREDENTIALS, {}, marker="m")
    with pytest.raises(CarrierUnavailable):
        engine.test_credentials(account)
    assert set(dialled) == expected
