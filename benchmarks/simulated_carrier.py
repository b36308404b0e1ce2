"""A simulated carrier in a process of its own, with one account of a given size."""

from __future__ import annotations

import argparse
import gc
import json
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs


@attrs.frozen
class Carrier:
    """Where it listens, the hosts that it stands in for, and the credentials of the account."""

    provider: str
    address: str
    hosts: list[str]
    credentials: dict[str, str]

    @property
    def origins(self) -> dict[str, str]:
        """The mapping for a `SandboxDial`."""
        return {f"https://{host}": self.address for host in self.hosts}

    def requests(self) -> list[dict[str, Any]]:
        """What it was asked since it was last forgotten."""
        with urllib.request.urlopen(f"{self.address}/_sandbox/requests") as answer:
            received: list[dict[str, Any]] = json.load(answer)
            return received

    def forget_requests(self) -> None:
        """Empty the journal."""
        with urllib.request.urlopen(urllib.request.Request(f"{self.address}/_sandbox/requests", method="DELETE")):
            pass


@contextmanager
def simulated(provider: str, numbers: int, latency_ms: float = 0) -> Iterator[Carrier]:
    """Run it until the block ends."""
    command = [sys.executable, __file__, provider, "--numbers", str(numbers), "--latency-ms", str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Carrier(**json.loads(process.stdout.readline()))
        finally:
            process.terminate()


def _serve(provider: str, numbers: int, latency_ms: float) -> None:
    from trunkline_sandbox.server import running
    from trunkline_sandbox.signalwire import SimulatedSignalWire
    from trunkline_sandbox.telnyx import SimulatedTelnyx
    from trunkline_sandbox.twilio import SimulatedTwilio
    from trunkline_sandbox.vonage import SimulatedVonage

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    kinds = {each.name: each for each in (SimulatedTwilio, SimulatedTelnyx, SimulatedSignalWire, SimulatedVonage)}
    carrier: Any = kinds[provider]()
    carrier.add_account("large", numbers=numbers)
    credentials = next(entry.credentials for entry in carrier.listing() if entry.label == "large")
    with running(carrier, latency_ms=latency_ms) as sandbox:
        gc.freeze()
        said = Carrier(provider, sandbox.address, sorted(carrier.hosts), dict(credentials))
        print(json.dumps(attrs.asdict(said)), flush=True)
        stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("provider")
    parser.add_argument("--numbers", type=int, required=True)
    parser.add_argument("--latency-ms", type=float, required=True)
    arguments = parser.parse_args()
    _serve(arguments.provider, arguments.numbers, arguments.latency_ms)
