"""Regions and edges: the plugin and the SDK agree on the host, and nothing else decides it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from trunkline.errors import CredentialsRejected

from .test_secrets import answers, run_all

PLACES = [
    ({}, ""),
    ({"region": "ie1"}, ".ie1"),
    ({"edge": "dublin"}, ".dublin.us1"),
    ({"region": "au1", "edge": "sydney"}, ".sydney.au1"),
    ({"region": "us1", "edge": "sao-paulo"}, ".sao-paulo.us1"),
]


@pytest.mark.parametrize(("given", "place"), PLACES)
def test_every_request_goes_to_the_region_and_the_edge(
    scripted: Callable[..., Any], given: dict[str, str], place: str
) -> None:
    world = scripted(answers, **given)
    run_all(world)
    hosts = {urlsplit(url.partition(" ")[2]).hostname for url in world.dial.urls}
    assert hosts == {f"{product}{place}.twilio.com" for product in ("api", "trunking", "voice", "pricing")}


def test_the_environment_moves_no_request(scripted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_REGION", "au1")
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    world = scripted(answers)
    run_all(world)
    assert not [url for url in world.dial.urls if "au1" in url or "sydney" in url]


def test_another_region_has_routing_and_a_token_of_its_own(desk: Any) -> None:
    token = desk.sandbox.carrier.region("ie1").accounts["healthy"].auth_token
    place = {"region": "ie1", "edge": "dublin"}
    sid = desk.credentials()["accountSid"]
    there = desk.engine.account("twilio", {"accountSid": sid, "authToken": token, **place}, marker="m")
    (number,) = desk.numbers(count=1, start=27)
    route = desk.engine.prepare_route(there)
    (snapshot,) = desk.engine.read_routing(there, [number]).values()
    (outcome,) = desk.engine.import_numbers(there, route, [snapshot])
    assert outcome.error is None
    assert desk.engine.verify_number(there, snapshot.number.ref, route).passed
    assert not desk.routing(number)["trunk_sid"]
    assert desk.engine.release_number(there, snapshot.number.ref, route, snapshot).outcome.value == "restored"
    here = desk.engine.account("twilio", {**desk.credentials(), **place}, marker="m")
    with pytest.raises(CredentialsRejected, match="region"):
        desk.engine.suggest_name(here)
