"""What the customer, or Telnyx, does while nobody's API call is looking."""

from collections.abc import Mapping
from typing import Any

import attrs

from trunkline_sandbox.behind_the_api import known, put, turn
from trunkline_sandbox.carrier import UnknownThing

from .model import VOICE_DEFAULTS, Account, Connection, Fqdn, Number, Profile, described_number
from .world import World

_NUMBER_FIELDS = frozenset(each.name for each in attrs.fields(Number)) - {"id", "voice", "shown_instead"} | {
    *VOICE_DEFAULTS
}
_ACCOUNT_FIELDS = frozenset({"level", "trouble", "balance", "credit_limit", "expect", "name"})
_KINDS: dict[str, tuple[str, type]] = {
    "connections": ("connections", Connection),
    "fqdns": ("fqdns", Fqdn),
    "outbound_voice_profiles": ("profiles", Profile),
}


def find_account(world: World, name: str) -> Account:
    """An account by its label or its user id."""
    for account in world.accounts.values():
        if name in (account.label, account.user_id):
            return account
    raise UnknownThing(f"no account {name}")


def change(account: Account, collection: str, name: str, fields: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Set raw field values of one thing."""
    if collection == "numbers":
        return _change_number(account, _number(account, name), fields, now)
    if collection == "account":
        put(account, fields, _ACCOUNT_FIELDS)
        return dict(fields)
    if collection == "switches":
        return turn(account.switches, fields)
    thing, kind = _thing(account, collection, name)
    allowed = frozenset(each.name for each in attrs.fields(kind)) - {"id"}
    put(thing, fields, allowed)
    return {"id": name, **fields}


def remove(account: Account, collection: str, name: str) -> None:
    """Take one thing away."""
    if collection == "numbers":
        del account.numbers[_number(account, name).id]
    elif collection == "connections":
        account.drop_connection(_thing(account, collection, name)[0])
    elif collection == "outbound_voice_profiles":
        profile, _ = _thing(account, collection, name)
        for connection in account.connections.values():
            connection.profile_id = None if connection.profile_id == profile.id else connection.profile_id
        del account.profiles[name]
    else:
        thing, _ = _thing(account, collection, name)
        del account.fqdns[thing.id]
    account.changed()


def _change_number(account: Account, number: Number, fields: Mapping[str, Any], now: float) -> dict[str, Any]:
    for field, value in known(fields, _NUMBER_FIELDS).items():
        if field in VOICE_DEFAULTS:
            number.voice[field] = value
        else:
            setattr(number, field, value)
    number.updated = now
    account.changed()
    return described_number(number)


def _number(account: Account, name: str) -> Number:
    try:
        return account.number(name)
    except KeyError:
        raise UnknownThing(f"no number {name}") from None


def _thing(account: Account, collection: str, name: str) -> tuple[Any, type]:
    if collection not in _KINDS:
        raise UnknownThing(f"an account has no {collection}")
    attribute, kind = _KINDS[collection]
    found = getattr(account, attribute).get(name)
    if found is None:
        raise UnknownThing(f"no {name} among the {collection}")
    return found, kind
