"""Events: told in the transaction of the change, signed, delivered at least once, and never to a private address."""

from __future__ import annotations

import hmac
import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import attrs
import pytest
from acme import KEY
from harness import CONNECTIONS, NUMBERS, PHONE_NUMBERS, World
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient

from trunkline.deadline import Deadline
from trunkline.errors import CarrierUnavailable
from trunkline.http.dial import CarrierDial, SandboxDial
from trunkline.sip.answer import NoAnswer, SipTrouble
from trunkline_service.app import create_app
from trunkline_service.deliveries import RETRY_SECONDS, deliver_due, signature
from trunkline_service.drafts import WebhookEndpointDraft
from trunkline_service.lookup import addresses_of
from trunkline_service.service import Service
from trunkline_service.storage import events, webhooks
from trunkline_service.storage.tables import metadata

ENDPOINTS, EVENTS = "/v1/webhook-endpoints", "/v1/events"
HOOKS = "https://hooks.example.com"


@attrs.define
class Receiver:
    """A webhook endpoint on loopback: what it got, and what it answers."""

    address: str
    got: list[tuple[dict[str, str], bytes]] = attrs.field(factory=list)
    status: int = 204
    before_answer: Callable[[], None] = lambda: None

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            made.before_answer()
            self.send_response(made.status)
            self.send_header("Location", f"{HOOKS}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing to tell."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Receiver(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def reaching(world: World, receiver: Receiver) -> Service:
    """The service, for which the endpoints' host is the receiver."""
    return attrs.evolve(world.service, webhooks=SandboxDial({HOOKS: receiver.address}))


def endpoint(world: World, url: str = f"{HOOKS}/trunkline?token=1", **more: Any) -> dict[str, Any]:
    answer = world.post(ENDPOINTS, {"url": url}, **more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def delivery(world: World) -> dict[str, Any]:
    (way,) = world.get(EVENTS).json()[0]["deliveries"]
    return dict(way)


def test_every_change_of_connections_and_numbers_is_told_and_signed(any_world: World, receiver: Receiver) -> None:
    world = any_world
    secret = endpoint(world)["secret"]
    connection = world.connect()["id"]
    number = world.import_(connection, NUMBERS[0])["results"][0]["id"]
    assert world.post(f"{PHONE_NUMBERS}/{number}/verify-voip").status_code == 200
    assert world.post(f"{PHONE_NUMBERS}/{number}/verify-voip").status_code == 200
    world.carrier.accounts[KEY]["numbers"][NUMBERS[0]]["points_at"] = "elsewhere"
    assert world.post(f"{PHONE_NUMBERS}/{number}/verify-voip").status_code == 200
    assert world.call("DELETE", f"{PHONE_NUMBERS}/{number}").status_code == 200
    assert world.call("DELETE", f"{CONNECTIONS}/{connection}").status_code == 204
    while deliver_due(reaching(world, receiver)):
        pass
    told = sorted(receiver.bodies(), key=lambda each: int(each["id"]))
    state = {"status": "provisioning", "voip_verification_status": "unverified"}
    active = {"status": "active", "voip_verification_status": "verified"}
    failed = {"status": "failed", "voip_verification_status": "failed"}
    released = {"status": "released", "voip_verification_status": "unverified"}
    assert [(each["reason"]["code"], each["before"], each["after"]) for each in told] == [
        ("created", None, {"status": "connected"}),
        ("imported", None, state),
        ("verified", state, active),
        ("inbound_fail", active, failed),
        ("released", failed, released),
        ("deleted", {"status": "connected"}, None),
    ]
    assert [(each["kind"], each["phone_number_id"], each["voip_connection_id"]) for each in told] == [
        ("voip_connection.changed", None, connection),
        *[("phone_number.changed", number, connection)] * 4,
        ("voip_connection.changed", None, connection),
    ]
    for headers, body in receiver.got:
        at, _, mac = headers["trunkline-signature"].partition(",v1=")
        expected = hmac.new(secret.encode(), at.removeprefix("t=").encode() + b"." + body, "sha256").hexdigest()
        assert hmac.compare_digest(mac, expected)
        assert headers["trunkline-event-id"] == str(json.loads(body)["id"])
        assert abs(int(at.removeprefix("t=")) - world.service.now() // 1000) <= 60
    listed = world.get(EVENTS).json()
    assert [{name: value for name, value in each.items() if name != "deliveries"} for each in listed] == told[::-1]
    assert {way["state"] for each in listed for way in each["deliveries"]} == {"delivered"}
    assert deliver_due(reaching(world, receiver)) == 0


def test_a_change_that_is_rolled_back_is_not_told(any_world: World) -> None:
    world = any_world
    id = world.connect()["id"]
    before = world.get(EVENTS).json()
    why = events.Reason("x", "y")
    with suppress(ZeroDivisionError), world.service.database.writing() as db:
        events.connection_changed(db, world.organization, id, None, {"status": "error"}, why, 1 // 1)
        events.connection_changed(db, world.organization, id, None, {"status": "error"}, why, 1 // 0)
    assert world.get(EVENTS).json() == before


def test_what_an_endpoint_does_not_take_comes_again_until_there_is_no_more_hope(
    world: World, receiver: Receiver
) -> None:
    service = reaching(world, receiver)
    world.clock.stop()
    endpoint(world)
    world.connect()
    for attempt, (status, seconds) in enumerate(
        zip((500, 302, 404, 503, 429, 400, 410), RETRY_SECONDS, strict=True), 1
    ):
        receiver.status = status
        assert deliver_due(service) == 1
        assert deliver_due(service) == 0
        way = delivery(world)
        assert (way["state"], way["attempts"], way["answered"]) == ("pending", attempt, str(status))
        world.clock.forward(seconds=seconds * 0.8)
        assert deliver_due(service) == 0
        world.clock.forward(seconds=seconds * 0.4)
    assert deliver_due(service) == 1
    assert delivery(world) == {**way, "state": "given_up", "attempts": 8, "next_attempt_at": None}
    world.clock.forward(days=2)
    assert deliver_due(service) == 0
    assert len({body for _, body in receiver.got}) == 1
    assert len({headers["trunkline-signature"] for headers, _ in receiver.got}) == 8


def test_an_endpoint_with_much_to_come_keeps_no_other_waiting(any_world: World, receiver: Receiver) -> None:
    world, (_, other) = any_world, any_world.organization_with_key()
    endpoint(world)
    endpoint(world, f"{HOOKS}/other", key=other)
    for _ in range(6):
        world.connect()
    world.clock.forward(seconds=60)
    world.connect(key=other)
    made = [deliver_due(reaching(world, receiver)) for _ in range(3)]
    assert made == [5, 2, 0]


def test_an_attempt_that_was_cut_off_is_made_again_and_two_processes_make_it_once(
    any_world: World, receiver: Receiver
) -> None:
    world, service = any_world, reaching(any_world, receiver)
    world.clock.stop()
    endpoint(world)
    world.connect()
    receiver.before_answer = lambda: inner.append(deliver_due(service))
    inner: list[int] = []
    assert deliver_due(service) == 1
    assert inner == [0]
    world.connect()
    with service.database.reading() as db:
        (due,) = webhooks.due(db, service.now(), most=10, most_each=10)
    with service.database.writing() as db:
        assert webhooks.begin_attempt(db, due, service.now() + 60_000)
        assert not webhooks.begin_attempt(db, due, service.now() + 60_000)
    assert deliver_due(service) == 0
    world.clock.forward(seconds=61)
    assert deliver_due(service) == 1
    assert delivery(world)["attempts"] == 2


NOT_TAKEN = (
    "http://hooks.example.com/",
    "https://",
    "https://u:p@hooks.example.com/",
    "https://hooks.example.com/#x",
    "https://hooks.example.com:port/",
    "https://10.0.0.1/",
    "https://127.0.0.1:8080/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://169.254.169.254/latest",
    "https://localhost/",
    "https://printer.local/",
    "https://hooks.example.com/ x",
    "https://hooks.example.com/" + "x" * 2048,
    "ftp://hooks.example.com/",
    "",
)


def test_only_public_https_addresses_are_taken(world: World) -> None:
    for url in NOT_TAKEN:
        answer = world.post(ENDPOINTS, {"url": url})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields"), url
        assert list(answer.json()["errors"]) == ["url"]


@contextmanager
def where_names_lead_to(world: World, *addresses: str) -> Iterator[list[str]]:
    """The same service where DNS says so of every name; gives the names that were looked up."""
    asked: list[str] = []

    def look_up(host: str) -> tuple[str, ...]:
        asked.append(host)
        return addresses

    before, service = world.http, attrs.evolve(world.service, addresses_of=look_up)
    with TestClient(create_app(service, background=False)) as world.http:
        yield asked
    world.http = before


@pytest.mark.parametrize(
    "addresses",
    [
        ("10.0.0.1",),
        ("127.0.0.1",),
        ("169.254.169.254",),
        ("100.64.0.1",),
        ("::1",),
        ("fd00::1",),
        ("::ffff:10.0.0.1",),
        ("192.168.0.1", "fd00::1"),
    ],
)
def test_a_name_that_has_private_addresses_only_is_not_taken(world: World, addresses: tuple[str, ...]) -> None:
    made = endpoint(world)
    with where_names_lead_to(world, *addresses) as asked:
        for method, path in (("POST", ENDPOINTS), ("PATCH", f"{ENDPOINTS}/{made['id']}")):
            answer = world.call(method, path, {"url": "https://inner.example.com:8443/x"})
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields")
            (problem,) = answer.json()["errors"]["url"]
            assert "public address" in problem
            assert not any(address in answer.text for address in addresses)
    assert asked == ["inner.example.com"] * 2
    assert [each["url"] for each in world.get(ENDPOINTS).json()] == [made["url"]]


@pytest.mark.parametrize(
    "addresses", [("8.8.4.4",), ("2606:4700::1",), ("10.0.0.1", "8.8.4.4"), ("::1", "8.8.4.4"), ()]
)
def test_a_name_that_has_a_public_address_or_none_just_now_is_taken(world: World, addresses: tuple[str, ...]) -> None:
    with where_names_lead_to(world, *addresses):
        endpoint(world)


def test_a_name_is_looked_up_in_dns_and_one_that_cannot_be_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dns:
        def addresses(self, host: str, deadline: Deadline) -> tuple[str, ...]:
            assert 0 < deadline.remaining <= 2
            if host != "hooks.example.com":
                raise NoAnswer(SipTrouble.NOT_LOOKED_UP, "DNS failed")
            return ("8.8.4.4",)

    monkeypatch.setattr("trunkline.sip.resolution.Resolver", Dns)
    assert addresses_of("hooks.example.com") == ("8.8.4.4",)
    assert addresses_of("other.example.com") == ()


def test_a_name_that_leads_to_a_private_address_gets_nothing(world: World) -> None:
    """The address that is dialled is the one that is checked, whatever the name said before."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        id = endpoint(world)["id"]
        with world.service.database.writing() as db:
            # As if the name's address had changed since.
            target = webhooks.Target(f"https://localhost:{listener.getsockname()[1]}/", "s")
            webhooks.change(db, world.organization, id, target, world.service.sealer)
        world.connect()
        assert type(world.service.webhooks) is CarrierDial
        assert deliver_due(world.service) == 1
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert (delivery(world)["state"], delivery(world)["answered"]) == ("pending", "unreachable")


def test_endpoints_are_made_changed_and_deleted_and_their_secret_is_shown_once(
    world: World, receiver: Receiver
) -> None:
    made = endpoint(world)
    secret = made.pop("secret")
    path = f"{ENDPOINTS}/{made['id']}"
    assert world.get(ENDPOINTS).json() == [made] == [world.get(path).json()]
    changed = world.call("PATCH", path, {"url": f"{HOOKS}/other"}).json()
    assert changed == {**made, "url": f"{HOOKS}/other"} == world.get(path).json()
    world.connect()
    deliver_due(reaching(world, receiver))
    ((headers, body),) = receiver.got
    at = int(headers["trunkline-signature"].split(",")[0].removeprefix("t="))
    assert headers["trunkline-signature"] == signature(secret, at, body)
    assert world.call("DELETE", path).status_code == 204
    assert (world.get(path).status_code, world.get(ENDPOINTS).json()) == (404, [])
    assert world.get(EVENTS).json()[0]["deliveries"] == []
    for _ in range(10):
        endpoint(world)
    refused = world.post(ENDPOINTS, {"url": HOOKS})
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_endpoints")


def test_no_secret_of_an_endpoint_is_stored_open_logged_or_shown_again(
    any_world: World, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    world = any_world
    token = "TokenCanary4711"
    secret = endpoint(world, f"{HOOKS}/{token}")["secret"]
    connection = world.connect()["id"]
    receiver.status = 500
    assert deliver_due(reaching(world, receiver)) == 1
    receiver.status = 200
    world.clock.forward(days=1)
    assert deliver_due(reaching(world, receiver)) == 1
    shown = world.get(ENDPOINTS).text + world.get(EVENTS).text + world.get(f"{CONNECTIONS}/{connection}").text
    assert secret not in shown
    with world.service.database.reading() as db:
        stored = "".join(repr(db.execute(table.select()).all()) for table in metadata.sorted_tables)
        (row,) = webhooks.list_endpoints(db, world.organization)
    stored += repr(row) + repr(row.target(world.service.sealer)) + repr(WebhookEndpointDraft(f"{HOOKS}/{token}"))
    logged = capsys.readouterr()
    for place in (stored, logged.out + logged.err):
        assert secret not in place
        assert token not in place
    assert KEY not in b"".join(body for _, body in receiver.got).decode()


def test_events_are_listed_a_hundred_at_a_time_and_forgotten_after_a_month(any_world: World) -> None:
    world = any_world
    with world.service.database.writing() as db:
        for connection in range(1, 151):
            why = events.Reason("x", "y")
            events.connection_changed(db, world.organization, connection, None, None, why, world.service.now())
    first = world.get(EVENTS).json()
    second = world.get(f"{EVENTS}?before={first[-1]['id']}").json()
    assert [each["voip_connection_id"] for each in first + second] == list(range(150, 0, -1))
    assert world.get(f"{EVENTS}?before=x").json()["code"] == "invalid_parameter"
    _, other = world.organization_with_key()
    assert world.get(EVENTS, key=other).json() == []
    with world.service.database.writing() as db:
        assert events.prune(db, world.service.now()) == 0
        assert events.prune(db, world.service.now() + events.KEEP_MS + 1) == 150


def test_a_carrier_that_rejects_the_credentials_is_told_once_and_that_it_takes_them_again(world: World) -> None:
    id = world.connect()["id"]
    open_account = world.carrier.accounts.pop(KEY)
    for _ in range(2):
        assert world.get(f"{CONNECTIONS}/{id}/available-numbers").status_code == 422
    world.carrier.fail["list_numbers"] = CarrierUnavailable("down")
    assert world.get(f"{CONNECTIONS}/{id}/available-numbers").status_code == 503
    world.carrier.fail.clear()
    world.carrier.accounts[KEY] = open_account
    assert world.get(f"{CONNECTIONS}/{id}/available-numbers").status_code == 200
    told = [(each["reason"]["code"], each["after"]["status"]) for each in world.get(EVENTS).json()]
    assert told == [("credentials_accepted", "connected"), ("credentials_rejected", "error"), ("created", "connected")]


@given(
    st.text(min_size=1, max_size=40), st.integers(0, 2**40), st.binary(max_size=60), st.binary(min_size=1, max_size=5)
)
def test_a_signature_is_of_one_secret_one_second_and_one_body(secret: str, at: int, body: bytes, more: bytes) -> None:
    signed = signature(secret, at, body)
    assert signed == signature(secret, at, body)
    others = (signature(secret + "x", at, body), signature(secret, at + 1, body), signature(secret, at, body + more))
    assert signed not in others
