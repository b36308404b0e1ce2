"""The command line: serve every simulated carrier until told to stop."""

import contextlib
import gc
import json
import signal
import threading
from typing import Annotated

import typer

from .server import running
from .signalwire import SimulatedSignalWire
from .twilio import SimulatedTwilio

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Simulated carriers that keep state, speak the carriers' real APIs and misbehave on demand."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    twilio_port: Annotated[int, typer.Option(help="Port of the simulated Twilio; 0 takes any free one.")] = 0,
    signalwire_port: Annotated[int, typer.Option(help="Port of the simulated SignalWire; 0 takes any free one.")] = 0,
    latency_ms: Annotated[float, typer.Option(help="Time that passes before each request is processed.")] = 0,
    keep_requests: Annotated[int, typer.Option(help="How many requests the journal keeps.")] = 10_000,
) -> None:
    """Serve all simulated carriers; print their addresses as one line of JSON when ready."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with contextlib.ExitStack() as stack:
        twilio = stack.enter_context(
            running(
                SimulatedTwilio(),
                host=host,
                port=twilio_port,
                latency_ms=latency_ms,
                keep_requests=keep_requests,
            )
        )
        signalwire = stack.enter_context(
            running(
                SimulatedSignalWire(),
                host=host,
                port=signalwire_port,
                latency_ms=latency_ms,
                keep_requests=keep_requests,
            )
        )
        # The accounts live as long as the process: the collector need not walk them again and again.
        gc.freeze()
        print(json.dumps({"twilio": twilio.address, "signalwire": signalwire.address}), flush=True)
        stop.wait()
