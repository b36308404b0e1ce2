"""A trunk's host is named by the customer: where its name leads, by a DNS server on loopback."""

from __future__ import annotations

import random
import socket

import pytest

import trunkline_manual
from sip_servers.name_server import name_server
from trunkline.engine import Engine
from trunkline.registry import Registry
from trunkline.sip.dial import NetworkSipDial
from trunkline.sip.resolution import Resolver

HOST = "trunk.example"


@pytest.mark.parametrize(
    ("kind", "addresses"),
    [
        ("A", ["127.0.0.1"]),
        ("A", ["10.0.0.1", "192.168.0.1"]),
        ("A", ["169.254.169.254"]),
        ("A", ["100.64.0.1"]),
        ("AAAA", ["::1"]),
        ("AAAA", ["fd00::1"]),
        ("AAAA", ["::ffff:127.0.0.1"]),
    ],
)
@pytest.mark.parametrize("as_proxy", [False, True])
def test_a_host_that_leads_to_private_addresses_only_is_told_and_not_asked(
    kind: str, addresses: list[str], as_proxy: bool
) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as trunk, name_server({(HOST, kind): addresses}) as place:
        trunk.bind(("127.0.0.1", 0))
        port = trunk.getsockname()[1]
        where = {"domain": "sip.carrier.example", "outboundProxy": f"{HOST}:{port}"} if as_proxy else {"domain": HOST}
        engine = Engine(
            Registry.of(trunkline_manual.plugin),
            sip=NetworkSipDial(resolver=Resolver(place)),
            rng=random.Random(7),
        )
        account = engine.account("manual", {}, {**where, "port": port, "transport": "udp"}, marker="m")
        tested = engine.test_credentials(account)
        trunk.setblocking(False)
        with pytest.raises(BlockingIOError):
            trunk.recv(1)
    assert not tested.passed
    assert tested.credentials.code == "private_address"
