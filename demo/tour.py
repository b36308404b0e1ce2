"""The tour that `make run` prints: commands to paste, from a credential test to the release of a number."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_COMMANDS = Path(__file__).with_name("tour.sh")


def tour(demo: dict[str, Any], path: Path) -> str:
    """The tour through the first healthy account; `path` is where the demo's accounts stand."""
    account = next(account for account in demo["accounts"] if account["expect"] == "healthy")
    values = demo | account | {"credentials": json.dumps(account["credentials"])}
    commands = re.sub(r"@(\w+)@", lambda match: str(values[match[1]]), _COMMANDS.read_text())
    return "\n".join(
        (
            f"Trunkline is running at {demo['base_url']}, with simulated carriers behind it.",
            f"Paste what follows into another terminal; the accounts to try stand in {path}.",
            "",
            commands,
            "Ctrl-C stops everything and leaves nothing behind.",
        )
    )
