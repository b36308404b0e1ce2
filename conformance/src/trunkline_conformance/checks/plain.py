"""What a caller keeps between calls, and gets back from JSON as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping


def is_plain(value: Mapping[str, object] | None) -> bool:
    """Whether it is an object that JSON gives back unchanged."""
    try:
        return value is not None and bool(json.loads(json.dumps(dict(value), allow_nan=False)) == dict(value))
    except (TypeError, ValueError):
        return False
