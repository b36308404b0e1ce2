"""A simulated SIP trunk that keeps state, over UDP and TCP."""

from .model import Trunk
from .server import running_trunk
from .simulated import SimulatedTrunk

__all__ = ["SimulatedTrunk", "Trunk", "running_trunk"]
