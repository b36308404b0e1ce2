"""Faults over SIP: what may befall a trunk's answer, and a scripted peer that is struck by one of them."""

from __future__ import annotations

import contextlib
import enum
import random
import socket
import socketserver
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import attrs

from trunkline.deadline import Deadline
from trunkline.sip.answer import NoAnswer, SipTrouble
from trunkline.sip.destination import Destination
from trunkline.sip.dial import SandboxSipDial
from trunkline.sip.limits import SipLimits
from trunkline.sip.server import SipServer
from trunkline_conformance import canaries
from trunkline_conformance.cassettes import Cassette
from trunkline_conformance.conversation import Asked, Run
from trunkline_conformance.faults import Case, Fault, FaultRun
from trunkline_conformance.peer import Heard, Peer, Reply, challenged, served, serving
from trunkline_conformance.peer_script import IMPATIENT, Challenge, PeerAnswer, PeerScript
from trunkline_conformance.replay import CassetteDial
from trunkline_conformance.scenarios import Scenario, perform
from trunkline_conformance.stage import Stage
from trunkline_conformance.subject import Subject

ELSEWHERE = "sip.elsewhere.example"
"""A host that redirections lead to, and that no customer named; it asks everybody for a login."""

_CHALLENGE = Challenge("trunk.example", "MD5", "auth")
_END = b"\r\n\r\n"
_UNANSWERED = ("not_passed", "carrier_unavailable", "carrier_timed_out")
_ANSWERED = ("passed", "not_passed", "carrier_unavailable")


class Ends(enum.Enum):
    """What becomes of a connection behind an answer."""

    OPEN = "open"
    CLOSED = "closed"
    RESET = "reset"


@attrs.frozen
class Struck:
    """A request, the answer that it would get without the fault, and the peer that it came to."""

    heard: Heard
    honest: Reply
    peer: Peer


@attrs.frozen
class SipFault(Fault):
    """One fault of a trunk. `families` are endings: a verdict on a trunk that does not answer is no error.

    `strike` makes another answer. Without it the request never arrives: DNS is in `trouble`, or, without that either,
    nobody listens. The whole scenario is played `over` UDP or TCP, whose connection ends behind a struck answer as
    `ends` says. One that `waits` is over when the asker's patience is.
    """

    strike: Callable[[Struck], Reply] | None = attrs.field(default=None, repr=False, kw_only=True)
    trouble: SipTrouble | None = attrs.field(default=None, kw_only=True)
    over: Literal["udp", "tcp"] = attrs.field(default="udp", kw_only=True)
    ends: Ends = attrs.field(default=Ends.OPEN, kw_only=True)
    waits: bool = attrs.field(default=False, kw_only=True)


# Answers that nobody can take for one


def _nothing(struck: Struck) -> Reply:
    return Reply(None, None)


def _said(data: bytes) -> Callable[[Struck], Reply]:
    return lambda struck: Reply(None, data)


def _echoed(struck: Struck) -> Reply:
    return Reply(None, struck.heard.data)


def _unread(change: Callable[[bytes], bytes]) -> Callable[[Struck], Reply]:
    """An answer, changed so that it is none; where the script has none, one that is changed alike."""
    return lambda struck: Reply(None, change(struck.honest.data or struck.heard.answered(200)))


def _with(name: bytes, value: bytes) -> Callable[[Struck], Reply]:
    """With another value in one header."""

    def change(data: bytes) -> bytes:
        lines = data.split(b"\r\n")
        return b"\r\n".join(name + b": " + value if line.startswith(name + b":") else line for line in lines)

    return _unread(change)


def _other_branch(data: bytes) -> bytes:
    return data.replace(b";branch=z9hG4bK", b";branch=z9hG4bKother")


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _many_headers(data: bytes) -> bytes:
    return data.removesuffix(_END) + b"".join(b"\r\nX-%d: 1" % each for each in range(SipLimits().headers)) + _END


# Answers that are some


def _status(status: int, *lines: str) -> Callable[[Struck], Reply]:
    return lambda struck: Reply(status, struck.heard.answered(status, *lines))


def _quoting(struck: Struck) -> Reply:
    phrase = f"Wrong password {struck.peer.script.password}"
    return Reply(403, struck.heard.answered(403, f"Server: {phrase}", phrase=phrase))


def _stale(struck: Struck) -> Reply:
    return Reply(401, struck.heard.answered(401, challenged(401, _CHALLENGE, struck.peer.nonce) + ", stale=true"))


# Answers in other words


def _meaning_the_same(change: Callable[[bytes], bytes]) -> Callable[[Struck], Reply]:
    return lambda struck: Reply(struck.honest.status, change(struck.honest.data) if struck.honest.data else None)


def _new_headers(data: bytes) -> bytes:
    return data.removesuffix(_END) + b"\r\nX-New: a,\r\n b;c=d\r\nAllow: INVITE, ACK, BYE" + _END


def _compact(data: bytes) -> bytes:
    for name, short in ((b"Via", b"v"), (b"From", b"f"), (b"To", b"t"), (b"Call-ID", b"i"), (b"CSeq", b"CSEQ")):
        data = data.replace(b"\r\n" + name + b":", b"\r\n" + short + b" :")
    return data


def _after_trying(struck: Struck) -> Reply:
    trying = struck.heard.answered(100)
    return Reply(struck.honest.status, trying + (struck.honest.data or b""))


_BASIC = 'WWW-Authenticate: Basic realm="trunk.example"'
_UNKNOWN_ALGORITHM = 'WWW-Authenticate: Digest realm="trunk.example", nonce="7", algorithm=ROT-13, qop="auth"'
_UNKNOWN_QOP = 'WWW-Authenticate: Digest realm="trunk.example", nonce="7", algorithm=MD5, qop="auth-vow"'

SIP_FAULTS: tuple[SipFault, ...] = (
    # Simple ones first, and late those that take time: cases shrink towards the first.
    SipFault("closed", _UNANSWERED, strike=_nothing, over="tcp", ends=Ends.CLOSED),
    SipFault("connection-refused", _UNANSWERED, over="tcp"),
    SipFault("no-such-name", _UNANSWERED, trouble=SipTrouble.NO_SUCH_NAME),
    SipFault("dns-down", ("carrier_unavailable", "carrier_timed_out"), trouble=SipTrouble.NOT_LOOKED_UP),
    SipFault("other-call-id", _UNANSWERED, strike=_with(b"Call-ID", b"another"), over="tcp", ends=Ends.CLOSED),
    SipFault("other-branch", _UNANSWERED, strike=_unread(_other_branch), over="tcp", ends=Ends.CLOSED),
    SipFault("other-cseq", _UNANSWERED, strike=_with(b"CSeq", b"999 OPTIONS"), over="tcp", ends=Ends.CLOSED),
    SipFault("echoed", _UNANSWERED, strike=_echoed, over="tcp", ends=Ends.CLOSED),
    SipFault("no-sip", _UNANSWERED, strike=_said(b"HTTP/1.1 200 OK\r\nContent-Length: 0" + _END), over="tcp"),
    SipFault("absurd-length", _UNANSWERED, strike=_with(b"Content-Length", b"999999999"), over="tcp"),
    SipFault("negative-length", _UNANSWERED, strike=_with(b"Content-Length", b"-1"), over="tcp"),
    SipFault("endless-line", _UNANSWERED, strike=_said(b"SIP/2.0 200 " + b"O" * 2**17), over="tcp"),
    SipFault("many-headers", _UNANSWERED, strike=_unread(_many_headers), over="tcp"),
    SipFault("closed-halfway", _UNANSWERED, strike=_unread(_half), over="tcp", ends=Ends.CLOSED),
    SipFault("connection-reset", _UNANSWERED, strike=_nothing, over="tcp", ends=Ends.RESET),
    SipFault("silence", _UNANSWERED, strike=_nothing, waits=True),
    SipFault("only-trying", _UNANSWERED, strike=lambda struck: Reply(None, struck.heard.answered(100)), waits=True),
    SipFault("garbled", _UNANSWERED, strike=_said(b"\x00\xff\r\n\x80SIP" * 9), waits=True),
    SipFault("cut-short", _UNANSWERED, strike=_unread(_half), waits=True),
    SipFault("away", _UNANSWERED, strike=_status(408)),
    SipFault("status-299", _ANSWERED, strike=_status(299)),
    SipFault("status-699", _ANSWERED, strike=_status(699)),
    SipFault("moved", _ANSWERED, strike=_status(302, f"Contact: <sip:{ELSEWHERE}>")),
    SipFault("busy-for-years", _ANSWERED, strike=_status(503, "Retry-After: 999999999")),
    SipFault("quoted-password", _ANSWERED, strike=_quoting),
    SipFault("no-challenge", _ANSWERED, strike=_status(401)),
    SipFault("basic", _ANSWERED, strike=_status(401, _BASIC)),
    SipFault("unknown-algorithm", _ANSWERED, strike=_status(401, _UNKNOWN_ALGORITHM)),
    SipFault("unknown-qop", _ANSWERED, strike=_status(401, _UNKNOWN_QOP)),
    SipFault("stale", _ANSWERED, strike=_stale),
    SipFault("new-headers", (), strike=_meaning_the_same(_new_headers), benign=True),
    SipFault("compact-headers", (), strike=_meaning_the_same(_compact), benign=True),
    SipFault("trying-first", (), strike=_after_trying, over="tcp", benign=True),
)
SIP_FAULT_BY_ID = {fault.id: fault for fault in SIP_FAULTS}


class FaultyPeer(Peer):
    """Plays a script but for the fault of a case. `note_struck` is told whenever the fault strikes."""

    def __init__(
        self, script: PeerScript, note: Callable[[Asked], None], case: Case, note_struck: Callable[[], None]
    ) -> None:
        super().__init__(script, note)
        self.fault = SIP_FAULT_BY_ID[case.fault]
        self._case = case
        self._note_struck = note_struck
        self._count = 0
        self.hangs_up = False
        """Whether the last answer was struck so that its connection ends."""

    def is_hit(self) -> bool:
        """Whether the request that is due is one that the fault strikes."""
        return self._count == self._case.at or (self._case.lasting and self._count > self._case.at)

    def never_comes(self) -> bool:
        """Whether the request that is due never arrives."""
        if self.fault.strike is not None or not self.is_hit():
            return False
        self._count += 1
        self._note_struck()
        return True

    def struck(self, heard: Heard, honest: Reply) -> tuple[Reply, str | None]:
        """Another answer, where the fault strikes."""
        hit, strike = self.is_hit(), self.fault.strike
        self._count += 1
        if not hit or strike is None:
            self.hangs_up = False
            return honest, None
        self.hangs_up = self.fault.ends is not Ends.OPEN
        self._note_struck()
        return strike(Struck(heard, honest, self)), self.fault.id

    def challenges(self, method: str) -> Iterable[Challenge]:
        """Those of the script, and the one that is called stale."""
        return (*super().challenges(method), _CHALLENGE)


class _OverTcp(socketserver.ThreadingTCPServer):
    """A peer's other door: the same answers over connections."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, peer: FaultyPeer) -> None:
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self._peer = peer

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer one request after the other, until either side has enough."""
        with contextlib.suppress(ConnectionError):  # Whoever asks may hang up at any time.
            for message in _messages(request):
                reply = self._peer.reply(message)
                if reply.data is not None:
                    request.sendall(reply.data)
                if self._peer.hangs_up:
                    break
        if self._peer.hangs_up and self._peer.fault.ends is Ends.RESET:
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def shutdown_request(self, request: Any) -> None:
        """Close, without the farewell that would come before a reset."""
        request.close()


def _messages(connection: socket.socket) -> Iterator[bytes]:
    """The requests on a connection; none of them has a body."""
    read = b""
    while data := connection.recv(16 * 1024):
        *whole, read = (read + data).split(_END)
        yield from (message + _END for message in whole)


class _FaultyDial(SandboxSipDial):
    """Leads to the struck peer by the transport of the fault, and to where redirections lead; to no other."""

    def __init__(self, peer: FaultyPeer, places: dict[str, tuple[str, int]], nobody: tuple[str, int]) -> None:
        super().__init__(places)
        self._peer = peer
        self._nobody = nobody

    def destinations(
        self, server: SipServer, *, deadline: Deadline, rng: random.Random, most: int, trusted: bool = False
    ) -> tuple[Destination, ...]:
        """Where the host leads; raises the trouble of the fault."""
        found = super().destinations(server, deadline=deadline, rng=rng, most=most, trusted=trusted)
        if server.address_host != self._peer.script.host:
            return found
        fault, never_comes = self._peer.fault, self._peer.never_comes()
        if never_comes and fault.trouble is not None:
            raise NoAnswer(fault.trouble, "the fault of this case")
        ip, port = self._nobody if never_comes else (found[0].ip, found[0].port)
        return (Destination(fault.over, ip, port),)


@contextmanager
def _struck_trunk(
    script: PeerScript, case: Case, note: Callable[[Asked], None], note_struck: Callable[[], None]
) -> Iterator[_FaultyDial]:
    """The peer with the fault, the host that it redirects to, and a place where nobody listens."""
    lure = tuple(
        answer
        for method in ("OPTIONS", "REGISTER")
        for answer in (PeerAnswer(method, 401, challenge=_CHALLENGE), PeerAnswer(method, 200, login=True))
    )
    elsewhere = attrs.evolve(script, host=ELSEWHERE, answers=lure)
    with contextlib.ExitStack() as stack:
        peer = stack.enter_context(FaultyPeer(script, note, case, note_struck))
        over_tcp = stack.enter_context(_OverTcp(peer))
        other = stack.enter_context(served(elsewhere, lambda asked: note(_come_to(elsewhere, asked))))
        nobody = stack.enter_context(socket.socket())
        nobody.bind(("127.0.0.1", 0))
        stack.enter_context(serving(over_tcp if peer.fault.over == "tcp" else peer))
        place = over_tcp.server_address[:2] if peer.fault.over == "tcp" else peer.address
        yield _FaultyDial(peer, {script.host: place, ELSEWHERE: other.address}, nobody.getsockname())  # type: ignore[dict-item]


def _come_to(script: PeerScript, asked: Asked) -> Asked:
    """A request with the host that it came to in place of the one that it asks for."""
    return attrs.evolve(asked, url=f"sip:{script.host}")


def strike_trunk(
    subject: Subject, scenario: Scenario, cassette: Cassette, case: Case, clean: Run, rng: random.Random
) -> FaultRun:
    """Go through a scenario on its scripted peer, with a fault in it."""
    credentials = canaries.fresh(subject.descriptor, cassette.account.credentials, rng)
    dial = CassetteDial(cassette, credentials)
    script, facts, fault = (
        cassette.peer_with(credentials),
        cassette.facts_with(credentials),
        SIP_FAULT_BY_ID[case.fault],
    )
    assert script is not None
    struck: list[str] = []
    with _struck_trunk(script, case, dial.note, lambda: struck.append(dial.step)) as sip:
        stage = Stage(
            subject,
            dial,
            given=cassette.account,
            credentials=credentials,
            facts=facts,
            provenance=cassette.provenance,
            sip=sip,
            sip_limits=IMPATIENT if fault.waits else script.limits,
        )
        stuck = perform(stage, scenario)
    run = Run(subject, scenario.id, cassette, facts, credentials, stage.steps, stuck=stuck)
    return FaultRun(case, fault, run, clean, frozenset(struck), frozenset())
