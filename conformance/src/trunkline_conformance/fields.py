"""One field of a JSON answer: null, or a word that nobody knows, in every row alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

Change = Callable[[Any], Any]
"""Gives a value's other one, or the same where it has none."""

_WORD = re.compile(r"[a-z]+(?:[ _-][a-z]+)*|[A-Z]+(?:[_-][A-Z]+)*")


def null(value: Any) -> None:
    """Nothing at all."""


def unknown_word(value: Any) -> Any:
    """Another word where a word stands, as members of enumerations are written."""
    return "something_new" if isinstance(value, str) and _WORD.fullmatch(value) else value


def with_one_changed(content: Any, number: int, change: Change) -> Any:
    """The answer with one of the fields changed that can be; None where none can. Numbers past the last go round."""
    fields = list(dict.fromkeys(_changeable(content, (), change)))
    return _changed(content, (), fields[number % len(fields)], change) if fields else None


def _changeable(value: Any, names: tuple[str, ...], change: Change) -> Iterator[tuple[str, ...]]:
    if names and change(value) != value:
        yield names
    match value:
        case dict():
            for name, each in value.items():
                yield from _changeable(each, (*names, name), change)
        case list():
            for each in value:
                yield from _changeable(each, names, change)


def _changed(value: Any, names: tuple[str, ...], field: tuple[str, ...], change: Change) -> Any:
    if names == field and change(value) != value:
        return change(value)
    match value:
        case dict():
            return {name: _changed(each, (*names, name), field, change) for name, each in value.items()}
        case list():
            return [_changed(each, names, field, change) for each in value]
    return value
