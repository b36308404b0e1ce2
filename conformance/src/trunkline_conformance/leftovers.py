"""Looks through a scrubbed conversation for what should not be there: in doubt it names the place."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trunkline.redaction import Scrubber as SecretFinder
from trunkline.secret import Secret
from trunkline_conformance.cassettes import PLACEHOLDER, Interaction
from trunkline_conformance.fictional_numbers import is_fictional
from trunkline_conformance.leaves import Leaf, Place, json_rewritten, leaves
from trunkline_conformance.scrubbing import Allowed

_SECRET_HEADERS = re.compile(r"authorization|cookie|token|api-?key|secret|signature", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}")
_NUMBER = re.compile(r"(?:\+|%2[Bb])([1-9]\d{7,14})(?!\d)")
_NATIONAL = re.compile(r"\(([2-9]\d{2})\) ([2-9]\d{2})-(\d{4})(?!\d)")
_WORD = re.compile(r"[A-Za-z0-9+=_~-]{16,}")
_BITS = 3.0
"""Of entropy a character, from which on a word with digits in it looks like a key."""
_TELLING = 6
"""Characters of a value from which on it cannot stand somewhere by chance."""


class InDoubt(Exception):
    """Something may be left that nobody may read, so nothing was written; `places` says where."""

    def __init__(self, places: Sequence[str]) -> None:
        self.places = tuple(places)
        super().__init__("\n".join(("Something may be left that nobody may read; nothing was written.", *places)))


def demand_none(
    interactions: Sequence[Interaction],
    others: Any,
    *,
    credentials: Mapping[str, str],
    secrets: frozenset[str],
    replaced: Mapping[str, str],
    allowed: Allowed,
) -> None:
    """Raise `InDoubt` unless the exchanges, and the rest of the cassette in `others`, are free of leftovers."""
    search = _Search(credentials, secrets, replaced, allowed)
    said = [leaf for at, each in enumerate(interactions) for leaf in leaves(each, at)]
    rest: list[tuple[Place, Leaf]] = []

    def note(place: Place, leaf: Leaf) -> Leaf:
        rest.append((place, leaf))
        return leaf

    json_rewritten(others, Place(0, "response", ("head",)), note)
    places = [f"{_said(place)}: {what}" for place, leaf in (*said, *rest) for what in search.in_text(place, str(leaf))]
    if places:
        raise InDoubt(list(dict.fromkeys(places)))


def _said(place: Place) -> str:
    return ".".join(place.names[1:]) if place.names[0] == "head" else str(place)


class _Search:
    def __init__(
        self,
        credentials: Mapping[str, str],
        secrets: frozenset[str],
        replaced: Mapping[str, str],
        allowed: Allowed,
    ) -> None:
        users = [value for name, value in credentials.items() if name not in secrets]
        self._users = [value for value in users if len(value) >= _TELLING]
        self._finder = SecretFinder([Secret(value) for name, value in credentials.items() if name in secrets], users)
        self._replaced = _any_of([value for value in replaced if len(value) >= _TELLING])
        self._allowed = allowed

    def in_text(self, place: Place, text: str) -> Iterator[str]:
        """What is wrong with one text."""
        text = PLACEHOLDER.sub("", text)
        plain = text in ("Basic :", "Bearer ", place.name)
        if place.names[0] == "header" and _SECRET_HEADERS.search(place.name) and not plain:
            yield f"a header that may hold a secret: {place.name}"
        if self._finder.finds(text):
            yield "a credential, or a piece of one"
        if any(user in text for user in self._users):
            yield "a credential"
        if self._replaced is not None and self._replaced.search(text):
            yield "a value that is replaced elsewhere"
        if any(not found.endswith(("@example.com", ".example")) for found in _EMAIL.findall(text)):
            yield "an e-mail address, or a login in an address"
        numbers = [f"+{digits}" for digits in _NUMBER.findall(text)]
        numbers += [f"+1{''.join(parts)}" for parts in _NATIONAL.findall(text)]
        if place.name in self._allowed.numbers and re.fullmatch(r"\d{8,15}", text):
            numbers.append(f"+{text}")
        if not all(is_fictional(number) for number in numbers):
            yield "a telephone number"
        if place.name not in self._allowed.made and any(_looks_like_a_key(word) for word in _WORD.findall(text)):
            yield "what looks like a key"


def _any_of(values: Sequence[str]) -> re.Pattern[str] | None:
    if not values:
        return None
    whole = "|".join(re.escape(value) for value in sorted(values, key=len, reverse=True))
    return re.compile(rf"(?<![0-9A-Za-z])(?:{whole})(?![0-9A-Za-z])")


def _looks_like_a_key(word: str) -> bool:
    if not (re.search(r"\d", word) and re.search(r"[A-Za-z]", word)):
        return False
    counts = Counter(word)
    bits = -sum(n / len(word) * math.log2(n / len(word)) for n in counts.values())
    return bits >= _BITS and sum(each.isdigit() for each in word) >= 3
