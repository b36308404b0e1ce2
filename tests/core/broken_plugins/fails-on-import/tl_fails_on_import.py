"""A plugin that fails on import."""

raise RuntimeError("no such luck")
