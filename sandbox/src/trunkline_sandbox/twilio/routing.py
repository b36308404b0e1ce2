"""How a request finds the function that answers it, and what that function is given."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import attrs

from trunkline_sandbox.carrier import Request, Response
from trunkline_sandbox.paths import pattern_of

from .model import Account, ApiKey

if TYPE_CHECKING:
    from .world import World


@attrs.frozen
class Origin:
    """How absolute links begin: with the carrier's own hosts, or all with the address the sandbox was reached at."""

    region: str = "us1"
    edge: str = ""
    address: str = ""

    def of(self, product: str) -> str:
        """Scheme and host of a product."""
        if self.address:
            return self.address
        where = f"{product}.{self.edge}.{self.region}" if self.edge else product
        return f"https://{where}.twilio.com"


@attrs.frozen(eq=False)
class Call:
    """One authenticated request, with all that an endpoint may need."""

    request: Request
    world: "World"
    account: Account
    key: ApiKey | None
    origin: Origin
    params: Mapping[str, str]

    @property
    def form(self) -> dict[str, str]:
        """The form fields; none when the body is anything but a form."""
        return self.request.form

    @property
    def query(self) -> dict[str, str]:
        """The query parameters."""
        return self.request.query

    @property
    def now(self) -> float:
        """The carrier's time."""
        return self.world.clock.now()

    def url(self, product: str, path: str) -> str:
        """An absolute link."""
        return self.origin.of(product) + path


Endpoint = Callable[[Call], Response]


@attrs.frozen
class Route:
    """A method and a path, and what answers there."""

    method: str
    path: str
    pattern: re.Pattern[str]
    endpoint: Endpoint
    needs_main_key: bool


class Product:
    """One of Twilio's hosts: its name and the endpoints on it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.routes: list[Route] = []

    def get(self, path: str, *, needs_main_key: bool = False) -> Callable[[Endpoint], Endpoint]:
        """Answer GET there."""
        return self._add("GET", path, needs_main_key)

    def post(self, path: str, *, needs_main_key: bool = False) -> Callable[[Endpoint], Endpoint]:
        """Answer POST there."""
        return self._add("POST", path, needs_main_key)

    def delete(self, path: str, *, needs_main_key: bool = False) -> Callable[[Endpoint], Endpoint]:
        """Answer DELETE there."""
        return self._add("DELETE", path, needs_main_key)

    def _add(self, method: str, path: str, needs_main_key: bool) -> Callable[[Endpoint], Endpoint]:
        pattern = pattern_of(path)

        def register(endpoint: Endpoint) -> Endpoint:
            self.routes.append(Route(method, path, pattern, endpoint, needs_main_key))
            return endpoint

        return register

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | set[str]:
        """The route and what its path names, or else the methods that this path does take."""
        allowed = set()
        for route in self.routes:
            found = route.pattern.fullmatch(path)
            if found:
                if route.method == method:
                    return route, found.groupdict()
                allowed.add(route.method)
        return allowed
