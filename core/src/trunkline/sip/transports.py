"""Requests over UDP, TCP and TLS: each sends one, and gives the answer that is its own, in bounds of time and size."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Protocol

from trunkline.deadline import Deadline
from trunkline.sip.answer import NoAnswer, SipTrouble
from trunkline.sip.destination import Destination
from trunkline.sip.limits import SipLimits
from trunkline.sip.message import Malformed, Request, Response, TooLarge, is_request, whole_length
from trunkline.sip.server import in_uri

_CERTIFICATE = {
    9: SipTrouble.CERTIFICATE_NOT_YET_VALID,
    10: SipTrouble.CERTIFICATE_EXPIRED,
    18: SipTrouble.CERTIFICATE_SELF_SIGNED,
    19: SipTrouble.CERTIFICATE_UNKNOWN_AUTHORITY,
    20: SipTrouble.CERTIFICATE_UNKNOWN_AUTHORITY,
    21: SipTrouble.CERTIFICATE_UNKNOWN_AUTHORITY,
    62: SipTrouble.CERTIFICATE_WRONG_NAME,
    64: SipTrouble.CERTIFICATE_WRONG_NAME,
}
"""OpenSSL's X509_V_ERR numbers."""


class Connection(Protocol):
    """The road to one destination; `via` is what stands in the request's Via."""

    via: str

    def ask(self, request: Request, deadline: Deadline) -> Response:
        """Send it and wait for its final answer; raises `NoAnswer`."""


@contextlib.contextmanager
def connected(
    destination: Destination, *, tls: Callable[[], ssl.SSLContext], limits: SipLimits, deadline: Deadline
) -> Iterator[Connection]:
    """A connection to exactly this place; raises `NoAnswer`."""
    family = socket.AF_INET6 if ipaddress.ip_address(destination.ip).version == 6 else socket.AF_INET
    kind = socket.SOCK_DGRAM if destination.transport == "udp" else socket.SOCK_STREAM
    with _troubles(), contextlib.ExitStack() as stack:
        sock = stack.enter_context(socket.socket(family, kind))
        sock.settimeout(_wait(deadline, limits.connect_seconds))
        # Connected, a UDP socket takes datagrams from this address only, and hears that nobody listens there.
        sock.connect((destination.ip, destination.port))
        if destination.certificate_name is not None:
            sock = stack.enter_context(_secured(sock, tls(), destination.certificate_name))
        host, port = sock.getsockname()[:2]
        via = f"SIP/2.0/{destination.transport.upper()} {in_uri(host)}:{port}"
        yield _Datagrams(sock, via, limits) if destination.transport == "udp" else _Stream(sock, via, limits)


def _secured(sock: socket.socket, context: ssl.SSLContext, name: str) -> ssl.SSLSocket:
    try:
        return context.wrap_socket(sock, server_hostname=name)
    except ssl.SSLCertVerificationError as error:
        trouble = _CERTIFICATE.get(error.verify_code, SipTrouble.CERTIFICATE_REFUSED)
        raise NoAnswer(trouble, error.verify_message) from None
    except ssl.SSLEOFError:
        raise NoAnswer(SipTrouble.NO_TLS, "closed in the handshake") from None
    except ssl.SSLError as error:
        raise NoAnswer(_handshake_trouble(error.reason or ""), error.reason or "TLS failed") from None
    except (TimeoutError, ConnectionError) as error:
        raise NoAnswer(SipTrouble.NO_TLS, f"no handshake: {type(error).__name__}") from None


def _handshake_trouble(reason: str) -> SipTrouble:
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_MESSAGE", "RECORD_LAYER_FAILURE"):
        return SipTrouble.NO_TLS
    if reason in ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "VERSION_TOO_LOW"):
        return SipTrouble.TLS_VERSION
    return SipTrouble.TLS_REFUSED


@contextlib.contextmanager
def _troubles() -> Iterator[None]:
    """What the operating system reports, as trouble."""
    try:
        yield
    except TimeoutError:
        raise NoAnswer(SipTrouble.SILENT, "no connection in time") from None
    except ConnectionRefusedError:
        raise NoAnswer(SipTrouble.REFUSED, "nobody listens there") from None
    except (ConnectionError, ssl.SSLZeroReturnError, ssl.SSLEOFError) as error:
        raise NoAnswer(SipTrouble.CLOSED, type(error).__name__) from None
    except ssl.SSLError as error:
        raise NoAnswer(SipTrouble.TLS_REFUSED, error.reason or "TLS failed") from None
    except OSError as error:
        raise NoAnswer(SipTrouble.UNREACHABLE, type(error).__name__) from None


def _wait(deadline: Deadline, most: float) -> float:
    """Seconds to wait on a socket, never none: that would make it non-blocking."""
    return max(0.001, min(deadline.remaining, most))


class _Datagrams:
    """UDP, with the request sent again as RFC 3261 17.1.2 says. What is not the answer is passed over."""

    def __init__(self, sock: socket.socket, via: str, limits: SipLimits) -> None:
        self.via = via
        self._sock = sock
        self._limits = limits

    def ask(self, request: Request, deadline: Deadline) -> Response:
        data = request.encode()
        pause, unreadable = self._limits.t1, ""
        while not deadline.passed:
            self._sock.send(data)
            again = Deadline.after(pause)
            pause = min(2 * pause, self._limits.t2)
            while not again.passed and not deadline.passed:
                try:
                    response = self._received(request, _wait(deadline, again.remaining))
                except (Malformed, TooLarge) as error:
                    unreadable = str(error)
                    continue
                if response is None:
                    continue
                if response.status >= 200:
                    return response
                pause = self._limits.t2
        if unreadable:
            raise NoAnswer(SipTrouble.MALFORMED, unreadable)
        raise NoAnswer(SipTrouble.SILENT, "no answer in time")

    def _received(self, request: Request, seconds: float) -> Response | None:
        self._sock.settimeout(seconds)
        try:
            data = self._sock.recv(self._limits.message_bytes + 1)
        except TimeoutError:
            return None
        if len(data) > self._limits.message_bytes:
            raise TooLarge("a datagram over the bound")
        return _own(data, request, self._limits)


class _Stream:
    """TCP, or TLS: messages one after the other, each as long as it says of itself."""

    def __init__(self, sock: socket.socket, via: str, limits: SipLimits) -> None:
        self.via = via
        self._sock = sock
        self._limits = limits
        self._read = bytearray()

    def ask(self, request: Request, deadline: Deadline) -> Response:
        self._sock.settimeout(_wait(deadline, self._limits.answer_seconds))
        self._sock.sendall(request.encode())
        try:
            while True:
                response = _own(self._message(deadline), request, self._limits)
                if response is not None and response.status >= 200:
                    return response
        except Malformed as error:
            raise NoAnswer(SipTrouble.MALFORMED, str(error)) from None
        except TooLarge as error:
            raise NoAnswer(SipTrouble.TOO_LARGE, str(error)) from None

    def _message(self, deadline: Deadline) -> bytes:
        while True:
            del self._read[: len(self._read) - len(self._read.lstrip(b"\r\n"))]  # Keep-alives.
            length = whole_length(bytes(self._read), most=self._limits.message_bytes)
            if length is not None and len(self._read) >= length:
                message = bytes(self._read[:length])
                del self._read[:length]
                return message
            self._receive(deadline)

    def _receive(self, deadline: Deadline) -> None:
        try:
            if deadline.passed:
                raise TimeoutError
            self._sock.settimeout(_wait(deadline, deadline.remaining))
            data = self._sock.recv(16 * 1024)
        except TimeoutError:
            if self._read:
                raise Malformed("the answer does not end") from None
            raise NoAnswer(SipTrouble.SILENT, "no answer in time") from None
        if not data:
            raise NoAnswer(SipTrouble.CLOSED, "closed in an answer" if self._read else "closed before an answer")
        self._read += data


def _own(data: bytes, request: Request, limits: SipLimits) -> Response | None:
    """The answer to the request, or None for what is not: a request of theirs, or the answer to something else."""
    if is_request(data):
        return None
    response = Response.parse(data, headers=limits.headers)
    return response if response.answers(request) else None
