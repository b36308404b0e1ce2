"""Telnyx for Trunkline: the plugin object that the entry point names. Importing it imports no SDK."""

from trunkline_telnyx.hooks import TelnyxPlugin

plugin = TelnyxPlugin()

__all__ = ["plugin"]
