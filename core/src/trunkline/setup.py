"""The steps of a guided set-up."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import attrs
from attrs import validators as v

from trunkline.fields import CODE, read_only


class StepState(enum.Enum):
    """A step is announced before it is taken, then found done already, or done."""

    INTENDED = "intended"
    FOUND = "found"
    DONE = "done"


@attrs.frozen
class SetUpStep:
    """One step: what it is, how far it got, what it made and how it is undone.

    `made` joins the account's `made`, and may hold a `Secret`. `undo` is the plugin's own JSON, None where there is
    nothing to undo.
    """

    id: str = attrs.field(validator=v.matches_re(CODE))
    state: StepState = attrs.field(validator=v.instance_of(StepState))
    summary: str = attrs.field(validator=v.instance_of(str))
    made: Mapping[str, Any] = attrs.field(factory=dict, converter=read_only, repr=False)
    undo: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
