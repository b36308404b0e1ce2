"""The Twilio plugin behind a real engine, in front of a simulated Twilio on loopback."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
import requests

import trunkline_twilio
from trunkline.account import CarrierAccount
from trunkline.engine import Engine
from trunkline.http.dial import SandboxDial
from trunkline.http.guard import Limits
from trunkline.numbers import Route, RoutingSnapshot
from trunkline.registry import Registry
from trunkline.sip_target import SipTarget
from trunkline_sandbox import Fault, Received, Sandbox, running
from trunkline_sandbox.twilio import Account, SimulatedTwilio
from trunkline_sandbox.twilio.model import Trunk

PRODUCTS = ("api", "trunking", "voice", "pricing", "routes")
MARKER = "trunkline 1 org 7"
PLATFORM = "sip.platform.example:5061;transport=tls"


def origins(address: str) -> dict[str, str]:
    places = ("", ".dublin.ie1", ".sydney.au1")
    return {f"https://{product}{place}.twilio.com": address for product in PRODUCTS for place in places}


@attrs.define
class Desk:
    """Everything a test turns: the sandbox, an engine on it, and short words for what is done often."""

    sandbox: Sandbox[SimulatedTwilio]
    sleeps: list[float] = attrs.Factory(list)
    platform: str | None = PLATFORM

    @property
    def patience(self) -> float:
        """Seconds that an answer is waited for: little only where none will come."""
        return 0.25 if any(fault.kind.startswith("timeout") for fault in self.sandbox.faults) else 10.0

    @property
    def engine(self) -> Engine:
        return Engine(
            Registry.of(trunkline_twilio.plugin),
            dial=SandboxDial(origins(self.sandbox.address)),
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
        return self.engine.account("twilio", self.credentials(label), config, marker=marker)

    def carrier_account(self, label: str = "healthy") -> Account:
        return self.sandbox.carrier.accounts[label]

    def numbers(self, label: str = "healthy", count: int = 5, start: int = 0) -> list[str]:
        listed = list(self.carrier_account(label).numbers.values())
        return [number.phone_number for number in listed[start : start + count]]

    def change(self, collection: str, name: str, label: str = "healthy", **fields: Any) -> None:
        self.sandbox.carrier.change(label, collection, name, fields)

    def fill_with_trunks(self, count: int, label: str = "healthy") -> None:
        """Trunks of the customer's own, until the account has so many."""
        trunks = self.carrier_account(label).trunks
        for at in range(count - len(trunks)):
            sid = f"TK{at:032x}"
            trunks[sid] = Trunk(sid, f"Branch {at}", 0.0, 0.0)

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
        """Our trunk, and the number's routing before anything was changed; what was asked is forgotten."""
        route = self.engine.prepare_route(self.account(label))
        (snapshot,) = self.snapshots([number], label)
        self.forget()
        return route, snapshot

    def imported(self, number: str, label: str = "healthy") -> tuple[Route, RoutingSnapshot]:
        """The same, with the number imported."""
        route, snapshot = self.ready(number, label)
        (outcome,) = self.engine.import_numbers(self.account(label), route, [snapshot])
        assert outcome.error is None
        self.forget()
        return route, snapshot

    def routing(self, number: str, label: str = "healthy") -> dict[str, Any]:
        """All that the carrier holds of a number, but for the date of the last change."""
        held: dict[str, Any] = json.loads(self.carrier_account(label).number(number).encoded())
        del held["date_updated"]
        return held


@pytest.fixture
def desk() -> Iterator[Desk]:
    with running(SimulatedTwilio()) as sandbox:
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


SID = "AC" + "0" * 31 + "1"
TOKEN = "canary-token-7f3a9b1c5d"


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
            Registry.of(trunkline_twilio.plugin),
            dial=dial,
            platform=SipTarget.parse(PLATFORM),
            rng=random.Random(7),
            sleep=lambda seconds: None,
        )
        given = {"accountSid": SID, "authToken": TOKEN, **credentials}
        return Scripted(dial, engine, engine.account("twilio", given, marker=MARKER))

    return make
