"""A space is named by the customer: it has one form however it is written, and is held against the address rules."""

from __future__ import annotations

import hashlib
import random
import re
import socket
from typing import Any

import pytest
import urllib3.util.connection
from hypothesis import given
from hypothesis import strategies as st

import trunkline_signalwire
from trunkline.account import CarrierAccount
from trunkline.engine import Engine
from trunkline.errors import CarrierUnavailable, InvalidFields
from trunkline.evidence import fingerprint
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


ENGINE = Engine(Registry.of(trunkline_signalwire.plugin))

LABELS = st.from_regex(r"[A-Za-z0-9.-]{1,12}", fullmatch=True) | st.text(max_size=6)
WRITTEN = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "https://", "HTTPS://", "http://", "//", "user@", "https://user:pass@"]),
    LABELS,
    st.sampled_from(
        ["", ".signalwire.com", ".SignalWire.COM", ".signalwire.com.", ".evil.example", ".\u017fignalwire.com"]
    ),
    st.sampled_from(["", "/", "//", ":443", "/api", "?x", "#x", "\n", " "]),
) | st.text(max_size=20)


def account_at(space: str) -> CarrierAccount:
    return ENGINE.account("signalwire", {**CREDENTIALS, "spaceUrl": space}, {}, marker="m")


def printed(account: CarrierAccount) -> str:
    return fingerprint(lambda said: hashlib.sha256(said).digest(), ENGINE.descriptor("signalwire"), account)


@given(WRITTEN)
def test_whatever_is_accepted_is_kept_as_one_host_of_signalwire_that_is_its_own_normal_form(written: str) -> None:
    try:
        kept = account_at(written).credential("spaceUrl")
    except InvalidFields:
        return
    assert kept is not None
    assert re.fullmatch(r"[a-z0-9-]+\.signalwire\.com", kept)
    assert account_at(kept).credential("spaceUrl") == kept


@pytest.mark.parametrize(
    "written",
    ["acme", "ACME", "Acme.SignalWire.com", "https://acme.signalwire.com", "HTTPS://acme.signalwire.com/", f"{SPACE}/"],
)
def test_a_space_is_one_account_however_it_is_written(written: str) -> None:
    plain, other = account_at(SPACE), account_at(written)
    assert other.credential("spaceUrl") == SPACE
    assert dict(other.credentials).keys() == dict(plain.credentials).keys()
    assert printed(other) == printed(plain)
    assert printed(account_at("acme2")) != printed(plain)


def test_a_space_written_as_its_name_is_asked_at_its_host(scripted: Any) -> None:
    world = scripted(lambda request: (200, {"data": [], "links": {}}), spaceUrl="ACME")
    assert list(world.engine.list_numbers(world.account)) == []
    assert all(f"https://{SPACE}/" in url for url in world.dial.urls)
    assert world.dial.urls
