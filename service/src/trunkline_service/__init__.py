"""The HTTP API of Trunkline."""
