"""The SIP road of one hook call: OPTIONS and REGISTER without Contact, and nothing else."""

from __future__ import annotations

import random

from trunkline.account import CarrierAccount
from trunkline.checks import Exchange
from trunkline.deadline import Deadline
from trunkline.descriptor import ProviderDescriptor
from trunkline.sip.answer import SipAnswer
from trunkline.sip.dial import SipDial
from trunkline.sip.limits import SipLimits
from trunkline.sip.server import SipServer


class SipWire:
    """Asks the SIP servers that the account's own fields name.

    Raises `PluginBroken` for a server that no steering field of the account names, `CarrierTimedOut` past the
    deadline, `Unsupported` for a host that has no sandbox. All else is an answer.
    """

    def __init__(
        self,
        descriptor: ProviderDescriptor,
        account: CarrierAccount,
        *,
        dial: SipDial,
        limits: SipLimits,
        deadline: Deadline,
        exchanges: list[Exchange],
        rng: random.Random,
    ) -> None:
        self.exchanges = exchanges

    def options(self, server: SipServer) -> SipAnswer:
        """Ask what the server can do; a challenge is answered with the account's credentials."""
        raise NotImplementedError

    def register(self, server: SipServer) -> SipAnswer:
        """Ask which bindings the account's user has (RFC 3261, 10.2.3), with credentials where challenged."""
        raise NotImplementedError
