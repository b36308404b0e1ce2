"""Starts the service and the simulated carriers on loopback with a fresh database, and prints a tour.

Everything it makes lives in `.trunkline/`, which goes when it stops.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from tour import tour

HOST = "127.0.0.1"
FOLDER = Path(__file__).parent.parent / ".trunkline"
SIP_HOST = "sip.platform.example"
SIP_ADDRESS = "198.51.100.7"  # An address for documentation (RFC 5737), where the platform's calls would come from.
BIN = Path(sys.executable).parent
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, kill, a closed terminal


def main() -> int:
    """Run the demo until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", default="8080", help="port of the service")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where its files live while it runs")
    arguments = parser.parse_args()
    port = _port(arguments.port)
    if port is None:
        print(f"PORT={arguments.port} is not a port; use 1 to 65535.", file=sys.stderr)
        return 2
    if _is_taken(port):
        print(f"Port {port} is taken. Try another one: make run PORT={port + 1}", file=sys.stderr)
        return 1
    for each in ENDS:
        # Whoever started it with nohup wants it to outlive the terminal.
        if each != signal.SIGHUP or signal.getsignal(each) != signal.SIG_IGN:
            signal.signal(each, _stop)
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(_fresh_folder(arguments.folder))
            sandbox = stack.enter_context(_sandbox())
            environment = _environment(folder, sandbox)
            keys = _organizations(environment)
            stack.enter_context(_service(environment, port))
            demo = _demo(f"http://{HOST}:{port}", keys, sandbox)
            path = folder / "demo.json"
            path.touch(mode=0o600)
            path.write_text(json.dumps(demo, indent=2) + "\n")
            print(tour(demo, path), flush=True)
            signal.pause()
    except KeyboardInterrupt:
        with suppress(OSError):  # The terminal may be closed.
            print("\nStopped; nothing is left behind.", flush=True)
    except subprocess.CalledProcessError as error:
        print(error.stderr or error, file=sys.stderr)
        return 1
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _stop(*_: object) -> None:
    # Once: a closed terminal says so twice, and the second time would cut the tidying up short.
    for each in ENDS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _port(text: str) -> int | None:
    """The port that a text names, if it names one."""
    named = int(text) if re.fullmatch("[0-9]{1,5}", text) else 0
    return named if 0 < named < 65536 else None


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


@contextmanager
def _fresh_folder(folder: Path) -> Iterator[Path]:
    """The folder, empty, and gone at the end; RuntimeError while another demo lives in it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "running").open("w") as mine:
        try:
            fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(f"Trunkline is running already, with its files in {folder}.") from None
        for left_behind in folder.iterdir():
            if left_behind.name != "running":
                left_behind.unlink() if left_behind.is_file() else shutil.rmtree(left_behind)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _process(command: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    # A session of its own keeps Ctrl-C from the children: they are stopped in order, below.
    process = subprocess.Popen(command, text=True, start_new_session=True, preexec_fn=_die_with_us, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _die_with_us() -> None:
    """Where the demo is killed, Linux ends its children."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


@contextmanager
def _sandbox() -> Iterator[dict[str, str]]:
    with _process([str(BIN / "trunkline-sandbox"), "serve"], stdout=subprocess.PIPE) as process:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("The simulated carriers did not start.")
        yield json.loads(line)


def _environment(folder: Path, sandbox: dict[str, str]) -> dict[str, str]:
    mapped = [entry for address in sandbox.values() for entry in _mapped(address)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRUNKLINE_")}
    return inherited | {
        "TRUNKLINE_DATA_DIR": str(folder),
        "TRUNKLINE_SANDBOX": ",".join(mapped),
        "TRUNKLINE_SIP_HOST": SIP_HOST,
        "TRUNKLINE_SIP_ADDRESSES": SIP_ADDRESS,
        # Every account may be tried at once, and again.
        "TRUNKLINE_TESTS_PER_MINUTE": "6000",
        "TRUNKLINE_ACCOUNT_TESTS_PER_MINUTE": "600",
    }


def _mapped(address: str) -> list[str]:
    """Each host of a simulated carrier, and where it is reached: over HTTP, or over SIP where it speaks that."""
    carrier = _control(address, "carrier")
    if carrier["sip"]:
        return [f"sip:{host}={carrier['sip']}" for host in carrier["hosts"]]
    return [f"https://{host}={address}" for host in carrier["hosts"]]


def _organizations(environment: dict[str, str]) -> list[str]:
    """Two sandbox organizations and a key of each."""

    def run(*arguments: str) -> str:
        command = [str(BIN / "trunkline-service"), *arguments]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    keys = []
    for name in ("Acme Voice", "Other Telecom"):
        organization = run("organizations", "create", name, "--sandbox").split()[0]
        keys.append(run("keys", "create", "--organization", organization).split()[-1])
    return keys


@contextmanager
def _service(environment: dict[str, str], port: int) -> Iterator[None]:
    log = Path(environment["TRUNKLINE_DATA_DIR"]) / "service.log"
    command = [str(BIN / "trunkline-service"), "serve", "--host", HOST, "--port", str(port)]
    with log.open("w") as output, _process(command, env=environment, stderr=output, stdout=output) as process:
        _wait_until_healthy(f"http://{HOST}:{port}/v1/healthz", process, log)
        yield


def _wait_until_healthy(address: str, process: subprocess.Popen[str], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"The service did not start.\n{log.read_text()}")
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"The service did not answer within 30 s.\n{log.read_text()}")


def _demo(base_url: str, keys: list[str], sandbox: dict[str, str]) -> dict[str, Any]:
    accounts = [account for address in sandbox.values() for account in _control(address, "accounts")]
    return {
        "base_url": base_url,
        "api_key": keys[0],
        "other_api_key": keys[1],
        "accounts": accounts,
        "sandbox": sandbox,
    }


def _control(address: str, what: str) -> Any:
    """What a simulated carrier tells of itself."""
    with urllib.request.urlopen(f"{address}/_sandbox/{what}", timeout=5) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
