"""An observer that exits on import."""

raise SystemExit
