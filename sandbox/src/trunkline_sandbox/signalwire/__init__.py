"""A simulated SignalWire that keeps state."""

from .model import Bin, Number, Project, Script
from .simulated import SimulatedSignalWire
from .switches import Switches

__all__ = ["Bin", "Number", "Project", "Script", "SimulatedSignalWire", "Switches"]
