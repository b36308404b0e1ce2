"""A carrier that lives in a dictionary, and its plugin: deterministic, and told to fail, to wait or to die."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from trunkline.account import CarrierAccount
from trunkline.call import Call
from trunkline.charges import ChargeItem, ChargeKind, ChargeSource, Money
from trunkline.checks import Check, CredentialTest, Exchange, Outcome, Verification
from trunkline.descriptor import (
    BearerAuth,
    Can,
    Capability,
    CredentialForm,
    Field,
    FieldKind,
    Host,
    Pace,
    ProviderDescriptor,
    SetupMethod,
)
from trunkline.errors import CredentialsRejected, NumberNotFound
from trunkline.hookspec import hookimpl
from trunkline.numbers import (
    CarrierNumber,
    NumberRef,
    NumberType,
    Release,
    ReleaseOutcome,
    Route,
    RoutingSnapshot,
    RoutingView,
    SuggestedName,
)
from trunkline.plan import ImportPlan, Instructions, PlannedNumber, PlannedObject, PlanWarning, SipAddress
from trunkline.secret import Secret
from trunkline.setup import SetUpStep, StepState

ACME, KEY, SECRET_URL = "acme", "key-" + "S3cr3tCanary" * 3, "https://u:PwCanary0123456789@pbx.example/voice"

SET_UP = ("profile", "trunk", "login")
"""What guided set-up makes, in this order; the login has a password that the carrier tells once."""
PASSWORD = "LoginCanary" + "9x8w7v6u" * 3

_IMPORTING = ("list_numbers", "import_numbers", "verify_numbers", "release_numbers")


class Carrier:
    """The carrier's books. With a path they are kept in a file, so that they outlive a killed process."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._accounts: dict[str, Any] = {}
        self.calls: list[str] = []
        self.fail: dict[str, Exception] = {}
        self.before: dict[str, Callable[..., None]] = {}
        self.after: dict[str, Callable[..., None]] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.steps: list[SetUpStep] | None = None
        self.by_hand = False

    @property
    def accounts(self) -> dict[str, Any]:
        if self._path is not None and self._path.exists():
            self._accounts = json.loads(self._path.read_text())
        return self._accounts

    def open(self, key: str, *numbers: str, identity: str | None = None, name: str | None = "Acme Main") -> None:
        accounts = self.accounts
        accounts[key] = {"identity": identity or f"account-{len(accounts)}", "name": name, "trunks": {}, "numbers": {}}
        for index, number in enumerate(numbers):
            accounts[key]["numbers"][number] = {
                "handle": f"PN{index}",
                "points_at": "old-app",
                "url": SECRET_URL,
                "voice": True,
            }
        self.save()

    def save(self) -> None:
        if self._path is not None:
            draft = self._path.with_suffix(".new")
            draft.write_text(json.dumps(self._accounts))
            draft.replace(self._path)

    def happens(self, hook: str, **facts: Any) -> None:
        """A hook is called: note it, run what the test asked for, raise what it asked for."""
        self.calls.append(hook)
        if hook in self.before:
            self.before[hook](**facts)
        if hook in self.fail:
            raise self.fail[hook]

    def happened(self, hook: str, **facts: Any) -> None:
        if hook in self.after:
            self.after[hook](**facts)


class Plugin:
    """The plugin of the carrier above."""

    def __init__(
        self,
        carrier: Carrier,
        id: str = ACME,
        *,
        typed: bool = False,
        guided: bool = False,
        named: bool = False,
        counting: bool = False,
    ) -> None:
        self.carrier = carrier
        self._descriptor = ProviderDescriptor(
            id=id,
            display_name=id.title(),
            setup_methods=(
                SetupMethod("api_key", "API key"),
                *((SetupMethod(f"guided_{id}", "Guided", guided=True),) if guided else ()),
            ),
            credential_forms=(
                CredentialForm(
                    "key",
                    "API key",
                    (
                        *((Field("account", "Account", "the account's id", required=True),) if named else ()),
                        Field("apiKey", "API key", "the key from the console", secret=True, required=True),
                        Field("note", "Note", "anything"),
                    ),
                    None if typed else BearerAuth("apiKey"),
                ),
            ),
            hosts=() if typed else (Host(r"api\.acme\.test"),),
            sip_fields=(
                Field("domain", "Domain", "a host name", pattern=r"[a-z0-9.-]+"),
                Field("proxy", "Proxy", "a host name", steers=True),
                Field("port", "Port", "a port", kind=FieldKind.INTEGER, steers=True),
                Field("realm", "Realm", "a host name", tested=True),
                Field("pin", "PIN", "a PIN", secret=True),
            ),
            pace=Pace(concurrency=4, writes_per_second=1000.0 if counting else None),
            capabilities=tuple(
                Capability(name, Can.YES) for name in (*_IMPORTING, *(("guided_setup",) if guided else ()))
            ),
        )

    def _account(self, account: CarrierAccount) -> dict[str, Any]:
        key = account.credentials["apiKey"]
        assert isinstance(key, Secret)
        found: dict[str, Any] | None = self.carrier.accounts.get(key.reveal())
        if found is None:
            raise CredentialsRejected("Acme does not accept this key.")
        return found

    @hookimpl
    def describe_provider(self) -> ProviderDescriptor:
        return self._descriptor

    @hookimpl
    def test_credentials(self, account: CarrierAccount, call: Call) -> CredentialTest:
        self.carrier.happens("test_credentials")
        proof = (Exchange("GET", "api.acme.test", "/accounts/{apiKey}", 200, "req-1", 0.01),)

        def check(name: str, outcome: Outcome) -> Check:
            outcome = self.carrier.outcomes.get(name, outcome)
            return Check(name, outcome, f"{name}_{outcome.value}", f"{name}: {outcome.value}", "Do this.", proof)

        try:
            identity, known = self._account(account)["identity"], Outcome.PASS
        except CredentialsRejected:
            identity, known = None, Outcome.FAIL
        return CredentialTest(
            check("credentials_valid", known),
            check("inbound_reachable", Outcome.PASS),
            check("outbound_authorized", Outcome.UNKNOWN),
            identity,
        )

    @hookimpl
    def suggest_name(self, account: CarrierAccount, call: Call) -> SuggestedName:
        self.carrier.happens("suggest_name")
        found = self._account(account)
        return SuggestedName(found["name"], next(iter(found["numbers"]), None))

    @hookimpl
    def list_numbers(self, account: CarrierAccount, call: Call) -> Iterator[CarrierNumber]:
        self.carrier.happens("list_numbers")
        try:
            for index, (number, facts) in enumerate(self._account(account)["numbers"].items()):
                self.carrier.happens("list_numbers.each", index=index)
                yield _listed(number, facts)
        finally:
            self.carrier.happened("list_numbers")

    @hookimpl
    def set_up_account(
        self, account: CarrierAccount, setup_method: str, done: Sequence[SetUpStep], call: Call
    ) -> Iterator[SetUpStep]:
        self.carrier.happens("set_up", account=account, done=done)
        if self.carrier.steps is not None:
            yield from self.carrier.steps
            return
        for name in SET_UP:
            here = f"{name} of {call.marker}"
            announced = any(step.id == name and step.undo for step in done)
            undo = {"made": here}
            if here in self._account(account).setdefault("made", []):
                yield SetUpStep(name, StepState.INTENDED, f"Look for a {name}.")
                state = StepState.DONE if announced else StepState.FOUND
                yield SetUpStep(name, state, f"There is a {name}.", _made(name, here), undo if announced else None)
                continue
            yield SetUpStep(name, StepState.INTENDED, f"Make a {name}.", undo=undo)
            self.carrier.happens(f"make {name}")
            self._account(account).setdefault("made", []).append(here)
            self.carrier.save()
            self.carrier.happened(f"make {name}")
            yield SetUpStep(name, StepState.DONE, f"Made a {name}.", _made(name, here), undo)
        self.carrier.happens("end of set_up")
        self.carrier.happened("set_up")

    @hookimpl
    def undo_set_up(self, account: CarrierAccount, steps: Sequence[SetUpStep], call: Call) -> Iterator[SetUpStep]:
        self.carrier.happens("undo")
        undoable = {step.id: step.undo for step in steps if step.undo is not None}
        for name, undo in reversed(undoable.items()):
            yield SetUpStep(name, StepState.INTENDED, f"Take the {name} away.")
            self.carrier.happens(f"undo {name}")
            made = self._account(account).setdefault("made", [])
            if undo["made"] in made:
                made.remove(undo["made"])
                self.carrier.save()
            self.carrier.happened(f"undo {name}")
            yield SetUpStep(name, StepState.DONE, f"Took the {name} away.")
        self.carrier.happened("undo")

    @hookimpl
    def read_routing(self, account: CarrierAccount, numbers: Sequence[str], call: Call) -> Iterator[RoutingSnapshot]:
        self.carrier.happens("read_routing", numbers=numbers)
        here = self._account(account)["numbers"]
        found = [_snapshot(number, here[number], call.now()) for number in numbers if number in here]
        self.carrier.happened("read_routing", numbers=numbers)
        yield from found

    @hookimpl
    def plan_import(self, account: CarrierAccount, snapshots: Sequence[RoutingSnapshot], call: Call) -> ImportPlan:
        self.carrier.happens("plan_import")
        free = ChargeItem(
            "number", ChargeKind.ONE_TIME, Money(Decimal(0), "USD"), ChargeSource.DOCUMENTED_FREE, dt.date(2026, 1, 1)
        )
        after = RoutingView("trunk", "sip.example.com")
        return ImportPlan(
            objects=(PlannedObject("trunk", "A trunk named after Trunkline", "make"),),
            numbers=tuple(PlannedNumber(each.number.number, each.view, after, False) for each in snapshots),
            charges=(free,),
            warnings=(PlanWarning("replaces_webhook", "A webhook is replaced."),),
            instructions=_instructions(snapshots) if self.carrier.by_hand else None,
        )

    @hookimpl
    def prepare_route(self, account: CarrierAccount, call: Call) -> Route:
        found = self._account(account)
        missing = call.marker not in found["trunks"]
        self.carrier.happens("prepare_route", missing=missing)
        if missing:
            found["trunks"][call.marker] = f"TK-{len(found['trunks'])}-{call.marker}"
            self.carrier.save()
        return Route(found["trunks"][call.marker], "trunk", missing, {"marker": call.marker})

    @hookimpl
    def import_number(
        self, account: CarrierAccount, number: NumberRef, route: Route, snapshot: RoutingSnapshot, call: Call
    ) -> RoutingSnapshot:
        self.carrier.happens("import_number", number=number.number)
        found = self._account(account)
        if number.number not in found["numbers"]:
            raise NumberNotFound("The number left the account.")
        found["numbers"][number.number] |= {"points_at": route.id, "url": None}
        self.carrier.save()
        self.carrier.happened("import_number", number=number.number)
        return _snapshot(number.number, found["numbers"][number.number], call.now())

    @hookimpl
    def verify_number(self, account: CarrierAccount, number: NumberRef, route: Route, call: Call) -> Verification:
        self.carrier.happens("verify_number")
        facts = self._account(account)["numbers"].get(number.number)
        if facts is None:
            raise NumberNotFound("The number left the account.")
        routed = Outcome.PASS if facts["points_at"] == route.id else Outcome.FAIL
        routed = self.carrier.outcomes.get("inbound_routed", routed)
        return Verification(
            Check("inbound_routed", routed, f"inbound_{routed.value}", "Calls come here, or not.", "Route it again."),
            Check("outbound_authorized", Outcome.UNKNOWN, "only_a_call_tells", "Only a call can tell."),
        )

    @hookimpl
    def release_number(
        self, account: CarrierAccount, number: NumberRef, route: Route, snapshot: RoutingSnapshot, call: Call
    ) -> Release:
        self.carrier.happens("release_number", number=number.number)
        facts = self._account(account)["numbers"].get(number.number)
        if facts is None:
            raise NumberNotFound("The number left the account.")
        if facts["points_at"] != route.id:
            return Release(ReleaseOutcome.LEFT_ALONE, "changed_since", "Someone changed the routing since.")
        facts |= snapshot.restore
        self.carrier.save()
        self.carrier.happened("release_number", number=number.number)
        return Release(ReleaseOutcome.RESTORED, "restored", "The earlier routing is back.")

    @hookimpl
    def redact_sip_config(self, sip_config: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: "[redacted]" if name == "pin" else value for name, value in sip_config.items()}


def _made(name: str, here: str) -> dict[str, Any]:
    return {name: here} | ({"password": Secret(PASSWORD)} if name == "login" else {})


def _instructions(snapshots: Sequence[RoutingSnapshot]) -> Instructions:
    numbers = [each.number.number for each in snapshots]
    addresses = tuple(SipAddress(number, f"sip:{number}@sip.example.com") for number in numbers)
    return Instructions("Enter these at Acme.", addresses, "tls", ("198.51.100.7",))


def _listed(number: str, facts: Mapping[str, Any]) -> CarrierNumber:
    return CarrierNumber(
        number=number,
        handle=facts["handle"],
        friendly_name="Main office",
        type=NumberType.LOCAL,
        capabilities=frozenset({"voice", "sms"} if facts["voice"] else {"sms"}),
        region="US-CA",
        monthly_fee=Money(Decimal("1.00"), facts.get("currency", "USD")),
    )


def _snapshot(number: str, facts: Mapping[str, Any], now: dt.datetime) -> RoutingSnapshot:
    return RoutingSnapshot(
        number=_listed(number, facts),
        view=RoutingView("webhook", "pbx.example"),
        points_at=facts["points_at"],
        restore={"points_at": facts["points_at"], "url": facts["url"]},
        read_at=now,
    )
