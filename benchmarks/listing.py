"""Listing 10,000 numbers: requests, CPU against the SDK's own list, and memory against 100,000."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator

from measure import Figure, at_most, shown
from simulated_carrier import Carrier, simulated

NUMBERS = 10_000
RUNS = 3


def measure() -> Iterator[Figure]:
    """CPU in this process, by turns; memory in processes of their own."""
    with simulated("twilio", NUMBERS) as carrier:
        yield from _cpu(carrier)
        small = _peak_memory(carrier)
    with simulated("twilio", NUMBERS * 10) as carrier:
        large = _peak_memory(carrier)
    for kind in ("allocated", "resident"):
        yield shown(f"peak {kind} memory, 10,000 numbers", small[kind] / 2**20, "MiB")
        yield shown(f"peak {kind} memory, 100,000 numbers", large[kind] / 2**20, "MiB")
        yield at_most(f"{kind} memory 100,000 / 10,000", large[kind] / small[kind], 1.1)


def _cpu(carrier: Carrier) -> Iterator[Figure]:
    from twilio.rest import Client

    client = Client(carrier.credentials["accountSid"], carrier.credentials["authToken"])
    client.api.base_url = carrier.address
    ours, theirs = [], []
    asked: list[dict[str, str]] = []
    for _ in range(RUNS):
        carrier.forget_requests()
        ours.append(_engine_cpu(carrier))
        asked = carrier.requests()
        started = time.process_time()
        assert len(client.incoming_phone_numbers.list(page_size=1000)) == NUMBERS
        theirs.append(time.process_time() - started)
    kinds = Counter("pricing" if "PhoneNumbers/Countries" in each["path"] else "pages" for each in asked)
    yield at_most("pages asked for", kinds["pages"], NUMBERS // 1000, "requests")
    yield at_most("prices asked for, one country", kinds["pricing"], 1, "requests")
    engine, sdk = statistics.median(ours), statistics.median(theirs)
    yield shown("engine, with region and price", engine, "CPU s")
    yield shown("SDK's own list()", sdk, "CPU s")
    yield at_most("engine / SDK", engine / sdk, 3)


def _engine_cpu(carrier: Carrier) -> float:
    from trunkline.engine import Engine
    from trunkline.http.dial import SandboxDial
    from trunkline.registry import Registry

    engine = Engine(Registry.discover(), dial=SandboxDial(carrier.origins))
    engine.warm_up()
    account = engine.account("twilio", carrier.credentials, marker="trunkline-benchmark")
    started = time.process_time()
    count = sum(number.region is not None and number.monthly_fee is not None for number in engine.list_numbers(account))
    seconds = time.process_time() - started
    assert count == NUMBERS, count
    return seconds


_PEAK = """
import json, resource, sys, tracemalloc
from trunkline.engine import Engine
from trunkline.http.dial import SandboxDial
from trunkline.registry import Registry

carrier = json.loads(sys.argv[1])
engine = Engine(Registry.discover(), dial=SandboxDial(carrier["origins"]))
engine.warm_up()
account = engine.account("twilio", carrier["credentials"], marker="trunkline-benchmark")
if sys.argv[2] == "allocated":
    tracemalloc.start()
for _ in engine.list_numbers(account):
    pass
peak = tracemalloc.get_traced_memory()[1] if tracemalloc.is_tracing() else None
print(peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def _peak_memory(carrier: Carrier) -> dict[str, int]:
    said = json.dumps({"origins": carrier.origins, "credentials": carrier.credentials})
    peaks = {}
    for kind in ("allocated", "resident"):
        command = [sys.executable, "-c", _PEAK, said, kind]
        peaks[kind] = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return peaks
