"""The platform's SIP host: where imported numbers are routed."""

from __future__ import annotations

import re

import attrs

_TARGET = re.compile(
    r"(?:sip:)?(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(?::(?P<port>[0-9]{1,5}))?"
    r"(?:;transport=(?P<transport>udp|tcp|tls))?"
)

_URI = re.compile(r"sips?:(?:[^@]*@)?(?P<host>[^:;?>@]+)(?::(?P<port>[0-9]+))?(?:[;?].*)?", re.IGNORECASE)


@attrs.frozen
class SipTarget:
    """A SIP host, an optional port, an optional transport, and the addresses that calls from it come from.

    `addresses` are IP addresses or networks, empty where the operator has not said.
    """

    host: str
    port: int | None = None
    transport: str | None = None
    addresses: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> SipTarget:
        """Read `sip.example.com`, `sip:sip.example.com:5061;transport=tls`; ValueError otherwise."""
        match = _TARGET.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"not a SIP host: {text!r}; write it like sip.example.com:5061;transport=tls")
        port = int(match["port"]) if match["port"] else None
        if port is not None and not 0 < port < 65536:
            raise ValueError(f"not a port: {port}")
        return cls(match["host"].lower(), port, match["transport"])

    @property
    def uri(self) -> str:
        """`sip:host:port;transport=…`, with the parts that are set."""
        port = f":{self.port}" if self.port else ""
        transport = f";transport={self.transport}" if self.transport else ""
        return f"sip:{self.host}{port}{transport}"

    def same_place(self, uri: str) -> bool:
        """Whether a SIP URI leads to this host and port, whatever its user part, case and parameters."""
        match = _URI.fullmatch(uri.strip())
        if match is None:
            return False
        port = int(match["port"]) if match["port"] else None
        return match["host"].lower() == self.host and port == self.port
