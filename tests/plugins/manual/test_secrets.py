"""A SIP password stays where it is: no result, error, event or log shows it, and it is never sent as it is."""

from __future__ import annotations

import logging
import random
from typing import Any

import attrs
import pytest

import trunkline_manual
from sip_servers.scripted import Scripted, header, reply, scripted
from trunkline.engine import Engine
from trunkline.errors import TrunklineError
from trunkline.events import Event
from trunkline.registry import Registry
from trunkline.sip.dial import SandboxSipDial
from trunkline.sip.limits import SipLimits
from trunkline_manual.descriptor import SIP_FIELDS

from .conftest import NUMBERS, PLATFORM, NoHttp

CANARY = "canary-7f3a9b1c5d"
LOGIN = {"username": "acme-trunk", "password": CANARY}
CHALLENGE = 'WWW-Authenticate: Digest realm="carrier.example", nonce="n1", qop="auth", algorithm=SHA-256'


@attrs.define
class Told:
    """All that anybody could read after every hook was called once."""

    texts: list[str] = attrs.Factory(list)
    events: list[Event] = attrs.Factory(list)
    asked: list[str] = attrs.Factory(list)


def tell_all(server: Scripted, told: Told) -> Told:
    """Call every hook of the plugin, by an engine that lets no HTTP request out."""
    engine = Engine(
        Registry.of(trunkline_manual.plugin),
        dial=NoHttp(),
        sip=SandboxSipDial({"sip.carrier.example": ("127.0.0.1", server.port)}),
        sip_limits=SipLimits(t1=0.2, answer_seconds=2),
        platform=PLATFORM,
        observers=[told.events.append],
        rng=random.Random(7),
    )
    config = {"domain": "sip.carrier.example", "transport": "udp", "numbers": NUMBERS}
    account = engine.account("manual", LOGIN, config, marker="m")
    route = engine.prepare_route(account)
    snapshots = engine.read_routing(account, NUMBERS)
    ref = snapshots[NUMBERS[0]].number.ref
    for work in (
        lambda: engine.test_credentials(account),
        lambda: engine.suggest_name(account),
        lambda: list(engine.list_numbers(account)),
        lambda: engine.plan_import(account, list(snapshots.values())),
        lambda: list(engine.import_numbers(account, route, list(snapshots.values()))),
        lambda: engine.verify_number(account, ref, route),
        lambda: engine.release_number(account, ref, route, snapshots[NUMBERS[0]]),
        lambda: engine.redact_sip_config("manual", {**config, "password": CANARY}),
        lambda: engine.account("manual", {**LOGIN, "username": f"{CANARY} "}, config, marker="m"),
    ):
        try:
            told.texts.append(repr(work()))
        except TrunklineError as error:
            told.texts += [repr(vars(error)), repr(error.reply), repr(error.__cause__), repr(error.__context__)]
    told.texts += [repr(account), repr(snapshots), repr(route)]
    told.asked += server.requests
    return told


@pytest.mark.parametrize("accepts", [True, False])
def test_no_password_is_told_even_where_the_trunk_repeats_it(caplog: pytest.LogCaptureFixture, accepts: bool) -> None:
    caplog.set_level(logging.DEBUG)

    def answer(request: str) -> list[bytes]:
        if "Authorization:" not in request:
            return [reply(request, f"401 {CANARY}", CHALLENGE, f"Server: {CANARY}")]
        status = "200" if accepts else "403"
        return [reply(request, f"{status} {CANARY}", f"Server: {CANARY}", f"Warning: {CANARY}", f"Allow: {CANARY}")]

    with scripted(answer) as server:
        told = tell_all(server, Told())

    shown = "\n".join([*told.texts, *map(repr, told.events), caplog.text])
    assert ("credentials_accepted" in shown) == accepts
    assert {event.hook for event in told.events} >= {"test_credentials", "verify_number", "release_number"}
    assert CANARY not in shown
    assert CANARY not in "\n".join(told.asked)
    assert any("username=" in header(each, "Authorization") for each in told.asked if "Authorization:" in each)


def test_nothing_of_a_trunk_goes_over_http(caplog: pytest.LogCaptureFixture) -> None:
    with scripted(lambda request: [reply(request, "200 OK")]) as server:
        told = tell_all(server, Told())
    exchanges = [each for event in told.events for each in event.exchanges]
    assert {each.method for each in exchanges} == {"OPTIONS", "REGISTER"}
    assert trunkline_manual.plugin.describe_provider().hosts == ()
    assert not any("plugin_broken" in text for text in told.texts)


def test_no_field_of_the_sip_config_is_a_secret_so_all_of_it_may_be_shown() -> None:
    assert not any(field.secret for field in SIP_FIELDS)


def test_a_wrong_password_does_not_go_out_for_another_realm() -> None:
    def answer(request: str) -> list[bytes]:
        return [reply(request, "401 Unauthorized", CHALLENGE)]

    with scripted(answer) as server:
        engine = Engine(
            Registry.of(trunkline_manual.plugin),
            sip=SandboxSipDial({"sip.carrier.example": ("127.0.0.1", server.port)}),
        )
        config: dict[str, Any] = {"domain": "sip.carrier.example", "transport": "udp", "realm": "other.example"}
        tested = engine.test_credentials(engine.account("manual", LOGIN, config, marker="m"))
    assert tested.credentials.code == "other_realm"
    assert not [each for each in server.requests if "Authorization:" in each]
