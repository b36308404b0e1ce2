"""One carrier behind a counter: latency, faults, limits and the journal, on the way to it and back."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from .carrier import Carrier, Request, Response
from .control import Control
from .faults import NEVER_PROCESSED, RESETTING, SILENT, Fault, Faults, answer_instead, spoilt
from .journal import Journal, Received

_log = logging.getLogger("trunkline_sandbox")

CarrierT = TypeVar("CarrierT", bound=Carrier)


class Line(Protocol):
    """The way back to whoever asked."""

    def prepare(self, response: Response) -> Callable[[], None]:
        """Make the whole answer ready; what is given sends it."""
        ...

    def cut_short(self, response: Response) -> None:
        """Send the head and half of the body, then hang up."""
        ...

    def hold(self) -> None:
        """Say nothing, and leave the connection open until the client gives up."""
        ...

    def reset(self) -> None:
        """Reset the connection."""
        ...


class Sandbox(Generic[CarrierT]):
    """A simulated carrier with everything a test may turn."""

    def __init__(self, carrier: CarrierT, *, latency_ms: float = 0, keep_requests: int = 10_000) -> None:
        self.carrier = carrier
        self.faults = Faults()
        self.requests = Journal(keep_requests)
        self.latency_ms = latency_ms
        """Time between the arrival of a request and its answer: it is processed half way."""
        self.concurrency: int | None = None
        """Requests of one account that may be in flight at once; None leaves it to the carrier."""
        self.host = ""
        self.port = 0
        self.sip_address: str | None = None
        """Address and port where it speaks SIP, if it does."""
        self.woke_at: Callable[[], float] = time.monotonic
        """When the loop woke that is serving now: what it finds had arrived then, the last of many too."""
        self._in_flight: Counter[str] = Counter()
        self._control = Control(self)

    @property
    def address(self) -> str:
        """Where it listens, as a URL without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def reset(self) -> None:
        """Back to the beginning: state, faults, latency, limits and journal."""
        with self.carrier.lock:
            self.carrier.reset()
        self.faults.clear()
        self.requests.clear()
        self.latency_ms = 0
        self.concurrency = None

    def receive(self, request: Request, line: Line) -> None:
        """Take one request in; the answer, if there is one, goes out on the line later."""
        if request.path.startswith("/_sandbox/"):
            line.prepare(self._control.handle(request))()
            return
        account = self.carrier.account_of(request)
        request.in_flight = self._in_flight[account] + 1 if account else 1
        entry = self.requests.note(request, account)
        limit = self.carrier.concurrency if self.concurrency is None else self.concurrency
        if account and request.in_flight > limit:
            refused = self.carrier.refuse_as_too_many(request)
            self.answer(entry, refused, line.prepare(refused))
            return
        if account:
            self._in_flight[account] += 1
        if not self.latency_ms:
            _Visit(self, request, line, account, entry).process()
            return
        loop, seconds = asyncio.get_running_loop(), self.latency_ms / 1000
        arrived = self.woke_at()
        visit = _Visit(self, request, line, account, entry, answer_at=arrived + seconds)
        loop.call_at(arrived + seconds / 2, visit.process)

    def leave(self, account: str | None) -> None:
        """A request of the account is no longer in flight."""
        if account:
            self._in_flight[account] -= 1

    @staticmethod
    def answer(entry: Received | None, response: Response, send: Callable[[], None]) -> None:
        """Send an answer that is ready, and note its status in the journal."""
        if entry is not None:
            entry.status = response.status or None
        send()


class _Visit:
    """One request on its way through, after it was let in."""

    __slots__ = ("account", "answer_at", "entry", "line", "request", "sandbox")

    def __init__(
        self,
        sandbox: Sandbox[CarrierT],
        request: Request,
        line: Line,
        account: str | None,
        entry: Received | None,
        *,
        answer_at: float | None = None,
    ) -> None:
        self.sandbox = sandbox
        self.request = request
        self.line = line
        self.account = account
        self.entry = entry
        self.answer_at = answer_at

    def process(self) -> None:
        """Let the carrier process the request, unless a fault keeps it away, and send what comes of it."""
        sandbox = self.sandbox
        fault = sandbox.faults.strike(self.request, self.account)
        if fault is None:
            self._finish(self._handled())
        else:
            self._process_with(fault)

    def _process_with(self, fault: Fault) -> None:
        if self.entry is not None:
            self.entry.fault = fault.kind
        carrier = self.sandbox.carrier
        if fault.kind == "timeout_late":
            asyncio.get_running_loop().call_later(fault.seconds, self._handled)
            response = Response(500)
        elif fault.kind in NEVER_PROCESSED:
            response = answer_instead(fault)
        else:
            response = spoilt(fault, carrier, self.request, self._handled())
        if fault.kind in SILENT:
            self.sandbox.leave(self.account)
            self.line.hold()
        elif fault.kind in RESETTING:
            self.sandbox.leave(self.account)
            self.line.reset()
        elif fault.kind == "cut_short":
            self.sandbox.leave(self.account)
            self.line.cut_short(response)
        elif fault.kind == "slow":
            asyncio.get_running_loop().call_later(fault.seconds, self._finish, response)
        else:
            self._finish(response)

    def _handled(self) -> Response:
        carrier = self.sandbox.carrier
        try:
            with carrier.lock:
                return carrier.handle(self.request)
        except Exception:
            _log.exception("%s failed at %s %s", carrier.name, self.request.method, self.request.path)
            return Response(500)

    def _finish(self, response: Response) -> None:
        send = self.line.prepare(response)
        if self.answer_at is None:
            self._answer(response, send)
        else:
            asyncio.get_running_loop().call_at(self.answer_at, self._answer, response, send)

    def _answer(self, response: Response, send: Callable[[], None]) -> None:
        self.sandbox.leave(self.account)
        self.sandbox.answer(self.entry, response, send)
