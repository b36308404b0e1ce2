"""What of an address may be shown: its host, where that is one."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_HOST = re.compile(r"[A-Za-z0-9._-]{1,255}")


def host_of(url: str) -> str | None:
    """The host of a URL, in ASCII; None where it cannot be shown. User, path and query may hold secrets."""
    try:
        host = urlsplit(url).hostname or ""
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError:
        return None
    return shown_host(host)


def shown_host(host: str) -> str | None:
    """A host as it stands, if it can be shown."""
    return host if _HOST.fullmatch(host) else None
