"""Accounts on simulated carriers, as the recorder plays its scenarios on them: one module a carrier."""

from collections.abc import Mapping
from typing import Any

from trunkline_conformance.simulated.account import SimulatedAccount
from trunkline_conformance.simulated.acme import AcmeAccount
from trunkline_conformance.simulated.signalwire import SignalWireAccount
from trunkline_conformance.simulated.telnyx import TelnyxAccount
from trunkline_conformance.simulated.twilio import TwilioAccount
from trunkline_conformance.simulated.vonage import VonageAccount

SIMULATED: Mapping[str, type[SimulatedAccount[Any]]] = {
    "acme": AcmeAccount,
    "signalwire": SignalWireAccount,
    "telnyx": TelnyxAccount,
    "twilio": TwilioAccount,
    "vonage": VonageAccount,
}
"""By provider."""

__all__ = ["SIMULATED", "SimulatedAccount"]
