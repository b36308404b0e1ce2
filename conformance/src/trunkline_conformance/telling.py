"""Whether anything that a plugin let out tells a secret of its run, raw or in any form that it travels in."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from trunkline.redaction import Scrubber
from trunkline.secret import Secret
from trunkline_conformance.canaries import secret_names
from trunkline_conformance.conversation import Run


def listener(run: Run) -> Scrubber:
    """Finds this run's fresh secrets in a text, in every form and in pieces of 12 characters and more."""
    secret = secret_names(run.subject.descriptor)
    canaries = [Secret(value) for name, value in run.credentials.items() if name in secret]
    return Scrubber(canaries, [value for name, value in run.credentials.items() if name not in secret])


def texts_of(value: object) -> Iterator[str]:
    """Every text in a value, however deep, whatever its repr hides."""
    match value:
        case str():
            yield value
        case bytes():
            yield value.decode("utf-8", "replace")
        case Mapping():
            for name, each in value.items():
                yield str(name)
                yield from texts_of(each)
        case list() | tuple() | set() | frozenset():
            for each in value:
                yield from texts_of(each)
        case Secret():
            return
        case _ if attrs.has(type(value)):
            for field in attrs.fields(type(value)):  # type: ignore[arg-type]
                yield from texts_of(getattr(value, field.name))
        case _:
            yield repr(value)


def texts_of_error(error: BaseException, seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """Every text that hangs on an exception: its own, its attributes, its notes, its causes and contexts."""
    if id(error) in seen:
        return
    yield f"{type(error).__name__}: {error!s}"
    yield repr(error)
    yield from texts_of(error.args)
    yield from texts_of(getattr(error, "__notes__", ()))
    yield from (text for name, each in vars(error).items() if not name.startswith("__") for text in _shallow(each))
    for other in (error.__cause__, error.__context__):
        if other is not None:
            yield from texts_of_error(other, seen | {id(error)})


def _shallow(value: Any) -> Iterator[str]:
    """Texts of an attribute; of a request or a response, which the wire made, nothing."""
    if type(value).__module__.partition(".")[0] in ("requests", "urllib3", "httpx"):
        return
    yield from texts_of(value) if isinstance(value, str | list | tuple | dict) else (reprlib.repr(value),)
