"""JSON into attrs classes, strictly: nothing is coerced, nothing unknown is let through, every problem is named."""

from __future__ import annotations

import enum
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError

from trunkline.errors import InvalidFields
from trunkline.forms import readable_name

T = TypeVar("T")

FieldErrors = InvalidFields
"""Raised by `structure`: which fields are wrong, and how."""

_NAMES = {str: "a string", int: "a whole number", bool: "true or false", dict: "an object", list: "a list"}


class _Mistake(ValueError):
    """A value of the wrong kind; its text names the right one and never the value."""


def structure(value: Any, kind: type[T]) -> T:
    """Make a `kind` of a JSON value; raises `FieldErrors` that name each field by its path."""
    try:
        return _CONVERTER.structure(value, kind)
    except Exception as error:
        problems: dict[str, list[str]] = {}
        _collect(error, "", problems)
    del value  # so that no traceback with locals shows it
    raise FieldErrors(problems)


def _exactly(kind: type) -> Callable[[Any, Any], Any]:
    def hook(value: Any, _: Any) -> Any:
        if type(value) is not kind:
            raise _Mistake(f"must be {_NAMES[kind]}")
        return value

    return hook


def _number(value: Any, _: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise _Mistake("must be a number")
    return float(value)


def _listed(wanted: Any) -> Callable[[Any, Any], Any]:
    origin = typing.get_origin(wanted) or wanted
    members = typing.get_args(wanted) or (Any, ...)
    fixed = members if origin is tuple and members[-1] is not ... else None

    def hook(value: Any, _: Any) -> Any:
        if type(value) is not list:
            raise _Mistake("must be a list")
        if fixed is not None and len(value) != len(fixed):
            raise _Mistake(f"must be a list of {len(fixed)}")
        problems: dict[str, list[str]] = {}
        made = []
        for index, item in enumerate(value):
            try:
                made.append(_CONVERTER.structure(item, fixed[index] if fixed else members[0]))
            except Exception as error:
                _collect(error, f"[{index}]", problems)
        if problems:
            raise FieldErrors(problems)
        return made if origin is list else tuple(made)

    return hook


def _object(wanted: Any) -> Callable[[Any, Any], Any]:
    from cattrs.gen import make_dict_structure_fn

    inner = make_dict_structure_fn(wanted, _CONVERTER, _cattrs_forbid_extra_keys=True)

    def hook(value: Any, kind: Any) -> Any:
        if type(value) is not dict:
            raise _Mistake("must be an object")
        return inner(value, kind)

    return hook


def _choice(value: Any, kind: type[enum.Enum]) -> enum.Enum:
    for member in kind:
        if member.value == value and type(member.value) is type(value):
            return member
    raise _Mistake("must be one of: " + ", ".join(str(member.value) for member in kind))


def _mapping(wanted: Any) -> Callable[[Any, Any], Any]:
    _, member = typing.get_args(wanted) or (str, Any)

    def hook(value: Any, _: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise _Mistake("must be an object")
        problems: dict[str, list[str]] = {}
        made = {}
        for name, item in value.items():
            try:
                made[_CONVERTER.structure(name, str)] = _CONVERTER.structure(item, member)
            except Exception as error:
                _collect(error, readable_name(name), problems)
        if problems:
            raise FieldErrors(problems)
        return made

    return hook


def _literal(wanted: Any) -> Callable[[Any, Any], Any]:
    choices = typing.get_args(wanted)

    def hook(value: Any, _: Any) -> Any:
        for choice in choices:
            if choice == value and type(choice) is type(value):
                return choice
        raise _Mistake("must be one of: " + ", ".join(map(str, choices)))

    return hook


def _is_union(kind: Any) -> bool:
    return typing.get_origin(kind) in (typing.Union, types.UnionType)


def _union(wanted: Any) -> Callable[[Any, Any], Any]:
    """The first member that fits; where only one is left beside `None`, its own problems are told."""
    members = [member for member in typing.get_args(wanted) if member is not types.NoneType]
    may_be_none = types.NoneType in typing.get_args(wanted)

    def hook(value: Any, _: Any) -> Any:
        if value is None and may_be_none:
            return None
        for member in members[:-1]:
            try:
                return _CONVERTER.structure(value, member)
            except Exception:  # noqa: S112
                continue
        if len(members) == 1:
            return _CONVERTER.structure(value, members[0])
        try:
            return _CONVERTER.structure(value, members[-1])
        except Exception:
            raise _Mistake("is of no kind that is accepted here") from None

    return hook


def _strict_converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    for kind in (str, int, bool):
        converter.register_structure_hook(kind, _exactly(kind))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook_func(lambda kind: isinstance(kind, type) and issubclass(kind, enum.Enum), _choice)
    converter.register_structure_hook_factory(attrs.has, _object)
    converter.register_structure_hook_factory(lambda kind: _origin(kind) in (list, tuple, Sequence), _listed)
    converter.register_structure_hook_factory(lambda kind: _origin(kind) in (dict, Mapping), _mapping)
    converter.register_structure_hook_factory(lambda kind: _origin(kind) is typing.Literal, _literal)
    converter.register_structure_hook_factory(_is_union, _union)
    return converter


def _origin(kind: Any) -> Any:
    return typing.get_origin(kind) or kind


_CONVERTER = _strict_converter()


def _collect(error: BaseException, path: str, problems: dict[str, list[str]]) -> None:
    """Walk an error down to its leaves; texts of foreign exceptions may hold values, so they are replaced."""
    match error:
        case ClassValidationError() | IterableValidationError():
            noted, bare = error.group_exceptions()
            for inner, note in noted:
                name = note.name if hasattr(note, "name") else f"[{note.index}]"
                _collect(inner, f"{path}.{name}" if path and hasattr(note, "name") else f"{path}{name}", problems)
            for inner in bare:
                _collect(inner, path, problems)
        case InvalidFields():
            for name, texts in error.fields.items():
                joint = "." if path and not name.startswith("[") else ""
                problems.setdefault(f"{path}{joint}{name}", []).extend(texts)
        case ForbiddenExtraKeysError():
            for name in sorted({readable_name(each) for each in error.extra_fields}):
                problems.setdefault(f"{path}.{name}" if path else name, []).append("unknown field")
        case KeyError():
            problems.setdefault(path or "body", []).append("required")
        case _Mistake():
            problems.setdefault(path or "body", []).append(str(error))
        case _:
            problems.setdefault(path or "body", []).append("not acceptable")
