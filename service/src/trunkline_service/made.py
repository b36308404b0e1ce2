"""What set-up made, as JSON fit to be sealed, and back: a `Secret` stays one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trunkline.secret import Secret

_SECRET = "$secret"  # noqa: S105

SIP_LOGIN = {
    "domain": "sip_domain",
    "transport": "sip_transport",
    "username": "sip_username",
    "password": "sip_password",
}
"""Where calls out are sent and as whom: the names in a SIP config, and in what set-up made."""


def sip_login(made: Mapping[str, Any]) -> dict[str, Any]:
    """The SIP login that set-up made; its password is a `Secret`."""
    return {name: made[value] for name, value in SIP_LOGIN.items() if value in made}


def shown_sip_config(redacted: Mapping[str, Any], made: Mapping[str, Any]) -> dict[str, Any]:
    """What may be shown of a SIP config, and of the SIP login that set-up made."""
    return {**{name: value for name, value in sip_login(made).items() if isinstance(value, str)}, **redacted}


def made_as_json(value: Any) -> Any:
    """All of it; only a seal may hold the outcome."""
    match value:
        case Secret():
            return {_SECRET: value.reveal()}
        case Mapping():
            return {name: made_as_json(each) for name, each in value.items()}
        case list() | tuple():
            return [made_as_json(each) for each in value]
    return value


def load_made(stored: Any) -> Any:
    """What was made, again."""
    match stored:
        case {"$secret": str() as value} if len(stored) == 1:
            return Secret(value)
        case dict():
            return {name: load_made(each) for name, each in stored.items()}
        case list():
            return [load_made(each) for each in stored]
    return stored


def secrets_in(value: Any) -> Iterator[Secret]:
    """Every secret of what was made."""
    match value:
        case Secret():
            yield value
        case Mapping():
            for each in value.values():
                yield from secrets_in(each)
        case list() | tuple():
            for each in value:
                yield from secrets_in(each)
