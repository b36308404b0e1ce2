"""What the customer, or Twilio, does while nobody's API call is looking."""

from collections.abc import Mapping
from typing import Any

import attrs

from trunkline_sandbox.behind_the_api import known, put
from trunkline_sandbox.carrier import UnknownThing

from .model import NUMBER_FIELDS, Account, Number, OriginationUrl, Trunk, described_number
from .world import World

_ACCOUNT_FIELDS = {"friendly_name", "status", "type", "balance", "discount", "auth_token", "dialing_inheritance"}
_TRUNK_FIELDS = {"friendly_name", "domain_name", "secure", "transfer_mode", "cnam_lookup_enabled"}
_URL_FIELDS = {"friendly_name", "sip_url", "priority", "weight", "enabled"}


def find_account(world: World, name: str) -> Account:
    """An account by its sid or its label."""
    account = world.by_sid.get(name) or world.accounts.get(name)
    if account is None:
        raise UnknownThing(f"no account {name}")
    return account


def change(world: World, account: Account, collection: str, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Set raw field values of one thing."""
    now = world.clock.now()
    if collection == "numbers":
        number = _number(account, name)
        chosen = known(fields, NUMBER_FIELDS).items()
        account.update_number(number, {field: "" if value is None else value for field, value in chosen}, now)
        return described_number(number)
    if collection == "trunks":
        return _set(_trunk(account, name), fields, _TRUNK_FIELDS, now)
    if collection == "origination_urls":
        return _set(_origination_url(account, name)[1], fields, _URL_FIELDS, now)
    if collection == "dialing":
        account.dialing.setdefault(name.upper(), {}).update(fields)
        return dict(account.dialing[name.upper()])
    if collection == "account":
        put(account, fields, _ACCOUNT_FIELDS)
        world.forget_identities()
        return {field: getattr(account, field) for field in fields if field != "auth_token"}
    raise UnknownThing(f"an account has no {collection}")


def remove(world: World, account: Account, collection: str, name: str) -> None:
    """Take one thing away."""
    if collection == "numbers":
        account.drop_number(_number(account, name))
    elif collection == "trunks":
        trunk = _trunk(account, name)
        account.drop_trunk(trunk, world.clock.now())
        world.domains.give_up(trunk.domain_name)
    elif collection == "origination_urls":
        trunk, url = _origination_url(account, name)
        del trunk.origination_urls[url.sid]
    else:
        raise UnknownThing(f"an account has no {collection}")


def _set(thing: Trunk | OriginationUrl, fields: Mapping[str, Any], allowed: set[str], now: float) -> dict[str, Any]:
    put(thing, fields, allowed)
    thing.updated = now
    return {name: value for name, value in attrs.asdict(thing).items() if name in fields or name == "sid"}


def _number(account: Account, name: str) -> Number:
    try:
        return account.numbers.get(name) or account.number(name)
    except KeyError:
        raise UnknownThing(f"no number {name}") from None


def _trunk(account: Account, sid: str) -> Trunk:
    if sid not in account.trunks:
        raise UnknownThing(f"no trunk {sid}")
    return account.trunks[sid]


def _origination_url(account: Account, sid: str) -> tuple[Trunk, OriginationUrl]:
    for trunk in account.trunks.values():
        if sid in trunk.origination_urls:
            return trunk, trunk.origination_urls[sid]
    raise UnknownThing(f"no origination URL {sid}")
