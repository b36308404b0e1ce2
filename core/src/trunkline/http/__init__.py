"""The guarded HTTP wire: the only road from a plugin to its carrier."""
