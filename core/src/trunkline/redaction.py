"""What may be shown: SIP config by allow-list, and texts with every trace of a secret taken out."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from trunkline.descriptor import Field
from trunkline.secret import Secret

HIDDEN = "[redacted]"
_SHORTEST_PIECE = 12


def by_allow_list(sip_config: Mapping[str, Any], fields: Iterable[Field]) -> dict[str, Any]:
    """The known fields of a SIP config, secret ones as `[redacted]`; unknown keys are left out."""
    known = {field.name: field for field in fields}
    return {
        name: HIDDEN if known[name].secret and value is not None else value
        for name, value in sip_config.items()
        if name in known
    }


class Scrubber:
    """Takes an account's secrets, in every form they travel in, out of a text.

    Forms: raw, URL-quoted, JSON-escaped, hex, base64 (alone and as `user:secret`), and any piece of a secret of 12
    characters or more.
    """

    def __init__(self, secrets: Iterable[Secret], users: Iterable[str] = ()) -> None:
        users = tuple(users)
        raw = [secret.reveal() for secret in secrets]
        forms = {form for value in raw if value for form in _forms(value, users)}
        self._forms = sorted(forms, key=len, reverse=True)
        self._pieces = {form[i : i + _SHORTEST_PIECE] for form in forms for i in range(len(form) - _SHORTEST_PIECE + 1)}

    def __call__(self, text: str) -> str:
        """The text with `[redacted]` in place of each trace."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return self._without_pieces(text)

    def finds(self, text: str) -> bool:
        """Whether the text holds a trace of a secret."""
        return self(text) != text

    def _without_pieces(self, text: str) -> str:
        tainted = [False] * len(text)
        for i in range(len(text) - _SHORTEST_PIECE + 1):
            if text[i : i + _SHORTEST_PIECE] in self._pieces:
                tainted[i : i + _SHORTEST_PIECE] = [True] * _SHORTEST_PIECE
        if not any(tainted):
            return text
        shown = "".join("\0" if bad else char for char, bad in zip(text, tainted, strict=True))
        while "\0\0" in shown:
            shown = shown.replace("\0\0", "\0")
        return shown.replace("\0", HIDDEN)


def _forms(value: str, users: tuple[str, ...]) -> Iterable[str]:
    data = value.encode()
    yield value
    yield quote(value, safe="")
    yield quote_plus(value)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield binascii.hexlify(data).decode()
    for pair in (data, *(f"{user}:{value}".encode() for user in users)):
        # Without the padding and the last character, which depend on what follows.
        yield base64.b64encode(pair).decode().rstrip("=")
        yield base64.urlsafe_b64encode(pair).decode().rstrip("=")
