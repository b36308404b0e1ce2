"""The attrs validators and converters that the value classes share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import attrs
from attrs import validators as v


def tuple_of(kind: type) -> Callable[[Any, attrs.Attribute[Any], Any], None]:
    """A tuple whose members are all of this class."""
    return v.deep_iterable(v.instance_of(kind), v.instance_of(tuple))


def read_only(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A copy that cannot be changed."""
    return MappingProxyType(dict(value))


CODE = r"[a-z][a-z0-9_]*"
"""A stable word that clients may rely on."""
