"""Simulated carriers that keep state, speak the carriers' real APIs and misbehave on demand."""

from .carrier import AccountEntry, Carrier, Request, Response, UnknownThing
from .faults import Fault, Faults
from .journal import Journal, Received
from .sandbox import Sandbox
from .server import Server, running

__all__ = [
    "AccountEntry",
    "Carrier",
    "Fault",
    "Faults",
    "Journal",
    "Received",
    "Request",
    "Response",
    "Sandbox",
    "Server",
    "UnknownThing",
    "running",
]
