"""SignalWire for Trunkline: the plugin object that the entry point names. Importing it imports no SDK."""

from trunkline_signalwire.hooks import SignalWirePlugin

plugin = SignalWirePlugin()

__all__ = ["plugin"]
