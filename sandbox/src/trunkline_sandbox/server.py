"""A small HTTP/1.1 server on h11 and asyncio: keep-alive, one write per answer, nothing left behind when it stops."""

import asyncio
import contextlib
import functools
import select
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import h11

from .carrier import Request, Response
from .sandbox import CarrierT, Sandbox

BODY_CAP = 1024 * 1024
GRACE_SECONDS = 1.0
# Closing with a linger time of zero sends RST, which is what a carrier's dying load balancer does.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Connection(asyncio.Protocol):
    """One client's connection: bytes to requests, responses to bytes."""

    def __init__(self, sandbox: Sandbox[Any], connections: "set[Connection]") -> None:
        self._sandbox = sandbox
        self._connections = connections
        self._parser = h11.Connection(h11.SERVER)
        self._transport: asyncio.Transport | None = None
        self._head: h11.Request | None = None
        self._body = bytearray()
        self._closing = False
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport; small answers must not wait for the client's acknowledgement."""
        self._transport = cast(asyncio.Transport, transport)
        self._socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Whatever is still being prepared for this client goes nowhere."""
        self._transport = None
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        self._parser.receive_data(data)
        self._read()

    def _read(self) -> None:
        while self._transport is not None:
            try:
                event = self._parser.next_event()
            except h11.RemoteProtocolError as error:
                self._refuse(error.error_status_hint)
                return
            if event is h11.NEED_DATA:
                if self._parser.they_are_waiting_for_100_continue:
                    self._write(self._parser.send(h11.InformationalResponse(status_code=100, headers=[])))
                return
            if event is h11.PAUSED:
                return
            if isinstance(event, h11.Request):
                self._head, self._body = event, bytearray()
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > BODY_CAP:
                    self._refuse(413)
                    return
            elif isinstance(event, h11.EndOfMessage):
                self._receive()
            elif isinstance(event, h11.ConnectionClosed):
                self.close()
                return

    def _receive(self) -> None:
        head = cast(h11.Request, self._head)
        path, _, query = head.target.decode("ascii").partition("?")
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}
        self.busy = True
        self._sandbox.receive(Request(head.method.decode("ascii"), path, query, headers, bytes(self._body)), self)

    def prepare(self, response: Response) -> Callable[[], None]:
        """Encode the whole answer; what is given sends it, if the client is still there."""
        whole = b"" if self._transport is None else self._encoded(response, response.body)
        return functools.partial(self._send, whole)

    def _send(self, whole: bytes) -> None:
        """One write, then on to the next request."""
        if self._transport is None:
            return
        self._write(whole)
        self.busy = False
        if self._closing or self._parser.our_state is h11.MUST_CLOSE:
            self.close()
            return
        self._parser.start_next_cycle()
        if self._parser.trailing_data[0]:
            # Not from here: an answer given at once would otherwise nest one frame deeper per pipelined request.
            asyncio.get_running_loop().call_soon(self._read)

    def cut_short(self, response: Response) -> None:
        """Promise the whole body, send half of it, and hang up."""
        if self._transport is None:
            return
        whole = self._encoded(response, response.body)
        self._write(whole[: len(whole) - (len(response.body) + 1) // 2])
        self.close()

    def hold(self) -> None:
        """Say nothing more: the parser stays paused, so nothing later on this connection is heard either."""
        self.busy = False

    def reset(self) -> None:
        """Reset the connection."""
        if self._transport is not None:
            self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._transport.abort()

    def close(self) -> None:
        """Close once everything written has left."""
        if self._transport is not None:
            self._transport.close()

    def close_when_idle(self) -> None:
        """Close now, or after the answer that is being prepared."""
        self._closing = True
        if not self.busy:
            self.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def _encoded(self, response: Response, body: bytes) -> bytes:
        headers = [(b"content-length", b"%d" % len(body))]
        if body:
            headers.append((b"content-type", response.content_type.encode("latin-1")))
        headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
        if response.status == 204:
            headers = headers[1:]
        send = self._parser.send
        start = send(h11.Response(status_code=response.status, headers=headers)) or b""
        has_body = body and self._head is not None and self._head.method != b"HEAD"
        middle = send(h11.Data(data=body)) if has_body else b""
        return start + (middle or b"") + (send(h11.EndOfMessage()) or b"")

    def _refuse(self, status: int) -> None:
        with contextlib.suppress(h11.LocalProtocolError):
            head = h11.Response(status_code=status, headers=[(b"content-length", b"0"), (b"connection", b"close")])
            self._write((self._parser.send(head) or b"") + (self._parser.send(h11.EndOfMessage()) or b""))
        self.close()

    def _write(self, data: bytes | None) -> None:
        if data and self._transport is not None:
            self._transport.write(data)

    def _socket(self) -> socket.socket:
        return cast(socket.socket, cast(asyncio.Transport, self._transport).get_extra_info("socket"))


class _Punctual(selectors.DefaultSelector):
    """Waits to the microsecond, where epoll itself waits whole milliseconds, and knows when it woke."""

    def __init__(self) -> None:
        super().__init__()
        self.woke_at = time.monotonic()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            select.select([self.fileno()], [], [], timeout)
            timeout = 0
        ready = super().select(timeout)
        self.woke_at = time.monotonic()
        return ready


class Server:
    """A sandbox on a port, in a thread of its own."""

    def __init__(self, sandbox: Sandbox[Any], host: str = "127.0.0.1", port: int = 0) -> None:
        self._sandbox = sandbox
        self._host = host
        self._port = port
        self._connections: set[Connection] = set()
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_asked: asyncio.Event | None = None
        name = f"sandbox-{sandbox.carrier.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Listen; returns when connections are accepted, raises when the port cannot be had."""
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def stop(self) -> None:
        """Stop listening, let answers under way leave, close every connection, end the thread."""
        if self._loop is not None and self._stop_asked is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop_asked.set)
        self._thread.join()

    def _run(self) -> None:
        selector = _Punctual()
        self._sandbox.woke_at = lambda: selector.woke_at
        try:
            with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
                runner.run(self._serve())
        except BaseException as failure:
            self._failure = failure
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop_asked = asyncio.Event()
        listening = await self._loop.create_server(
            lambda: Connection(self._sandbox, self._connections), self._host, self._port, backlog=256
        )
        self._sandbox.host, self._sandbox.port = listening.sockets[0].getsockname()[:2]
        self._started.set()
        await self._stop_asked.wait()
        # Accept no more, and let what was accepted a moment ago become a connection: asyncio loses, and never closes,
        # one that is still on its way when its server is closed.
        self._loop.remove_reader(listening.sockets[0].fileno())
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
        listening.close()
        await self._close_connections()

    async def _close_connections(self) -> None:
        for connection in list(self._connections):
            connection.close_when_idle()
        deadline = asyncio.get_running_loop().time() + GRACE_SECONDS
        while any(connection.busy for connection in self._connections):
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.005)
        for connection in list(self._connections):
            connection.abort()
        while self._connections:
            await asyncio.sleep(0)


@contextlib.contextmanager
def running(
    carrier: CarrierT,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    latency_ms: float = 0,
    keep_requests: int = 10_000,
) -> Iterator[Sandbox[CarrierT]]:
    """The carrier, served for as long as the `with` block lasts."""
    sandbox = Sandbox(carrier, latency_ms=latency_ms, keep_requests=keep_requests)
    server = Server(sandbox, host, port)
    server.start()
    try:
        yield sandbox
    finally:
        server.stop()
