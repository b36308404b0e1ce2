"""Importing at 40 ms latency: the engine through each carrier, a plain loop on an SDK, the HTTP API, and the floor."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from measure import Figure, at_least, at_most, shown
from service_process import Running, service
from simulated_carrier import Carrier, simulated
from trunkline.engine import Engine
from trunkline.http.dial import SandboxDial
from trunkline.registry import Registry
from trunkline.sip_target import SipTarget

LATENCY = 0.040
PLATFORM = "sip.platform.example"
TWILIO_NUMBERS = 500
A_REQUEST = 100
RUNS = 5
# As many as each carrier takes in a few seconds; Vonage takes about one write a second.
OTHERS = {"telnyx": 200, "signalwire": 500, "vonage": 8}
# Telnyx answers 200 to what it ignores, and Vonage's update clears what it leaves out: one reads back, one before too.
REQUESTS = {"twilio": 1, "telnyx": 2, "signalwire": 1, "vonage": 3}


def measure() -> Iterator[Figure]:
    """Each run against a fresh carrier of the same size; the engine's figures are the median of several."""
    seconds, floor, requests_each = _median_with_engine("twilio", TWILIO_NUMBERS)
    with simulated("twilio", TWILIO_NUMBERS, LATENCY * 1000) as carrier:
        loop_seconds = _with_plain_loop(carrier)
    with simulated("twilio", TWILIO_NUMBERS, LATENCY * 1000) as carrier:
        threads_seconds = _with_plain_loop(carrier, threads=10)
    with simulated("twilio", TWILIO_NUMBERS, LATENCY * 1000) as carrier:
        http_seconds = _with_http_api(carrier)
    yield shown(f"twilio: floor for {TWILIO_NUMBERS} numbers", floor, "s")
    yield shown("twilio: engine", seconds, "s")
    yield at_least("twilio: floor / engine", floor / seconds, 0.85)
    yield at_most("twilio: requests a number", requests_each, REQUESTS["twilio"], "requests")
    yield shown("plain loop on the twilio SDK", loop_seconds, "s")
    yield at_least("plain loop / engine", loop_seconds / seconds, 7)
    yield shown("the same loop in ten threads, nothing remembered", threads_seconds, "s")
    yield shown("twilio: floor / loop in ten threads", floor / threads_seconds, "ratio")
    yield shown(f"HTTP API, {TWILIO_NUMBERS // A_REQUEST} requests one after the other", http_seconds, "s")
    yield shown("twilio: floor / HTTP API", floor / http_seconds, "ratio")
    for provider, numbers in OTHERS.items():
        seconds, floor, requests_each = _median_with_engine(provider, numbers)
        yield shown(f"{provider}: floor for {numbers} numbers", floor, "s")
        yield shown(f"{provider}: engine", seconds, "s")
        yield at_least(f"{provider}: floor / engine", floor / seconds, 0.85)
        yield at_most(f"{provider}: requests a number", requests_each, REQUESTS[provider], "requests")


def _median_with_engine(provider: str, count: int) -> tuple[float, float, float]:
    """The middle one of so many runs: what else the machine does in a second moves a single one by a tenth."""
    runs = []
    for _ in range(RUNS):
        with simulated(provider, count, LATENCY * 1000) as carrier:
            runs.append(_with_engine(carrier, count))
    return sorted(runs)[RUNS // 2]


def _with_engine(carrier: Carrier, count: int) -> tuple[float, float, float]:
    """Seconds that the import took, the floor for the same requests, and how many each number took."""
    engine = Engine(Registry.discover(), dial=SandboxDial(carrier.origins), platform=SipTarget.parse(PLATFORM))
    engine.warm_up()
    # As the service does: the SDKs are loaded for good.
    gc.collect()
    gc.freeze()
    account = engine.account(carrier.provider, carrier.credentials, marker="trunkline-benchmark")
    numbers = [number.number for number in engine.list_numbers(account)]
    assert len(numbers) == count, len(numbers)
    carrier.forget_requests()
    started = time.perf_counter()
    snapshots = engine.read_routing(account, numbers)
    route = engine.prepare_route(account)
    prepared = time.perf_counter() - started
    serial = len(carrier.requests())
    started = time.perf_counter()
    outcomes = list(engine.import_numbers(account, route, list(snapshots.values())))
    seconds = prepared + time.perf_counter() - started
    failed = [outcome.error for outcome in outcomes if outcome.error]
    assert not failed, failed[:3]
    assert len(outcomes) == count
    side_by_side = len(carrier.requests()) - serial
    return seconds, _floor(engine, carrier.provider, count, serial, side_by_side), side_by_side / count


def _floor(engine: Engine, provider: str, count: int, serial: int, side_by_side: int) -> float:
    """Serial round trips, then each number's requests in waves as wide as the carrier allows, or at its write rate."""
    pace = engine.descriptor(provider).pace
    waves = math.ceil(count / pace.concurrency) * (side_by_side / count) * LATENCY
    at_rate = (count - 1) / pace.writes_per_second + LATENCY if pace.writes_per_second else 0.0
    return serial * LATENCY + max(waves, at_rate)


def _with_plain_loop(carrier: Carrier, threads: int = 1) -> float:
    """The same work as most integrations do it: list, find or make the trunk, then one number after the other.

    In threads it shows what the SDK itself leaves of the floor on this machine.
    """
    from twilio.rest import Client

    client = Client(carrier.credentials["accountSid"], carrier.credentials["authToken"])
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
    with ThreadPoolExecutor(threads) as pool:
        for updated in pool.map(lambda number: number.update(trunk_sid=trunk.sid), numbers):
            assert updated.trunk_sid == trunk.sid
    seconds = time.perf_counter() - started
    assert len(numbers) == TWILIO_NUMBERS
    return seconds


def _with_http_api(carrier: Carrier) -> float:
    """The same numbers over HTTP, as many a request as it takes."""
    with service(carrier.origins) as running, requests.Session() as session:
        importing, numbers = connected(running, session, carrier)
        started = time.perf_counter()
        imported = 0
        for start in range(0, TWILIO_NUMBERS, A_REQUEST):
            some = {"numbers": numbers[start : start + A_REQUEST]}
            imported += answer_of(session.post(importing, json=some))["imported_count"]
        seconds = time.perf_counter() - started
    assert imported == TWILIO_NUMBERS, imported
    return seconds


def connected(running: Running, session: requests.Session, carrier: Carrier) -> tuple[str, list[str]]:
    """Where to import through a new connection to the carrier's account, and the numbers of that account."""
    session.headers["Authorization"] = f"Bearer {running.key}"
    api = f"http://127.0.0.1:{running.port}/v1/voip-connections"
    given = {"provider": carrier.provider, "credentials": carrier.credentials}
    evidence = answer_of(session.post(f"{api}/test", json=given))["verification_evidence_id"]
    connection = answer_of(session.post(api, json=given | {"verification_evidence_id": evidence}))["id"]
    listed = answer_of(session.get(f"{api}/{connection}/available-numbers"))
    return f"{api}/{connection}/import-numbers", [each["number"] for each in listed]


def answer_of(response: requests.Response) -> Any:
    """What was answered, where all went well."""
    assert response.ok, response.text
    return response.json()
