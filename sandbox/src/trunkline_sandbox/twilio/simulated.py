"""The simulated Twilio: from a request to the account it speaks for and the endpoint that answers."""

import itertools
import json
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from threading import RLock
from typing import Any

import attrs

from trunkline_sandbox.carrier import AccountEntry, Request, Response
from trunkline_sandbox.clock import Clock
from trunkline_sandbox.ids import Ids

from . import behind_the_api
from .accounts import build_accounts, give_numbers, list_with_token, open_account
from .api_2010 import api, fetch_account
from .errors import (
    FORBIDDEN,
    KEY_LACKS_PERMISSION,
    METHOD_NOT_ALLOWED,
    TEST_CREDENTIALS,
    TOO_MANY_REQUESTS,
    Refusal,
    not_authenticated,
    not_found,
)
from .model import Account
from .paging import with_repeated_page
from .pricing import pricing
from .routes import routes
from .routing import Call, Origin, Product, Route
from .trunking import trunking
from .voice import voice
from .world import Domains, Identity, World
from .xml_form import in_xml

HOME = "us1"
REGIONAL_EDGES = {"ie1": "dublin", "au1": "sydney"}

_HOST = re.compile(r"(?P<product>[a-z]+)(\.(?P<edge>[a-z-]+)\.(?P<region>[a-z0-9]+))?\.twilio\.com(:443)?")
PRODUCTS: dict[str, Product] = {product.name: product for product in (api, trunking, voice, pricing, routes)}


@attrs.frozen(eq=False)
class _Place:
    """What a Host header says: the product it limits the request to, if any, and how links begin."""

    products: tuple[Product, ...]
    origin: Origin


class SimulatedTwilio:
    """Twilio on one port: api, trunking, voice, pricing and routes."""

    name = "twilio"

    def __init__(self, seed: str = "trunkline", *, concurrency: int = 50) -> None:
        self.lock = RLock()
        self.concurrency = concurrency
        self.clock = Clock()
        self._seed = seed
        self._extra: list[Callable[[World], Account]] = []
        self._request_ids = itertools.count(1)
        self._places: dict[str, _Place] = {}
        self._build()

    def _build(self) -> None:
        self._domains = Domains(self.clock)
        self._worlds: dict[str, World] = {}
        self.home = self._world(HOME)

    def _world(self, region: str) -> World:
        """The region, built the first time it is asked for: every one has its own tokens and its own routing."""
        world = self._worlds.get(region)
        if world is None:
            world = self._worlds[region] = World(self._seed, region, self.clock, self._domains)
            build_accounts(world)
            for build in self._extra:
                build(world)
            # What is made from now on must not repeat, in one region, the sids of another.
            world.ids = Ids(f"{self._seed}/{region}")
        return world

    # For tests, in process

    @property
    def accounts(self) -> dict[str, Account]:
        """The accounts of the home region, by label."""
        return self.home.accounts

    def region(self, name: str) -> World:
        """Another region, where the same accounts have other tokens and other routing."""
        with self.lock:
            return self._world(name)

    def add_account(self, label: str, friendly_name: str = "", *, numbers: int = 0, **details: Any) -> Account:
        """One more account with so many numbers in the United States; it survives a reset."""

        def build(world: World) -> Account:
            account = open_account(world, label, friendly_name or label, **details)
            give_numbers(world, account, "US", "local", numbers)
            list_with_token(world, account, details.get("expect", "healthy"))
            return account

        with self.lock:
            self._extra.append(build)
            return build(self.home)

    # The carrier, as the server knows it

    @property
    def hosts(self) -> Collection[str]:
        """Twilio's own hosts that are answered for, regional ones included."""
        places = ("", *(f".{edge}.{region}" for region, edge in REGIONAL_EDGES.items()))
        return frozenset(f"{product}{place}.twilio.com" for product in PRODUCTS for place in places)

    def account_of(self, request: Request) -> str | None:
        """The sid of the account whose token or key the request carries."""
        identity = self._identify(request, self._place(request))
        return identity.account.sid if identity else None

    def handle(self, request: Request) -> Response:
        """Process one request."""
        began = time.perf_counter()
        place = self._place(request)
        wants_xml = PRODUCTS["api"] in place.products and _asks_for_xml(request.path)
        path = request.decoded_path + ".json" if wants_xml else request.decoded_path
        try:
            response = self._answer(request, place, path)
        except Refusal as refusal:
            response = refusal.response()
        if wants_xml and response.body:
            response = in_xml(response, json.loads(response.body))
        return self._with_headers(request, response, time.perf_counter() - began)

    def refuse_as_too_many(self, request: Request) -> Response:
        """429: never processed, always safe to try again."""
        return self._with_headers(request, Refusal(429, TOO_MANY_REQUESTS, "Too Many Requests").response(), 0)

    def with_repeated_page(self, request: Request, payload: Any) -> Any:
        """The page with its link to the next page pointing to itself."""
        return with_repeated_page(payload)

    def listing(self) -> Sequence[AccountEntry]:
        """Every way into an account of the home region."""
        return tuple(self.home.entries)

    def state(self) -> dict[str, Any]:
        """What each account of the home region holds, by sid."""
        return {account.sid: account.described() for account in self.home.by_sid.values()}

    def change(self, account: str, collection: str, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Change one thing behind the API's back."""
        with self.lock:
            found = behind_the_api.find_account(self.home, account)
            return behind_the_api.change(self.home, found, collection, name, fields)

    def remove(self, account: str, collection: str, name: str) -> None:
        """Take one thing away behind the API's back."""
        with self.lock:
            found = behind_the_api.find_account(self.home, account)
            behind_the_api.remove(self.home, found, collection, name)

    def reset(self) -> None:
        """Back to the accounts as they were built."""
        with self.lock:
            self._build()

    # From a request to its endpoint

    def _place(self, request: Request) -> _Place:
        host = request.host
        place = self._places.get(host)
        if place is None:
            place = self._places[host] = _read_host(host)
        return place

    def _identify(self, request: Request, place: _Place) -> Identity | None:
        return self._world(place.origin.region).identify(request.authorization)

    def _answer(self, request: Request, place: _Place, path: str) -> Response:
        identity = self._identify(request, place)
        if identity is None:
            raise not_authenticated()
        if identity.account.test_credentials:
            raise Refusal(403, TEST_CREDENTIALS, "Resource not accessible with Test Account Credentials")
        route, params = _find(place.products, request.method, path)
        _check_key(identity, route, f"{request.method} {path}")
        world = self._world(place.origin.region)
        account = _account_in_path(world, identity.account, params.get("account"), path)
        if account.status != "active" and route.endpoint is not fetch_account:
            raise Refusal(403, FORBIDDEN, "Forbidden: the account is not active")
        return route.endpoint(Call(request, world, account, identity.key, place.origin, params))

    def _with_headers(self, request: Request, response: Response, seconds: float) -> Response:
        request_id = f"RQ{next(self._request_ids):032x}"
        own = (
            ("Twilio-Request-Id", request_id),
            ("Twilio-Concurrent-Requests", str(request.in_flight)),
            ("Twilio-Request-Duration", f"{seconds:.3f}"),
        )
        return Response(response.status, response.body, response.content_type, response.headers + own)


def _read_host(host: str) -> _Place:
    found = _HOST.fullmatch(host)
    if not found:
        return _Place(tuple(PRODUCTS.values()), Origin(address=f"http://{host}"))
    product = PRODUCTS.get(found["product"])
    known_region = found["region"] is None or found["region"] in (HOME, *REGIONAL_EDGES)
    products = (product,) if product and known_region else ()
    return _Place(products, Origin(region=found["region"] or HOME, edge=found["edge"] or ""))


def _asks_for_xml(path: str) -> bool:
    return path.startswith("/2010-04-01/") and not path.endswith(".json")


def _find(products: tuple[Product, ...], method: str, path: str) -> tuple[Route, dict[str, str]]:
    allowed: set[str] = set()
    for product in products:
        found = product.find(method, path)
        if isinstance(found, tuple):
            return found
        allowed |= found
    if allowed:
        raise Refusal(405, METHOD_NOT_ALLOWED, "Method not allowed")
    raise not_found(path)


def _check_key(identity: Identity, route: Route, asked: str) -> None:
    key = identity.key
    if key is None or key.kind == "main":
        return
    if key.kind == "standard" and route.needs_main_key:
        raise not_authenticated()
    if key.kind == "restricted" and not any(re.fullmatch(allowed, asked) for allowed in key.permissions):
        raise Refusal(403, KEY_LACKS_PERMISSION, "Authorization Failed")


def _account_in_path(world: World, own: Account, sid: str | None, path: str) -> Account:
    if sid is None or sid == own.sid:
        return own
    if sid == own.owner_sid:
        raise not_authenticated()
    other = world.by_sid.get(sid)
    if other is None or other.owner_sid != own.sid:
        raise not_found(path)
    return other
