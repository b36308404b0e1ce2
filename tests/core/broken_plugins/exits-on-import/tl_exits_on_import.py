"""A plugin that exits on import."""

raise SystemExit("goodbye")
