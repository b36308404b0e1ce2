"""Twilio for Trunkline: the plugin object that the entry point names. Importing it imports no SDK."""

from trunkline_twilio.hooks import TwilioPlugin

plugin = TwilioPlugin()

__all__ = ["plugin"]
