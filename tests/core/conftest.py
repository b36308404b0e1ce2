"""One small provider, `acme`, that tests change where they need to; a wire; and a carrier on loopback."""

import contextlib
import datetime as dt
import random
import socket
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import attrs
import pytest

from trunkline.account import CarrierAccount
from trunkline.charges import ChargeItem, ChargeKind, ChargeSource, Money
from trunkline.checks import (
    CREDENTIALS_VALID,
    INBOUND_REACHABLE,
    INBOUND_ROUTED,
    OUTBOUND_AUTHORIZED,
    Check,
    CredentialTest,
    Outcome,
    Verification,
)
from trunkline.deadline import Deadline
from trunkline.descriptor import (
    BasicAuth,
    BearerAuth,
    Capability,
    CredentialForm,
    Field,
    FieldKind,
    Host,
    Pace,
    ProviderDescriptor,
    ReadPost,
    SetupMethod,
)
from trunkline.engine import Deadlines, Engine
from trunkline.hookspec import hookimpl
from trunkline.http.dial import SandboxDial
from trunkline.http.guard import GuardAdapter, Limits
from trunkline.http.pace import AccountPace
from trunkline.http.rules import Rules
from trunkline.http.session import GuardedSession
from trunkline.numbers import (
    CarrierNumber,
    NumberType,
    Release,
    ReleaseOutcome,
    Route,
    RoutingSnapshot,
    RoutingView,
    SuggestedName,
)
from trunkline.plan import ImportPlan
from trunkline.registry import Registry
from trunkline.secret import Secret
from trunkline.setup import SetUpStep, StepState

ORIGIN = "https://api.acme.example"
TOKEN = "tok-S3cret/+value&more"
NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)

DESCRIPTOR = ProviderDescriptor(
    id="acme",
    display_name="Acme",
    setup_methods=(SetupMethod("api_key", "API key"), SetupMethod("guided", "Guided", guided=True)),
    credential_forms=(
        CredentialForm(
            "basic",
            "Account and token",
            (
                Field("account", "Account", "letters", required=True, pattern=r"[A-Za-z0-9]{4,40}"),
                Field("token", "Token", "the token", secret=True, required=True),
            ),
            BasicAuth("account", "token"),
        ),
        CredentialForm(
            "bearer",
            "Key",
            (
                Field("key", "Key", "the key", secret=True, required=True),
                Field("level", "Level", "a digit", kind=FieldKind.INTEGER, pattern="[0-9]", default=1),
            ),
            BearerAuth("key"),
        ),
    ),
    hosts=(Host(r"api\.acme\.example"), Host(r"[a-z0-9]+\.space\.example", field="account")),
    sip_fields=(
        Field("domain", "Domain", "a host", steers=True, pattern=r"[a-z.]+"),
        Field("port", "Port", "a port", kind=FieldKind.INTEGER),
        Field("numbers", "Numbers", "a list", kind=FieldKind.TEXT_LIST),
        Field("password", "Password", "a password", secret=True),
    ),
    pace=Pace(concurrency=2),
    reads_by_post=(ReadPost(r"/search/[a-z]+", "its documentation"),),
    capabilities=tuple(
        Capability(name)
        for name in ("list_numbers", "import_numbers", "verify_numbers", "release_numbers", "guided_setup")
    ),
    request_id_headers=("X-Request-Id",),
)


def _number(i: int) -> CarrierNumber:
    return CarrierNumber(f"+1808555{i:04d}", f"n{i}", None, NumberType.LOCAL, frozenset({"voice"}), "US-HI")


def _snapshot(i: int, points_at: str | None = None, read_at: dt.datetime = NOW) -> RoutingSnapshot:
    return RoutingSnapshot(_number(i), RoutingView("webhook", "example.com"), points_at, {}, read_at)


def _check(name: str, outcome: Outcome = Outcome.PASS, proof: Any = ()) -> Check:
    return Check(name, outcome, "said", "It is so.", proof=proof)


class Acme:
    """A whole provider that asks its carrier once to prove the credentials, and is content with itself otherwise."""

    descriptor = DESCRIPTOR

    @hookimpl
    def describe_provider(self):
        return self.descriptor

    @hookimpl
    def test_credentials(self, account, call):
        with call.proving() as proof:
            call.http.get(f"{ORIGIN}/me")
        return CredentialTest(
            _check(CREDENTIALS_VALID, proof=proof()), _check(INBOUND_REACHABLE), _check(OUTBOUND_AUTHORIZED), "id-1"
        )

    @hookimpl
    def suggest_name(self, account, call):
        return SuggestedName("Main")

    @hookimpl
    def list_numbers(self, account, call):
        yield from (_number(i) for i in range(3))

    @hookimpl
    def set_up_account(self, account, setup_method, done, call):
        yield SetUpStep("trunk", StepState.DONE, "A trunk is there.")

    @hookimpl
    def undo_set_up(self, account, steps, call):
        yield from steps

    @hookimpl
    def read_routing(self, account, numbers, call):
        yield from (_snapshot(i) for i in range(3))

    @hookimpl
    def plan_import(self, account, snapshots, call):
        free = ChargeItem("import", ChargeKind.ONE_TIME, Money(Decimal(0), "USD"), ChargeSource.DOCUMENTED_FREE, NOW)
        return ImportPlan((), (), (free,))

    @hookimpl
    def prepare_route(self, account, call):
        return Route("trunk-1", "trunk", True)

    @hookimpl
    def import_number(self, account, number, route, snapshot, call):
        return attrs.evolve(snapshot, points_at=route.id)

    @hookimpl
    def verify_number(self, account, number, route, call):
        return Verification(_check(INBOUND_ROUTED), _check(OUTBOUND_AUTHORIZED))

    @hookimpl
    def release_number(self, account, number, route, snapshot, call):
        return Release(ReleaseOutcome.RESTORED, "restored", "It is as it was.")

    @hookimpl
    def redact_sip_config(self, sip_config):
        return {name: value for name, value in sip_config.items() if name != "password"}


@pytest.fixture
def acme() -> type[Acme]:
    """The provider's class, to be changed by subclassing."""
    return Acme


@pytest.fixture
def number() -> Callable[[int], CarrierNumber]:
    return _number


@pytest.fixture
def snapshot() -> Callable[..., RoutingSnapshot]:
    return _snapshot


@pytest.fixture
def check() -> Callable[..., Check]:
    return _check


@pytest.fixture
def descriptor() -> ProviderDescriptor:
    return DESCRIPTOR


@pytest.fixture
def account() -> CarrierAccount:
    return CarrierAccount(
        "acme", "api_key", DESCRIPTOR.credential_forms[0], {"account": "AC123456", "token": Secret(TOKEN)}, {}, "mark"
    )


@attrs.define
class Carrier:
    """A carrier on loopback: answers what it was told to, in order, then 200, and remembers what it was asked."""

    address: str
    asked: list[tuple[str, str, dict[str, str], bytes]] = attrs.field(factory=list)
    script: list[Any] = attrs.field(factory=list)
    finish: threading.Event = attrs.field(factory=threading.Event)

    @property
    def dial(self) -> SandboxDial:
        return SandboxDial({ORIGIN: self.address, "https://ac123456.space.example": self.address})

    def then(self, *answers: Any) -> "Carrier":
        self.script += answers
        return self

    def serve(self, conn: socket.socket) -> None:
        with conn, conn.makefile("rb") as file, contextlib.suppress(OSError):
            line = file.readline()
            if not line:
                return
            if line.startswith(b"\x16"):  # A TLS greeting: this server speaks none.
                conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
            method, path, _ = line.decode("latin-1").split(" ", 2)
            headers = {}
            while (header := file.readline().strip()) != b"":
                name, _, value = header.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            body = file.read(int(headers.get("content-length", 0)))
            self.asked.append((method, path, headers, body))
            answer = self.script.pop(0) if self.script else b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
            if callable(answer):
                answer(conn)
            else:
                conn.sendall(answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    server = socket.create_server(("127.0.0.1", 0))
    carrier = Carrier(f"http://127.0.0.1:{server.getsockname()[1]}")

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                conn, _ = server.accept()
                threading.Thread(target=carrier.serve, args=(conn,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield carrier
    carrier.finish.set()
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


@pytest.fixture
def slept() -> list[float]:
    """How long the wire would have slept."""
    return []


@pytest.fixture
def wire(carrier: Carrier, account: CarrierAccount, slept: list[float]) -> Iterator[Callable[..., GuardedSession]]:
    """Makes a guarded session to the carrier on loopback."""
    dials = []

    def make(*, read_only: bool = False, seconds: float = 20.0, dial: Any = None, **more: Any) -> GuardedSession:
        if dial is None:
            dial = carrier.dial
        dials.append(dial)
        adapter = GuardAdapter(
            Rules(more.pop("descriptor", DESCRIPTOR), more.pop("account", account), read_only),
            dial=dial,
            pace=more.pop("pace", None) or AccountPace(DESCRIPTOR.pace),
            deadline=Deadline.after(seconds),
            limits=Limits(**more),
            now=lambda: NOW,
            rng=random.Random(1),
            sleep=slept.append,
        )
        return GuardedSession(adapter)

    yield make
    for dial in dials:
        if hasattr(dial, "close"):
            dial.close()


@pytest.fixture
def engine(carrier: Carrier) -> Iterator[Callable[..., Engine]]:
    """Makes an engine of plugin objects, with the carrier on loopback, short deadlines and no sleeping."""
    made = []

    def make(*plugins: Any, **settings: Any) -> Engine:
        settings.setdefault("deadlines", Deadlines(5, 5, 5, 5, grace=0.5))
        settings.setdefault("now", lambda: NOW)
        settings.setdefault("sleep", lambda seconds: None)
        settings.setdefault("dial", carrier.dial)
        made.append(Engine(Registry.of(*(plugins or (Acme(),))), **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()
