"""A real server on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn

from trunkline_service.app import create_app
from trunkline_service.service import Service


@contextmanager
def serving(service: Service) -> Iterator[str]:
    """Serve a service in a thread; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(create_app(service, background=False), log_config=None, access_log=False, lifespan="on")
        server = uvicorn.Server(config)
        started = threading.Event()
        startup = server.startup

        async def and_tell(*args: Any, **kwargs: Any) -> None:
            await startup(*args, **kwargs)
            started.set()

        server.startup = and_tell  # type: ignore[method-assign]
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
        thread.start()
        try:
            assert started.wait(20)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)


def at_once(count: int, address: str, send: Any) -> list[httpx.Response]:
    """The answers to that many requests, sent at the same moment on connections of their own."""
    barrier = threading.Barrier(count)

    def one(index: int) -> httpx.Response:
        with httpx.Client(base_url=address, timeout=60) as http:
            barrier.wait(30)
            answer: httpx.Response = send(http, index)
            return answer

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
