"""A simulated Twilio in a process of its own, with one account of a given size."""

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

PRODUCTS = ("api", "trunking", "voice", "pricing", "routes")


@attrs.frozen
class Carrier:
    """Where it listens, and the credentials of the account."""

    address: str
    account_sid: str
    auth_token: str

    @property
    def origins(self) -> dict[str, str]:
        """The mapping for a `SandboxDial`."""
        return {f"https://{product}.twilio.com": self.address for product in PRODUCTS}

    @property
    def credentials(self) -> dict[str, str]:
        """What a customer would give."""
        return {"accountSid": self.account_sid, "authToken": self.auth_token}

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
def simulated_twilio(numbers: int, latency_ms: float = 0) -> Iterator[Carrier]:
    """Run it until the block ends."""
    command = [sys.executable, __file__, "--numbers", str(numbers), "--latency-ms", str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Carrier(**json.loads(process.stdout.readline()))
        finally:
            process.terminate()


def _serve(numbers: int, latency_ms: float) -> None:
    from trunkline_sandbox.server import running
    from trunkline_sandbox.twilio import SimulatedTwilio

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    carrier = SimulatedTwilio()
    account = carrier.add_account("large", "Large", numbers=numbers)
    with running(carrier, latency_ms=latency_ms) as sandbox:
        gc.freeze()
        print(json.dumps(attrs.asdict(Carrier(sandbox.address, account.sid, account.auth_token))), flush=True)
        stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--numbers", type=int, required=True)
    parser.add_argument("--latency-ms", type=float, required=True)
    arguments = parser.parse_args()
    _serve(arguments.numbers, arguments.latency_ms)
