"""The command line: serve every simulated carrier until told to stop."""

import contextlib
import gc
import json
import signal
import threading
from typing import Annotated

import typer

from .carrier import Carrier
from .server import running
from .signalwire import SimulatedSignalWire
from .telnyx import SimulatedTelnyx
from .trunk import SimulatedTrunk, running_trunk
from .twilio import SimulatedTwilio
from .vonage import SimulatedVonage

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

Port = Annotated[int, typer.Option(help="Port of this simulated carrier; 0 takes any free one.")]


@app.callback()
def main() -> None:
    """Simulated carriers that keep state, speak the carriers' real APIs and misbehave on demand."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    twilio_port: Port = 0,
    telnyx_port: Port = 0,
    signalwire_port: Port = 0,
    vonage_port: Port = 0,
    trunk_port: Annotated[int, typer.Option(help="Port of the simulated SIP trunk's control; 0 takes any.")] = 0,
    sip_port: Annotated[int, typer.Option(help="Port of the trunk itself, UDP and TCP; 0 takes any free one.")] = 0,
    latency_ms: Annotated[float, typer.Option(help="Time between a request and its answer.")] = 0,
    keep_requests: Annotated[int, typer.Option(help="How many requests the journal keeps.")] = 10_000,
) -> None:
    """Serve all simulated carriers; print their addresses as one line of JSON when ready."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    carriers: list[tuple[Carrier, int]] = [
        (SimulatedTwilio(), twilio_port),
        (SimulatedTelnyx(), telnyx_port),
        (SimulatedSignalWire(), signalwire_port),
        (SimulatedVonage(), vonage_port),
    ]
    with contextlib.ExitStack() as stack:
        addresses = {}
        for carrier, port in carriers:
            serving = running(carrier, host=host, port=port, latency_ms=latency_ms, keep_requests=keep_requests)
            addresses[carrier.name] = stack.enter_context(serving).address
        trunk = running_trunk(
            SimulatedTrunk(),
            host=host,
            port=trunk_port,
            sip_port=sip_port,
            latency_ms=latency_ms,
            keep_requests=keep_requests,
        )
        sandbox = stack.enter_context(trunk)
        addresses[sandbox.carrier.name] = sandbox.address
        # The accounts live as long as the process: the collector need not walk them again and again.
        gc.freeze()
        print(json.dumps(addresses), flush=True)
        stop.wait()
