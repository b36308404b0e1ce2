"""Names that customers gave at their carrier, as they may be shown."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"\S@\S")


def shown(name: str) -> str | None:
    """The name in one line; None where nothing is left of it, or where it is an e-mail address or holds one."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in name).split())
    return None if not plain or _ADDRESS.search(plain) else plain
