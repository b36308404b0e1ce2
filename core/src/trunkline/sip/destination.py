"""One place that a request is sent to."""

from __future__ import annotations

import attrs

from trunkline.sip.server import in_uri


@attrs.frozen
class Destination:
    """Transport, IP address and port; `certificate_name` is what the certificate must be for, None to speak no TLS."""

    transport: str
    ip: str
    port: int
    certificate_name: str | None = None

    def __str__(self) -> str:
        return f"{in_uri(self.ip)}:{self.port}"
