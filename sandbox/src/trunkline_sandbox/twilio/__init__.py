"""A simulated Twilio that keeps state."""

from .model import Account, Number, OriginationUrl, Trunk
from .simulated import SimulatedTwilio

__all__ = ["Account", "Number", "OriginationUrl", "SimulatedTwilio", "Trunk"]
