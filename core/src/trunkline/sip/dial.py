"""Where a SIP request finally goes: the server itself, or a sandbox that stands in for it."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

from trunkline.deadline import Deadline
from trunkline.errors import Unsupported
from trunkline.sip.destination import Destination
from trunkline.sip.server import SipServer

if TYPE_CHECKING:
    import ssl

    from trunkline.sip.resolution import Resolver


class SipDial(Protocol):
    """Knows where a server is to be found, and which certificates to trust."""

    def destinations(
        self, server: SipServer, *, deadline: Deadline, rng: random.Random, most: int, trusted: bool = False
    ) -> tuple[Destination, ...]:
        """Where to send, in the order to try, `most` of them; raises `NoAnswer`.

        A `trusted` server, one that the operator named, may be at a private address.
        """

    def tls(self) -> ssl.SSLContext:
        """How servers' certificates are checked."""


class NetworkSipDial:
    """Speaks to the servers themselves, at the very addresses that were checked.

    A name that leads to a private, loopback or link-local address is refused unless it is one of `allowed_hosts`.
    `authorities` is a file of certificate authorities to trust instead of the system's.
    """

    def __init__(
        self,
        *,
        allowed_hosts: Collection[str] = (),
        resolver: Resolver | None = None,
        authorities: str | None = None,
    ) -> None:
        self._allowed = frozenset(host.lower() for host in allowed_hosts)
        self._resolver = resolver
        self._authorities = authorities
        self._tls: ssl.SSLContext | None = None

    def destinations(
        self, server: SipServer, *, deadline: Deadline, rng: random.Random, most: int, trusted: bool = False
    ) -> tuple[Destination, ...]:
        """What DNS says of the server (RFC 3263), each address held against the rules."""
        from trunkline.sip.resolution import Resolver

        if self._resolver is None:
            self._resolver = Resolver()
        allowed = trusted or server.address_host in self._allowed
        return self._resolver.destinations(server, private=allowed, deadline=deadline, rng=rng, most=most)

    def tls(self) -> ssl.SSLContext:
        """TLS from 1.2 on, names and authorities checked."""
        import ssl

        if self._tls is None:
            context = ssl.create_default_context(cafile=self._authorities)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._tls = context
        return self._tls


class SandboxSipDial:
    """Speaks to sandboxes only: each SIP host that the operator mapped to an address and port, and no other.

    A sandbox speaks in the clear where its server would speak TLS. Raises `Unsupported` for a host without one.
    """

    def __init__(self, hosts: Mapping[str, tuple[str, int]]) -> None:
        self._hosts = {host.lower(): place for host, place in hosts.items()}

    def destinations(
        self, server: SipServer, *, deadline: Deadline, rng: random.Random, most: int, trusted: bool = False
    ) -> tuple[Destination, ...]:
        """The sandbox's own address, whatever DNS says of the host."""
        place = self._hosts.get(server.address_host)
        if place is None:
            raise Unsupported("sandbox", f"{server.address_host} has no sandbox here, and this is not a live key")
        transport = "udp" if server.transport == "auto" else server.transport
        return (Destination(transport, *place),)

    def tls(self) -> ssl.SSLContext:
        """Never asked for: none of the addresses has a certificate to check."""
        raise NotImplementedError("a sandbox speaks no TLS")
