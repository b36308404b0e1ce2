"""The plugin before Kamailio, which plays a carrier for each kind of answer."""

from __future__ import annotations

import random
from typing import Any

import pytest

import trunkline_manual
from sip_servers.kamailio import HOST, PASSWORD, USER, Kamailio
from sip_servers.name_server import name_server
from trunkline.checks import CredentialTest
from trunkline.engine import Engine
from trunkline.registry import Registry
from trunkline.sip.dial import NetworkSipDial, SandboxSipDial, SipDial
from trunkline.sip.limits import SipLimits
from trunkline.sip.resolution import Resolver

LOGIN = {"username": USER, "password": PASSWORD}
WRONG = {**LOGIN, "password": "not-the-password"}
YES, NO, NULL = True, False, None


def verdict(dial: SipDial, credentials: dict[str, str], **config: Any) -> CredentialTest:
    engine = Engine(
        Registry.of(trunkline_manual.plugin),
        sip=dial,
        sip_limits=SipLimits(answer_seconds=0.6 if "silent" in config["domain"] else 15, question_seconds=20),
        rng=random.Random(7),
    )
    return engine.test_credentials(engine.account("manual", credentials, config, marker="m"))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(
    ("carrier", "credentials", "expected", "code"),
    [
        ("open", {}, (YES, NULL, NULL), "not_challenged"),
        ("open", LOGIN, (YES, NULL, NULL), "not_challenged"),
        ("md5", LOGIN, (YES, YES, NULL), "credentials_accepted"),
        ("sha256", LOGIN, (YES, YES, NULL), "credentials_accepted"),
        ("proxy", LOGIN, (YES, YES, NULL), "credentials_accepted"),
        ("md5", WRONG, (YES, NO, NO), "credentials_rejected"),
        ("sha256", WRONG, (YES, NO, NO), "credentials_rejected"),
        ("md5", {}, (YES, NO, NULL), "credentials_missing"),
        ("barred", LOGIN, (YES, NO, NULL), "credentials_or_permission_refused"),
        ("unlisted", {}, (YES, NULL, NO), "address_not_allowed"),
        ("trunk", LOGIN, (YES, NULL, NULL), "registration_not_served"),
        ("busy", {}, (YES, NULL, NULL), "overloaded"),
        ("silent", {}, (NO, NULL, NULL), "trunk_silent"),
    ],
)
def test_a_carrier_s_answer_proves_what_its_row_says(
    kamailio: Kamailio,
    carrier: str,
    credentials: dict[str, str],
    expected: tuple[bool | None, bool | None, bool | None],
    code: str,
    transport: str,
) -> None:
    tested = verdict(SandboxSipDial(kamailio.hosts), credentials, domain=f"{carrier}.acme.example", transport=transport)
    assert tested.reachable is not None
    found = (tested.reachable, tested.credentials, tested.outbound)
    assert tuple(check.outcome.as_json for check in found) == expected
    assert tested.credentials.code == code
    assert tested.passed == (YES in expected and NO not in expected)


@pytest.mark.parametrize(
    ("kind", "reachable", "code"),
    [
        ("good", YES, "not_challenged"),
        ("expired", NO, "certificate_expired"),
        ("wrong_name", NO, "certificate_wrong_name"),
        ("self_signed", NO, "certificate_unknown_authority"),
        ("plain", NO, "no_tls"),
    ],
)
def test_what_is_wrong_with_tls_is_told(kamailio: Kamailio, kind: str, reachable: bool, code: str) -> None:
    port = kamailio.port("open") if kind == "plain" else kamailio.tls_ports[kind]
    with name_server({(HOST, "A"): ["127.0.0.1"]}) as place:
        dial = NetworkSipDial(allowed_hosts=[HOST], resolver=Resolver(place), authorities=kamailio.authority)
        tested = verdict(dial, {}, domain=HOST, port=port, transport="tls")
    assert tested.reachable is not None
    assert (tested.reachable.outcome.as_json, tested.credentials.code) == (reachable, code)
    assert tested.reachable.remedy or reachable


def test_a_private_address_is_refused_unless_the_operator_allows_the_name(kamailio: Kamailio) -> None:
    with name_server({(HOST, "A"): ["127.0.0.1"]}) as place:
        tested = verdict(NetworkSipDial(resolver=Resolver(place)), {}, domain=HOST, port=kamailio.port("open"))
    assert tested.credentials.code == "private_address"
    assert not tested.passed
