"""`Idempotency-Key`: the same request under the same key gets the first answer again."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import Any

import attrs
from litestar import Request, Response
from sqlalchemy import Connection

from trunkline_service.errors import ApiError, answer_error, as_api_error
from trunkline_service.key_ring import SealBroken
from trunkline_service.service import Service
from trunkline_service.storage import idempotency
from trunkline_service.storage.idempotency import KeptRequest
from trunkline_service.storage.organizations import Caller
from trunkline_service.views import answer_encoded

_KEY = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?")
_REPLAYED = {"Idempotent-Replayed": "true"}


@attrs.frozen
class Ticket:
    """The right to answer the first request under a key."""

    organization: int
    key: str
    token: str

    def keep(self, db: Connection, status: int, body: bytes) -> None:
        """Keep the answer, in the transaction of what it tells of."""
        idempotency.keep(db, self.organization, self.key, self.token, status, body)


@attrs.define
class Keeper:
    """Keeps the answer of a request that succeeds; does nothing where there is no key."""

    ticket: Ticket | None = None
    status: int = 201
    kept: bool = False

    @property
    def key(self) -> str | None:
        """The request's key."""
        return self.ticket.key if self.ticket else None

    def keep(self, db: Connection, answer: bytes, status: int = 201) -> None:
        """Keep the answer, in the transaction of what it tells of."""
        self.status = status
        if self.ticket:
            self.ticket.keep(db, status, answer)
            self.kept = True

    def renew(self, db: Connection, now: int) -> None:
        """Say that the request is still running."""
        if self.ticket:
            idempotency.renew(db, self.ticket.organization, self.ticket.key, self.ticket.token, now)


def once(
    service: Service,
    caller: Caller,
    request: Request[Any, Any, Any],
    body: dict[str, Any],
    work: Callable[[Keeper], bytes],
) -> Response[Any]:
    """Answer with what `work` makes, at most once for each key: 201, unless `work` keeps it with another status.

    `work` may keep its answer in a transaction of its own; otherwise it is kept afterwards.
    """
    header = request.headers.get("idempotency-key")
    if header is None:
        keeper = Keeper()
        return answer_encoded(work(keeper), keeper.status)
    if not _KEY.fullmatch(header):
        raise ApiError("invalid_idempotency_key", "Idempotency-Key must be 1 to 255 printable ASCII characters.")
    said = _said(request, body)
    begun = _begin(service, caller, header, said)
    if isinstance(begun, KeptRequest):
        assert begun.status is not None
        assert begun.answer is not None
        return answer_encoded(begun.answer, begun.status, _REPLAYED)
    return _run(service, begun, work)


def _run(service: Service, ticket: Ticket, work: Callable[[Keeper], bytes]) -> Response[Any]:
    keeper = Keeper(ticket)
    try:
        body = work(keeper)
    except Exception as raised:
        _keep_refusal(service, ticket, as_api_error(raised))
        raise
    if not keeper.kept:
        with service.database.writing() as db:
            ticket.keep(db, keeper.status, body)
    return answer_encoded(body, keeper.status)


def _keep_refusal(service: Service, ticket: Ticket, error: ApiError) -> None:
    """Keep a refusal that would be the same again; drop one that another try may mend."""
    lasting = error.status < 500 and error.status != 429 and error.retry_after is None and not error.retryable
    with service.database.writing() as db:
        if lasting:
            ticket.keep(db, error.status, answer_error(error).content)
        else:
            idempotency.drop(db, ticket.organization, ticket.key, ticket.token)


def _begin(service: Service, caller: Caller, key: str, said: bytes) -> Ticket | KeptRequest:
    """The right to run the request, or the first answer to it."""
    mac_key, mac = service.sealer.mac("idempotency", said)
    with service.database.writing() as db:
        begun = idempotency.begin(db, caller.organization, key, mac_key, mac, service.now())
        if isinstance(begun, str):
            return Ticket(caller.organization, key, begun)
        if not _is_same(service, begun, said):
            reused = "This idempotency key was used for another request. Use a new key."
            raise ApiError("idempotency_key_reused", reused)
        if begun.status is not None:
            return begun
        token = idempotency.take_over(db, caller.organization, key, service.now())
    if token is None:
        running = "The first request with this idempotency key is still running. Ask again in a moment."
        raise ApiError("idempotency_key_running", running, retry_after=2)
    return Ticket(caller.organization, key, token)


def _is_same(service: Service, kept: KeptRequest, said: bytes) -> bool:
    """Whether it is the first request again; one under a key that has left the ring cannot be told from another."""
    try:
        _, mac = service.sealer.mac("idempotency", said, kept.mac_key_id)
    except SealBroken:
        return False
    return hmac.compare_digest(mac, kept.request_mac)


def _said(request: Request[Any, Any, Any], body: dict[str, Any]) -> bytes:
    """What makes a request the same: where it goes and what it says, however its JSON is written."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    said = [request.method, request.url.path, canonical]
    return hashlib.sha256(json.dumps(said).encode()).digest()
