"""Any provider's plugin behind a real engine, in front of its simulated carrier on loopback."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import pytest

from trunkline.account import CarrierAccount
from trunkline.engine import Engine, ImportOutcome, utc_now
from trunkline.errors import TrunklineError
from trunkline.events import Event
from trunkline.http.dial import SandboxDial
from trunkline.http.guard import Limits
from trunkline.numbers import Release, Route, RoutingSnapshot
from trunkline.registry import Registry
from trunkline.secret import Secret
from trunkline.sip_target import SipTarget
from trunkline_sandbox import Fault, Received, Sandbox, running

from .providers import PROVIDERS, Provider

MARKER = "trunkline 1 org 7"
PLATFORM = "sip.platform.example"
PATIENT, IMPATIENT = 10.0, 0.25
"""Seconds that an answer is waited for: little only where the test is that none comes."""

SMALL = "small"
"""An account of twelve numbers, the first of which are routed somewhere."""

_DERIVED = frozenset({"date_updated", "updated_at", "updated", "calling_handler_resource_id"})


def settled(held: Any) -> Any:
    """What a carrier holds, but for what it derives, as when it was changed last."""
    if isinstance(held, Mapping):
        return {name: settled(value) for name, value in held.items() if name not in _DERIVED}
    return [settled(each) for each in held] if isinstance(held, list) else held


@attrs.define
class Desk:
    """Everything a test turns: the sandbox, an engine on it, and short words for what is done often."""

    provider: Provider
    sandbox: Sandbox[Any]
    platform: str | None = PLATFORM
    label: str = SMALL
    marker: str = MARKER
    sleeps: list[float] = attrs.Factory(list)
    events: list[Event] = attrs.Factory(list)
    dial: Any = None
    changed: bool = False
    read_seconds: float = PATIENT
    _engine: tuple[str | None, Engine] | None = None

    @property
    def engine(self) -> Engine:
        if self._engine is None or self._engine[0] != self.platform:
            self.close()
            engine = Engine(
                Registry.of(self.provider.plugin),
                dial=self.dial or self.sandbox_dial(),
                platform=SipTarget.parse(self.platform) if self.platform else None,
                limits=Limits(connect_seconds=1, read_seconds=self.read_seconds, response_bytes=4 * 1024 * 1024),
                observers=[self.events.append],
                rng=random.Random(7),
                sleep=self.sleeps.append,
            )
            self._engine = self.platform, engine
        return self._engine[1]

    def sandbox_dial(self) -> SandboxDial:
        return SandboxDial({f"https://{host}": self.sandbox.address for host in self.sandbox.carrier.hosts})

    def credentials(self, label: str | None = None) -> dict[str, str]:
        return dict(next(each.credentials for each in self.sandbox.carrier.listing() if each.label == self._at(label)))

    def account(self, label: str | None = None, *, making: bool = False) -> CarrierAccount:
        """The account; `making` is one for which a route has still to be made."""
        given = self.credentials(label)
        if making:
            given = {name: value for name, value in given.items() if name not in self.provider.making_without}
        return self.engine.account(self.provider.id, given, marker="another" if making else self.marker)

    def _at(self, label: str | None) -> str:
        return label or self.label

    def held(self) -> Any:
        """All that the carrier holds of the account."""
        with self.sandbox.carrier.lock:
            return settled(self.sandbox.carrier.accounts[self.label].described())

    def numbers(self, count: int = 12) -> list[str]:
        return [each.number for each in self.listed()][:count]

    def listed(self) -> list[Any]:
        return list(self.engine.list_numbers(self.account()))

    def change(self, number: str, **fields: Any) -> None:
        self.changed = True
        self.sandbox.carrier.change(self.label, "numbers", number, fields)

    def remove(self, number: str) -> None:
        self.changed = True
        self.sandbox.carrier.remove(self.label, "numbers", number)

    def fault(self, kind: Any, **more: Any) -> Fault:
        if kind.startswith("timeout"):
            self.close()
            self.read_seconds = IMPATIENT
        return self.sandbox.faults.add(Fault(kind, **more))

    def asked(self) -> list[Received]:
        return list(self.sandbox.requests)

    def writes(self) -> list[Received]:
        return [each for each in self.sandbox.requests if each.method not in ("GET", "HEAD")]

    def forget(self) -> None:
        self.changed = self.changed or bool(self.writes())
        self.sandbox.requests.clear()
        self.sandbox.faults.clear()
        if self.read_seconds != PATIENT:
            self.close()
            self.read_seconds = PATIENT

    def snapshot(self, number: str) -> RoutingSnapshot:
        return self.engine.read_routing(self.account(), [number])[number]

    def ready(self, number: str) -> tuple[Route, RoutingSnapshot]:
        """The route, and the number's routing before anything was changed; what was asked is forgotten."""
        route = self.engine.prepare_route(self.account())
        snapshot = self.snapshot(number)
        self.forget()
        return route, snapshot

    def put(self, route: Route, snapshot: RoutingSnapshot) -> ImportOutcome:
        """The outcome of importing one number."""
        (outcome,) = self.engine.import_numbers(self.account(), route, [attrs.evolve(snapshot, read_at=utc_now())])
        return outcome

    def imported(self, number: str) -> tuple[Route, RoutingSnapshot]:
        """The route, and the number's routing before it was imported."""
        route, snapshot = self.ready(number)
        outcome = self.put(route, snapshot)
        assert outcome.error is None, (outcome.error, outcome.error.detail)
        self.forget()
        return route, snapshot

    def release(self, route: Route, snapshot: RoutingSnapshot) -> Release:
        return self.engine.release_number(self.account(), snapshot.number.ref, route, snapshot)

    def refresh(self) -> None:
        """Back to the beginning, with an engine that has asked nothing yet."""
        self.forget()
        self.close()
        if self.changed:
            with small_world(self.provider):
                self.sandbox.reset()
            furnish(self.provider, self.sandbox)
            self.changed = False

    def close(self) -> None:
        if self._engine:
            self._engine[1].close()
        self._engine = None

    def secrets(self, *labels: str) -> set[str]:
        """What nobody may see: the secret credentials, and what is in the addresses of numbers."""
        accounts = [self.account(label) for label in (self.label, *labels)]
        given = [self.credentials(label) for label in (self.label, *labels)]
        names = {name for each in accounts for name, value in each.credentials.items() if isinstance(value, Secret)}
        return {*self.provider.secrets} | {value for each in given for name, value in each.items() if name in names}


@contextlib.contextmanager
def small_world(provider: Provider) -> Iterator[None]:
    """While this lasts, simulations are built without thousands of numbers: they are built anew again and again."""
    with pytest.MonkeyPatch.context() as patch:
        if provider.crowd:
            patch.setattr(provider.crowd, (("US", "local", 40),))
        yield


def furnish(provider: Provider, sandbox: Sandbox[Any]) -> None:
    """Route the first numbers of the small account somewhere."""
    held = sandbox.carrier.accounts[SMALL]
    for number, fields in zip(list(held.numbers.values()), provider.earlier(sandbox.carrier, SMALL), strict=False):
        name = next(getattr(number, each) for each in ("phone_number", "e164", "number") if hasattr(number, each))
        sandbox.carrier.change(SMALL, "numbers", name, fields)


@pytest.fixture(scope="session")
def sandboxes() -> Iterator[dict[str, Sandbox[Any]]]:
    with contextlib.ExitStack() as stack:
        running_now = {}
        for provider in PROVIDERS:
            with small_world(provider):
                carrier = provider.simulated()
                carrier.add_account(SMALL, numbers=12)
            running_now[provider.id] = stack.enter_context(running(carrier))
            furnish(provider, running_now[provider.id])
        yield running_now


@pytest.fixture(params=PROVIDERS, ids=str)
def provider(request: pytest.FixtureRequest) -> Provider:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def desk(provider: Provider, sandboxes: dict[str, Sandbox[Any]]) -> Iterator[Desk]:
    desk = Desk(provider, sandboxes[provider.id])
    try:
        yield desk
    finally:
        desk.refresh()


def told(result: object) -> str:
    """Everything that somebody could read in a result, or in an error with all that hangs on it."""
    error = result if isinstance(result, TrunklineError) else getattr(result, "error", None)
    if error is None:
        return repr(result)
    assert error.__cause__ is None
    assert error.__context__ is None
    assert not getattr(error, "__notes__", None)
    return "\n".join((repr(result), repr(error), str(error), error.detail, repr(error.reply), repr(vars(error))))
