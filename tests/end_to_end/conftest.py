"""The demo as `make run` starts it, in a folder and on a port of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

DEMO = Path(__file__).parents[2] / "demo" / "demo.py"


@attrs.frozen
class Demo:
    """A running demo: what it printed, its `demo.json`, and where its files live."""

    process: subprocess.Popen[str]
    printed: str
    said: dict[str, Any]
    folder: Path

    def account(self, expect: str) -> dict[str, Any]:
        return next(account for account in self.said["accounts"] if account["expect"] == expect)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def start_demo(folder: Path, port: int | str) -> subprocess.Popen[str]:
    command = [sys.executable, str(DEMO), f"--port={port}", "--folder", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def read_tour(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C"):
            return "".join(lines)
    assert process.stderr
    raise AssertionError(f"the demo did not start: {process.stderr.read()}")


def stop(process: subprocess.Popen[str], how: signal.Signals = signal.SIGINT) -> str:
    """Interrupt it as Ctrl-C does, or otherwise, and give the rest of what it printed."""
    process.send_signal(how)
    printed, _ = process.communicate(timeout=30)
    return printed


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo") / "files"
    process = start_demo(folder, free_port())
    try:
        printed = read_tour(process)
        yield Demo(process, printed, json.loads((folder / "demo.json").read_text()), folder)
    finally:
        stop(process)
