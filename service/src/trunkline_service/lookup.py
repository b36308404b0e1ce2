"""The addresses of a host that a customer names."""

from __future__ import annotations

from collections.abc import Sequence

from trunkline.deadline import Deadline

_SECONDS = 2.0


def addresses_of(host: str) -> Sequence[str]:
    """What DNS says within two seconds; nothing where the name has no address now, or DNS cannot be asked."""
    from trunkline.sip.answer import NoAnswer
    from trunkline.sip.resolution import Resolver

    try:
        return Resolver().addresses(host, Deadline.after(_SECONDS))
    except NoAnswer:
        return ()
