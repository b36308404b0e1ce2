"""A SIP server on loopback that answers what a test says, over UDP or TCP: right, wrong, late or never."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs

Answer = Callable[[str], list[bytes]]
"""From a request to the datagrams, or the pieces of a stream, that answer it."""


@attrs.define
class Scripted:
    """Where it listens, and every request it got, in order."""

    port: int
    requests: list[str] = attrs.field(factory=list)


def reply(request: str, status: str, *headers: str, **changed: str) -> bytes:
    """An answer to the request with these headers; `changed` puts another value in place of via, call_id and so on."""
    kept = {}
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        match = re.search(rf"^{name}: (.*)\r$", request, re.MULTILINE)
        assert match is not None
        kept[name] = changed.get(name.lower().replace("-", "_"), match[1])
    lines = [f"SIP/2.0 {status}", *(f"{name}: {value}" for name, value in kept.items()), *headers, "Content-Length: 0"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def header(request: str, name: str) -> str:
    """The value of a request's header."""
    match = re.search(rf"^{name}: (.*)\r$", request, re.MULTILINE)
    assert match is not None, f"{name} is not in the request"
    return match[1]


@contextmanager
def scripted(answer: Answer, transport: str = "udp") -> Iterator[Scripted]:
    """Serve until the end of the block."""
    serve = _datagrams if transport == "udp" else _stream
    with socket.socket(type=socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        server = Scripted(sock.getsockname()[1])
        if transport != "udp":
            sock.listen()
        failed: list[BaseException] = []
        thread = threading.Thread(target=_guarded, args=(serve, sock, server, answer, failed))
        thread.start()
        try:
            yield server
        finally:
            with socket.socket(type=sock.type) as stop:
                stop.connect(sock.getsockname())
                stop.sendall(b"stop")
            thread.join(10)
        if failed:
            raise failed[0]


def _guarded(
    serve: Callable[..., None], sock: socket.socket, server: Scripted, answer: Answer, failed: list[BaseException]
) -> None:
    try:
        serve(sock, server, answer)
    except BaseException as error:
        failed.append(error)


def _datagrams(sock: socket.socket, server: Scripted, answer: Answer) -> None:
    while True:
        data, client = sock.recvfrom(65536)
        if data == b"stop":
            return
        server.requests.append(data.decode("utf-8", "surrogateescape"))
        for each in answer(server.requests[-1]):
            sock.sendto(each, client)


def _stream(sock: socket.socket, server: Scripted, answer: Answer) -> None:
    """One client at a time; an answer of no pieces closes the connection."""
    while True:
        client, _ = sock.accept()
        with client, contextlib.suppress(ConnectionError):  # They may have read enough.
            while data := client.recv(65536):
                if data == b"stop":
                    return
                server.requests.append(data.decode("utf-8", "surrogateescape"))
                pieces = answer(server.requests[-1])
                if not pieces:
                    break
                for each in pieces:
                    client.sendall(each)
