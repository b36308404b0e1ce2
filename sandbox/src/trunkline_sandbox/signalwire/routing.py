"""How a request finds the function that answers it, and what that function is given."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from trunkline_sandbox.carrier import Request, Response
from trunkline_sandbox.clock import Clock
from trunkline_sandbox.paths import pattern_of

from .errors import Family, Refusal
from .ids import Ids
from .model import Project


@attrs.frozen(eq=False)
class Call:
    """One authenticated request, with all that an endpoint may need."""

    request: Request
    project: Project
    clock: Clock
    ids: Ids
    origin: str
    """How absolute links begin."""
    params: Mapping[str, str]

    @property
    def query(self) -> dict[str, str]:
        """The query parameters."""
        return self.request.query

    @property
    def now(self) -> float:
        """The carrier's time."""
        return self.clock.now()

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent; anything else is a bad request."""
        body = self.request.json()
        if self.request.content_type != "application/json" or not isinstance(body, dict):
            raise Refusal(400)
        return body


Endpoint = Callable[[Call], Response]


@attrs.frozen
class Route:
    """A method and a path, what answers there, and which scopes a token may have, any one of them, to be answered."""

    method: str
    path: str
    pattern: re.Pattern[str]
    endpoint: Endpoint
    scopes: frozenset[str]
    family: Family


ROUTES: list[Route] = []


def answers(method: str, path: str, family: Family, *scopes: str) -> Callable[[Endpoint], Endpoint]:
    """Answer there, for tokens with any of these scopes; for every token where none is named."""
    pattern = pattern_of(path)

    def register(endpoint: Endpoint) -> Endpoint:
        ROUTES.append(Route(method, path, pattern, endpoint, frozenset(scopes), family))
        return endpoint

    return register


def find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The route and what its path names; refuses what is not there."""
    known = False
    for route in ROUTES:
        found = route.pattern.fullmatch(path)
        if found and route.method == method:
            return route, found.groupdict()
        known = known or found is not None
    raise Refusal(405 if known else 404)


def family_of(path: str) -> Family:
    """Which family of APIs a path belongs to."""
    if path.startswith("/api/laml/"):
        return "laml"
    return "fabric" if path.startswith(("/api/fabric/", "/api/projects")) else "relay"
