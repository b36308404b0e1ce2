"""The Vonage plugin behind a real engine, in front of a simulated Vonage on loopback."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
import requests

import trunkline_vonage
from trunkline.account import CarrierAccount
from trunkline.engine import Engine
from trunkline.http.dial import SandboxDial
from trunkline.http.guard import Limits
from trunkline.numbers import Route, RoutingSnapshot
from trunkline.registry import Registry
from trunkline.sip_target import SipTarget
from trunkline_sandbox import Fault, Received, Sandbox, running
from trunkline_sandbox.vonage import Account, Number, SimulatedVonage

MARKER = "trunkline 1 org 7"
PLATFORM = "sip.platform.example:5061;transport=tls"
ROUTE = f"sip:{PLATFORM}"


@attrs.define
class Desk:
    """Everything a test turns: the sandbox, an engine on it, and short words for what is done often."""

    sandbox: Sandbox[SimulatedVonage]
    sleeps: list[float] = attrs.Factory(list)
    platform: str | None = PLATFORM

    @property
    def patience(self) -> float:
        """Seconds that an answer is waited for: little only where none will come."""
        return 0.25 if any(fault.kind.startswith("timeout") for fault in self.sandbox.faults) else 10.0

    @property
    def engine(self) -> Engine:
        return Engine(
            Registry.of(trunkline_vonage.plugin),
            dial=SandboxDial({f"https://{host}": self.sandbox.address for host in self.sandbox.carrier.hosts}),
            platform=SipTarget.parse(self.platform) if self.platform else None,
            limits=Limits(connect_seconds=1, read_seconds=self.patience, response_bytes=4 * 1024 * 1024),
            rng=random.Random(7),
            sleep=self.sleeps.append,
        )

    def credentials(self, label: str = "healthy") -> dict[str, str]:
        (entry,) = [entry for entry in self.sandbox.carrier.listing() if entry.label == label]
        return dict(entry.credentials)

    def account(self, label: str = "healthy", **more: str) -> CarrierAccount:
        return self.engine.account("vonage", {**self.credentials(label), **more}, marker=MARKER)

    def carrier_account(self, label: str = "healthy") -> Account:
        return self.sandbox.carrier.accounts[label]

    def numbers(self, label: str = "healthy", count: int = 5, start: int = 0) -> list[str]:
        return [number.e164 for number in list(self.carrier_account(label).numbers.values())[start : start + count]]

    def held(self, number: str, label: str = "healthy") -> Number:
        """The number as the carrier holds it."""
        return self.carrier_account(label).number(number)

    def settings(self, number: str, label: str = "healthy") -> dict[str, str]:
        return dict(self.held(number, label).settings)

    def change(self, number: str, label: str = "healthy", **fields: Any) -> None:
        self.sandbox.carrier.change(label, "numbers", number, fields)

    def switch(self, label: str = "healthy", **switches: Any) -> None:
        self.sandbox.carrier.change(label, "switches", "all", switches)

    def fault(self, kind: Any, **more: Any) -> Fault:
        return self.sandbox.faults.add(Fault(kind, **more))

    def asked(self, method: str | None = None, path: str = "") -> list[Received]:
        return self.sandbox.requests.matching(method, path)

    def forget(self) -> None:
        self.sandbox.requests.clear()
        self.sandbox.faults.clear()

    def snapshots(self, numbers: list[str], label: str = "healthy") -> list[RoutingSnapshot]:
        return list(self.engine.read_routing(self.account(label), numbers).values())

    def ready(self, number: str, label: str = "healthy") -> tuple[Route, RoutingSnapshot]:
        """The route, and the number's routing before anything was changed; what was asked is forgotten."""
        route = self.engine.prepare_route(self.account(label))
        (snapshot,) = self.snapshots([number], label)
        self.forget()
        return route, snapshot

    def put(self, route: Route, snapshot: RoutingSnapshot, label: str = "healthy") -> Any:
        """The outcome of importing one number."""
        (outcome,) = self.engine.import_numbers(self.account(label), route, [snapshot])
        return outcome

    def imported(self, number: str, label: str = "healthy") -> tuple[Route, RoutingSnapshot]:
        """The route, and the number's routing before it was imported."""
        route, snapshot = self.ready(number, label)
        outcome = self.put(route, snapshot, label)
        assert outcome.error is None, outcome.error
        self.forget()
        return route, snapshot

    def release(self, route: Route, snapshot: RoutingSnapshot, label: str = "healthy") -> Any:
        return self.engine.release_number(self.account(label), snapshot.number.ref, route, snapshot)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with running(SimulatedVonage()) as sandbox:
        yield Desk(sandbox)


Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


class ScriptedDial:
    """A carrier that a test writes: from the request to status and body."""

    def __init__(self, answer: Callable[[requests.PreparedRequest], Answer]) -> None:
        self.requests: list[requests.PreparedRequest] = []
        self._answer = answer

    def send(self, request: requests.PreparedRequest, timeout: tuple[float, float]) -> requests.Response:
        self.requests.append(request)
        status, body, *headers = self._answer(request)
        response = requests.Response()
        response.status_code = status
        response.headers.update({"Content-Type": "application/json", **(headers[0] if headers else {})})
        response.raw = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        pass


KEY = "abcd1234"
SECRET = "Canary7f3a9b1c5d"


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
            Registry.of(trunkline_vonage.plugin),
            dial=dial,
            platform=SipTarget.parse(PLATFORM),
            rng=random.Random(7),
            sleep=lambda seconds: None,
        )
        given = {"apiKey": KEY, "apiSecret": SECRET, **credentials}
        return Scripted(dial, engine, engine.account("vonage", given, marker=MARKER))

    return make
