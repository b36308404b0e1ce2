"""How a request finds the function that answers it, and what that function is given."""

import re
from collections.abc import Callable, Mapping

import attrs

from trunkline_sandbox.carrier import Request, Response
from trunkline_sandbox.paths import pattern_of

from .model import Account


@attrs.frozen(eq=False)
class Call:
    """One authenticated request, with all that an endpoint may need."""

    request: Request
    account: Account
    params: Mapping[str, str]
    now: float
    """Seconds on a clock that never goes back."""

    @property
    def form(self) -> dict[str, str]:
        """The form fields; none when the body is anything but a form."""
        return self.request.form

    @property
    def query(self) -> dict[str, str]:
        """The query parameters."""
        return self.request.query


Endpoint = Callable[[Call], Response]


class Product:
    """One of Vonage's hosts and the endpoints on it."""

    def __init__(self, host: str, unauthorized: str | None = None) -> None:
        self.host = host
        self.unauthorized = unauthorized
        """The form of its 401, where that is certain."""
        self.routes: list[tuple[str, str, re.Pattern[str], Endpoint]] = []

    def get(self, path: str) -> Callable[[Endpoint], Endpoint]:
        """Answer GET there."""
        return self._add("GET", path)

    def post(self, path: str) -> Callable[[Endpoint], Endpoint]:
        """Answer POST there."""
        return self._add("POST", path)

    def _add(self, method: str, path: str) -> Callable[[Endpoint], Endpoint]:
        pattern = pattern_of(path)

        def register(endpoint: Endpoint) -> Endpoint:
            self.routes.append((method, path, pattern, endpoint))
            return endpoint

        return register

    def find(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]] | set[str]:
        """The endpoint and what its path names, or else the methods that this path does take."""
        allowed = set()
        for known, _, pattern, endpoint in self.routes:
            found = pattern.fullmatch(path)
            if found:
                if known == method:
                    return endpoint, found.groupdict()
                allowed.add(known)
        return allowed
