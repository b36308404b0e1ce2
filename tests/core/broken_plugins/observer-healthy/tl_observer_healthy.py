"""An observer that works."""

from trunkline.hookspec import hookimpl


class Observer:
    @hookimpl
    def observe(self, event):
        """Takes no note."""


plugin = Observer
