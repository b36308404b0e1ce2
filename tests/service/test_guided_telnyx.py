"""Guided set-up of a simulated Telnyx: the real plugin under the real journal."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from harness import CONNECTIONS, KEYS, Clock, World, settings_for
from litestar.testing import TestClient
from sqlalchemy.exc import OperationalError
from test_server import run

import trunkline_telnyx
from serving import at_once, serving
from trunkline.engine import Engine
from trunkline.http.dial import SandboxDial
from trunkline.http.guard import Limits
from trunkline.registry import Registry
from trunkline_sandbox import Fault, Sandbox, running
from trunkline_sandbox.telnyx import SimulatedTelnyx
from trunkline_sandbox.telnyx.model import ApiKey
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

    def test(self, **credentials: str) -> tuple[dict[str, Any], httpx.Response]:
        body = {
            "provider": "telnyx",
            "setup_method": "guided_telnyx",
            "credentials": {**self.credentials, **credentials},
        }
        return body, self.world.post(f"{CONNECTIONS}/test", body)

    def tested(self, **credentials: str) -> dict[str, Any]:
        body, answer = self.test(**credentials)
        assert answer.status_code == 201, answer.text
        return {**body, "verification_evidence_id": answer.json()["verification_evidence_id"]}

    def second_key(self) -> str:
        """Another key of the same account."""
        key = ApiKey("KEY0123456789ABCDEF0123456789ABCDEF_2ndKeyOfThisAccount")
        self.sandbox.carrier.accounts["guided"].keys.append(key)
        return key.secret

    def switch(self, **switches: Any) -> None:
        self.sandbox.carrier.change("guided", "switches", "", switches)

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


# The SIP login


def sealed_login(telnyx: Telnyx, connection: int) -> tuple[str, str]:
    with telnyx.world.service.database.reading() as db:
        stored = connections.find(db, telnyx.world.organization, connection)
    assert stored is not None
    made = stored.made(telnyx.world.service.sealer)
    return made["sip_username"], made["sip_password"].reveal()


def test_a_guided_connection_shows_where_and_as_whom_to_call_and_no_password(telnyx: Telnyx) -> None:
    answer = telnyx.world.post(CONNECTIONS, telnyx.tested())
    user, password = sealed_login(telnyx, answer.json()["id"])
    assert answer.json()["sip_config"] == {"domain": "sip.telnyx.com", "transport": "udp", "username": user}
    assert password not in answer.text


def test_a_shown_login_that_is_sent_back_changes_nothing_and_a_renamed_connection_shows_it_still(
    telnyx: Telnyx,
) -> None:
    made = telnyx.world.post(CONNECTIONS, telnyx.tested()).json()
    path, shown = f"{CONNECTIONS}/{made['id']}", made["sip_config"]
    answer = telnyx.world.call("PATCH", path, {"name": "Mine", "sip_config": shown})
    assert (answer.status_code, answer.json()["name"], answer.json()["sip_config"]) == (200, "Mine", shown)
    answer = telnyx.world.call("PATCH", path, {"sip_config": {"domain": "acme.sip.telnyx.com"}})
    assert answer.json()["sip_config"] == {**shown, "domain": "acme.sip.telnyx.com"}
    answer = telnyx.world.call("PATCH", path, {"sip_config": {"username": "another"}})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["sip_config.username"])


def test_a_replaced_user_is_shown_by_every_connection_that_stands_on_it(telnyx: Telnyx) -> None:
    first = telnyx.world.post(CONNECTIONS, telnyx.tested()).json()
    lose_login(telnyx)
    second = telnyx.world.post(CONNECTIONS, telnyx.tested()).json()
    shown = telnyx.world.get(f"{CONNECTIONS}/{first['id']}").json()["sip_config"]
    assert shown == second["sip_config"] != first["sip_config"]


def test_the_operator_prints_the_login_and_is_warned(telnyx: Telnyx, tmp_path: Path) -> None:
    world = telnyx.world
    made = world.post(CONNECTIONS, telnyx.tested()).json()["id"]
    plain = {**telnyx.tested(), "setup_method": "api_key"}
    without = world.post(CONNECTIONS, plain).json()["id"]
    user, password = sealed_login(telnyx, made)
    other, _ = world.organization_with_key()

    def printed(connection: int, organization: int) -> tuple[int, str, str]:
        words = ("connections", "sip-login", str(connection), "--organization", str(organization))
        done = run(tmp_path, *words, TRUNKLINE_DATABASE_URL=world.url, TRUNKLINE_KEYS=KEYS)
        return done.returncode, done.stdout, done.stderr

    said = f"domain\tsip.telnyx.com\ntransport\tudp\nusername\t{user}\npassword\t{password}\n"
    warning = "Whoever has this password calls at the customer's cost: keep it out of logs and tickets.\n"
    assert printed(made, world.organization) == (0, said, warning)
    code, out, error = printed(without, world.organization)
    assert (code, out, "has no SIP login of its own" in error) == (1, "", True)
    assert printed(made, other) == (1, "", f"Organization {other} has no connection {made}.\n")


# One account that is not always known to be one


def test_a_test_during_trouble_with_the_identity_is_no_pass_without_one(telnyx: Telnyx) -> None:
    first = telnyx.world.post(CONNECTIONS, telnyx.tested()).json()
    telnyx.sandbox.faults.add(Fault("status", path="/charges_breakdown", status=503, times=None))
    _, answer = telnyx.test()
    assert (answer.status_code, answer.json()["retryable"]) == (503, True)
    telnyx.sandbox.faults.clear()
    second = telnyx.world.post(CONNECTIONS, telnyx.tested()).json()
    assert telnyx.made() == (1, 1, 1)
    assert all(telnyx.login_in_force(each["id"]) for each in (first, second))


@pytest.mark.parametrize("hidden", [(0, 1), (0,), (1,)])
def test_two_keys_of_one_account_share_its_login_whichever_tells_its_identity(
    telnyx: Telnyx, hidden: tuple[int, ...]
) -> None:
    made = []
    for at, key in enumerate((telnyx.credentials["apiKey"], telnyx.second_key())):
        telnyx.switch(charges="forbidden" if at in hidden else "documented")
        answer = telnyx.world.post(CONNECTIONS, telnyx.tested(apiKey=key))
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["id"])
    assert telnyx.made() == (1, 1, 1)
    assert [telnyx.login_in_force(id) for id in made] == [True, True]


@pytest.mark.parametrize("charges", ["forbidden", "documented"])
def test_two_keys_of_one_account_at_once_make_one_of_everything(telnyx: Telnyx, charges: str) -> None:
    telnyx.switch(charges=charges)
    bodies = [telnyx.tested(), telnyx.tested(apiKey=telnyx.second_key())]
    headers = {"Authorization": f"Bearer {telnyx.world.key}"}
    with serving(telnyx.world.service) as address:
        answers = at_once(2, address, lambda http, i: http.post(CONNECTIONS, json=bodies[i], headers=headers))
    assert [answer.status_code for answer in answers] == [201, 201], [answer.text for answer in answers]
    assert telnyx.made() == (1, 1, 1)
    assert all(telnyx.login_in_force(answer.json()["id"]) for answer in answers)


def lose_login(telnyx: Telnyx) -> None:
    """Somebody sets another login at the carrier, so that the next set-up has to make a new one."""
    for each in telnyx.sandbox.carrier.accounts["guided"].connections.values():
        if each.name == telnyx.world.service.marker(telnyx.world.organization):
            each.user_name, each.password = "someoneElse", "0123456789"


@pytest.mark.parametrize("charges", ["forbidden", "documented"])
def test_a_login_that_set_up_replaces_is_sealed_for_every_connection_that_stands_on_it(
    telnyx: Telnyx, charges: str
) -> None:
    telnyx.switch(charges=charges)
    made = [telnyx.world.post(CONNECTIONS, telnyx.tested()).json()["id"]]
    lose_login(telnyx)
    made.append(telnyx.world.post(CONNECTIONS, telnyx.tested(apiKey=telnyx.second_key())).json()["id"])
    assert [telnyx.login_in_force(id) for id in made] == [True, True]


def test_a_login_stays_sealed_though_the_set_up_that_replaced_it_is_undone(telnyx: Telnyx) -> None:
    first = telnyx.world.post(CONNECTIONS, telnyx.tested()).json()["id"]
    lose_login(telnyx)
    body = telnyx.tested()
    # The last read, after the login was set, fails.
    telnyx.sandbox.faults.add(Fault("status", method="GET", path="/outbound_voice_profiles/", status=503, times=None))
    answer = telnyx.world.post(CONNECTIONS, body)
    assert answer.status_code == 503, answer.text
    assert [each["id"] for each in telnyx.world.get(CONNECTIONS).json()] == [first]
    assert telnyx.login_in_force(first)


@pytest.mark.parametrize("hidden", ["before", "after", "always"])
def test_another_key_of_an_account_whose_identity_is_not_told_is_not_called_another_account(
    telnyx: Telnyx, hidden: str
) -> None:
    telnyx.switch(charges="documented" if hidden == "after" else "forbidden")
    id = telnyx.world.post(CONNECTIONS, telnyx.tested()).json()["id"]
    telnyx.switch(charges="documented" if hidden == "before" else "forbidden")
    body = telnyx.tested(apiKey=telnyx.second_key())
    change = {name: body[name] for name in ("credentials", "verification_evidence_id")}
    answer = telnyx.world.call("PATCH", f"{CONNECTIONS}/{id}", change)
    assert answer.status_code == 200, answer.text
    assert telnyx.login_in_force(id)


def test_a_key_of_another_account_is_still_told_when_one_in_between_told_none(telnyx: Telnyx) -> None:
    id = telnyx.world.post(CONNECTIONS, telnyx.tested()).json()["id"]
    telnyx.switch(charges="forbidden")
    for key, status in ((telnyx.second_key(), 200), (telnyx.sandbox.carrier.accounts["empty"].api_key, 409)):
        body = telnyx.tested(apiKey=key)
        change = {name: body[name] for name in ("credentials", "verification_evidence_id")}
        answer = telnyx.world.call("PATCH", f"{CONNECTIONS}/{id}", change)
        assert answer.status_code == status, answer.text
    assert answer.json()["code"] == "different_account"


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
