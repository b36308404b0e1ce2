"""A SIP server as a customer names it."""

from __future__ import annotations

import ipaddress
import re

import attrs
from attrs import validators as v

TRANSPORTS = ("udp", "tcp", "tls")

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)


def is_host(text: str) -> bool:
    """Whether a text is a host name or a literal address, IPv6 without its brackets."""
    return is_literal(text) or (_NAME.fullmatch(text) is not None and not text.rpartition(".")[2].isdigit())


def is_literal(host: str) -> bool:
    """Whether a host is an IP address and no name; one with a zone is neither."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def in_uri(host: str) -> str:
    """A host as it stands in a URI: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def _lower(host: str) -> str:
    return host.lower() if isinstance(host, str) else host


def _host(instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or not is_host(value):
        raise ValueError(f"{attribute.name}: write a host name or an IP address, without sip: and port")


_a_port = v.optional([v.instance_of(int), v.ge(1), v.le(65535)])


@attrs.frozen
class SipProxy:
    """An outbound proxy: where requests are sent, whatever host stands in them."""

    host: str = attrs.field(converter=_lower, validator=_host)
    port: int | None = attrs.field(default=None, validator=_a_port)


@attrs.frozen
class SipServer:
    """Whom to ask, and over what; ValueError names the field that is wrong.

    `domain` stands in the request and in From instead of `host`. A challenge for another realm than `realm` is not
    answered. Transport `auto` lets DNS choose (RFC 3263), and tries UDP, then TCP, where DNS does not say.
    """

    host: str = attrs.field(converter=_lower, validator=_host)
    port: int | None = attrs.field(default=None, validator=_a_port)
    transport: str = attrs.field(default="auto", validator=v.in_(("auto", *TRANSPORTS)))
    outbound_proxy: SipProxy | None = attrs.field(default=None, validator=v.optional(v.instance_of(SipProxy)))
    domain: str | None = attrs.field(default=None, validator=v.optional(_host))
    realm: str | None = attrs.field(default=None, validator=v.optional(v.instance_of(str)))

    @property
    def uri(self) -> str:
        """The Request-URI: the domain alone where one is given, else host and port."""
        port = f":{self.port}" if self.port and not self.domain else ""
        return f"sip:{in_uri(self.domain or self.host)}{port}"

    @property
    def address_host(self) -> str:
        """The host that requests are sent to."""
        return self.outbound_proxy.host if self.outbound_proxy else self.host

    @property
    def address_port(self) -> int | None:
        """The port that requests are sent to, where one is given."""
        return self.outbound_proxy.port if self.outbound_proxy else self.port
