"""Fresh credentials for each run, as the descriptor asks for them, long enough to be found wherever they go."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Mapping

import rstr

from trunkline.descriptor import Field, ProviderDescriptor
from trunkline.forms import is_acceptable

_LENGTHS = (40, 32, 24, 20, 16, 12)
_LETTERS = string.ascii_letters + string.digits
_TRIES = 200


class NoCanary(Exception):
    """No value could be made that a field accepts; pin one in the cassette."""


def fresh(descriptor: ProviderDescriptor, given: Mapping[str, str | None], rng: random.Random) -> dict[str, str]:
    """The credentials of one run: those that are given, and a fresh one for each that is None."""
    fields = {field.name: field for form in descriptor.credential_forms for field in form.fields}
    made = {}
    for name, value in given.items():
        if name not in fields:
            raise NoCanary(f"The cassettes give {name}, and the descriptor has no such credential: record them anew.")
        if value is not None and fields[name].secret:
            raise NoCanary(f"the cassette pins {name}, which is a secret: let it be null")
        made[name] = acceptable(fields[name], rng) if value is None else value
    return made


def secret_names(descriptor: ProviderDescriptor) -> frozenset[str]:
    """The names of the credentials that are secret."""
    return frozenset(field.name for form in descriptor.credential_forms for field in form.fields if field.secret)


def acceptable(field: Field, rng: random.Random) -> str:
    """A fresh value that the field accepts; raises `NoCanary`."""
    for length in _LENGTHS:
        plain = "".join(rng.choices(_LETTERS, k=length))
        if is_acceptable(field, plain):
            return plain
    made = rstr.Rstr(rng)
    for _ in range(_TRIES):
        value = made.xeger(re.compile(field.pattern or r"\w{12}"))
        if is_acceptable(field, value) and (not field.secret or len(value) >= 12):
            return _lowered(field, value)
    raise NoCanary(f"no value could be made that fits the pattern of {field.name}; pin one in the cassette")


def _lowered(field: Field, value: str) -> str:
    """The value in lower case, but for letters that the pattern wants otherwise: carriers write hex digits so."""
    for at, letter in enumerate(value):
        lowered = value[:at] + letter.lower() + value[at + 1 :]
        if is_acceptable(field, lowered):
            value = lowered
    return value
