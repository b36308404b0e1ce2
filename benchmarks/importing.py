"""Importing 500 numbers at 40 ms latency, ten at once: the engine, a plain loop on the SDK, the HTTP API, the floor."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import requests

from measure import Figure, at_least, shown
from service_process import service
from simulated_twilio import Carrier, simulated_twilio

NUMBERS = 500
LATENCY = 0.040
AT_ONCE = 10
A_REQUEST = 100
PLATFORM = "sip.platform.example"


def measure() -> Iterator[Figure]:
    """Each against a fresh carrier of the same size."""
    with simulated_twilio(NUMBERS, LATENCY * 1000) as carrier:
        engine_seconds = _with_engine(carrier)
        floor = _floor(carrier)
    with simulated_twilio(NUMBERS, LATENCY * 1000) as carrier:
        loop_seconds = _with_plain_loop(carrier)
    with simulated_twilio(NUMBERS, LATENCY * 1000) as carrier:
        http_seconds = _with_http_api(carrier)
    yield shown(f"floor for {NUMBERS} numbers", floor, "s")
    yield shown("engine", engine_seconds, "s")
    yield at_least("floor / engine", floor / engine_seconds, 0.85)
    yield shown("plain loop on the twilio SDK", loop_seconds, "s")
    yield at_least("plain loop / engine", loop_seconds / engine_seconds, 7)
    yield shown(f"HTTP API, {NUMBERS // A_REQUEST} requests", http_seconds, "s")
    yield shown("floor / HTTP API", floor / http_seconds, "ratio")


def _floor(carrier: Carrier) -> float:
    """Serial round trips times latency, and the writes of numbers in waves of ten."""
    received = carrier.requests()
    writes: int = sum(each["method"] == "POST" and "/IncomingPhoneNumbers/" in each["path"] for each in received)
    assert writes == NUMBERS, f"{writes} writes for {NUMBERS} numbers"
    serial = len(received) - writes
    return (serial + math.ceil(writes / AT_ONCE)) * LATENCY


def _with_engine(carrier: Carrier) -> float:
    from trunkline.engine import Engine
    from trunkline.http.dial import SandboxDial
    from trunkline.registry import Registry
    from trunkline.sip_target import SipTarget

    engine = Engine(Registry.discover(), dial=SandboxDial(carrier.origins), platform=SipTarget.parse(PLATFORM))
    engine.warm_up()
    account = engine.account("twilio", carrier.credentials, marker="trunkline-benchmark")
    numbers = [number.number for number in engine.list_numbers(account)]
    carrier.forget_requests()
    started = time.perf_counter()
    snapshots = engine.read_routing(account, numbers)
    route = engine.prepare_route(account)
    outcomes = list(engine.import_numbers(account, route, list(snapshots.values())))
    seconds = time.perf_counter() - started
    failed = [outcome.error for outcome in outcomes if outcome.error]
    assert not failed, failed[:3]
    assert len(outcomes) == NUMBERS
    return seconds


def _with_plain_loop(carrier: Carrier) -> float:
    """The same work as most integrations do it: list, find or make the trunk, then one number after the other."""
    from twilio.rest import Client

    client = Client(carrier.account_sid, carrier.auth_token)
    client.api.base_url = client.trunking.base_url = carrier.address
    client.incoming_phone_numbers.list(limit=1)
    started = time.perf_counter()
    numbers = client.incoming_phone_numbers.list(page_size=1000)
    trunk = next((t for t in client.trunking.v1.trunks.list() if t.friendly_name == "trunkline-benchmark"), None)
    if trunk is None:
        trunk = client.trunking.v1.trunks.create(friendly_name="trunkline-benchmark")
        trunk.origination_urls.create(
            sip_url=f"sip:{PLATFORM}", priority=10, weight=10, enabled=True, friendly_name="trunkline-benchmark"
        )
    for number in numbers:
        updated = number.update(trunk_sid=trunk.sid)
        assert updated.trunk_sid == trunk.sid
    seconds = time.perf_counter() - started
    assert len(numbers) == NUMBERS
    return seconds


def _with_http_api(carrier: Carrier) -> float:
    """The same numbers over HTTP, as many a request as it takes: five requests, one after the other."""
    with service(carrier.origins) as running, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {running.key}"
        api = f"http://127.0.0.1:{running.port}/v1/voip-connections"
        given = {"provider": "twilio", "credentials": carrier.credentials}
        evidence = _answer(session.post(f"{api}/test", json=given))["verification_evidence_id"]
        connection = _answer(session.post(api, json=given | {"verification_evidence_id": evidence}))["id"]
        numbers = [each["number"] for each in _answer(session.get(f"{api}/{connection}/available-numbers"))]
        started = time.perf_counter()
        imported = 0
        for start in range(0, NUMBERS, A_REQUEST):
            some = {"numbers": numbers[start : start + A_REQUEST]}
            imported += _answer(session.post(f"{api}/{connection}/import-numbers", json=some))["imported_count"]
        seconds = time.perf_counter() - started
    assert imported == NUMBERS, imported
    return seconds


def _answer(response: requests.Response) -> Any:
    assert response.ok, response.text
    return response.json()
