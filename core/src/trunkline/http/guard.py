"""The adapter that every request of a plugin passes: it admits, authorizes, paces, retries, bounds and records."""

from __future__ import annotations

import datetime as dt
import random
import ssl
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import attrs
import requests
import urllib3
from requests.adapters import BaseAdapter
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NameResolutionError, NewConnectionError

from trunkline.checks import Exchange
from trunkline.deadline import Deadline
from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierTimedOut,
    CarrierUnavailable,
    PluginBroken,
    TrunklineError,
    WriteOutcomeUnknown,
)
from trunkline.http.bounded import answered_by
from trunkline.http.dial import Dial
from trunkline.http.pace import AccountPace, Turn
from trunkline.http.patience import retry_after
from trunkline.http.rules import Rules

RETRIED_READS = frozenset({429, 502, 503, 504})
_OURS = (
    "Authorization",
    "Cookie",
    "Proxy-Authorization",
    "Host",
    "X-HTTP-Method",
    "X-HTTP-Method-Override",
    "X-Method-Override",
)
"""Headers that no plugin sets: they would carry secrets, name another host or another method."""

PLACEHOLDER = "trunkline"
"""What SDKs are given in place of a secret."""


@attrs.frozen
class Limits:
    """Bounds of one request: seconds to connect and to wait for an answer, bytes of an answer, attempts.

    `patience_seconds` is how long a carrier that asks to be asked later is waited for in all: who waits holds a thread.
    """

    connect_seconds: float = 5.0
    read_seconds: float = 15.0
    response_bytes: int = 32 * 1024 * 1024
    attempts: int = 4
    patience_seconds: float = 10.0
    requests_per_call: int = 2_000
    request_bytes: int = 1024 * 1024


@attrs.frozen
class _NotSent:
    """The request certainly did not reach the carrier."""

    why: str


@attrs.frozen
class _Lost:
    """The request may have reached the carrier; its answer did not reach us, or not whole."""

    why: str
    timed_out: bool = False
    too_large: bool = False


class Answer(requests.Response):
    """A carrier's answer with its whole body: no connection behind it, no cookies, and no redirect to follow."""

    @property
    def is_redirect(self) -> bool:
        """False, so that no session follows one."""
        return False

    @property
    def is_permanent_redirect(self) -> bool:
        """False, so that no session follows one."""
        return False


class GuardAdapter(BaseAdapter):
    """Sends requests for one hook call.

    Raises `PluginBroken` for what must not leave, `CarrierTimedOut` past the deadline, `CarrierUnavailable` where
    nothing reached the carrier or a read got no answer, `WriteOutcomeUnknown` where a write got none. A refusal by
    HTTP status is an answer, not an error. A write is sent again only after a 429 or a refused connection.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        dial: Dial,
        pace: AccountPace,
        deadline: Deadline,
        limits: Limits,
        now: Callable[[], dt.datetime],
        rng: random.Random,
        sleep: Callable[[float], None],
    ) -> None:
        super().__init__()
        self.exchanges: list[Exchange] = []
        self.may_have_written = False
        """True once a write was taken, or its answer was lost."""
        self.unsettled = False
        """True while no read was answered since such a write."""
        self._rules = rules
        self._dial = dial
        self._pace = pace
        self._deadline = deadline
        self._limits = limits
        self._now = now
        self._rng = rng
        self._sleep = sleep

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: object = True,
        cert: object = None,
        proxies: object = None,
    ) -> requests.Response:
        """Send one request as the rules allow, and give its answer with the whole body read."""
        method, url = request.method or "", request.url or ""
        self._rules.admit(method, url)
        outgoing = self._outgoing(request)
        writes = not self._rules.is_read(method, urlsplit(url).path)
        attempt, waited = 0, 0.0
        while True:
            attempt += 1
            self._refuse_when_spent()
            with self._pace.turn(self._deadline, self._sleep, writes=writes) as turn:
                self._refuse_when_spent()
                answer = self._once(outgoing, turn)
            self._note_write(answer, writes)
            delay = self._delay(answer, attempt, writes, waited)
            if delay is None:
                answered = self._conclude(answer, writes)
                # The one that was sent holds the secret: the plugin gets back the one that it gave.
                answered.request = request
                answered.connection = self  # type: ignore[assignment]
                return answered
            self._sleep(delay)
            waited += delay

    def close(self) -> None:
        """Nothing of its own to close: connections belong to the dial."""

    def _outgoing(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """A copy of the request with our own Authorization, and without headers that would get around the rules."""
        body = request.body
        if not (body is None or isinstance(body, str | bytes)) or len(body or b"") > self._limits.request_bytes:
            raise PluginBroken("The plugin tried to send more than one request may hold.")
        outgoing = request.copy()
        for header in _OURS:
            outgoing.headers.pop(header, None)
        value = self._rules.authorization()
        if value is not None:
            outgoing.headers["Authorization"] = value
        return outgoing

    def _refuse_when_spent(self) -> None:
        if self._deadline.passed:
            raise CarrierTimedOut("The carrier did not answer in time.")
        if len(self.exchanges) >= self._limits.requests_per_call:
            raise PluginBroken("The plugin sent more requests in one call than it may.")

    def _once(self, request: requests.PreparedRequest, turn: Turn) -> requests.Response | _NotSent | _Lost:
        started = time.monotonic()
        with answered_by(self._deadline, turn):
            answer = self._dialled(request)
        response = answer if isinstance(answer, requests.Response) else None
        self.exchanges.append(
            Exchange(
                method=request.method or "",
                host=urlsplit(request.url or "").hostname or "",
                path=self._rules.named_path(request.url or ""),
                status=response.status_code if response is not None else None,
                request_id=self._request_id(response),
                seconds=round(time.monotonic() - (turn.began_at or started), 4),
            )
        )
        return answer

    def _dialled(self, request: requests.PreparedRequest) -> requests.Response | _NotSent | _Lost:
        left = max(0.05, self._deadline.remaining)
        timeout = (min(self._limits.connect_seconds, left), min(self._limits.read_seconds, left))
        try:
            response = self._dial.send(request, timeout)
        except TrunklineError:
            raise
        except requests.exceptions.SSLError as error:
            why = f"TLS: {type(error).__name__}"
            return _NotSent(why) if _no_handshake(error) else _Lost(why)
        except requests.exceptions.ReadTimeout:
            return _Lost("no answer", timed_out=True)
        except requests.exceptions.ConnectTimeout:
            return _NotSent("no connection in time")
        except requests.exceptions.ConnectionError as error:
            return _NotSent("connection refused") if _never_connected(error) else _Lost("connection broken")
        except (OSError, urllib3.exceptions.HTTPError) as error:
            return _Lost(type(error).__name__)
        with response:
            return self._read(response)

    def _read(self, response: requests.Response) -> requests.Response | _Lost:
        limit, body = self._limits.response_bytes, bytearray()
        try:
            for chunk in response.iter_content(256 * 1024):
                body += chunk
                if len(body) > limit:
                    return _Lost(f"an answer over {limit} bytes", too_large=True)
                if self._deadline.passed:
                    return _Lost("an answer that trickles", timed_out=True)
        except (OSError, urllib3.exceptions.HTTPError) as error:
            stalled = bool(error.args) and isinstance(error.args[0], urllib3.exceptions.ReadTimeoutError)
            return _Lost(f"answer broken off: {type(error).__name__}", timed_out=stalled)
        answer = Answer()
        answer.status_code, answer.reason, answer.url = response.status_code, response.reason, response.url
        answer.headers, answer.encoding, answer.elapsed = response.headers, response.encoding, response.elapsed
        answer._content, answer._content_consumed = bytes(body), True  # type: ignore[attr-defined]
        return answer

    def _note_write(self, answer: requests.Response | _NotSent | _Lost, writes: bool) -> None:
        answered = isinstance(answer, requests.Response) and answer.ok
        if writes and (answered or isinstance(answer, _Lost)):
            self.may_have_written = self.unsettled = True
        elif answered:
            self.unsettled = False

    def _delay(
        self, answer: requests.Response | _NotSent | _Lost, attempt: int, writes: bool, waited: float
    ) -> float | None:
        """Seconds to wait before sending the same request again, or None to take the answer as it is."""
        if attempt >= self._limits.attempts:
            return None
        match answer:
            case _NotSent(why):
                again, asked = not why.startswith("TLS"), None
            case _Lost(_, timed_out, too_large):
                again, asked = not (writes or timed_out or too_large), None
            case requests.Response(status_code=status):
                again = status == 429 or (not writes and status in RETRIED_READS)
                asked = retry_after(answer, self._now()) if again else None
        if not again:
            return None
        if asked and waited + asked > self._limits.patience_seconds:
            return None
        delay = self._rng.uniform(0, min(8.0, 0.25 * 2**attempt)) + (asked or 0.0)
        return delay if delay < self._deadline.remaining else None

    def _conclude(self, answer: requests.Response | _NotSent | _Lost, writes: bool) -> requests.Response:
        match answer:
            case _NotSent(why):
                raise CarrierUnavailable("The carrier cannot be reached. Try again later.", detail=why)
            case _Lost(why, timed_out, too_large):
                if writes:
                    raise WriteOutcomeUnknown(
                        "The carrier's answer was lost; whether the change took effect is not known yet.",
                        detail=why,
                        may_come=timed_out,
                    )
                if timed_out:
                    raise CarrierTimedOut("The carrier did not answer in time.", detail=why)
                if too_large:
                    raise CarrierAnswerUnexpected("The carrier's answer is too large.", detail=why)
                raise CarrierUnavailable("The connection to the carrier broke. Try again later.", detail=why)
        return answer

    def _request_id(self, response: requests.Response | None) -> str | None:
        if response is None:
            return None
        for header in self._rules.descriptor.request_id_headers:
            if value := response.headers.get(header):
                return self._rules.account.scrub(str(value)[:128])
        return None


def _never_connected(error: requests.exceptions.ConnectionError) -> bool:
    reason = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    return isinstance(reason, NewConnectionError | ConnectTimeoutError | NameResolutionError)


_HANDSHAKE = (
    "WRONG_VERSION_NUMBER",
    "UNSUPPORTED_PROTOCOL",
    "PROTOCOL_VERSION",
    "HANDSHAKE_FAILURE",
    "UNRECOGNIZED_NAME",
)


def _no_handshake(error: requests.exceptions.SSLError) -> bool:
    """Whether TLS failed before anything was sent; what is not known to, may have failed afterwards."""
    reason: object = error
    for _ in range(8):
        if isinstance(reason, ssl.SSLCertVerificationError):
            return True
        if isinstance(reason, ssl.SSLError):
            return any(word in (reason.reason or "") for word in _HANDSHAKE)
        if isinstance(reason, MaxRetryError):
            reason = reason.reason
        elif isinstance(reason, Exception) and reason.args:
            reason = reason.args[0]
        else:
            return False
    return False
