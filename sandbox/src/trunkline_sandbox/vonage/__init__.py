"""A simulated Vonage that keeps state."""

from .model import Account, Application, Limitation, Number
from .simulated import SimulatedVonage
from .switches import Switches

__all__ = ["Account", "Application", "Limitation", "Number", "SimulatedVonage", "Switches"]
