"""What a caller keeps between calls, and gets back from JSON as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping


def is_plain(value: Mapping[str, object]) -> bool:
    """Whether JSON gives it back unchanged."""
    try:
        return bool(json.loads(json.dumps(dict(value), allow_nan=False)) == dict(value))
    except (TypeError, ValueError):
        return False
