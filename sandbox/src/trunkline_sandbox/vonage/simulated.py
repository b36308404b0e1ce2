"""The simulated Vonage as the server knows it: two hosts, one state, Basic authentication only."""

import itertools
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from threading import RLock
from typing import Any

import attrs

from trunkline_sandbox.basic_auth import user_and_password
from trunkline_sandbox.carrier import AccountEntry, Request, Response

from . import behind_the_api
from .accounts import build_accounts
from .api import api
from .errors import Refusal, not_authenticated, not_found, problem, too_many
from .model import Account
from .rest import page_of_numbers, rest
from .routing import Call, Endpoint, Product
from .world import World

PRODUCTS: dict[str, Product] = {product.host: product for product in (rest, api)}


class SimulatedVonage:
    """Vonage on one port: rest.nexmo.com and api.nexmo.com."""

    name = "vonage"

    def __init__(
        self, seed: str = "trunkline", *, concurrency: int = 30, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.lock = RLock()
        self.concurrency = concurrency
        self._seed = seed
        self._clock = clock
        self._extra: list[Callable[[World], Account]] = []
        self._traces = itertools.count(1)
        self._build()

    def _build(self) -> None:
        self.world = World(self._seed)
        build_accounts(self.world)
        for build in self._extra:
            build(self.world)

    # For tests, in process

    @property
    def accounts(self) -> dict[str, Account]:
        """The accounts, by label."""
        return self.world.accounts

    def add_account(self, label: str, name: str = "", *, numbers: int = 0, **details: Any) -> Account:
        """One more account with so many numbers in the United States; it survives a reset."""

        def build(world: World) -> Account:
            account = world.open(label, name or label, **details)
            world.give(account, "US", "local", numbers)
            return account

        with self.lock:
            self._extra.append(build)
            return build(self.world)

    # The carrier, as the server knows it

    @property
    def hosts(self) -> Collection[str]:
        """Vonage's own hosts that are answered for."""
        return frozenset(PRODUCTS)

    def account_of(self, request: Request) -> str | None:
        """The API key of the account whose secret the request carries; never one in the query."""
        key, secret = user_and_password(request.authorization)
        account = self.world.by_key.get(key)
        return key if account is not None and secret in account.secrets else None

    def handle(self, request: Request) -> Response:
        """Process one request."""
        trace_id = f"{next(self._traces):032x}"
        try:
            response = self._answer(request)
        except Refusal as refusal:
            response = refusal.response(trace_id)
        return attrs.evolve(response, headers=(*response.headers, ("X-Nexmo-Trace-Id", trace_id)))

    def refuse_as_too_many(self, request: Request) -> Response:
        """429: never processed."""
        return too_many(1).response(f"{next(self._traces):032x}")

    def with_repeated_page(self, request: Request, payload: Any) -> Any:
        """The page before in place of the one asked for: there are no links, only numbers of pages."""
        account = self.world.by_key.get(user_and_password(request.authorization)[0])
        index = int(request.query.get("index", "1"))
        if account is None or not request.path.endswith("/account/numbers") or index < 2:
            return payload
        return page_of_numbers(account, {**request.query, "index": str(index - 1)})

    def listing(self) -> Sequence[AccountEntry]:
        """Every way into an account."""
        return tuple(self.world.entries)

    def state(self) -> dict[str, Any]:
        """What each account holds, by API key."""
        return {account.api_key: account.described() for account in self.world.by_key.values()}

    def change(self, account: str, collection: str, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Change one thing behind the API's back."""
        with self.lock:
            return behind_the_api.change(behind_the_api.find_account(self.world, account), collection, name, fields)

    def remove(self, account: str, collection: str, name: str) -> None:
        """Take one thing away behind the API's back."""
        with self.lock:
            behind_the_api.remove(behind_the_api.find_account(self.world, account), collection, name)

    def reset(self) -> None:
        """Back to the accounts as they were built."""
        with self.lock:
            self._build()

    # From a request to its endpoint

    def _answer(self, request: Request) -> Response:
        host = request.host.partition(":")[0]
        products = (PRODUCTS[host],) if host in PRODUCTS else tuple(PRODUCTS.values())
        product, endpoint, params = _find(products, request)
        key, _ = user_and_password(request.authorization)
        if self.account_of(request) is None:
            known = self.world.by_key.get(key)
            raise not_authenticated(product.unauthorized or (known.switches.unauthorized if known else "old"))
        return endpoint(Call(request, self.world.by_key[key], params, self._clock()))


def _find(products: tuple[Product, ...], request: Request) -> tuple[Product, Endpoint, dict[str, str]]:
    allowed: set[str] = set()
    for product in products:
        found = product.find(request.method, request.decoded_path)
        if isinstance(found, tuple):
            return product, *found
        allowed |= found
    if allowed:
        detail = f"Request method '{request.method}' not supported"
        raise problem(405, "wrong-verb", "Request method not allowed", detail)
    raise not_found(request.path)
