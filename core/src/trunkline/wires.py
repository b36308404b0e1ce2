"""What all calls of one engine share on their way out: where requests go, and how hard an account is asked."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Callable

from trunkline.account import CarrierAccount
from trunkline.call import Call
from trunkline.deadline import Deadline
from trunkline.descriptor import ProviderDescriptor
from trunkline.http.dial import CarrierDial, Dial
from trunkline.http.guard import GuardAdapter, Limits
from trunkline.http.pace import Paces
from trunkline.http.rules import Rules
from trunkline.http.session import GuardedSession
from trunkline.sip.dial import NetworkSipDial, SandboxSipDial, SipDial
from trunkline.sip.limits import SipLimits
from trunkline.sip.wire import SipWire
from trunkline.sip_target import SipTarget


class Wires:
    """The roads to the carriers, or with a `dial` to what stands in for them; without a `sip` no SIP server then."""

    def __init__(
        self,
        *,
        dial: Dial | None,
        sip: SipDial | None,
        limits: Limits | None,
        sip_limits: SipLimits | None,
        platform: SipTarget | None,
        now: Callable[[], dt.datetime],
        rng: random.Random,
        sleep: Callable[[float], None],
    ) -> None:
        self.dial = dial or CarrierDial()
        self.sip_dial = sip or (SandboxSipDial({}) if dial else NetworkSipDial())
        self.sip_limits = sip_limits or SipLimits()
        self.rng = _beside(rng)
        self._limits = limits or Limits()
        self._platform = platform
        self._now = now
        self._plugins_rng = rng
        self._sleep = sleep
        self._paces = Paces()

    def call(self, descriptor: ProviderDescriptor, account: CarrierAccount, seconds: float, *, read_only: bool) -> Call:
        """A call for one account, with a guarded wire of each kind."""
        deadline = Deadline.after(seconds)
        adapter = GuardAdapter(
            Rules(descriptor, account, read_only),
            dial=self.dial,
            pace=self._paces.of(account.key, descriptor.pace),
            deadline=deadline,
            limits=self._limits,
            now=self._now,
            rng=self.rng,
            sleep=self._sleep,
        )
        sip = SipWire(
            descriptor,
            account,
            dial=self.sip_dial,
            limits=self.sip_limits,
            deadline=deadline,
            exchanges=adapter.exchanges,
            rng=self.rng,
        )
        http = GuardedSession(adapter)
        return Call(http, sip, self._platform, account.marker, self._now, self._plugins_rng, deadline)


def _beside(rng: random.Random) -> random.Random:
    """Randomness that takes none from `rng`, repeats when it does, and gives nothing of it away.

    The wires need more of it where a carrier fails; what plugins draw must not depend on that.
    """
    try:
        state = rng.getstate()
    except NotImplementedError:  # The operating system's has no state: nothing can be taken from it.
        return rng
    return random.Random(hashlib.sha256(repr(state).encode()).digest())
