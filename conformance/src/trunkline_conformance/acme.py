"""Acme, the carrier that does not exist: the template's plugin is written for it, and its cassettes are recorded here.

A bearer key, `GET /account`, numbers and trunks and logins by the page. A number is on a trunk or has a voice webhook:
putting it on a trunk deletes the webhook, and the other way round.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from threading import RLock
from typing import Any

import attrs

from trunkline_sandbox import AccountEntry, Request, Response, UnknownThing
from trunkline_sandbox.behind_the_api import put
from trunkline_sandbox.number_plan import NumberPlan, formatted

HOST = "api.acme.example"
PAGE_SIZE = 20

Row = dict[str, Any]


@attrs.define
class Account:
    """One account at Acme, with what it holds by id."""

    id: str
    name: str
    key: str
    status: str = "active"
    outbound_calls: bool = True
    balance: str = "25.00"
    permitted: bool = True
    """Whether the key may do anything."""
    numbers: dict[str, Row] = attrs.field(factory=dict)
    trunks: dict[str, Row] = attrs.field(factory=dict)
    logins: dict[str, Row] = attrs.field(factory=dict)

    def described(self) -> Row:
        """The account as `GET /account` shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "outbound_calls": self.outbound_calls,
            "balance": self.balance,
            "currency": "USD",
        }


class Refusal(Exception):
    """Acme's no: a status, a code, words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.body = status, {"error": {"code": code, "message": message}}


Endpoint = Callable[["SimulatedAcme", Account, Request, str], Row]


class SimulatedAcme:
    """Acme, as the sandbox serves carriers."""

    name = "acme"

    def __init__(self, seed: str = "trunkline") -> None:
        self.lock = RLock()
        self.concurrency = 30
        self._seed = seed
        self.reset()

    def open(self, label: str, name: str) -> Account:
        """A new account without numbers, listed by control."""
        account = Account(f"acc_{self._named(label)[:9]}", name, f"key_{self._named(f'key/{label}')}")
        self.accounts[label] = account
        self._entries.append(AccountEntry(label, self.name, {"apiKey": account.key}, "healthy"))
        return account

    def give(self, account: Account, country: str, kind: str, count: int) -> list[Row]:
        """Numbers fresh from the plan, that take calls and texts."""
        return [self._given(account, country, kind) for _ in range(count)]

    def _given(self, account: Account, country: str, kind: str) -> Row:
        number = self._plan.take(country, kind)
        row: dict[str, Any] = {
            "id": self._fresh("num"),
            "number": number,
            "label": formatted(number),
            "kind": kind.replace("-", "_"),
            "features": ["voice", "sms"],
            "monthly_price": {"amount": "1.00", "currency": "USD"},
            "trunk_id": None,
            "voice_url": None,
            "sms_url": None,
        }
        account.numbers[row["id"]] = row
        return row

    def _named(self, name: str) -> str:
        return hashlib.md5(f"{self._seed}/{name}".encode(), usedforsecurity=False).hexdigest()

    def _fresh(self, kind: str) -> str:
        return f"{kind}_{self._named(f'{kind}/{next(self._made)}')[:9]}"

    # The carrier, as the server knows it

    @property
    def hosts(self) -> Collection[str]:
        """Acme's one host."""
        return frozenset({HOST})

    def account_of(self, request: Request) -> str | None:
        """The id of the account whose key the request carries."""
        account = self._account(request)
        return account.id if account else None

    def handle(self, request: Request) -> Response:
        """Process one request."""
        headers = (("X-Request-Id", f"req_{next(self._requests):08d}"),)
        try:
            status, body = self._answer(request)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
        return Response(status, headers=headers) if status == 204 else Response.of_json(status, body, headers)

    def refuse_as_too_many(self, request: Request) -> Response:
        """429: never processed."""
        body = {"error": {"code": "too_many_requests", "message": "Slow down."}}
        return Response.of_json(429, body, (("Retry-After", "1"),))

    def with_repeated_page(self, request: Request, payload: Any) -> Any:
        """The page with itself as the next one."""
        if not isinstance(payload, dict) or "next_page" not in payload:
            return payload
        return {**payload, "next_page": int(request.query.get("page", "1"))}

    def listing(self) -> Sequence[AccountEntry]:
        """Every way into an account."""
        return tuple(self._entries)

    def state(self) -> dict[str, Any]:
        """What each account holds, by its id."""
        return {account.id: attrs.asdict(account) for account in self.accounts.values()}

    def change(self, account: str, collection: str, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Change one thing behind the API's back; a number by its id or by itself."""
        with self.lock:
            found = self._by_name(account)
            if collection == "account":
                put(found, fields, ("name", "status", "outbound_calls", "balance", "permitted"))
                return found.described()
            row = _thing(found, collection, name)
            row |= fields
            return row

    def remove(self, account: str, collection: str, name: str) -> None:
        """Take one thing away behind the API's back."""
        with self.lock:
            found = self._by_name(account)
            del _collection(found, collection)[_thing(found, collection, name)["id"]]

    def reset(self) -> None:
        """Forget every account."""
        with self.lock:
            self._requests, self._made, self._plan = itertools.count(1), itertools.count(1), NumberPlan()
            self.accounts: dict[str, Account] = {}
            self._entries: list[AccountEntry] = []

    def _by_name(self, name: str) -> Account:
        for label, account in self.accounts.items():
            if name in (label, account.id):
                return account
        raise UnknownThing(f"no account {name}")

    def _account(self, request: Request) -> Account | None:
        key = request.authorization.removeprefix("Bearer ")
        return next((account for account in self.accounts.values() if account.key == key), None)

    # From a request to its answer

    def _answer(self, request: Request) -> tuple[int, Row]:
        account = self._account(request)
        if account is None:
            raise Refusal(401, "invalid_key", "This API key is not valid.")
        for method, pattern, endpoint in _ENDPOINTS:
            match = re.fullmatch(pattern, request.decoded_path)
            if match and method == request.method:
                _admit(account, everything=endpoint is not SimulatedAcme._fetch_account)
                answer = endpoint(self, account, request, match["id"] if "id" in match.groupdict() else "")
                return {"POST": 201, "DELETE": 204}.get(method, 200), answer
        raise Refusal(404, "not_found", "There is nothing here.")

    def _fetch_account(self, account: Account, request: Request, id: str) -> Row:
        return account.described()

    def _list_numbers(self, account: Account, request: Request, id: str) -> Row:
        wanted = request.query.get("number")
        return _page(request, "numbers", [row for row in account.numbers.values() if wanted in (None, row["number"])])

    def _fetch_number(self, account: Account, request: Request, id: str) -> Row:
        return _found(account.numbers, id)

    def _change_number(self, account: Account, request: Request, id: str) -> Row:
        row, changes = _found(account.numbers, id), _fields(request, "trunk_id", "voice_url", "sms_url", "label")
        trunk, webhook = changes.get("trunk_id"), changes.get("voice_url")
        if trunk and trunk not in account.trunks:
            raise Refusal(422, "trunk_not_found", "There is no such trunk.")
        if trunk and webhook:
            raise Refusal(422, "two_destinations", "A number is on a trunk or has a voice webhook.")
        row |= changes
        if trunk:
            row["voice_url"] = None
        elif webhook:
            row["trunk_id"] = None
        return row

    def _list_trunks(self, account: Account, request: Request, id: str) -> Row:
        return _page(request, "trunks", list(account.trunks.values()))

    def _make_trunk(self, account: Account, request: Request, id: str) -> Row:
        fields = _fields(request, "name", "sip_uri")
        row = {"id": self._fresh("trk"), "name": fields["name"], "sip_uri": fields["sip_uri"]}
        account.trunks[row["id"]] = row
        return row

    def _fetch_trunk(self, account: Account, request: Request, id: str) -> Row:
        return _found(account.trunks, id)

    def _delete_trunk(self, account: Account, request: Request, id: str) -> Row:
        _found(account.trunks, id)
        if any(row["trunk_id"] == id for row in account.numbers.values()):
            raise Refusal(409, "trunk_in_use", "Numbers are on this trunk.")
        del account.trunks[id]
        return {}

    def _list_logins(self, account: Account, request: Request, id: str) -> Row:
        return _page(request, "logins", list(account.logins.values()))

    def _make_login(self, account: Account, request: Request, id: str) -> Row:
        fresh = self._fresh("log")
        row = {"id": fresh, "name": _fields(request, "name")["name"], "username": f"user{fresh[-9:]}"}
        account.logins[fresh] = row
        return {**row, "password": self._named(f"password/{fresh}")[:24]}

    def _delete_login(self, account: Account, request: Request, id: str) -> Row:
        _found(account.logins, id)
        del account.logins[id]
        return {}


_ENDPOINTS: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/v1/account", SimulatedAcme._fetch_account),
    ("GET", "/v1/numbers", SimulatedAcme._list_numbers),
    ("GET", "/v1/numbers/(?P<id>[^/]+)", SimulatedAcme._fetch_number),
    ("PATCH", "/v1/numbers/(?P<id>[^/]+)", SimulatedAcme._change_number),
    ("GET", "/v1/trunks", SimulatedAcme._list_trunks),
    ("POST", "/v1/trunks", SimulatedAcme._make_trunk),
    ("GET", "/v1/trunks/(?P<id>[^/]+)", SimulatedAcme._fetch_trunk),
    ("DELETE", "/v1/trunks/(?P<id>[^/]+)", SimulatedAcme._delete_trunk),
    ("GET", "/v1/logins", SimulatedAcme._list_logins),
    ("POST", "/v1/logins", SimulatedAcme._make_login),
    ("DELETE", "/v1/logins/(?P<id>[^/]+)", SimulatedAcme._delete_login),
)


def _admit(account: Account, *, everything: bool) -> None:
    """A suspended account may still be read; with a key that has no permission, nothing may."""
    if account.status == "suspended" and everything:
        raise Refusal(403, "account_suspended", "This account is suspended.")
    if not account.permitted:
        raise Refusal(403, "forbidden", "This API key has no permission for this.")


def _page(request: Request, key: str, rows: Sequence[Row]) -> Row:
    page, size = int(request.query.get("page", "1")), min(PAGE_SIZE, int(request.query.get("per_page", PAGE_SIZE)))
    until = page * size
    return {key: rows[until - size : until], "next_page": page + 1 if until < len(rows) else None}


def _fields(request: Request, *known: str) -> Row:
    body = request.json()
    if not isinstance(body, dict) or not body or body.keys() - set(known):
        raise Refusal(422, "invalid_body", f"Send an object of these fields: {', '.join(known)}.")
    return body


def _found(things: Mapping[str, Row], id: str) -> Row:
    if id not in things:
        raise Refusal(404, "not_found", "There is nothing of this id.")
    return things[id]


def _collection(account: Account, name: str) -> dict[str, Row]:
    if name not in ("numbers", "trunks", "logins"):
        raise UnknownThing(f"an account has no {name}")
    found: dict[str, Row] = getattr(account, name)
    return found


def _thing(account: Account, collection: str, name: str) -> Row:
    for row in _collection(account, collection).values():
        if name in (row["id"], row.get("number"), row.get("name")):
            return row
    raise UnknownThing(f"no {name} among {collection}")
