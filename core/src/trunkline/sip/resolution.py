"""From a SIP server's name to the destinations to try, in order (RFC 3263), each held against the address rules."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from trunkline.deadline import Deadline
from trunkline.public_addresses import is_public
from trunkline.sip.answer import NoAnswer, SipTrouble
from trunkline.sip.destination import Destination
from trunkline.sip.server import SipServer, is_literal

_DEFAULT_PORT = {"udp": 5060, "tcp": 5060, "tls": 5061}
_NAPTR = {"sip+d2u": "udp", "sip+d2t": "tcp", "sips+d2t": "tls"}
_SRV = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}
_LOOKUP_SECONDS = 2.0
_MOST_RECORDS = 16


@attrs.frozen
class _Place:
    """A name or literal address with its port, before it is looked up."""

    transport: str
    host: str
    port: int


class Resolver:
    """Asks DNS: the system's name servers, or the one at `nameserver` (address and port)."""

    def __init__(self, nameserver: tuple[str, int] | None = None) -> None:
        self._nameserver = nameserver

    def addresses(self, host: str, deadline: Deadline) -> tuple[str, ...]:
        """The addresses of a host name, none where it has none; raises `NoAnswer` where DNS cannot be asked."""
        return tuple(_Lookup(self._nameserver, deadline).ips(host))

    def destinations(
        self, server: SipServer, *, private: bool, deadline: Deadline, rng: random.Random, most: int
    ) -> tuple[Destination, ...]:
        """At most `most` of them; raises `NoAnswer`. Private ones count only where `private` allows them."""
        lookup = _Lookup(self._nameserver, deadline)
        found: list[Destination] = []
        refused = False
        try:
            for place, ip in _ips(server, lookup, rng):
                name = server.address_host if place.transport == "tls" else None
                destination = Destination(place.transport, ip, place.port, name)
                if not (private or is_public(ip)):
                    refused = True
                elif destination not in found:
                    found.append(destination)
                if len(found) == most:
                    break
        except NoAnswer:
            if not found:
                raise
        if not found:
            if refused:
                raise NoAnswer(SipTrouble.ADDRESS_REFUSED, "every address of the name is private")
            raise NoAnswer(SipTrouble.NO_SUCH_NAME, "the name has no address")
        return tuple(found)


def _ips(server: SipServer, lookup: _Lookup, rng: random.Random) -> Iterator[tuple[_Place, str]]:
    for place in _places(server, lookup, rng):
        for ip in [place.host] if is_literal(place.host) else lookup.ips(place.host):
            yield place, ip


def _places(server: SipServer, lookup: _Lookup, rng: random.Random) -> Iterator[_Place]:
    """Where the server is to be found, best first (RFC 3263, 4.1 and 4.2)."""
    host, port = server.address_host, server.address_port
    if port is not None or is_literal(host):
        for transport in _transports(server.transport, port):
            yield _Place(transport, host, port or _DEFAULT_PORT[transport])
        return
    named = False
    for transport, service in _services(server.transport, host, lookup):
        for record in _in_turn(lookup.records(service, "SRV"), rng):
            named = True
            target = str(record.target).rstrip(".")
            if target and record.port:  # A target of "." says that the service is not offered.
                yield _Place(transport, target.lower(), record.port)
    if not named:
        for transport in _transports(server.transport, None):
            yield _Place(transport, host, _DEFAULT_PORT[transport])


def _transports(wanted: str, port: int | None) -> tuple[str, ...]:
    """What to try where DNS does not choose: 5061 is the port of TLS, and a server may not serve UDP."""
    if wanted != "auto":
        return (wanted,)
    return ("tls",) if port == _DEFAULT_PORT["tls"] else ("udp", "tcp")


def _services(wanted: str, host: str, lookup: _Lookup) -> list[tuple[str, str]]:
    """Transport and name of each SRV set to ask for."""
    if wanted != "auto":
        return [(wanted, f"{_SRV[wanted]}.{host}")]
    offers = [
        record
        for record in lookup.records(host, "NAPTR")
        if record.service.decode("ascii", "replace").lower() in _NAPTR and record.flags.lower() == b"s"
    ]
    offers.sort(key=lambda record: (record.order, record.preference))
    if offers:
        return [
            (_NAPTR[record.service.decode("ascii").lower()], str(record.replacement).rstrip(".")) for record in offers
        ]
    return [(transport, f"{service}.{host}") for transport, service in _SRV.items()]


def _in_turn(records: Sequence[Any], rng: random.Random) -> Iterator[Any]:
    """SRV records by priority, and drawn by weight within one (RFC 2782)."""
    for priority in sorted({record.priority for record in records}):
        left = sorted((each for each in records if each.priority == priority), key=lambda each: each.weight > 0)
        while left:
            draw = rng.randint(0, sum(each.weight for each in left))
            for each in left:
                draw -= each.weight
                if draw <= 0:
                    break
            left.remove(each)
            yield each


class _Lookup:
    """The lookups of one question, within its deadline."""

    def __init__(self, nameserver: tuple[str, int] | None, deadline: Deadline) -> None:
        self._nameserver = nameserver
        self._deadline = deadline
        self._resolver: dns.resolver.Resolver | None = None

    def ips(self, host: str) -> list[str]:
        """IPv4 before IPv6."""
        return [record.address for kind in ("A", "AAAA") for record in self.records(host, kind)]

    def records(self, name: str, kind: str) -> list[Any]:
        """The records of a name, none where it has none; raises `NoAnswer` where DNS cannot be asked."""
        left = min(_LOOKUP_SECONDS, self._deadline.remaining)
        if not left:
            raise NoAnswer(SipTrouble.NOT_LOOKED_UP, "no time was left to ask DNS")
        try:
            answer = self._asked().resolve(name, kind, search=False, lifetime=left)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.name.LabelTooLong, dns.name.NameTooLong):
            return []
        except dns.resolver.NoNameservers as error:
            if kind == "NAPTR":  # Some servers know no such records and fail instead of saying so.
                return []
            raise NoAnswer(SipTrouble.NOT_LOOKED_UP, f"DNS failed: {type(error).__name__}") from None
        except (dns.exception.DNSException, OSError) as error:
            raise NoAnswer(SipTrouble.NOT_LOOKED_UP, f"DNS failed: {type(error).__name__}") from None
        return list(answer)[:_MOST_RECORDS]

    def _asked(self) -> dns.resolver.Resolver:
        if self._resolver is None:
            self._resolver = dns.resolver.Resolver(configure=self._nameserver is None)
            if self._nameserver is not None:
                self._resolver.nameservers = [self._nameserver[0]]
                self._resolver.port = self._nameserver[1]
        return self._resolver
