"""A trunk as its fields describe it: whom to ask, how, and under which name it is known."""

from __future__ import annotations

import attrs

from trunkline.account import CarrierAccount
from trunkline.call import Call
from trunkline.sip.server import SipProxy, SipServer, in_uri
from trunkline_manual.descriptor import BY_ADDRESS, BY_DIGEST


@attrs.frozen(eq=False)
class Trunk:
    """The trunk of one account, and the call that may ask it."""

    account: CarrierAccount
    call: Call

    @property
    def server(self) -> SipServer:
        """Whom the SIP wire asks."""
        config = self.account.sip_config
        proxy = host_and_port(config["outboundProxy"]) if "outboundProxy" in config else None
        return SipServer(
            host=host_and_port(config["domain"])[0],
            port=config.get("port"),
            transport=config["transport"],
            outbound_proxy=SipProxy(*proxy) if proxy else None,
            realm=config.get("realm"),
        )

    @property
    def authentication(self) -> str:
        """How the trunk knows its customers: as the field says, else by what was given."""
        chosen: str = self.account.sip_config.get("authentication") or (
            BY_DIGEST if self.account.credentials else BY_ADDRESS
        )
        return chosen

    @property
    def numbers(self) -> list[str]:
        """The numbers that the customer entered, each once."""
        return list(dict.fromkeys(self.account.sip_config.get("numbers", [])))

    @property
    def identity(self) -> str:
        """The same for every connection to this trunk under this user, however it is written."""
        server = self.server
        port = server.port or (5061 if server.transport == "tls" else 5060)
        user = self.account.credential("username")
        return f"sip:{f'{user}@' if user else ''}{in_uri(server.host)}:{port}"


def host_and_port(text: str) -> tuple[str, int | None]:
    """`proxy.example:5080` in its two parts, and IPv6 without its brackets."""
    host, _, port = text.rpartition("]") if text.startswith("[") else text.partition(":")
    if text.startswith("["):
        return host.removeprefix("["), int(port.removeprefix(":")) if port else None
    return host, int(port) if port else None
