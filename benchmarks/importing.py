"""Importing 500 numbers at 40 ms latency, ten at once: the engine, a plain loop on the SDK, and the floor of both."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

from measure import Figure, at_least, shown
from simulated_twilio import Carrier, simulated_twilio

NUMBERS = 500
LATENCY = 0.040
AT_ONCE = 10
PLATFORM = "sip.platform.example"


def measure() -> Iterator[Figure]:
    """Each against a fresh carrier of the same size."""
    with simulated_twilio(NUMBERS, LATENCY * 1000) as carrier:
        engine_seconds = _with_engine(carrier)
        floor = _floor(carrier)
    with simulated_twilio(NUMBERS, LATENCY * 1000) as carrier:
        loop_seconds = _with_plain_loop(carrier)
    yield shown(f"floor for {NUMBERS} numbers", floor, "s")
    yield shown("engine", engine_seconds, "s")
    yield at_least("floor / engine", floor / engine_seconds, 0.85)
    yield shown("plain loop on the twilio SDK", loop_seconds, "s")
    yield at_least("plain loop / engine", loop_seconds / engine_seconds, 7)


def _floor(carrier: Carrier) -> float:
    """Serial round trips times latency, and the writes of numbers in waves of ten."""
    received = carrier.requests()
    writes = sum(each["method"] == "POST" and "/IncomingPhoneNumbers/" in each["path"] for each in received)
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
