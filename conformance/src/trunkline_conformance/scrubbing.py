"""Takes everything private out of a recorded conversation: only what a list allows may stand."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import attrs

from trunkline.converter import structure
from trunkline_conformance.cassettes import Interaction
from trunkline_conformance.leaves import Leaf, Place, address_rewritten, leaves, rewritten
from trunkline_conformance.pseudonyms import Pseudonyms

_SHORTEST = 6
"""Characters of a credential from which on it is looked for inside other texts."""


@attrs.frozen
class Allowed:
    """What may stand as the carrier and the plugin wrote it.

    `fields` are names of JSON, form and query fields, with all that is in them; `numbers` hold telephone numbers
    without a plus; `made` may hold what a request says that was drawn from the recorded seed, and looks like a key;
    `hosts` are expressions for the carrier's own.
    """

    headers: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    @classmethod
    def of(cls, *files: Path, hosts: Iterable[str] = ()) -> Allowed:
        """The general list, with the lists in these files and these hosts added; raises `InvalidFields`."""
        lists = [_GENERAL, *(structure(tomllib.loads(file.read_text("utf-8")), cls) for file in files if file.exists())]
        joined = {
            field.name: tuple(each for one in lists for each in getattr(one, field.name)) for field in attrs.fields(cls)
        }
        return attrs.evolve(cls(**joined), hosts=(*joined["hosts"], *hosts))

    def header(self, name: str) -> bool:
        """Whether a header is kept at all."""
        return name.lower() in self.headers

    def field(self, place: Place) -> bool:
        """Whether what stands there may stand: by its own name, or by the name of something it is in."""
        return place.names[0] in ("header", "host", "path") or not set(self.fields).isdisjoint(place.names[1:])

    def is_own(self, address: str) -> bool:
        """Whether an address is one of the carrier's own."""
        found = re.match(r"https://([^/?:]+)", address)
        return found is not None and (
            found[1].startswith("{{credentials.") or any(re.fullmatch(host, found[1]) for host in self.hosts)
        )


_GENERAL = structure(tomllib.loads((files(__package__) / "allowed.toml").read_text("utf-8")), Allowed)


class Scrubber:
    """Scrubs one conversation.

    What a request says before any answer said it is the plugin's own (a name for what it makes, an address of the
    platform) and stands, as does what holds one of `marks`. Identifiers, telephone numbers and e-mail addresses are
    replaced wherever they are. `before` is what was said to prepare the account: it tells what is the plugin's own.
    """

    def __init__(
        self,
        conversation: Sequence[Interaction],
        *,
        allowed: Allowed,
        credentials: Mapping[str, str],
        marks: Iterable[str] = (),
        before: Sequence[Interaction] = (),
    ) -> None:
        self.pseudonyms = Pseudonyms()
        self.allowed = allowed
        self._credentials = sorted(credentials.items(), key=lambda item: -len(item[1]))
        self._marks = tuple(marks)
        self._own: set[str] = set()
        spoken = [_with_few_headers(each, allowed) for each in (*before, *conversation)]
        self._learn(spoken)
        self._conversation = spoken[len(before) :]
        for at, each in enumerate(spoken):
            rewritten(each, at, self._change)

    def scrubbed(self) -> tuple[Interaction, ...]:
        """The conversation, with nothing private in it."""
        return tuple(rewritten(each, at, self._change) for at, each in enumerate(self._conversation))

    def number(self, number: str) -> str:
        """A telephone number of the account, as the scrubbed conversation has it."""
        return self.pseudonyms.of_text(number)

    def private(self, value: str) -> str:
        """Anything else that is known of the account, as the scrubbed conversation has it or would have it."""
        return self.pseudonyms.of_value(self._without_credentials(value))

    def _learn(self, conversation: Sequence[Interaction]) -> None:
        told: set[str] = set()
        for at, interaction in enumerate(conversation):
            for place, leaf in leaves(interaction, at):
                text = self._without_credentials(str(leaf))
                self.pseudonyms.keep(text)
                if self.allowed.field(place):
                    continue
                if place.side == "request" and text not in told:
                    self._own.add(text)
                elif place.side == "response":
                    told.add(text)

    def _change(self, place: Place, leaf: Leaf) -> Leaf:
        text = self._without_credentials(str(leaf))
        may_stand = self.allowed.field(place) or text in self._own or any(mark in text for mark in self._marks)
        if not isinstance(leaf, str):
            return leaf if may_stand and abs(leaf) < 10**14 else self.pseudonyms.of_amount(leaf)
        if place.names[0] == "path" and (pseudonym := self.pseudonyms.given.get(unquote(text))) is not None:
            # As it was asked: a plus sign may stand in a path as it is.
            return pseudonym if text == unquote(text) else quote(pseudonym, safe="")
        if place.name in self.allowed.numbers and re.fullmatch(r"\d{8,15}", text):
            return self.pseudonyms.of_bare_number(text)
        if self.allowed.is_own(text) or (may_stand and text.startswith("/") and place.names[0] == "body"):
            return address_rewritten(text, place, self._change_inside)
        return self.pseudonyms.of_text(text) if may_stand else self.pseudonyms.of_value(text)

    def _change_inside(self, place: Place, leaf: Leaf) -> Leaf:
        """A part of an address in an answer: host and path are the carrier's, its query is of fields like any other."""
        here = place.names.index("query") if "query" in place.names else None
        if here is None:
            return self.pseudonyms.of_text(str(leaf))
        return self._change(attrs.evolve(place, names=place.names[here:]), leaf)

    def _without_credentials(self, text: str) -> str:
        for name, value in self._credentials:
            if text == value or len(value) >= _SHORTEST:
                for form in dict.fromkeys((value, quote(value, safe=""))):
                    text = text.replace(form, f"{{{{credentials.{name}}}}}")
        return text


def _with_few_headers(interaction: Interaction, allowed: Allowed) -> Interaction:
    def few(side: Mapping[str, Any]) -> dict[str, Any]:
        return {**side, "headers": {n: v for n, v in (side.get("headers") or {}).items() if allowed.header(n)}}

    return attrs.evolve(interaction, request=few(interaction.request), response=few(interaction.response))
