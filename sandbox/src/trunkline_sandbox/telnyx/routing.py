"""How a request finds the function that answers it, and what that function is given."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from trunkline_sandbox.carrier import Request, Response
from trunkline_sandbox.paths import pattern_of

from .errors import invalid
from .model import Account
from .switches import Switches

if TYPE_CHECKING:
    from .world import World


@attrs.frozen(eq=False)
class Call:
    """One authenticated request, with all that an endpoint may need."""

    request: Request
    world: "World"
    account: Account
    params: Mapping[str, str]

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; a filter is written filter[a][b]."""
        return self.request.query

    @property
    def switches(self) -> Switches:
        """What is not known of the real carrier, as this account is set to have it."""
        return self.account.switches

    @property
    def now(self) -> float:
        """The carrier's time."""
        return self.world.clock.now()

    def body(self) -> dict[str, Any]:
        """The JSON object of the body."""
        body = self.request.json()
        if not isinstance(body, dict):
            raise invalid("The request body must be a JSON object.", status=400)
        return body


Endpoint = Callable[[Call], Response]


@attrs.frozen
class Route:
    """A method and a path, and what answers there."""

    method: str
    path: str
    pattern: re.Pattern[str]
    endpoint: Endpoint


class Part:
    """Endpoints that belong together."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def on(self, method: str, path: str) -> Callable[[Endpoint], Endpoint]:
        """Answer this method there; the path is written without /v2."""
        pattern = pattern_of("/v2" + path)

        def register(endpoint: Endpoint) -> Endpoint:
            self.routes.append(Route(method, path, pattern, endpoint))
            return endpoint

        return register


def data(status: int, payload: Any) -> Response:
    """An answer in the envelope that all answers have."""
    return Response.of_json(status, {"data": payload})
