"""What may be shown: SIP config by allow-list, and texts with every trace of a secret taken out."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from trunkline.descriptor import Field
from trunkline.forms import is_acceptable
from trunkline.secret import Secret

HIDDEN = "[redacted]"
_SHORTEST_PIECE = 12
_RUN = _SHORTEST_PIECE // 2
_SHORTEST_TOLD = 6


def by_allow_list(sip_config: Any, fields: Iterable[Field]) -> dict[str, Any]:
    """The known fields of a SIP config; secret ones, and values no form would accept, as `[redacted]`.

    Unknown keys are left out, and of what is no object nothing is shown.
    """
    if not isinstance(sip_config, Mapping):
        return {}
    known = {field.name: field for field in fields}
    return {
        name: value if value is None or _may_be_shown(known[name], value) else HIDDEN
        for name, value in sip_config.items()
        if name in known
    }


def _may_be_shown(field: Field, value: Any) -> bool:
    return not field.secret and is_acceptable(field, value)


class Scrubber:
    """Takes an account's secrets, in every form they travel in, out of a text.

    Forms: raw, URL-quoted, JSON-, HTML- and Python-escaped, hex, base64 (alone, as `user:secret`, and inside a longer
    text), and any piece of 12 characters or more of any of these.
    """

    def __init__(self, secrets: Iterable[Secret], users: Iterable[str] = ()) -> None:
        users = tuple(users)
        raw = [value for secret in secrets if (value := secret.reveal())]
        forms = {form for value in raw for form in _forms(value, users) if form}
        self._telling = any(len(value) >= _SHORTEST_TOLD for value in raw)
        self._pieces = {form[i : i + _SHORTEST_PIECE] for form in forms for i in range(len(form) - _SHORTEST_PIECE + 1)}
        # Any 12 characters hold a run of 6 that begins at a multiple of 6 in the text: only where one is known may a
        # piece stand, and looking for those takes a sixth of the time.
        self._runs = {piece[i : i + _RUN] for piece in self._pieces for i in range(_SHORTEST_PIECE - _RUN + 1)}
        # A form of 12 characters or more is found by its pieces.
        self._short = sorted(form for form in forms if len(form) < _SHORTEST_PIECE)
        self._short_telling = [form for form in self._short if len(form) >= _SHORTEST_TOLD]

    def __call__(self, text: str) -> str:
        """The text with `[redacted]` in place of each trace."""
        while (clean := self._once(text)) != text:
            text = clean
        return text

    def finds(self, text: str) -> bool:
        """Whether the text holds a trace of a secret; one under 6 characters is too short to tell from chance."""
        return any(True for _ in self._spans(text, self._short_telling)) if self._telling else False

    def _once(self, text: str) -> str:
        spans = sorted(set(self._spans(text, self._short)))
        if not spans:
            return text
        shown = [match.span() for match in re.finditer(re.escape(HIDDEN), text)]
        spans = [span for i, j in spans if (span := _around(i, j, shown))]
        clean: list[str] = []
        upto, hidden_upto = 0, -1
        for i, j in sorted(spans):
            if i > hidden_upto:
                clean += [text[upto:i], HIDDEN]
            hidden_upto = upto = max(upto, j)
        return "".join([*clean, text[upto:]])

    def _spans(self, text: str, short: list[str]) -> Iterator[tuple[int, int]]:
        runs = self._runs
        if any(text[i : i + _RUN] in runs for i in range(0, len(text), _RUN)):
            for i in range(len(text) - _SHORTEST_PIECE + 1):
                if text[i : i + _SHORTEST_PIECE] in self._pieces:
                    yield i, i + _SHORTEST_PIECE
        for form in short:
            i = text.find(form)
            while i >= 0:
                yield i, i + len(form)
                i = text.find(form, i + 1)


def _around(i: int, j: int, shown: list[tuple[int, int]]) -> tuple[int, int] | None:
    """A span with every `[redacted]` that it touches, so that none is cut; None where it lies within one."""
    touched = [(start, end) for start, end in shown if start < j and i < end]
    if any(start <= i and j <= end for start, end in touched):
        return None
    return min([i, *(start for start, _ in touched)]), max([j, *(end for _, end in touched)])


def _forms(value: str, users: tuple[str, ...]) -> Iterator[str]:
    data = value.encode("utf-8", "surrogatepass")
    yield value
    for quoted in (quote(data, safe=""), quote_plus(data), quote(data)):
        yield quoted
        yield re.sub("%..", lambda match: match[0].lower(), quoted)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield html.escape(value)
    yield repr(value)[1:-1]
    yield binascii.hexlify(data).decode()
    yield binascii.hexlify(data).decode().upper()
    for pair in (data, *(user.encode("utf-8", "surrogatepass") + b":" + data for user in users)):
        yield from (encoded.rstrip("=") for encoded in _base64(pair, 0))
    for offset in (1, 2):
        yield from _base64(data, offset)


def _base64(data: bytes, offset: int) -> Iterator[str]:
    """What every base64 text that holds the data at this offset has in common, in both alphabets."""
    first, last = -(-offset * 4 // 3), (offset + len(data)) * 4 // 3
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(bytes(offset) + data).decode()
        yield encoded[first:last]
        if not offset:
            yield encoded
