"""Serve a request in another process that is killed on its way."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_parents: list[subprocess.Popen[str]] = []


@contextmanager
def parent_at_hand() -> Iterator[None]:
    """The process whose children are killed is started when the first one is wanted, and ends with the block."""
    try:
        yield
    finally:
        for parent in _parents:
            parent.communicate()
        _parents.clear()


def be_killed(config: Mapping[str, Any]) -> None:
    """See `doomed.py` for what the config holds."""
    if not _parents:
        command = [sys.executable, str(Path(__file__).parent / "doomed.py")]
        _parents.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    (parent,) = _parents
    assert parent.stdin
    assert parent.stdout
    said = Path(config["folder"]) / "doomed.txt"
    parent.stdin.write(json.dumps({**config, "said": str(said)}) + "\n")
    parent.stdin.flush()
    assert int(parent.stdout.readline()) == -signal.SIGKILL, said.read_text()
    said.unlink()
