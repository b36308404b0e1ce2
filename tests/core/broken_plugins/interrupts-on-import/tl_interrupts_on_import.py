"""A plugin that pretends to be Ctrl-C."""

raise KeyboardInterrupt
