"""The SignalWire plugin behind a real engine, in front of a simulated SignalWire on loopback."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
import requests

import trunkline_signalwire
from trunkline.account import CarrierAccount
from trunkline.engine import Engine, ImportOutcome
from trunkline.http.dial import SandboxDial
from trunkline.http.guard import Limits
from trunkline.numbers import Release, Route, RoutingSnapshot
from trunkline.registry import Registry
from trunkline.sip_target import SipTarget
from trunkline_sandbox import Fault, Received, Sandbox, running
from trunkline_sandbox.signalwire import Project, SimulatedSignalWire

MARKER = "trunkline 1 org 7"
PLATFORM = "sip.platform.example:5061;transport=tls"


@attrs.define
class Desk:
    """Everything a test turns: the sandbox, an engine on it, and short words for what is done often."""

    sandbox: Sandbox[SimulatedSignalWire]
    sleeps: list[float] = attrs.Factory(list)
    platform: str | None = PLATFORM

    @property
    def patience(self) -> float:
        """Seconds that an answer is waited for: little only where none will come."""
        return 0.25 if any(fault.kind.startswith("timeout") for fault in self.sandbox.faults) else 10.0

    @property
    def engine(self) -> Engine:
        origins = {f"https://{host}": self.sandbox.address for host in self.sandbox.carrier.hosts}
        return Engine(
            Registry.of(trunkline_signalwire.plugin),
            dial=SandboxDial(origins),
            platform=SipTarget.parse(self.platform) if self.platform else None,
            limits=Limits(connect_seconds=1, read_seconds=self.patience, response_bytes=4 * 1024 * 1024),
            rng=random.Random(7),
            sleep=self.sleeps.append,
        )

    def credentials(self, label: str = "healthy") -> dict[str, str]:
        (entry,) = [entry for entry in self.sandbox.carrier.listing() if entry.label == label]
        return dict(entry.credentials)

    def account(self, label: str = "healthy", *, domain: str | None = None, marker: str = MARKER) -> CarrierAccount:
        config = {"domain": domain} if domain else {}
        return self.engine.account("signalwire", self.credentials(label), config, marker=marker)

    def project(self, label: str = "healthy") -> Project:
        return self.sandbox.carrier.accounts[label]

    def numbers(self, label: str = "healthy", count: int = 5, start: int = 0) -> list[str]:
        return [number.number for number in self.project(label).listed_numbers()[start : start + count]]

    def with_handler(self, handler: str | None) -> str:
        """The number of the project `every_handler` whose calls this handler takes."""
        found = (n for n in self.project("every_handler").numbers.values() if n.value("call_handler") == handler)
        return next(n.number for n in found if handler != "laml_webhooks" or n.value("call_request_url"))

    def switch(self, label: str = "healthy", **switches: Any) -> None:
        self.sandbox.carrier.change(label, "switches", "-", switches)

    def change(self, collection: str, name: str, label: str = "healthy", **fields: Any) -> None:
        self.sandbox.carrier.change(label, collection, name, fields)

    def fault(self, kind: Any, **more: Any) -> Fault:
        return self.sandbox.faults.add(Fault(kind, **more))

    def asked(self, method: str | None = None, path: str = "") -> list[Received]:
        return self.sandbox.requests.matching(method, path)

    def methods(self) -> list[str]:
        return [entry.method for entry in self.sandbox.requests]

    def forget(self) -> None:
        self.sandbox.requests.clear()
        self.sandbox.faults.clear()

    def snapshots(self, numbers: list[str], label: str = "healthy") -> list[RoutingSnapshot]:
        return list(self.engine.read_routing(self.account(label), numbers).values())

    def ready(self, number: str, label: str = "healthy") -> tuple[Route, RoutingSnapshot]:
        """Our route, and the number's routing before anything was changed; what was asked is forgotten."""
        route = self.engine.prepare_route(self.account(label))
        (snapshot,) = self.snapshots([number], label)
        self.forget()
        return route, snapshot

    def import_(self, route: Route, snapshot: RoutingSnapshot, label: str = "healthy") -> ImportOutcome:
        (outcome,) = self.engine.import_numbers(self.account(label), route, [snapshot])
        return outcome

    def imported(self, number: str, label: str = "healthy") -> tuple[Route, RoutingSnapshot]:
        """The same, with the number imported."""
        route, snapshot = self.ready(number, label)
        assert self.import_(route, snapshot, label).error is None
        self.forget()
        return route, snapshot

    def release(self, route: Route, snapshot: RoutingSnapshot, label: str = "healthy") -> Release:
        return self.engine.release_number(self.account(label), snapshot.number.ref, route, snapshot)

    def held(self, number: str, label: str = "healthy") -> dict[str, Any]:
        """All that the carrier holds of a number, but for the date of the last change and what it derives."""
        shown = self.project(label).number(number).shown()
        return {
            name: value for name, value in shown.items() if name not in ("updated_at", "calling_handler_resource_id")
        }


@pytest.fixture
def desk() -> Iterator[Desk]:
    with running(SimulatedSignalWire()) as sandbox:
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


PROJECT = "1deeadfb-79c3-4ad9-93d1-1c24456412ac"
TOKEN = "PT-canary-7f3a9b1c5d-2e4f6a8b0c"
SPACE = "acme.signalwire.com"


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
            Registry.of(trunkline_signalwire.plugin),
            dial=dial,
            platform=SipTarget.parse(PLATFORM),
            rng=random.Random(7),
            sleep=lambda seconds: None,
        )
        given = {"projectId": PROJECT, "apiToken": TOKEN, "spaceUrl": SPACE, **credentials}
        return Scripted(dial, engine, engine.account("signalwire", given, marker=MARKER))

    return make


def row(id: str, number: str, **fields: Any) -> dict[str, Any]:
    """A number as SignalWire lists it."""
    return {
        "id": id,
        "number": number,
        "name": None,
        "capabilities": ["voice", "sms"],
        "number_type": "longcode",
        "country_code": "US",
        "call_handler": None,
        "calling_handler_resource_id": None,
        "call_receive_mode": "voice",
        **fields,
    }
