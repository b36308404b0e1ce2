"""What to call a connection."""

from __future__ import annotations

from trunkline import names
from trunkline.errors import PermissionMissing
from trunkline.numbers import SuggestedName

from . import accounts, numbers
from .client import Client


def suggest(client: Client) -> SuggestedName:
    """The account's own name and its first number; two requests."""
    name = names.shown(accounts.standing(client).name)
    try:
        number = next((each.number for each in numbers.list_numbers(client)), None)
    except PermissionMissing:
        number = None
    return SuggestedName(name, number)
