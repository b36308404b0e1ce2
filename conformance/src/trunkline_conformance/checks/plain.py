"""What a caller keeps between calls, and gets back from JSON as it was."""

from __future__ import annotations

import json
from typing import Any


def is_plain(value: Any) -> bool:
    """Whether it is an object that JSON gives back unchanged."""
    try:
        return bool(json.loads(json.dumps(dict(value), allow_nan=False)) == dict(value))
    except (TypeError, ValueError):
        return False
