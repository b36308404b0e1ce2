"""Processes of the service on one database, killed at random and started again."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs
import requests


@attrs.define(eq=False)
class Replicas:
    """Where they listen, and how often one was killed."""

    ports: list[int]
    environment: Mapping[str, str]
    folder: Path
    kills: int = 0
    _running: dict[int, subprocess.Popen[bytes]] = attrs.field(factory=dict)

    @property
    def addresses(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    def start(self, port: int) -> None:
        command = [sys.executable, "-m", "trunkline_service", "serve", "--port", str(port)]
        with (self.folder / f"replica-{port}.log").open("ab") as log:
            environment = {**os.environ, **self.environment}
            self._running[port] = subprocess.Popen(command, env=environment, stderr=log, cwd=self.folder)

    def kill(self, port: int) -> None:
        process = self._running.pop(port)
        process.kill()
        process.wait()

    def kill_all(self) -> None:
        for port in list(self._running):
            self.kill(port)

    def kill_at_random(self, stopped: threading.Event, dice: random.Random, seconds: float) -> None:
        """Every so many seconds, on average, kill one of those that serve and start it again."""
        while not stopped.wait(dice.uniform(0.5, 1.5) * seconds):
            if serving := [port for port in self.ports if self._serves(port)]:
                port = dice.choice(serving)
                self.kill(port)
                self.kills += 1
                self.start(port)

    def all_serve(self) -> bool:
        return all(map(self._serves, self.ports))

    def _serves(self, port: int) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{port}/v1/healthz", timeout=5).ok
        except requests.RequestException:
            return False


@contextmanager
def replicas(count: int, environment: Mapping[str, str], folder: Path) -> Iterator[Replicas]:
    """Run so many until the block ends."""
    made = Replicas([_free_port() for _ in range(count)], environment, folder)
    try:
        for port in made.ports:
            made.start(port)
        yield made
    finally:
        made.kill_all()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
