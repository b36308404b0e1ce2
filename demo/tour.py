"""The tour that `make run` prints: commands to paste, from a credential test to the release of a number."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_COMMANDS = Path(__file__).with_name("tour.sh")


def tour(demo: dict[str, Any], path: Path) -> str:
    """The tour through a healthy account of each carrier and set-up method; `path` is where all accounts stand."""
    values = demo | {"accounts": "\n  # ".join(_given(account) for account in _healthy(demo["accounts"]))}
    values["accounts"] = "  " + values["accounts"]
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


def _healthy(accounts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first healthy account of each carrier and set-up method."""
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for account in accounts:
        if account["expect"] == "healthy":
            first.setdefault((account["provider"], account["setup_method"]), account)
    return list(first.values())


def _given(account: dict[str, Any]) -> str:
    """The fields of a request that name the account, for the shell."""
    fields = {name: account[name] for name in ("provider", "setup_method", "credentials", "sip_config")}
    return f"GIVEN='{json.dumps(fields)[1:-1]}'"
