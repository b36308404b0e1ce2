"""The Telnyx plugin behind a real engine, in front of a simulated Telnyx on loopback."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
import requests

import trunkline_telnyx
from trunkline.account import CarrierAccount
from trunkline.engine import Engine
from trunkline.http.dial import SandboxDial
from trunkline.http.guard import Limits
from trunkline.numbers import Route, RoutingSnapshot
from trunkline.registry import Registry
from trunkline.setup import SetUpStep
from trunkline.sip_target import SipTarget
from trunkline_sandbox import Fault, Received, Sandbox, running
from trunkline_sandbox.telnyx import Account, Connection, Number, SimulatedTelnyx

MARKER = "trunkline 1 org 7"
PLATFORM = "sip.platform.example"
ORIGIN = "https://api.telnyx.com"
PATIENT, IMPATIENT = 15.0, 0.5
"""Seconds that an answer is waited for; few only where none will come."""


@attrs.define
class Desk:
    """Everything a test turns: the sandbox, an engine on it, and short words for what is done often."""

    sandbox: Sandbox[SimulatedTelnyx]
    sleeps: list[float] = attrs.Factory(list)
    platform: str | None = PLATFORM
    marker: str = MARKER
    read_seconds: float = PATIENT
    _rng: random.Random = attrs.Factory(lambda: random.Random(7))
    _engines: dict[tuple[str | None, float], Engine] = attrs.Factory(dict)

    @property
    def engine(self) -> Engine:
        key = self.platform, self.read_seconds
        if key not in self._engines:
            self._engines[key] = Engine(
                Registry.of(trunkline_telnyx.plugin),
                dial=SandboxDial({ORIGIN: self.sandbox.address}),
                platform=SipTarget.parse(self.platform) if self.platform else None,
                limits=Limits(connect_seconds=1, read_seconds=self.read_seconds, response_bytes=4 * 1024 * 1024),
                rng=self._rng,
                sleep=self.sleeps.append,
            )
        return self._engines[key]

    def credentials(self, label: str = "healthy") -> dict[str, str]:
        (entry,) = [entry for entry in self.sandbox.carrier.listing() if entry.label == label]
        return dict(entry.credentials)

    def account(
        self, label: str = "healthy", *, domain: str | None = None, made: Any = None, **credentials: str
    ) -> CarrierAccount:
        (entry,) = [entry for entry in self.sandbox.carrier.listing() if entry.label == label]
        return self.engine.account(
            "telnyx",
            {**entry.credentials, **credentials},
            {"domain": domain} if domain else {},
            marker=self.marker,
            setup_method=entry.setup_method,
            made=made,
        )

    def held(self, label: str = "healthy") -> Account:
        """What the carrier holds."""
        return self.sandbox.carrier.accounts[label]

    def number(self, label: str = "healthy", **wanted: Any) -> Number:
        """The first number that is as wanted, and otherwise routed nowhere and overridden by nothing."""
        plain: dict[str, Any] = {"connection_id": None, "voice": {}, "status": "active", **wanted}
        found = self.held(label).numbers.values()
        return next(n for n in found if all(getattr(n, name) == value for name, value in plain.items()))

    def connection(self, name: str, label: str = "healthy") -> Connection:
        return next(each for each in self.held(label).connections.values() if each.name == name)

    def ours(self, label: str) -> list[Connection]:
        return [each for each in self.held(label).connections.values() if each.name == self.marker]

    def change(self, collection: str, name: str, label: str = "healthy", **fields: Any) -> None:
        self.sandbox.carrier.change(label, collection, name, fields)

    def switch(self, label: str = "healthy", **fields: Any) -> None:
        self.sandbox.carrier.change(label, "switches", "", fields)

    def fault(self, kind: Any, **more: Any) -> Fault:
        if kind.startswith("timeout"):
            self.read_seconds = IMPATIENT
        return self.sandbox.faults.add(Fault(kind, **more))

    def asked(self, method: str | None = None, path: str = "") -> list[Received]:
        return self.sandbox.requests.matching(method, path)

    def writes(self) -> list[Received]:
        return [each for each in self.sandbox.requests if each.method not in ("GET", "HEAD")]

    def forget(self) -> None:
        self.sandbox.requests.clear()
        self.sandbox.faults.clear()
        self.read_seconds = PATIENT

    def snapshots(self, numbers: list[str], label: str = "healthy") -> list[RoutingSnapshot]:
        return list(self.engine.read_routing(self.account(label), numbers).values())

    def ready(self, number: str, label: str = "healthy") -> tuple[Route, RoutingSnapshot]:
        """The connection, and the number's routing before anything was changed; what was asked is forgotten."""
        route = self.engine.prepare_route(self.account(label))
        (snapshot,) = self.snapshots([number], label)
        self.forget()
        return route, snapshot

    def imported(self, number: str, label: str = "healthy") -> tuple[Route, RoutingSnapshot]:
        """The same, with the number imported."""
        route, snapshot = self.ready(number, label)
        (outcome,) = self.engine.import_numbers(self.account(label), route, [snapshot])
        assert outcome.error is None, (outcome.error, outcome.error and outcome.error.detail)
        self.forget()
        return route, snapshot

    def set_up(self, label: str = "guided", done: list[SetUpStep] | None = None) -> list[SetUpStep]:
        return list(self.engine.set_up_account(self.account(label), done or []))


@pytest.fixture
def desk() -> Iterator[Desk]:
    with running(SimulatedTelnyx()) as sandbox:
        yield Desk(sandbox)


Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


class ScriptedDial:
    """A carrier that a test writes: from method, host, path and query to status and body."""

    def __init__(self, answer: Callable[[requests.PreparedRequest], Answer]) -> None:
        self.urls: list[str] = []
        self._answer = answer

    def send(self, request: requests.PreparedRequest, timeout: tuple[float, float]) -> requests.Response:
        self.urls.append(f"{request.method} {request.url}")
        status, body, *headers = self._answer(request)
        response = requests.Response()
        response.status_code = status
        response.headers.update({"Content-Type": "application/json", **(headers[0] if headers else {})})
        response.raw = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        pass


KEY = "KEY0123456789ABCDEF0123456789ABCDEF_canary7f3a9b1c5dQzXw"


@attrs.define
class Scripted:
    """An engine on a scripted carrier, and an account of it."""

    dial: ScriptedDial
    engine: Engine
    account: CarrierAccount


@pytest.fixture
def scripted() -> Callable[..., Scripted]:
    def make(answer: Callable[[requests.PreparedRequest], Answer], **credentials: str) -> Scripted:
        dial = ScriptedDial(answer)
        engine = Engine(
            Registry.of(trunkline_telnyx.plugin),
            dial=dial,
            platform=SipTarget.parse(PLATFORM),
            rng=random.Random(7),
            sleep=lambda seconds: None,
        )
        return Scripted(dial, engine, engine.account("telnyx", {"apiKey": KEY, **credentials}, marker=MARKER))

    return make
