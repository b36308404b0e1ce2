"""A small SIP server on asyncio: UDP and TCP on one port, beside the control on another."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

import attrs

from trunkline_sandbox.carrier import Request, Response
from trunkline_sandbox.sandbox import Sandbox
from trunkline_sandbox.server import Server

from .message import NotSip, SipRequest, parse, respond, split
from .simulated import SimulatedTrunk

Source = tuple[str, int]


class _Datagrams(asyncio.DatagramProtocol):
    """The UDP side: each request is one datagram, and so is its answer."""

    def __init__(self, sandbox: Sandbox[Any]) -> None:
        self._sandbox = sandbox
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, source: Any) -> None:
        assert self._transport is not None
        sendto = self._transport.sendto
        with contextlib.suppress(NotSip):
            _receive(self._sandbox, data, source[:2], lambda answer: sendto(answer, source), _nothing, _nothing)


class _Stream(asyncio.Protocol):
    """The TCP side: requests one after the other on one connection."""

    def __init__(self, sandbox: Sandbox[Any], open_streams: "set[_Stream]") -> None:
        self._sandbox = sandbox
        self._open = open_streams
        self._buffer = bytearray()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._open.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._open.discard(self)

    def data_received(self, data: bytes) -> None:
        assert self.transport is not None
        source = self.transport.get_extra_info("peername")[:2]
        self._buffer += data
        try:
            for whole in split(self._buffer):
                _receive(self._sandbox, whole, source, self._write, self.transport.close, self.transport.abort)
        except NotSip:
            self.transport.close()

    def _write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)


def _nothing() -> None:
    """Over UDP there is no connection to end."""


def _receive(
    sandbox: Sandbox[Any],
    data: bytes,
    source: Source,
    send: Callable[[bytes], None],
    close: Callable[[], None],
    reset: Callable[[], None],
) -> None:
    """Hand one request to the sandbox as it takes requests; an ACK is never answered."""
    request = parse(data)
    if request.method == "ACK":
        return
    headers = {
        "host": request.host,
        "authorization": request.first("authorization") or request.first("proxy-authorization"),
        "contact": request.first("contact"),
    }
    line = _Line(request, source, send, close, reset)
    sandbox.receive(Request(request.method, request.uri, "", headers), line)


@attrs.frozen
class _Line:
    """The way back to whoever sent one request."""

    request: SipRequest
    source: Source
    send: Callable[[bytes], None]
    close: Callable[[], None]
    reset: Callable[[], None]
    """Reset the connection, where there is one."""

    def prepare(self, response: Response) -> Callable[[], None]:
        """Write the whole response; what is given sends it. A trunk that says nothing has the status 0."""
        if not response.status:
            return self.hold
        return functools.partial(self.send, respond(self.request, response, self.source))

    def cut_short(self, response: Response) -> None:
        """Send half of the response, and hang up."""
        whole = respond(self.request, response, self.source)
        self.send(whole[: len(whole) // 2])
        self.close()

    def hold(self) -> None:
        """Say nothing."""


class _TrunkServer(Server):
    """Control over HTTP as every simulated carrier has it, and the trunk itself beside it."""

    def __init__(self, sandbox: Sandbox[SimulatedTrunk], host: str, port: int, sip_port: int) -> None:
        super().__init__(sandbox, host, port)
        self._place = host, sip_port

    async def _serve(self) -> None:
        async with _listening(self._sandbox, *self._place):
            await super()._serve()


@contextlib.asynccontextmanager
async def _listening(sandbox: Sandbox[Any], host: str, port: int) -> AsyncIterator[None]:
    streams: set[_Stream] = set()
    tcp, udp = await _same_port(sandbox, streams, host, port)
    sandbox.sip_address = "{}:{}".format(*tcp.sockets[0].getsockname()[:2])
    try:
        yield
    finally:
        udp.close()
        tcp.close()
        for stream in tuple(streams):
            if stream.transport is not None:
                stream.transport.abort()
        while streams:
            await asyncio.sleep(0)


async def _same_port(
    sandbox: Sandbox[Any], streams: set[_Stream], host: str, port: int
) -> tuple[asyncio.Server, asyncio.BaseTransport]:
    """A TCP and a UDP socket on one port; where any will do, another is tried while it is taken."""
    loop = asyncio.get_running_loop()
    for attempt in range(20):
        tcp = await loop.create_server(lambda: _Stream(sandbox, streams), host, port)
        try:
            udp, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(sandbox), local_addr=(host, tcp.sockets[0].getsockname()[1])
            )
        except OSError:
            tcp.close()
            if port or attempt == 19:
                raise
        else:
            return tcp, udp
    raise AssertionError("the last attempt raises")


@contextlib.contextmanager
def running_trunk(
    trunk: SimulatedTrunk,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    sip_port: int = 0,
    latency_ms: float = 0,
    keep_requests: int = 10_000,
) -> Iterator[Sandbox[SimulatedTrunk]]:
    """The trunk, served for as long as the `with` block lasts; `port` is that of its control."""
    sandbox = Sandbox(trunk, latency_ms=latency_ms, keep_requests=keep_requests)
    server = _TrunkServer(sandbox, host, port, sip_port)
    server.start()
    try:
        yield sandbox
    finally:
        server.stop()
