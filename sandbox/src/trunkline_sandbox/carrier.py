"""What a simulated carrier is: the requests it is asked, the responses it gives, and what control may see of it."""

import json
from collections.abc import Collection, Mapping, Sequence
from threading import RLock
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

import attrs

FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json"

# One encoder for all: building one per call costs more than encoding a small answer. Compact, as carriers send it.
encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@attrs.define(eq=False)
class Request:
    """One HTTP request as it arrived; header names are in lower case."""

    method: str
    path: str
    """Still percent-encoded, without the query."""
    query_string: str
    headers: Mapping[str, str]
    body: bytes = b""
    in_flight: int = 1
    """How many requests of the same account are being served now, this one included."""
    _query: dict[str, str] | None = attrs.field(default=None, init=False)
    _form: dict[str, str] | None = attrs.field(default=None, init=False)

    @property
    def host(self) -> str:
        """The Host header in lower case, with its port if it has one."""
        return self.headers.get("host", "").lower()

    @property
    def authorization(self) -> str:
        """The Authorization header; empty when there is none."""
        return self.headers.get("authorization", "")

    @property
    def content_type(self) -> str:
        """The media type of the body, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def decoded_path(self) -> str:
        """The path with percent-escapes resolved."""
        return unquote(self.path) if "%" in self.path else self.path

    @property
    def target(self) -> str:
        """Path and query as they were sent."""
        return f"{self.path}?{self.query_string}" if self.query_string else self.path

    @property
    def query(self) -> dict[str, str]:
        """Query parameters; of a repeated one the last counts."""
        if self._query is None:
            self._query = dict(parse_qsl(self.query_string, keep_blank_values=True)) if self.query_string else {}
        return self._query

    @property
    def form(self) -> dict[str, str]:
        """Fields of a form body; empty when the body is anything else."""
        if self._form is None:
            is_form = self.body and self.content_type == FORM_TYPE
            text = self.body.decode("utf-8", "replace") if is_form else ""
            self._form = dict(parse_qsl(text, keep_blank_values=True))
        return self._form

    def json(self) -> Any:
        """The JSON body, or None when it is not JSON."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return None


@attrs.frozen(eq=False)
class Response:
    """One HTTP answer, whole: it leaves in a single write."""

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_json(cls, status: int, payload: Any, headers: tuple[tuple[str, str], ...] = ()) -> "Response":
        """An answer with a JSON body."""
        return cls(status, encode_json(payload).encode(), JSON_TYPE, headers)


@attrs.frozen
class AccountEntry:
    """An account of a simulated carrier as control lists it: a label, what opens it, and what to expect of it."""

    label: str
    provider: str
    credentials: dict[str, str]
    expect: str
    setup_method: str = "api_key"
    sip_config: dict[str, Any] = attrs.Factory(dict)


class UnknownThing(LookupError):
    """Control named an account, or a thing in it, that is not there."""


class Carrier(Protocol):
    """A simulated carrier; the server calls it under its lock, one request at a time."""

    name: str
    lock: RLock
    concurrency: int
    """Requests of one account that may be in flight at once, unless control says otherwise."""

    @property
    def hosts(self) -> Collection[str]:
        """The carrier's own host names that this simulation answers for."""
        ...

    def account_of(self, request: Request) -> str | None:
        """The account whose credentials the request carries, or None."""
        ...

    def handle(self, request: Request) -> Response:
        """Process one request."""
        ...

    def refuse_as_too_many(self, request: Request) -> Response:
        """The carrier's own answer to an account with too many requests in flight."""
        ...

    def with_repeated_page(self, request: Request, payload: Any) -> Any:
        """The page with its link to the next page pointing to itself."""
        ...

    def listing(self) -> Sequence[AccountEntry]:
        """Every account, with credentials that open it (or, where that is the point, do not)."""
        ...

    def state(self) -> dict[str, Any]:
        """What each account holds now, for people and tests to look at."""
        ...

    def change(self, account: str, collection: str, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Change one thing behind the API's back, as the customer would in the carrier's own pages."""
        ...

    def remove(self, account: str, collection: str, name: str) -> None:
        """Take one thing away behind the API's back."""
        ...

    def reset(self) -> None:
        """Forget everything that happened: back to the accounts as they were built."""
        ...
