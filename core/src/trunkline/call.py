"""All that a plugin may lean on while it answers one call."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from trunkline.checks import Exchange
from trunkline.deadline import Deadline
from trunkline.errors import CarrierRefused
from trunkline.sip_target import SipTarget

if TYPE_CHECKING:
    from trunkline.http.session import GuardedSession
    from trunkline.sip.wire import SipWire


class Proof:
    """The exchanges made while it was being collected."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._exchanges = exchanges
        self._start = len(exchanges)
        self._end: int | None = None

    def close(self) -> None:
        """Stop collecting."""
        self._end = len(self._exchanges)

    def __call__(self) -> tuple[Exchange, ...]:
        """What was collected so far."""
        return tuple(self._exchanges[self._start : self._end])


@attrs.frozen(eq=False)
class Call:
    """One hook call: the two guarded roads out, the platform's SIP host, a marker, the time, randomness, a deadline.

    `platform` is None where the operator has not set a SIP host. `now` gives UTC. `random` is the
    operating system's unless the engine was given another: fit to draw a password from. The wires draw from another.
    """

    http: GuardedSession
    sip: SipWire
    platform: SipTarget | None
    marker: str
    now: Callable[[], dt.datetime]
    random: random.Random
    deadline: Deadline

    def require_platform(self) -> SipTarget:
        """The platform's SIP host; `CarrierRefused` where the operator has set none."""
        if self.platform is None:
            raise CarrierRefused(
                "The platform's SIP host is not set, so numbers cannot be routed to it. Ask the operator of this "
                "platform.",
                detail="the engine was made without `platform`; nothing was asked of the carrier",
            )
        return self.platform

    @contextmanager
    def proving(self) -> Iterator[Proof]:
        """Collect what is asked of the carrier inside the block, as a check's proof."""
        proof = Proof(self.http.exchanges)
        try:
            yield proof
        finally:
            proof.close()
