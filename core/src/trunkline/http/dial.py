"""Where a guarded request finally goes: the carrier, or a sandbox that stands in for it.

A third end, a cassette, needs only to be another `Dial`: above this seam a request keeps the carrier's real address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

from requests import PreparedRequest, Response

from trunkline.errors import Unsupported
from trunkline.http.bounded import BoundedAdapter


class Dial(Protocol):
    """Sends one prepared request and gives the answer with its body still unread.

    Raises what `requests` raises. `timeout` is connect and read, in seconds. To reach a carrier, send through a
    `CarrierDial`: its connections wait for the request's turn, so that the carrier is not asked too hard.
    """

    def send(self, request: PreparedRequest, timeout: tuple[float, float]) -> Response:
        """Send it, once."""

    def close(self) -> None:
        """Give up idle connections."""


class CarrierDial:
    """Speaks to the carriers themselves: TLS verified, connections kept, no proxy, nothing retried.

    A name that leads to a private, loopback or link-local address is refused unless `private_addresses` allows it.
    """

    def __init__(self, *, private_addresses: bool = False) -> None:
        self._adapter = BoundedAdapter(private_addresses=private_addresses)

    def send(self, request: PreparedRequest, timeout: tuple[float, float]) -> Response:
        """Send it to the host in its address."""
        return self._adapter.send(request, stream=True, timeout=timeout, verify=True, proxies={})

    def close(self) -> None:
        """Give up idle connections."""
        self._adapter.close()


class SandboxDial:
    """Speaks to sandboxes only: each carrier origin that the operator mapped, and no other.

    Raises `Unsupported` for an origin that has no sandbox.
    """

    def __init__(self, origins: Mapping[str, str]) -> None:
        self._origins = {origin.rstrip("/"): address.rstrip("/") for origin, address in origins.items()}
        self._carrier = CarrierDial(private_addresses=True)

    def send(self, request: PreparedRequest, timeout: tuple[float, float]) -> Response:
        """Send it to the sandbox under the carrier's own Host, and give the answer under the carrier's address."""
        real = request.url or ""
        parts = urlsplit(real)
        address = self._origins.get(f"{parts.scheme}://{parts.netloc}")
        if address is None:
            raise Unsupported("sandbox", f"{parts.netloc} has no sandbox here, and this is not a live key")
        diverted = request.copy()
        diverted.url = address + real[len(f"{parts.scheme}://{parts.netloc}") :]
        diverted.headers["Host"] = parts.netloc
        response = self._carrier.send(diverted, timeout)
        response.url, response.request = real, request
        return response

    def close(self) -> None:
        """Give up idle connections."""
        self._carrier.close()
