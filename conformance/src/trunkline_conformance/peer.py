"""The scripted SIP peer: a trunk on loopback that answers as its script says, and checks each login by itself."""

from __future__ import annotations

import hashlib
import secrets
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from email.parser import Parser
from http import HTTPStatus
from typing import Any
from urllib.request import parse_http_list, parse_keqv_list

import attrs

from trunkline_conformance.conversation import Asked
from trunkline_conformance.peer_script import Challenge, PeerAnswer, PeerScript

_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
_CHALLENGED_IN = {401: "WWW-Authenticate", 407: "Proxy-Authenticate"}
_ANSWERED_IN = ("Authorization", "Proxy-Authorization")
_ECHOED = ("Via", "From", "To", "Call-ID", "CSeq")
_POLL_SECONDS = 0.01
_UNSCRIPTED = PeerAnswer("OPTIONS", 500)


@contextmanager
def served(script: PeerScript, note: Callable[[Asked], None]) -> Iterator[Peer]:
    """A peer until the end of the block."""
    with Peer(script, note) as peer, serving(peer):
        yield peer


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    """A server at work until the end of the block."""
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@attrs.frozen
class Heard:
    """One request that came to a peer."""

    data: bytes = attrs.field(repr=False)
    method: str
    uri: str
    headers: Message = attrs.field(repr=False)

    @classmethod
    def of(cls, data: bytes) -> Heard:
        """Read it; whoever asks writes requests as they should be."""
        line, _, rest = data.decode("utf-8", "surrogateescape").partition("\r\n")
        method, uri, _ = line.split(" ", 2)
        return cls(data, method, uri, Parser().parsestr(rest, headersonly=True))

    def answered(self, status: int, *lines: str, phrase: str | None = None) -> bytes:
        """An answer to it, with these headers too."""
        first = f"SIP/2.0 {status} {phrase or _phrase(status)}"
        echoed = (f"{name}: {self.headers[name]}" for name in _ECHOED)
        return "\r\n".join([first, *echoed, *lines, "Content-Length: 0", "", ""]).encode("utf-8", "surrogateescape")


@attrs.frozen
class Reply:
    """What a request gets: the status that can be read in it, and the bytes, each None where there is none."""

    status: int | None
    data: bytes | None = attrs.field(repr=False)


class Peer(socketserver.UDPServer):
    """Plays one script over UDP on loopback; `note` is told of every request once.

    A login that is not the script's own, by the peer's own reckoning, is in no script.
    """

    def __init__(self, script: PeerScript, note: Callable[[Asked], None]) -> None:
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self.script = script
        self.nonce = secrets.token_hex(16)
        self._note = note
        self._replies: dict[tuple[str, str], Reply] = {}
        self._played: set[int] = set()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self.socket.getsockname()
        return host, port

    def unplayed(self) -> list[tuple[str, str]]:
        """Each answer that was never given; it belongs to no step in particular."""
        return [("", _told(each)) for index, each in enumerate(self.script.answers) if index not in self._played]

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer one datagram."""
        data, socket = request
        reply = self.reply(data)
        if reply.data is not None:
            socket.sendto(reply.data, client_address)

    def reply(self, data: bytes) -> Reply:
        """What a request gets, the same where it comes again, as it may over UDP."""
        heard = Heard.of(data)
        asked = (heard.headers["Call-ID"], heard.headers["CSeq"])
        if asked not in self._replies:
            self._replies[asked] = self.first_reply(heard)
        return self._replies[asked]

    def first_reply(self, heard: Heard) -> Reply:
        """What a request gets that was not heard before."""
        sent = [value for name in _ANSWERED_IN for value in heard.headers.get_all(name, [])]
        login = all(self._is_right(heard, value) for value in sent) if sent else None
        index = None if login is False else self._answer_for(heard.method, bool(sent))
        answer = _UNSCRIPTED if index is None else self.script.answers[index]
        if index is not None:
            self._played.add(index)
        honest = Reply(answer.status, None if answer.status is None else self._written(heard, answer, answer.status))
        reply, fault = self.struck(heard, honest)
        self._note(
            Asked(
                step="",
                method=heard.method,
                url=heard.uri,
                headers=dict(heard.headers),
                body=None,
                status=reply.status,
                played=index,
                nearest="the login of the account" if login is False else "what the peer's script has an answer for",
                fault=fault,
                login=login,
            )
        )
        return reply

    def struck(self, heard: Heard, honest: Reply) -> tuple[Reply, str | None]:
        """What becomes of an answer on its way, and the fault that befell it: nothing, and none."""
        return honest, None

    def challenges(self, method: str) -> Iterable[Challenge]:
        """Those that a login may be for."""
        return [each.challenge for each in self.script.answers if each.challenge and each.method == method]

    def _answer_for(self, method: str, login: bool) -> int | None:
        answers = enumerate(self.script.answers)
        return next((at for at, each in answers if (each.method, each.login) == (method, login)), None)

    def _is_right(self, heard: Heard, value: str) -> bool:
        """Whether a digest is that of the login for a challenge that this peer gave (RFC 7616, 3.4)."""
        said = parse_keqv_list(parse_http_list(value.removeprefix("Digest ")))
        return any(
            said.get("response") == _digest(self.script, each, self.nonce, heard.method, heard.uri, said)
            and said.get("username") == self.script.username
            and said.get("nonce") == self.nonce
            for each in self.challenges(heard.method)
        )

    def _written(self, heard: Heard, answer: PeerAnswer, status: int) -> bytes:
        lines = [challenged(status, answer.challenge, self.nonce)] if answer.challenge else []
        if answer.retry_after is not None:
            lines.append(f"Retry-After: {answer.retry_after}")
        return heard.answered(status, *lines)


def challenged(status: int, challenge: Challenge, nonce: str) -> str:
    """The header that asks for a login."""
    said = f'realm="{challenge.realm}", nonce="{nonce}", algorithm={challenge.algorithm}'
    qop = f', qop="{challenge.qop}"' if challenge.qop else ""
    return f"{_CHALLENGED_IN[status]}: Digest {said}{qop}"


def _digest(
    script: PeerScript, challenge: Challenge, nonce: str, method: str, uri: str, said: Mapping[str, str]
) -> str:
    def hashed(*parts: str) -> str:
        return hashlib.new(_HASHES[challenge.algorithm], ":".join(parts).encode(), usedforsecurity=False).hexdigest()

    user, asked = hashed(script.username, challenge.realm, script.password), hashed(method, uri)
    if challenge.qop is None:
        return hashed(user, nonce, asked)
    return hashed(user, nonce, said.get("nc", ""), said.get("cnonce", ""), challenge.qop, asked)


def _phrase(status: int) -> str:
    return next((each.phrase for each in HTTPStatus if each == status), "Answer")


def _told(answer: PeerAnswer) -> str:
    return f"{answer.method} {'with' if answer.login else 'without'} the login, answered {answer.status or 'never'}"
