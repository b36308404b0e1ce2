"""Guided set-up of a simulated Telnyx: the real plugin under the real journal."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from harness import CONNECTIONS, Clock, World, settings_for
from litestar.testing import TestClient
from sqlalchemy.exc import OperationalError

import trunkline_telnyx
from trunkline.engine import Engine
from trunkline.http.dial import SandboxDial
from trunkline.http.guard import Limits
from trunkline.registry import Registry
from trunkline_sandbox import Fault, Sandbox, running
from trunkline_sandbox.telnyx import SimulatedTelnyx
from trunkline_service import recovery
from trunkline_service.app import create_app
from trunkline_service.start import start
from trunkline_service.storage import connections, set_ups

STEPS = ["outbound_profile", "connection", "fqdn", "authentication", "attachment", "primary_fqdn", "read_back"]
WRITES = [("POST", 0), ("POST", 1), ("POST", 2), ("PATCH", 0), ("PATCH", 1)]
"""The profile, the connection, the record, the attachment, the routing."""


@attrs.frozen
class Telnyx:
    """A service before a simulated Telnyx, and an account there that nothing was made in."""

    world: World
    sandbox: Sandbox[SimulatedTelnyx]
    credentials: dict[str, str]

    def tested(self) -> dict[str, Any]:
        body = {"provider": "telnyx", "setup_method": "guided_telnyx", "credentials": self.credentials}
        answer = self.world.post(f"{CONNECTIONS}/test", body)
        return {**body, "verification_evidence_id": answer.json()["verification_evidence_id"]}

    def made(self) -> tuple[int, int, int]:
        held = self.sandbox.carrier.accounts["guided"]
        marker = self.world.service.marker(self.world.organization)
        ours = [each for each in held.connections.values() if each.name == marker]
        profiles = [each for each in held.profiles.values() if each.name == marker]
        records = [each for each in held.fqdns.values() if each.connection_id in [own.id for own in ours]]
        return len(ours), len(profiles), len(records)

    def login_in_force(self, connection: int) -> bool:
        """Whether what was sealed is what Telnyx takes."""
        with self.world.service.database.reading() as db:
            stored = connections.find(db, self.world.organization, connection)
        assert stored is not None
        made = stored.made(self.world.service.sealer)
        own = self.sandbox.carrier.accounts["guided"].connections[made["connection_id"]]
        return bool(own.user_name == made["sip_username"] and own.password == made["sip_password"].reveal())


@pytest.fixture
def telnyx(tmp_path: Path) -> Iterator[Telnyx]:
    database_url = f"sqlite:///{tmp_path / 'service.db'}"
    clock, registry = Clock(), Registry.of(trunkline_telnyx.plugin)
    settings = settings_for(database_url, tmp_path)
    with running(SimulatedTelnyx()) as sandbox:
        engine = Engine(
            registry,
            dial=SandboxDial({"https://api.telnyx.com": sandbox.address}),
            platform=settings.sip_host,
            limits=Limits(connect_seconds=5, read_seconds=10),
            now=clock,
            sleep=lambda _: None,
        )
        service = start(settings, registry)
        service = attrs.evolve(service, clock=clock, engines=dict.fromkeys(service.engines, engine))
        (entry,) = [each for each in sandbox.carrier.listing() if each.label == "guided"]
        try:
            with TestClient(create_app(service, background=False)) as http:
                world = World(None, service, clock, http, "", 0, database_url)  # type: ignore[arg-type]
                world.organization, world.key = world.organization_with_key()
                yield Telnyx(world, sandbox, dict(entry.credentials))
        finally:
            service.database.dispose()
            engine.close()


def test_an_api_key_becomes_a_connection_that_numbers_can_be_imported_through(telnyx: Telnyx) -> None:
    world = telnyx.world
    answer = world.post(CONNECTIONS, telnyx.tested())
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["status"], made["setup_method"]) == ("connected", "guided_telnyx")
    steps = world.get(f"{CONNECTIONS}/{made['id']}/setup-steps").json()
    assert [step["id"] for step in steps] == STEPS
    assert {step["state"] for step in steps} <= {"found", "done"}
    assert telnyx.made() == (1, 1, 1)
    assert telnyx.login_in_force(made["id"])
    (number, *_) = world.get(f"{CONNECTIONS}/{made['id']}/available-numbers").json()
    assert world.import_(made["id"], number["number"])["imported_count"] == 1
    own = list(telnyx.sandbox.carrier.accounts["guided"].connections.values())
    assert len(own) == len({each.name for each in own}), "the import made no second connection"


def test_a_second_connection_shares_what_the_first_one_made_and_its_login(telnyx: Telnyx) -> None:
    first = telnyx.world.post(CONNECTIONS, telnyx.tested()).json()
    second = telnyx.world.post(CONNECTIONS, telnyx.tested()).json()
    assert telnyx.made() == (1, 1, 1)
    assert telnyx.login_in_force(second["id"])
    assert telnyx.login_in_force(first["id"])


@pytest.mark.parametrize(("method", "after"), WRITES)
def test_a_write_that_is_refused_leaves_nothing_behind(telnyx: Telnyx, method: str, after: int) -> None:
    body = telnyx.tested()
    telnyx.sandbox.faults.add(Fault("status", method=method, status=403, after=after))
    answer = telnyx.world.post(CONNECTIONS, body)
    assert (answer.status_code, answer.json()["carrier"]["status"]) == (422, 403)
    assert telnyx.made() == (0, 0, 0)
    assert telnyx.world.get(CONNECTIONS).json() == []
    assert telnyx.world.post(CONNECTIONS, body).status_code == 201


@pytest.mark.parametrize(("method", "after"), WRITES)
def test_a_carrier_that_goes_down_is_cleared_up_when_it_is_back(telnyx: Telnyx, method: str, after: int) -> None:
    body = telnyx.tested()
    telnyx.sandbox.faults.add(Fault("status", method=method, status=503, times=None, after=after))
    telnyx.sandbox.faults.add(Fault("status", method="DELETE", status=503, times=None))
    answer = telnyx.world.post(CONNECTIONS, body)
    assert (answer.status_code, answer.json()["retryable"]) in [(502, True), (503, True), (504, True)]
    telnyx.sandbox.faults.clear()
    telnyx.world.clock.forward(milliseconds=set_ups.RETRY_MS + 1)
    recovery.sweep(telnyx.world.service)
    assert (telnyx.made(), telnyx.world.get(CONNECTIONS).json()) == ((0, 0, 0), [])
    assert telnyx.world.post(CONNECTIONS, body).status_code == 201


ENTRIES = range(13)


def break_off(telnyx: Telnyx, entry: int) -> dict[str, Any]:
    """A set-up whose database goes away when it writes this entry of the journal, and what is left of it."""
    body, write, count = telnyx.tested(), set_ups.write, itertools.count()

    def write_or_not(*arguments: Any) -> None:
        if next(count) == entry:
            raise OperationalError("INSERT", {}, Exception("the database is gone"))
        write(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(set_ups, "write", write_or_not)
        answer = telnyx.world.post(CONNECTIONS, body)
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    (left,) = telnyx.world.get(CONNECTIONS).json()
    assert left["status"] == "pending"
    telnyx.world.clock.forward(milliseconds=set_ups.LEASE_MS + 1)
    made: dict[str, Any] = left
    return made


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_set_up_that_breaks_off_at_any_entry_of_its_journal_is_finished(telnyx: Telnyx, entry: int) -> None:
    left = break_off(telnyx, entry)
    assert recovery.sweep(telnyx.world.service) == 1
    assert telnyx.world.get(f"{CONNECTIONS}/{left['id']}").json()["status"] == "connected"
    assert telnyx.made() == (1, 1, 1)
    assert telnyx.login_in_force(left["id"])


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_set_up_that_breaks_off_at_any_entry_of_its_journal_can_be_undone(telnyx: Telnyx, entry: int) -> None:
    left = break_off(telnyx, entry)
    assert telnyx.world.call("DELETE", f"{CONNECTIONS}/{left['id']}").status_code == 204
    assert (telnyx.made(), telnyx.world.get(CONNECTIONS).json()) == ((0, 0, 0), [])
