"""What every carrier's changes behind its API have in common: fields are known ones, and are set raw."""

from collections.abc import Collection, Mapping
from typing import Any

import attrs


def known(fields: Mapping[str, Any], allowed: Collection[str]) -> Mapping[str, Any]:
    """The fields, all of which must be allowed; `ValueError` names one that is not, and those that are."""
    unknown = fields.keys() - set(allowed)
    if unknown:
        raise ValueError(f"no such field: {', '.join(sorted(unknown))}; there are {', '.join(sorted(allowed))}")
    return fields


def put(thing: Any, fields: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Set fields of one thing as they are given."""
    for field, value in known(fields, allowed).items():
        setattr(thing, field, value)


def turn(switches: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Set some switches of an account, and give them all."""
    put(switches, fields, [field.name for field in attrs.fields(type(switches))])
    return attrs.asdict(switches)
