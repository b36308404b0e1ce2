"""Any SIP trunk for Trunkline: the plugin object that the entry point names."""

from trunkline_manual.hooks import ManualPlugin

plugin = ManualPlugin()

__all__ = ["plugin"]
