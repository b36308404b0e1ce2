"""A simulated Twilio in trouble behind the real plugin: what is told agrees with how the carrier stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from harness import CONNECTIONS, PHONE_NUMBERS, Clock, World, settings_for
from litestar.testing import TestClient

import trunkline_twilio
from trunkline.engine import Engine
from trunkline.http.dial import SandboxDial
from trunkline.http.guard import Limits
from trunkline.registry import Registry
from trunkline_sandbox import Fault, Sandbox, running
from trunkline_sandbox.twilio import SimulatedTwilio
from trunkline_service import recovery
from trunkline_service.app import create_app
from trunkline_service.start import start

LABEL = "subaccount"
PRODUCTS = ("api", "trunking", "voice", "pricing", "routes")
PATIENCE_SECONDS = 0.5


@attrs.frozen
class Twilio:
    """A service before a simulated Twilio, and a connection to an account there."""

    world: World
    sandbox: Sandbox[SimulatedTwilio]
    credentials: dict[str, str]
    connection: int
    engines: dict[bool, Engine]
    """One that waits for an answer, and one that does not wait long."""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.world.call(method, path, body)
        assert not [value for name, value in self.credentials.items() if name != "accountSid" and value in answer.text]
        return answer

    def import_(self, number: str) -> Any:
        return self.call("POST", f"{CONNECTIONS}/{self.connection}/import-numbers", {"numbers": [number]})

    def struck(self, fault: Fault, method: str, path: str, body: Any = None) -> Any:
        """The answer while every such request to the carrier meets the fault."""
        self.world.service.engines["live"] = self.engines[fault.kind.startswith("timeout")]  # type: ignore[index]
        self.sandbox.faults.add(fault)
        try:
            answer = self.call(method, path, body)
        finally:
            self.sandbox.faults.clear()
            self.world.service.engines["live"] = self.engines[False]  # type: ignore[index]
        assert fault.struck
        return answer

    def imported(self) -> tuple[str, int]:
        """A number that is imported, and its id."""
        number = self.fresh_number()
        return number, self.import_(number).json()["results"][0]["id"]

    def fresh_number(self) -> str:
        """A number that nobody has imported."""
        held = self.sandbox.carrier.accounts[LABEL].numbers.values()
        return next(each.phone_number for each in held if not each.value("trunk_sid"))

    def is_ours(self, number: str) -> bool:
        """Whether the carrier routes the number to us."""
        held = self.sandbox.carrier.accounts[LABEL]
        (found,) = [each for each in held.numbers.values() if each.phone_number == number]
        return found.value("trunk_sid") in held.trunks

    def is_listed(self, number: str) -> bool:
        """Whether the service says that the number is imported."""
        return number in [each["number"] for each in self.call("GET", PHONE_NUMBERS).json()]


@pytest.fixture(scope="module")
def service_and_carrier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twilio]:
    folder = tmp_path_factory.mktemp("twilio")
    clock, registry = Clock(), Registry.of(trunkline_twilio.plugin)
    settings = settings_for(f"sqlite:///{folder / 'service.db'}", folder)
    with running(SimulatedTwilio()) as sandbox:
        dial = SandboxDial({f"https://{product}.twilio.com": sandbox.address for product in PRODUCTS})
        engines = {
            hasty: Engine(
                registry,
                dial=dial,
                platform=settings.sip_host,
                limits=Limits(connect_seconds=5, read_seconds=PATIENCE_SECONDS if hasty else 10),
                now=clock,
                sleep=lambda _: None,
            )
            for hasty in (False, True)
        }
        made = start(settings, registry)
        service = attrs.evolve(made, clock=clock, engines=dict.fromkeys(made.engines, engines[False]))
        (entry,) = [each for each in sandbox.carrier.listing() if each.label == LABEL]
        try:
            with TestClient(create_app(service, background=False)) as http:
                world = World(None, service, clock, http, "", 0, "")  # type: ignore[arg-type]
                world.organization, world.key = world.organization_with_key()
                connection = world.connect(entry.credentials, provider="twilio")["id"]
                yield Twilio(world, sandbox, dict(entry.credentials), connection, engines)
        finally:
            service.database.dispose()
            for engine in engines.values():
                engine.close()


@pytest.fixture
def twilio(service_and_carrier: Twilio) -> Iterator[Twilio]:
    """With numbers that nobody holds; those that a test imports are given back."""
    yield service_and_carrier
    for each in service_and_carrier.call("GET", PHONE_NUMBERS).json():
        # One whose release nobody confirmed is given back before it is released anew.
        given_back = service_and_carrier.call("DELETE", f"{PHONE_NUMBERS}/{each['id']}").json()["routing"]
        assert given_back in ("restored", "left_alone")
        assert not service_and_carrier.is_ours(each["number"])


FAULTS: dict[str, dict[str, Any]] = {
    "truncated": {"kind": "truncated_json"},
    "not found": {"kind": "status", "status": 404, "json": {"code": 20404, "message": "Not found", "status": 404}},
    "forbidden": {"kind": "status", "status": 403, "json": {"code": 20403, "message": "Forbidden", "status": 403}},
    "html": {"kind": "html", "status": 200},
    "silent before": {"kind": "timeout_before"},
    "silent after": {"kind": "timeout_after"},
}


TOLD = {
    "truncated": ("carrier_answer_unexpected", "provisioning", "carrier_answer_unexpected", "restored"),
    "not found": ("credentials_rejected", "not_on_account", "failed", "carrier_unavailable"),
    "forbidden": ("account_suspended", "carrier_refused", "failed", "account_suspended"),
    "html": ("carrier_answer_unexpected", "carrier_unavailable", "carrier_answer_unexpected", "carrier_unavailable"),
    "silent before": ("carrier_timed_out", "unverified_write", "carrier_timed_out", "unverified_write"),
    "silent after": ("carrier_timed_out", "provisioning", "carrier_timed_out", "restored"),
}
"""By fault: what listing, importing, verifying and releasing say of it."""

READS = {"method": "GET"}
WRITES = {"method": "POST", "path": "/IncomingPhoneNumbers/"}
WRITES_AND_READING_BACK = {"path": "/IncomingPhoneNumbers/"}


def fault(name: str, strikes: dict[str, Any]) -> Fault:
    return Fault(**FAULTS[name], **strikes, times=None)


def outcome(answer: Any) -> str:
    """One word for the import of one number."""
    (result,) = answer.json()["results"]
    assert (result["id"] is None) == ("error" in result)
    return str(result["error"]["code"] if "error" in result else result["status"])


@pytest.mark.parametrize("name", FAULTS)
def test_numbers_are_listed_whole_or_the_trouble_is_told(twilio: Twilio, name: str) -> None:
    answer = twilio.struck(fault(name, READS), "GET", f"{CONNECTIONS}/{twilio.connection}/available-numbers")
    assert answer.status_code >= 400
    assert answer.json()["code"] == TOLD[name][0]


@pytest.mark.parametrize("name", FAULTS)
def test_a_number_is_imported_exactly_where_the_carrier_routes_it_here(twilio: Twilio, name: str) -> None:
    number = twilio.fresh_number()
    path = f"{CONNECTIONS}/{twilio.connection}/import-numbers"
    answer = twilio.struck(fault(name, WRITES), "POST", path, {"numbers": [number]})
    assert outcome(answer) == TOLD[name][1]
    imported = outcome(answer) == "provisioning"
    assert (twilio.is_ours(number), twilio.is_listed(number)) == (imported, imported)
    assert outcome(twilio.import_(number)) == "provisioning"


def test_a_pause_that_the_carrier_asks_for_is_told_with_its_length(twilio: Twilio) -> None:
    number = twilio.fresh_number()
    asked = {"code": 20429, "message": "Too many requests", "status": 429}
    pause = Fault("status", status=429, json=asked, headers={"Retry-After": "30"}, times=None, **WRITES)
    path = f"{CONNECTIONS}/{twilio.connection}/import-numbers"
    (result,) = twilio.struck(pause, "POST", path, {"numbers": [number]}).json()["results"]
    assert result["error"] == {
        "code": "carrier_unavailable",
        "detail": "Twilio asks for a pause: too many requests at once. Try again in a moment. Nothing was changed. "
        "Import the number again in 30 s.",
    }
    assert (twilio.is_ours(number), twilio.is_listed(number)) == (False, False)


@pytest.mark.parametrize("name", FAULTS)
def test_a_number_is_not_verified_by_an_answer_that_is_none(twilio: Twilio, name: str) -> None:
    number, id = twilio.imported()
    answer = twilio.struck(fault(name, READS), "POST", f"{PHONE_NUMBERS}/{id}/verify-voip")
    said = answer.json()
    assert said["voip_verification_status" if answer.status_code == 200 else "code"] == TOLD[name][2]
    assert (twilio.is_ours(number), twilio.is_listed(number)) == (True, True)
    again = twilio.call("POST", f"{PHONE_NUMBERS}/{id}/verify-voip").json()
    assert again["voip_verification_status"] == "verified"


@pytest.mark.parametrize("name", FAULTS)
def test_a_number_is_given_back_exactly_where_that_is_told(twilio: Twilio, name: str) -> None:
    number, id = twilio.imported()
    answer = twilio.struck(fault(name, WRITES), "DELETE", f"{PHONE_NUMBERS}/{id}")
    said = answer.json()
    assert said["routing" if answer.status_code == 200 else "code"] == TOLD[name][3]
    assert twilio.is_ours(number) == (TOLD[name][3] != "restored")
    assert twilio.is_listed(number) == (answer.status_code != 200)


@pytest.mark.parametrize(("name", "ours"), [("silent before", False), ("silent after", True)])
def test_an_import_that_nobody_confirms_is_told_so_and_looked_into(twilio: Twilio, name: str, ours: bool) -> None:
    number = twilio.fresh_number()
    path = f"{CONNECTIONS}/{twilio.connection}/import-numbers"
    answer = twilio.struck(fault(name, WRITES_AND_READING_BACK), "POST", path, {"numbers": [number]})
    assert outcome(answer) == "unverified_write"
    twilio.world.clock.forward(seconds=76)
    assert recovery.sweep(twilio.world.service) == 1
    assert (twilio.is_ours(number), twilio.is_listed(number)) == (ours, ours)


@pytest.mark.parametrize("name", ["silent before", "silent after"])
def test_a_release_that_nobody_confirms_is_told_so_and_finished(twilio: Twilio, name: str) -> None:
    number, id = twilio.imported()
    answer = twilio.struck(fault(name, {**WRITES_AND_READING_BACK, "after": 1}), "DELETE", f"{PHONE_NUMBERS}/{id}")
    assert (answer.status_code, answer.json()["code"]) == (504, "unverified_write")
    assert recovery.sweep(twilio.world.service) == 1
    assert (twilio.is_ours(number), twilio.is_listed(number)) == (False, False)
