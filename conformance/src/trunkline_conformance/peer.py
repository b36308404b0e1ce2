"""The scripted SIP peer: a trunk on loopback that answers as its script says, and checks each login by itself."""

from __future__ import annotations

import hashlib
import secrets
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from email.parser import Parser
from http import HTTPStatus
from typing import Any
from urllib.request import parse_http_list, parse_keqv_list

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
    with Peer(script, note) as peer:
        thread = threading.Thread(target=peer.serve_forever, args=(_POLL_SECONDS,))
        thread.start()
        try:
            yield peer
        finally:
            peer.shutdown()
            thread.join()


class Peer(socketserver.UDPServer):
    """Plays one script over UDP on loopback; `note` is told of every request once.

    A login that is not the script's own, by the peer's own reckoning, is in no script.
    """

    def __init__(self, script: PeerScript, note: Callable[[Asked], None]) -> None:
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self._script = script
        self._note = note
        self._nonce = secrets.token_hex(16)
        self._replies: dict[tuple[str, str], str | None] = {}
        self._played: set[int] = set()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self.socket.getsockname()
        return host, port

    def unplayed(self) -> list[tuple[str, str]]:
        """Each answer that was never given; it belongs to no step in particular."""
        return [("", _told(each)) for index, each in enumerate(self._script.answers) if index not in self._played]

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer one datagram."""
        data, socket = request
        line, _, rest = data.decode("utf-8", "surrogateescape").partition("\r\n")
        method, uri, _ = line.split(" ", 2)
        headers = Parser().parsestr(rest, headersonly=True)
        asked = (headers["Call-ID"], headers["CSeq"])
        if asked not in self._replies:  # Over UDP a request may come again.
            self._replies[asked] = self._reply(method, uri, headers)
        reply = self._replies[asked]
        if reply is not None:
            socket.sendto(reply.encode("utf-8", "surrogateescape"), client_address)

    def _reply(self, method: str, uri: str, headers: Message) -> str | None:
        sent = [value for name in _ANSWERED_IN for value in headers.get_all(name, [])]
        login = all(self._is_right(method, uri, value) for value in sent) if sent else None
        index = None if login is False else self._answer_for(method, bool(sent))
        answer = _UNSCRIPTED if index is None else self._script.answers[index]
        if index is not None:
            self._played.add(index)
        self._note(
            Asked(
                step="",
                method=method,
                url=uri,
                headers=dict(headers),
                body=None,
                status=answer.status,
                played=index,
                nearest="the login of the account" if login is False else "what the peer's script has an answer for",
                login=login,
            )
        )
        return None if answer.status is None else self._written(answer, answer.status, headers)

    def _answer_for(self, method: str, login: bool) -> int | None:
        answers = enumerate(self._script.answers)
        return next((at for at, each in answers if (each.method, each.login) == (method, login)), None)

    def _is_right(self, method: str, uri: str, value: str) -> bool:
        """Whether a digest is that of the login for a challenge that this peer gave (RFC 7616, 3.4)."""
        said = parse_keqv_list(parse_http_list(value.removeprefix("Digest ")))
        given = (each.challenge for each in self._script.answers if each.challenge and each.method == method)
        return any(
            said.get("response") == _digest(self._script, each, self._nonce, method, uri, said)
            and said.get("username") == self._script.username
            and said.get("nonce") == self._nonce
            for each in given
        )

    def _written(self, answer: PeerAnswer, status: int, headers: Message) -> str:
        lines = [f"SIP/2.0 {status} {_phrase(status)}", *(f"{name}: {headers[name]}" for name in _ECHOED)]
        if answer.challenge is not None:
            said = f'realm="{answer.challenge.realm}", nonce="{self._nonce}", algorithm={answer.challenge.algorithm}'
            qop = f', qop="{answer.challenge.qop}"' if answer.challenge.qop else ""
            lines.append(f"{_CHALLENGED_IN[status]}: Digest {said}{qop}")
        if answer.retry_after is not None:
            lines.append(f"Retry-After: {answer.retry_after}")
        return "\r\n".join([*lines, "Content-Length: 0", "", ""])


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
