"""A check as data: its rule, why it matters, what to do where it fails, and what it looks at."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

import attrs

from trunkline_conformance.subject import Road


class About(enum.Enum):
    """What a check looks at."""

    PLUGIN = "plugin"
    """The plugin itself: `judge` is given a `Subject`."""
    CONVERSATION = "conversation"
    """Each of its scenarios: `judge` is given a `Run`."""
    CASSETTES = "cassettes"
    """The recordings: `judge` is given a `Library`."""
    FAULTS = "faults"
    """Scenarios with a fault in them: `judge` is given a `FaultRun`."""


@attrs.frozen
class Finding:
    """One thing that a check looked at: as it should be, or else what was asked, expected, and came.

    `hook` says where in the plugin to look, `scenario` in which conversation it was seen; `again` is a command that
    repeats the one case that showed it.
    """

    right: bool
    asked: str = ""
    expected: str = ""
    came: str = ""
    hook: str | None = None
    again: str | None = None
    scenario: str | None = None


RIGHT = Finding(True)
"""It was looked at, and is as it should be."""


def wrong(asked: str, *, expected: str, came: str, hook: str | None = None) -> Finding:
    """It is not as it should be."""
    return Finding(False, asked, expected, came, hook)


Judge = Callable[[Any], Iterable[Finding]]
"""Looks at one thing of a check's `about`, and says what it found."""


@attrs.frozen
class Check:
    """One check. `scenarios` are patterns; `needs` the capabilities, and `road` the way of asking, without which
    it is not called for.

    An essential check takes no exemption. A check that finds nothing to look at fails.
    """

    id: str
    rule: str
    why: str
    remedy: str
    judge: Judge = attrs.field(repr=False)
    about: About = About.CONVERSATION
    scenarios: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    essential: bool = False
    road: Road | None = None

    def looks_at(self, scenario: str) -> bool:
        """Whether the check looks at the scenario."""
        return any(fnmatchcase(scenario, pattern) for pattern in self.scenarios)
