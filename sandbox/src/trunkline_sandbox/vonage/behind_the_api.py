"""What the customer, or Vonage, does while nobody's API call is looking."""

from collections.abc import Mapping
from typing import Any

from trunkline_sandbox.behind_the_api import known, put, turn
from trunkline_sandbox.carrier import UnknownThing

from .model import SETTINGS, Account, Limitation, Number
from .world import World

_ACCOUNT_FIELDS = {"name", "balance", "auto_reload", "credit_limit", "suspended", "has_subaccounts"}
_NUMBER_FIELDS = {"type", "features", "limitations"}


def find_account(world: World, name: str) -> Account:
    """An account by its API key or its label."""
    account = world.by_key.get(name) or world.accounts.get(name)
    if account is None:
        raise UnknownThing(f"no account {name}")
    return account


def change(account: Account, collection: str, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Set raw field values of one thing."""
    if collection == "numbers":
        number = _number(account, name)
        _change_number(number, known(fields, {*SETTINGS, *_NUMBER_FIELDS}))
        return number.described()
    if collection == "switches":
        return turn(account.switches, fields)
    if collection == "account":
        put(account, fields, _ACCOUNT_FIELDS)
        return dict(fields)
    raise UnknownThing(f"an account has no {collection}")


def remove(account: Account, collection: str, name: str) -> None:
    """Take one thing away."""
    if collection == "numbers":
        number = _number(account, name)
        del account.numbers[number.country, number.msisdn]
    elif collection == "applications" and name in account.applications:
        del account.applications[name]
        for number in account.numbers.values():
            if number.settings.get("app_id") == name:
                number.put({"app_id": None})
    else:
        raise UnknownThing(f"an account has no {collection} {name}")


def _change_number(number: Number, fields: Mapping[str, Any]) -> None:
    if "type" in fields:
        number.type = fields["type"]
    if "features" in fields:
        number.features = tuple(fields["features"])
    if "limitations" in fields:
        number.limitations = tuple(Limitation(**each) for each in fields["limitations"])
    number.put({name: value for name, value in fields.items() if name in SETTINGS})


def _number(account: Account, name: str) -> Number:
    try:
        return account.number(name)
    except KeyError:
        raise UnknownThing(f"no number {name}") from None
