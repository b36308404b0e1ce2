"""The simulated Telnyx: from a request to the account it speaks for and the endpoint that answers."""

import itertools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from threading import RLock
from typing import Any

from trunkline_sandbox.carrier import AccountEntry, Request, Response
from trunkline_sandbox.clock import Clock

from . import behind_the_api
from .accounts import build_accounts, give_numbers, give_platform_connection, give_profile, list_way_in, open_account
from .billing import billing
from .connections import connections
from .errors import TITLES, TOO_MANY_REQUESTS, Refusal, not_authenticated, not_authorized, not_found
from .fqdns import fqdns
from .model import Account
from .numbers import numbers
from .paging import with_repeated_page
from .profiles import profiles
from .routing import Call, Route
from .world import World

HOST = "api.telnyx.com"
# The most literal path of several that fit comes first: /phone_numbers/slim is no number.
ROUTES: tuple[Route, ...] = tuple(
    sorted(
        (route for part in (numbers, connections, fqdns, profiles, billing) for route in part.routes),
        key=lambda route: route.path.count("{"),
    )
)
_LIMIT = 1000


class SimulatedTelnyx:
    """Telnyx' API v2 on one port.

    `platform` is the SIP host that the healthy accounts' connections lead to.
    """

    name = "telnyx"

    def __init__(
        self, seed: str = "trunkline", *, concurrency: int = 50, platform: str = "sip.platform.example"
    ) -> None:
        self.lock = RLock()
        self.concurrency = concurrency
        self.clock = Clock()
        self._seed = seed
        self._platform = platform
        self._extra: list[Callable[[World], Account]] = []
        self._request_ids = itertools.count(1)
        self._build()

    def _build(self) -> None:
        self.world = World(self._seed, self.clock, self._platform)
        build_accounts(self.world)
        for build in self._extra:
            build(self.world)

    # For tests, in process

    @property
    def accounts(self) -> dict[str, Account]:
        """The accounts by label."""
        return self.world.accounts

    def add_account(self, label: str, *, numbers: int = 0, **details: Any) -> Account:
        """One more account with so many numbers in the United States; it survives a reset."""

        def build(world: World) -> Account:
            account = open_account(world, label, label, **details)
            profile = give_profile(world, account, "Default")
            connection = give_platform_connection(world, account, "Platform", profile=profile)
            give_numbers(world, account, "US", "local", numbers)
            list_way_in(world, account, connection=connection)
            return account

        with self.lock:
            self._extra.append(build)
            return build(self.world)

    # The carrier, as the server knows it

    @property
    def hosts(self) -> Collection[str]:
        """Telnyx' own host."""
        return frozenset({HOST})

    def account_of(self, request: Request) -> str | None:
        """The user id of the account whose key the request carries."""
        identity = self.world.identify(request.authorization)
        return identity[0].user_id if identity else None

    def handle(self, request: Request) -> Response:
        """Process one request."""
        try:
            response = self._answer(request)
        except Refusal as refusal:
            response = refusal.response()
        return self._with_headers(request, response)

    def refuse_as_too_many(self, request: Request) -> Response:
        """429: never processed."""
        response = Refusal(429, TOO_MANY_REQUESTS, "You have exceeded the rate limit.").response()
        return self._with_headers(request, response, remaining=0)

    def with_repeated_page(self, request: Request, payload: Any) -> Any:
        """The page with the claim that one more follows it, however often it is asked."""
        return with_repeated_page(payload)

    def listing(self) -> Sequence[AccountEntry]:
        """Every way into an account."""
        return tuple(self.world.entries)

    def state(self) -> dict[str, Any]:
        """What each account holds, by label."""
        return {account.label: account.described() for account in self.accounts.values()}

    def change(self, account: str, collection: str, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Change one thing behind the API's back."""
        with self.lock:
            found = behind_the_api.find_account(self.world, account)
            return behind_the_api.change(found, collection, name, fields, self.clock.now())

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
        if request.host.partition(":")[0].endswith(".telnyx.com") and request.host.partition(":")[0] != HOST:
            raise not_found()
        identity = self.world.identify(request.authorization)
        if identity is None:
            raise not_authenticated()
        account, key = identity
        path = request.decoded_path
        route, params = _find(request.method, path)
        if any(re.fullmatch(denied, path) for denied in key.denied):
            raise not_authorized("Insufficient permissions to access this information.")
        if account.trouble is not None and route.path != "/balance":
            detail = TITLES.get(account.trouble, "Account trouble")
            raise Refusal(account.switches.trouble_status, account.trouble, detail)
        return route.endpoint(Call(request, self.world, account, params))

    def _with_headers(self, request: Request, response: Response, remaining: int = _LIMIT - 1) -> Response:
        own = [
            ("x-request-id", f"{next(self._request_ids):08x}-0000-4000-8000-000000000000"),
            ("x-ratelimit-limit", str(_LIMIT)),
            ("x-ratelimit-remaining", str(remaining)),
        ]
        identity = self.world.identify(request.authorization)
        switches = identity[0].switches if identity else None
        if switches is not None and switches.rate_limit_reset != "absent":
            ahead = 1.0 if switches.rate_limit_reset == "seconds" else self.clock.now() + 1
            own.append(("x-ratelimit-reset", str(int(ahead))))
        if switches is not None and switches.retry_after and response.status == 429:
            own.append(("Retry-After", "1"))
        return Response(response.status, response.body, response.content_type, response.headers + tuple(own))


def _find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    for route in ROUTES:
        found = route.pattern.fullmatch(path)
        if found and route.method == method:
            return route, found.groupdict()
    raise not_found()
