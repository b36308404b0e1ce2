"""Vonage for Trunkline: the plugin object that the entry point names. Importing it imports no SDK."""

from trunkline_vonage.hooks import VonagePlugin

plugin = VonagePlugin()

__all__ = ["plugin"]
