"""The plugin of any SIP trunk behind a real engine, in front of a simulated trunk on loopback."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

import trunkline_manual
from sip_servers.kamailio import kamailio
from trunkline.account import CarrierAccount
from trunkline.checks import CredentialTest
from trunkline.engine import Engine
from trunkline.registry import Registry
from trunkline.sip.dial import SandboxSipDial
from trunkline.sip.limits import SipLimits
from trunkline.sip_target import SipTarget
from trunkline_sandbox import Sandbox
from trunkline_sandbox.trunk import SimulatedTrunk, running_trunk

__all__ = ["kamailio"]

PLATFORM = SipTarget("sip.platform.example", 5061, "tls", addresses=("198.51.100.7", "198.51.100.32/28"))
NUMBERS = ["+18085550100", "+442079460001"]


class NoHttp:
    """A dial that no request may reach."""

    def send(self, request: Any, timeout: Any) -> Any:
        raise AssertionError(f"an HTTP request: {request.method} {request.url}")

    def close(self) -> None:
        pass


@attrs.define
class Desk:
    """Everything a test turns: the simulated trunk, an engine on it, and short words for what is done often."""

    sandbox: Sandbox[SimulatedTrunk]
    platform: SipTarget | None = PLATFORM
    patience: float = 5.0

    @property
    def engine(self) -> Engine:
        host, port = str(self.sandbox.sip_address).split(":")
        return Engine(
            Registry.of(trunkline_manual.plugin),
            dial=NoHttp(),
            sip=SandboxSipDial({each: (host, int(port)) for each in self.sandbox.carrier.hosts}),
            sip_limits=SipLimits(answer_seconds=self.patience),
            platform=self.platform,
            rng=random.Random(7),
        )

    def account(self, label: str = "healthy", **config: Any) -> CarrierAccount:
        """A way into a trunk as control lists it; `config` changes its SIP config."""
        (entry,) = [each for each in self.sandbox.carrier.listing() if each.label == label]
        return self.engine.account("manual", entry.credentials, {**entry.sip_config, **config}, marker="m")

    def test(self, label: str = "healthy", **config: Any) -> CredentialTest:
        return self.engine.test_credentials(self.account(label, **config))

    def turn(self, label: str, **how: Any) -> None:
        """Have a trunk answer otherwise."""
        self.sandbox.carrier.change(label, "trunk", "all", how)

    def asked(self) -> list[tuple[str, int | None]]:
        """What the trunk was asked, and how it answered; the platform's own host left out."""
        return [(each.method, each.status) for each in self.sandbox.requests if each.account]


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox[SimulatedTrunk]]:
    with running_trunk(SimulatedTrunk()) as sandbox:
        yield sandbox


@pytest.fixture
def desk(running_sandbox: Sandbox[SimulatedTrunk]) -> Iterator[Desk]:
    yield Desk(running_sandbox)
    running_sandbox.reset()
