"""A simulated Telnyx that keeps state."""

from .model import Account, Connection, Fqdn, Number, Profile
from .simulated import SimulatedTelnyx
from .switches import Switches

__all__ = ["Account", "Connection", "Fqdn", "Number", "Profile", "SimulatedTelnyx", "Switches"]
