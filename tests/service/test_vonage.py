"""What the service says of a simulated Vonage, by the real plugin: a change clears what Vonage does not show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from harness import CONNECTIONS, PHONE_NUMBERS, Clock, World, settings_for
from litestar.testing import TestClient

import trunkline_vonage
from trunkline.engine import Engine
from trunkline.http.dial import SandboxDial
from trunkline.registry import Registry
from trunkline_sandbox import Sandbox, running
from trunkline_sandbox.vonage import SimulatedVonage
from trunkline_service.app import create_app
from trunkline_service.start import start


@attrs.frozen
class Vonage:
    """A service before a simulated Vonage, and a connection to its healthy account."""

    world: World
    sandbox: Sandbox[SimulatedVonage]
    connection: int

    def number(self) -> str:
        """A number that holds what Vonage does not show."""
        held = self.sandbox.carrier.accounts["healthy"].numbers.values()
        return next(each.e164 for each in held if "voiceStatusCallback" in each.settings)


@pytest.fixture
def vonage(tmp_path: Path) -> Iterator[Vonage]:
    url = f"sqlite:///{tmp_path / 'service.db'}"
    clock, registry, settings = Clock(), Registry.of(trunkline_vonage.plugin), settings_for(url, tmp_path)
    with running(SimulatedVonage()) as sandbox:
        engine = Engine(
            registry,
            dial=SandboxDial({f"https://{host}": sandbox.address for host in sandbox.carrier.hosts}),
            platform=settings.sip_host,
            now=clock,
            sleep=lambda _: None,
        )
        service = start(settings, registry)
        service = attrs.evolve(
            service, clock=clock, engines=dict.fromkeys(service.engines, engine), addresses_of=lambda host: ()
        )
        (entry,) = [each for each in sandbox.carrier.listing() if each.label == "healthy"]
        try:
            with TestClient(create_app(service, background=False)) as http:
                world = World(None, service, clock, http, "", 0, url)  # type: ignore[arg-type]
                world.organization, world.key = world.organization_with_key()
                made = world.connect(entry.credentials, provider="vonage")
                yield Vonage(world, sandbox, made["id"])
        finally:
            service.database.dispose()
            engine.close()


def test_an_import_warns_of_the_fields_that_it_clears_and_so_does_its_plan(vonage: Vonage) -> None:
    number = vonage.number()
    path = f"{CONNECTIONS}/{vonage.connection}/import-numbers?dry_run=true"
    plan = vonage.world.post(path, {"numbers": [number]}).json()
    imported = vonage.world.import_(vonage.connection, number)
    for answer in (plan, imported):
        (warning,) = [each for each in answer["warnings"] if each["code"] == "may_clear_unreadable_fields"]
        assert warning["numbers"] == [number]


def test_a_release_says_that_what_vonage_does_not_show_was_cleared(vonage: Vonage) -> None:
    (imported,) = vonage.world.import_(vonage.connection, vonage.number())["results"]
    released = vonage.world.call("DELETE", f"{PHONE_NUMBERS}/{imported['id']}").json()
    assert released["routing"] == "restored"
    assert "if they were set, set them again" in released["detail"]
