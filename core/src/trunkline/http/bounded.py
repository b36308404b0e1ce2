"""Connections whose answers are read against a deadline, and that reach no private address unasked."""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.util.connection import allowed_gai_family, is_connection_dropped

from trunkline.deadline import Deadline
from trunkline.http.pace import Turn
from trunkline.public_addresses import is_public

_MOST_ADDRESSES = 4
_SENT_AT_ONCE_BYTES = 16 * 1024
"""What any socket's buffer takes without waiting."""
_SURELY_OPEN_SECONDS = 0.5
"""A connection that waited longer for its turn may have been closed by the carrier, and is looked at again."""

_DEADLINE: ContextVar[Deadline | None] = ContextVar("trunkline_answer_deadline", default=None)
_TURN: ContextVar[Turn | None] = ContextVar("trunkline_turn", default=None)


@contextmanager
def answered_by(deadline: Deadline, turn: Turn | None = None) -> Iterator[None]:
    """A request made inside the block is sent in its turn; its answer, one that trickles too, ends at the deadline."""
    tokens = _DEADLINE.set(deadline), _TURN.set(turn)
    try:
        yield
    finally:
        _DEADLINE.reset(tokens[0])
        _TURN.reset(tokens[1])


class _BoundedReader(io.RawIOBase):
    """Reads a socket; each wait is as long as the socket's own timeout, and none outlasts the deadline."""

    def __init__(self, inner: io.RawIOBase, sock: socket.socket, deadline: Deadline) -> None:
        self._inner = inner
        self._sock = sock
        self._deadline = deadline
        self._seconds = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline.remaining
        if not left:
            raise TimeoutError("the deadline has passed")
        self._sock.settimeout(left if self._seconds is None else min(left, self._seconds))
        return self._inner.readinto(buffer)

    def fileno(self) -> int:
        return self._inner.fileno()

    def close(self) -> None:
        self._inner.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        deadline = _DEADLINE.get()
        if deadline is not None:
            self.fp = io.BufferedReader(_BoundedReader(self.fp.detach(), sock, deadline))


class _PublicOnly:
    """Dials the public addresses of its host and no others: at a private one nobody hears as much as a knock."""

    def _new_conn(self) -> socket.socket:
        connection: HTTPConnection = self  # type: ignore[assignment]
        name, port = connection.host, connection.port
        try:
            found = socket.getaddrinfo(name, port, allowed_gai_family(), socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(connection, f"the name was not found: {error}") from error
        public = [ip for ip in dict.fromkeys(str(entry[4][0]) for entry in found) if is_public(ip)]
        failure: HTTPError = NewConnectionError(connection, "the name leads to no public address")
        try:
            for connection.host in public[:_MOST_ADDRESSES]:
                try:
                    # The very address that was checked, not a second lookup of the name.
                    sock: socket.socket = super()._new_conn()  # type: ignore[misc]
                except (NewConnectionError, ConnectTimeoutError) as error:
                    failure = error
                else:
                    return sock
        finally:
            connection.host = name
        raise failure


def _nothing() -> None:
    """What is too large to be sent by another thread, whose own work it would hold up."""


class _InTurn:
    """Makes a request ready to its last byte, on a connection, before its turn comes; then it leaves in one piece."""

    _pieces: list[bytes] | None = None

    def request(self, *args: Any, **kwargs: Any) -> None:
        connection: HTTPConnection = self  # type: ignore[assignment]
        pieces: list[bytes] = []
        self._pieces = pieces
        try:
            super().request(*args, **kwargs)  # type: ignore[misc]
        finally:
            self._pieces = None
        if connection.sock is None:
            connection.connect()
        whole, ready = b"".join(pieces), time.monotonic()
        turn = _TURN.get()

        def send() -> None:
            if time.monotonic() - ready > _SURELY_OPEN_SECONDS and is_connection_dropped(connection):
                raise NewConnectionError(connection, "hung up before the turn came")
            self.send(whole)

        if turn is None:
            send()
        elif len(whole) <= _SENT_AT_ONCE_BYTES:
            turn.begin(send)
        else:
            turn.begin(_nothing)
            send()

    def send(self, data: Any) -> None:
        if self._pieces is None:
            super().send(data)  # type: ignore[misc]
        else:
            self._pieces.append(data)


class _Http(_InTurn, HTTPConnection):
    response_class = _BoundedResponse


class _Https(_InTurn, HTTPSConnection):
    response_class = _BoundedResponse


class _PublicHttps(_PublicOnly, _Https):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class _PublicHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHttps


class BoundedAdapter(HTTPAdapter):
    """Keeps connections and retries nothing; knows no proxy, no cookies, and one way to verify a server."""

    def __init__(self, *, private_addresses: bool) -> None:
        super().__init__(pool_connections=64, pool_maxsize=64, max_retries=0)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _HttpPool,
            "https": _HttpsPool if private_addresses else _PublicHttpsPool,
        }

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: object, proxies: object = None, cert: object = None
    ) -> HTTPConnectionPool:
        """The connections to the host in the address, whose certificate is verified."""
        parts, verified = urlsplit(request.url or ""), {"cert_reqs": "CERT_REQUIRED"}
        pool: HTTPConnectionPool = self.poolmanager.connection_from_host(
            parts.hostname, parts.port, parts.scheme, verified
        )
        return pool

    def request_url(self, request: PreparedRequest, proxies: object) -> str:
        """Path and query."""
        return request.path_url

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """What was answered, and no cookies of it."""
        response = Response()
        response.status_code, response.reason, response.url = resp.status, resp.reason, req.url or ""
        response.headers = CaseInsensitiveDict(resp.headers)
        response.encoding = get_encoding_from_headers(response.headers)
        response.raw, response.request, response.connection = resp, req, self
        return response
