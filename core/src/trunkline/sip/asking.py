"""One question to a SIP server: which destinations are tried, how challenges are answered, and what is told of it."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from urllib.parse import quote

import attrs

from trunkline.checks import Exchange
from trunkline.deadline import Deadline
from trunkline.secret import Secret
from trunkline.sip.answer import CHALLENGES, NoAnswer, SipAnswer, SipTrouble, Unanswered
from trunkline.sip.destination import Destination
from trunkline.sip.dial import SipDial
from trunkline.sip.digest import Challenge, challenges
from trunkline.sip.limits import SipLimits
from trunkline.sip.message import Request, Response
from trunkline.sip.server import SipServer, in_uri
from trunkline.sip.transports import Connection, connected

_NOBODY_THERE = (SipTrouble.REFUSED, SipTrouble.UNREACHABLE)
_TRY_NEXT = (*_NOBODY_THERE, SipTrouble.SILENT, SipTrouble.CLOSED)
_LONGEST_TEXT = 128


@attrs.frozen
class DigestCredentials:
    """What challenges are answered with; only asking opens the password."""

    username: str = attrs.field(repr=False)
    password: Secret


@attrs.frozen
class Question:
    """A method, OPTIONS or REGISTER, for a server; `credentials` are there where challenges may be answered."""

    method: str
    server: SipServer
    credentials: DigestCredentials | None = None

    @property
    def user(self) -> str | None:
        """The user part of the address that is asked for."""
        name = self.credentials.username.partition("@")[0] if self.credentials else ""
        return quote(name, safe="!*'()&=+$,;?/") or None

    @property
    def caller(self) -> str:
        """Who asks, as it stands in From."""
        return f"sip:{self.user or 'trunkline'}@{in_uri(self.server.domain or self.server.host)}"

    @property
    def callee(self) -> str:
        """Who is asked, as it stands in To: for a registration, the user himself."""
        return self.caller if self.method == "REGISTER" else self.server.uri


class Asker:
    """Asks SIP servers; `record` is told of every request that was sent, and `scrub` cleans each text of theirs."""

    def __init__(
        self,
        dial: SipDial,
        limits: SipLimits,
        rng: random.Random,
        *,
        record: Callable[[Exchange], None],
        scrub: Callable[[str], str],
    ) -> None:
        self.dial = dial
        self.limits = limits
        self.rng = rng
        self.record = record
        self.scrub = scrub

    def ask(self, question: Question, deadline: Deadline, *, trusted: bool = False) -> SipAnswer:
        """Ask at one destination after the other until one answers for good (RFC 3263, 4.3)."""
        until = Deadline(min(deadline.at, Deadline.after(self.limits.question_seconds).at))
        try:
            destinations = self.dial.destinations(
                question.server, deadline=until, rng=self.rng, most=self.limits.destinations, trusted=trusted
            )
        except NoAnswer as error:
            return SipAnswer(trouble=error.trouble, detail=error.detail)
        answers: list[SipAnswer] = []
        for destination in destinations:
            if answers and until.passed:
                break
            answers.append(_Conversation(self, question, destination, until).held())
            if not (answers[-1].status == 503 or answers[-1].trouble in _TRY_NEXT):
                return attrs.evolve(answers[-1], detail=_each(answers))
        return attrs.evolve(min(answers, key=_rank), detail=_each(answers))

    def token(self) -> str:
        """A word that nobody guesses from outside, and that a seeded engine says again."""
        return f"{self.rng.getrandbits(96):024x}"


def _rank(answer: SipAnswer) -> int:
    """An answer tells more than none; and where one address was silent, not all can be said to refuse."""
    if answer.status is not None:
        return 0
    return 2 if answer.trouble in _NOBODY_THERE else 1


def _each(answers: list[SipAnswer]) -> str:
    return "; ".join(f"{each.transport} {each.address}: {each.detail}" for each in answers)


class _Conversation:
    """One question at one destination: the request, and again with credentials as often as a challenge is new."""

    def __init__(self, asker: Asker, question: Question, destination: Destination, until: Deadline) -> None:
        self._asker = asker
        self._question = question
        self._destination = destination
        self._until = until
        self._call_id = asker.token()
        self._tag = asker.token()
        self._sequence = 0
        self._taken: dict[int, _Taken] = {}
        self._so_far = SipAnswer(
            trouble=SipTrouble.SILENT,
            transport=destination.transport,
            address=str(destination),
            request_id=self._call_id,
        )

    def held(self) -> SipAnswer:
        """How it ended."""
        asker, started = self._asker, time.monotonic()
        try:
            with connected(
                self._destination, tls=asker.dial.tls, limits=asker.limits, deadline=self._until
            ) as connection:
                response = self._exchanged(connection)
                while response.status in CHALLENGES and self._takes_up(response):
                    response = self._exchanged(connection)
        except NoAnswer as error:
            if not self._sequence:
                self._note(None, time.monotonic() - started)
            return attrs.evolve(self._so_far, trouble=error.trouble, detail=error.detail)
        return self._concluded(response)

    def _exchanged(self, connection: Connection) -> Response:
        self._sequence += 1
        request = self._request(connection.via)
        until = Deadline(min(self._until.at, Deadline.after(self._asker.limits.answer_seconds).at))
        started, status = time.monotonic(), None
        try:
            response = connection.ask(request, until)
            status = response.status
            return response
        finally:
            self._note(status, time.monotonic() - started)

    def _request(self, via: str) -> Request:
        question = self._question
        return Request(
            method=question.method,
            uri=question.server.uri,
            via=via,
            branch=f"z9hG4bK{self._asker.token()}",
            caller=question.caller,
            callee=question.callee,
            tag=self._tag,
            call_id=self._call_id,
            sequence=self._sequence,
            authorizations=tuple(self._authorization(taken) for taken in self._taken.values()),
        )

    def _authorization(self, taken: _Taken) -> tuple[str, str]:
        assert self._question.credentials is not None
        taken.count += 1
        return taken.challenge.answer(
            method=self._question.method,
            uri=self._question.server.uri,
            username=self._question.credentials.username,
            password=self._question.credentials.password.reveal(),
            cnonce=taken.cnonce,
            count=taken.count,
        )

    def _takes_up(self, response: Response) -> bool:
        """Whether the challenge is to be answered: the first of its kind is, and once more one that says `stale`."""
        offered = challenges(response)
        expected = self._question.server.realm
        ours = [each for each in offered if expected in (None, each.realm, _unescaped(each.realm))]
        challenge = next(iter(ours or offered), None)
        self._so_far = attrs.evolve(
            self._so_far,
            challenged=True,
            algorithm=challenge.hash_name if challenge else None,
            realm=self._text(challenge.realm) if challenge else None,
        )
        if challenge is None:
            return self._leaves(Unanswered.NO_COMMON_ALGORITHM)
        if self._question.credentials is None:
            return self._leaves(Unanswered.NO_CREDENTIALS)
        if not ours:
            return self._leaves(Unanswered.OTHER_REALM)
        earlier = self._taken.get(response.status)
        if earlier is not None and not challenge.stale:
            return False
        if earlier is not None and earlier.renewed:
            return self._leaves(Unanswered.STALE)
        self._taken[response.status] = _Taken(challenge, self._asker.token(), renewed=earlier is not None)
        self._so_far = attrs.evolve(self._so_far, answered=True)
        return True

    def _leaves(self, why: Unanswered) -> bool:
        self._so_far = attrs.evolve(self._so_far, unanswered=why)
        return False

    def _concluded(self, response: Response) -> SipAnswer:
        return attrs.evolve(
            self._so_far,
            trouble=None,
            status=response.status,
            reason=self._text(response.reason),
            retry_after=_seconds(response.value("retry-after")),
            server=self._text(response.value("server") or response.value("user-agent") or "") or None,
            allow=tuple(re.findall(r"[A-Z]{1,32}", " ".join(response.values("allow"))))[:32],
            detail=str(response.status),
        )

    def _note(self, status: int | None, seconds: float) -> None:
        server = self._question.server
        self._asker.record(
            Exchange(
                method=self._question.method,
                host=server.host,
                path=self._asker.scrub(server.uri),
                status=status,
                request_id=self._call_id,
                seconds=round(seconds, 4),
            )
        )

    def _text(self, theirs: str) -> str:
        return self._asker.scrub(theirs.encode("utf-8", "replace").decode())[:_LONGEST_TEXT]


@attrs.define
class _Taken:
    """A challenge that is being answered, how often so far, and whether it took the place of a stale one."""

    challenge: Challenge
    cnonce: str
    renewed: bool
    count: int = 0


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _seconds(text: str | None) -> float | None:
    """The seconds of a Retry-After, without the comment and the parameters behind them."""
    match = re.match(r"[0-9]{1,9}(?![0-9])", text or "")
    return float(match[0]) if match else None
