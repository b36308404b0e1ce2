"""A small DNS server on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[tuple[str, str], Sequence[str]]
"""The records of each name and type, as text; a name with none of any type does not exist."""


@contextmanager
def name_server(zone: Zone, *, fails: Sequence[str] = ()) -> Iterator[tuple[str, int]]:
    """Answer from the zone, and with SERVFAIL for the types in `fails`; gives address and port."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_serve, args=(sock, zone, fails))
        thread.start()
        try:
            yield sock.getsockname()
        finally:
            with socket.socket(type=socket.SOCK_DGRAM) as stop:
                stop.sendto(b"", sock.getsockname())
            thread.join(10)


def _serve(sock: socket.socket, zone: Zone, fails: Sequence[str]) -> None:
    while True:
        data, client = sock.recvfrom(4096)
        if not data:
            return
        sock.sendto(_answer(dns.message.from_wire(data), zone, fails).to_wire(), client)


def _answer(query: dns.message.Message, zone: Zone, fails: Sequence[str]) -> dns.message.Message:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    name = query.question[0].name.to_text(omit_final_dot=True).lower()
    kind = dns.rdatatype.to_text(query.question[0].rdtype)
    if kind in fails:
        response.set_rcode(dns.rcode.SERVFAIL)
    elif records := zone.get((name, kind)):
        response.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", kind, *records))
    elif all(known != name for known, _ in zone):
        response.set_rcode(dns.rcode.NXDOMAIN)
    return response
