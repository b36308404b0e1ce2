"""A simulated Telnyx that keeps state."""

from .model import Account, Connection, Fqdn, Number, Profile, Quirks
from .simulated import SimulatedTelnyx

__all__ = ["Account", "Connection", "Fqdn", "Number", "Profile", "Quirks", "SimulatedTelnyx"]
