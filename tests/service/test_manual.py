"""A SIP trunk through the service: from the fields of its form to the release of a number, over a simulated trunk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from acme import KEY, Carrier, Plugin
from harness import CONNECTIONS, PHONE_NUMBERS, Clock, World, settings_for
from litestar.testing import TestClient

import trunkline_manual
from trunkline.registry import Registry
from trunkline_sandbox import Sandbox
from trunkline_sandbox.trunk import SimulatedTrunk, running_trunk
from trunkline_service import import_worker
from trunkline_service.app import create_app
from trunkline_service.settings import SettingsError
from trunkline_service.start import start
from trunkline_service.watching import watch

ONE, TWO = "+18085550100", "+18085550101"
CONTRACT = {"credentials_valid", "inbound_reachable", "outbound_authorized"}


@attrs.frozen
class Trunks:
    """A service before simulated trunks, and before Acme, whose own list backs its numbers."""

    world: World
    sandbox: Sandbox[SimulatedTrunk]

    def given(self, label: str = "healthy", **config: Any) -> dict[str, Any]:
        """The fields of a request that name a trunk."""
        (entry,) = [each for each in self.sandbox.carrier.listing() if each.label == label]
        sip_config = {**entry.sip_config, "numbers": [ONE, TWO], **config}
        return {"provider": "manual", "credentials": dict(entry.credentials), "sip_config": sip_config}

    def test(self, label: str = "healthy", *, key: str | None = None, **config: Any) -> dict[str, Any]:
        answer = self.world.post(f"{CONNECTIONS}/test", self.given(label, **config), key=key)
        assert answer.status_code == 201, answer.text
        tested: dict[str, Any] = answer.json()
        return tested

    def connect(self, label: str = "healthy", *, key: str | None = None, **config: Any) -> dict[str, Any]:
        evidence = self.test(label, key=key, **config)["verification_evidence_id"]
        body = {**self.given(label, **config), "verification_evidence_id": evidence}
        answer = self.world.post(CONNECTIONS, body, key=key)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def imported(self, label: str = "healthy") -> tuple[int, int]:
        """A connection to a trunk, and a number imported through it."""
        connection = self.connect(label)["id"]
        return connection, self.world.import_(connection, ONE)["results"][0]["id"]

    def verify(self, number: int) -> dict[str, Any]:
        answer = self.world.post(f"{PHONE_NUMBERS}/{number}/verify-voip")
        assert answer.status_code == 200, answer.text
        verified: dict[str, Any] = answer.json()
        return verified

    def turn(self, label: str, **how: Any) -> None:
        self.sandbox.carrier.change(label, "trunk", "all", how)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox[SimulatedTrunk]]:
    with running_trunk(SimulatedTrunk()) as sandbox:
        yield sandbox


@contextmanager
def trunks_on(database_url: str, tmp_path: Path, sandbox: Sandbox[SimulatedTrunk]) -> Iterator[Trunks]:
    """The service as the operator's settings make it; Acme's plugin asks nobody."""
    carrier = Carrier()
    carrier.open(KEY, ONE, TWO)
    mapped = ",".join(f"sip:{host}={sandbox.sip_address}" for host in sandbox.carrier.hosts)
    settings = settings_for(
        database_url,
        tmp_path,
        TRUNKLINE_SANDBOX=mapped,
        TRUNKLINE_SIP_HOST="sip.platform.example",
        TRUNKLINE_SIP_ADDRESSES="198.51.100.7, 198.51.100.32/28",
    )
    service = start(settings, Registry.of(trunkline_manual.plugin, Plugin(carrier)))
    clock = Clock()
    service = attrs.evolve(service, clock=clock)
    try:
        with TestClient(create_app(service, background=False)) as http:
            world = World(carrier, service, clock, http, "", 0, database_url)
            world.organization, world.key = world.organization_with_key("sandbox")
            yield Trunks(world, sandbox)
    finally:
        sandbox.reset()
        service.database.dispose()


@pytest.fixture
def trunks(tmp_path: Path, sandbox: Sandbox[SimulatedTrunk]) -> Iterator[Trunks]:
    with trunks_on(f"sqlite:///{tmp_path / 'service.db'}", tmp_path, sandbox) as made:
        yield made


@pytest.fixture
def any_trunks(database_url: str, tmp_path: Path, sandbox: Sandbox[SimulatedTrunk]) -> Iterator[Trunks]:
    with trunks_on(database_url, tmp_path, sandbox) as made:
        yield made


def outcomes(tested: dict[str, Any]) -> dict[str, tuple[bool | None, str]]:
    return {name: (value, tested["check_details"][name]["code"]) for name, value in tested["checks"].items()}


def test_a_trunk_goes_the_whole_way(trunks: Trunks) -> None:
    world = trunks.world
    tested = trunks.test()
    assert tested["status"] == "pass"
    assert tested["suggested_connection_name"] == f"SIP trunk: healthy.trunk.example ({ONE})"
    assert outcomes(tested) == {
        "credentials_valid": (True, "credentials_accepted"),
        "inbound_reachable": (None, "only_a_call_can_prove"),
        "outbound_authorized": (None, "credentials_accepted"),
        "trunk_reachable": (True, "trunk_answers"),
    }
    assert tested["check_details"]["platform_answers"]["outcome"] == "pass"

    made = trunks.connect()
    assert (made["setup_method"], made["status"]) == ("manual", "connected")
    assert made["sip_config"]["numbers"] == [ONE, TWO]
    listed = world.get(f"{CONNECTIONS}/{made['id']}/available-numbers").json()
    assert listed[0] == {
        "id": ONE,
        "number": ONE,
        "friendlyName": None,
        "type": "local",
        "capabilities": ["voice"],
        "region": "US-HI",
        "monthlyFee": None,
    }

    dry = f"{CONNECTIONS}/{made['id']}/import-numbers?dry_run=true"
    plan, answer = world.post(dry, {"numbers": [ONE]}).json(), world.import_(made["id"], ONE)
    for said in (plan, answer):
        assert said["instructions"] == {
            "summary": "At the carrier, send calls to each number to sip:NUMBER@sip.platform.example, with the number "
            "in its place. Have it allow calls from 198.51.100.7, 198.51.100.32/28.",
            "sip_addresses": [{"number": ONE, "uri": f"sip:{ONE}@sip.platform.example"}],
            "transport": None,
            "allow_addresses": ["198.51.100.7", "198.51.100.32/28"],
        }
        assert (said["provider_charge_estimate_cents"], said["provider_charge_currency"]) == (None, None)
        assert "does not tell the price" in said["provider_charge_note"]
    assert plan["numbers"][0]["before"] == {"kind": "not_known", "host": None}

    path = f"{CONNECTIONS}/{made['id']}/import-numbers"
    job = world.post(path, {"numbers": [TWO]}, Prefer="respond-async").json()
    assert import_worker.go_on_with_next(world.service)
    by_job = world.get(f"/v1/import-jobs/{job['id']}").json()
    assert by_job["instructions"] == {
        **answer["instructions"],
        "sip_addresses": [{"number": TWO, "uri": f"sip:{TWO}@sip.platform.example"}],
    }

    number = answer["results"][0]["id"]
    verified = trunks.verify(number)
    assert (verified["voip_verification_status"], verified["status"]) == ("verified", "active")
    assert verified["checks"] == {
        "inbound_routed": None,
        "outbound_authorized": None,
        "credentials_valid": True,
        "trunk_reachable": True,
    }
    released = world.call("DELETE", f"{PHONE_NUMBERS}/{number}").json()
    assert (released["routing"], released["code"]) == ("cannot_restore", "entered_by_hand")


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("open", {"credentials_valid": None, "outbound_authorized": None, "trunk_reachable": True}),
        ("bad_credentials", {"credentials_valid": False, "outbound_authorized": False, "trunk_reachable": True}),
        ("address_refused", {"credentials_valid": None, "outbound_authorized": False, "trunk_reachable": True}),
    ],
)
def test_a_test_is_passed_where_nothing_is_false_and_something_is_true(
    trunks: Trunks, label: str, expected: dict[str, bool | None]
) -> None:
    tested = trunks.test(label)
    assert tested["checks"] == {**expected, "inbound_reachable": None}
    passes = False not in expected.values()
    assert (tested["status"] == "pass", tested["verification_evidence_id"] is not None) == (passes, passes)


def test_the_form_can_be_drawn_from_what_is_said_of_the_provider(trunks: Trunks) -> None:
    said = next(each for each in trunks.world.get("/v1/voip-providers").json() if each["provider"] == "manual")
    assert [method["id"] for method in said["setup_methods"]] == ["manual"]
    assert [[field["name"] for field in form["fields"]] for form in said["credential_forms"]] == [
        [],
        ["username", "password"],
    ]
    secret = {field["name"] for form in said["credential_forms"] for field in form["fields"] if field["secret"]}
    assert secret == {"password"}
    fields = {field["name"]: field for field in said["sip_fields"]}
    assert fields["domain"]["required"]
    assert fields["numbers"]["kind"] == "text_list"
    assert fields["transport"]["default"] == "auto"


def test_fields_that_do_not_fit_are_named(trunks: Trunks) -> None:
    answer = trunks.world.post(f"{CONNECTIONS}/test", trunks.given("open", authentication="digest"))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields")
    assert set(answer.json()["errors"]) == {"credentials.username", "credentials.password"}
    answer = trunks.world.post(f"{CONNECTIONS}/suggest-name", trunks.given(domain="sip:healthy.trunk.example"))
    assert set(answer.json()["errors"]) == {"sip_config.domain"}


@pytest.mark.parametrize(
    "steering", [{"domain": "md5.trunk.example"}, {"port": 5080}, {"transport": "tcp"}, {"outboundProxy": "a.example"}]
)
def test_where_a_login_is_sent_is_not_changed_without_proof(trunks: Trunks, steering: dict[str, Any]) -> None:
    made = trunks.connect()
    path = f"{CONNECTIONS}/{made['id']}"
    answer = trunks.world.call("PATCH", path, {"sip_config": steering})
    assert (answer.status_code, answer.json()["code"]) == (400, "evidence_required")
    assert trunks.world.get(path).json() == made


def test_where_a_login_is_sent_is_changed_with_fresh_evidence(trunks: Trunks) -> None:
    made, given = trunks.connect(), trunks.given(transport="tcp")
    body = {
        "sip_config": {"transport": "tcp"},
        "credentials": given["credentials"],
        "verification_evidence_id": trunks.test(transport="tcp")["verification_evidence_id"],
    }
    answer = trunks.world.call("PATCH", f"{CONNECTIONS}/{made['id']}", body)
    assert answer.json()["sip_config"] == {**made["sip_config"], "transport": "tcp"}


def test_evidence_for_one_host_is_none_for_another(trunks: Trunks) -> None:
    evidence = trunks.test()["verification_evidence_id"]
    elsewhere = {**trunks.given(domain="md5.trunk.example"), "verification_evidence_id": evidence}
    answer = trunks.world.post(CONNECTIONS, elsewhere)
    assert (answer.status_code, answer.json()["code"]) == (422, "evidence_wrong_credentials")


def test_numbers_are_entered_and_taken_off_without_a_test(trunks: Trunks) -> None:
    connection, number = trunks.imported()
    path = f"{CONNECTIONS}/{connection}"
    answer = trunks.world.call("PATCH", path, {"sip_config": {"numbers": [TWO]}})
    assert answer.json()["sip_config"]["numbers"] == [TWO]
    assert [each["number"] for each in trunks.world.get(f"{path}/available-numbers").json()] == [TWO]
    verified = trunks.verify(number)
    assert verified["check_details"]["inbound_routed"]["code"] == "number_not_entered"
    assert (verified["voip_verification_status"], verified["status"]) == ("failed", "failed")
    assert trunks.world.import_(connection, "+18085550199")["results"][0]["error"]["code"] == "not_on_account"


def test_numbers_of_a_trunk_are_claimed_in_their_organization_only_and_yield_to_a_carrier_s_list(
    any_trunks: Trunks,
) -> None:
    trunks, world = any_trunks, any_trunks.world
    connection, number = trunks.imported()
    assert world.import_(connection, ONE)["results"] == [{"id": number, "number": ONE, "status": "provisioning"}]
    _, other = world.organization_with_key("sandbox")
    theirs = trunks.connect("open", key=other)["id"]
    assert world.import_(theirs, ONE, key=other)["imported_count"] == 1
    backed = world.connect()["id"]
    assert world.import_(backed, ONE)["results"][0]["id"] == number
    assert world.get(f"{PHONE_NUMBERS}/{number}").json()["voip_connection_id"] == backed
    assert world.import_(theirs, TWO, key=other)["imported_count"] == 1


def test_a_login_that_is_refused_shows_in_the_connection_until_it_is_taken_again(trunks: Trunks) -> None:
    connection, number = trunks.imported()
    path = f"{CONNECTIONS}/{connection}"

    trunks.turn("healthy", password="another-one-4711")
    verified = trunks.verify(number)
    assert verified["checks"]["credentials_valid"] is False
    assert verified["voip_verification_status"] == "failed"
    assert trunks.world.get(path).json()["status"] == "error"
    assert trunks.world.get(f"{path}/available-numbers").status_code == 200
    assert trunks.world.get(path).json()["status"] == "error"

    trunks.sandbox.reset()
    assert trunks.verify(number)["voip_verification_status"] == "verified"
    assert trunks.world.get(path).json()["status"] == "connected"


def test_a_new_connection_to_the_same_trunk_adopts_the_numbers_of_a_deleted_one(trunks: Trunks) -> None:
    connection, number = trunks.imported()
    assert trunks.world.call("DELETE", f"{CONNECTIONS}/{connection}").status_code == 204
    again = trunks.connect(port=5060, domain="HEALTHY.trunk.example")["id"]
    assert trunks.world.get(f"{PHONE_NUMBERS}/{number}").json()["voip_connection_id"] == again


def test_a_connection_with_its_numbers_is_taken_down_without_asking_the_trunk(trunks: Trunks) -> None:
    connection, number = trunks.imported()
    trunks.sandbox.requests.clear()
    answer = trunks.world.call("DELETE", f"{CONNECTIONS}/{connection}?release_numbers=true")
    assert answer.status_code == 204
    assert trunks.world.get(f"{PHONE_NUMBERS}/{number}").json()["status"] == "released"
    assert not list(trunks.sandbox.requests)


def test_no_password_is_stored_in_the_clear_or_shown(trunks: Trunks, tmp_path: Path) -> None:
    password = trunks.given()["credentials"]["password"]
    shown = [str(trunks.test()), str(trunks.connect()), trunks.world.get(CONNECTIONS).text]
    assert not [text for text in shown if password in text]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]


def test_a_host_without_a_sandbox_is_not_reached_by_a_sandbox_key(trunks: Trunks) -> None:
    body = {"provider": "manual", "credentials": {}, "sip_config": {"domain": "sip.carrier.example"}}
    answer = trunks.world.post(f"{CONNECTIONS}/test", body)
    assert answer.status_code >= 400
    assert answer.json()["code"] == "unsupported"


def test_watching_tests_the_login_and_leaves_numbers_alone_whose_routing_nobody_can_read(trunks: Trunks) -> None:
    connection, number = trunks.imported()
    service = attrs.evolve(trunks.world.service, watch_minutes=60)

    def seen() -> tuple[str, str]:
        trunks.world.clock.forward(hours=3)
        assert watch(service) == 1
        path = f"{CONNECTIONS}/{connection}"
        return trunks.world.get(path).json()["status"], trunks.world.get(f"{PHONE_NUMBERS}/{number}").json()["status"]

    assert seen() == ("connected", "provisioning")
    trunks.turn("healthy", password="another-one-4711")
    assert seen() == ("error", "provisioning")
    trunks.sandbox.reset()
    assert seen() == ("connected", "provisioning")


@pytest.mark.parametrize("addresses", ["203.0.113.7;198.51.100.7", "203.0.113.7/28", "sip.platform.example"])
def test_what_is_no_address_of_the_platform_is_told_by_the_setting_s_name(tmp_path: Path, addresses: str) -> None:
    with pytest.raises(SettingsError, match=r"^TRUNKLINE_SIP_ADDRESSES: .*203\.0\.113\.32/28"):
        settings_for("sqlite:///x.db", tmp_path, TRUNKLINE_SIP_ADDRESSES=addresses)
