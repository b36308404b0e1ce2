"""What was seen of a plugin: each step with its outcome, and what was asked of the carrier below the guard."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import attrs
import requests

from trunkline.checks import CredentialTest, Verification
from trunkline.engine import ImportOutcome
from trunkline.errors import TrunklineError
from trunkline.numbers import Release
from trunkline_conformance.cassettes import Cassette, Facts, Interaction
from trunkline_conformance.subject import Subject

AnswerT = TypeVar("AnswerT")

READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "REGISTER"})
"""Of HTTP, and of SIP, where a REGISTER without Contact only asks."""


@attrs.frozen
class Asked:
    """One request as it left the guard. `status` is None where no answer came; `played` where it is recorded.

    `nearest` tells of an unrecorded request what comes nearest to it in the cassette; `fault` is what befell it;
    `login` is of SIP: whether the digest that it carries is right, None where it carries none.
    """

    step: str
    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes | None = attrs.field(repr=False)
    status: int | None
    played: int | None
    nearest: str = ""
    fault: str | None = None
    login: bool | None = None

    @property
    def text(self) -> str:
        """Method and address."""
        return f"{self.method} {self.url}"

    @property
    def is_refused(self) -> bool:
        """Whether the carrier said no, or failed: 4xx and 5xx."""
        return self.status is not None and self.status >= 400

    @property
    def host(self) -> str | None:
        """The host that was asked."""
        return urlsplit(re.sub("^sip:", "sip://", self.url)).hostname


class StageDial(Protocol):
    """An end of the wire that is told which step its requests belong to, and remembers them in `asked`."""

    asked: list[Asked]

    def begin(self, step: str) -> None:
        """Requests from now on belong to this step."""

    def send(self, request: requests.PreparedRequest, timeout: tuple[float, float]) -> requests.Response:
        """Send it, once."""

    def close(self) -> None:
        """Give up idle connections."""


@attrs.define
class Step:
    """One engine call: what came of it, what the plugin itself gave or raised, and what was seen meanwhile."""

    name: str
    hook: str
    events: tuple[str, ...] = ()
    """What had happened at the carrier since the conversation began."""
    about: tuple[str, ...] = ()
    """The numbers that it was asked about."""
    result: Any = None
    error: TrunklineError | None = None
    given: list[Any] = attrs.Factory(list)
    """What the plugin itself returned or yielded, before the engine looked at it."""
    first_after: int | None = None
    """Of a stream: how many requests had been sent when its first member came."""
    written_after: list[str] = attrs.Factory(list)
    """Of a guided set-up: for each write, how far the step announced last had got."""
    broken_off: bool = False
    """Whether the caller stopped a guided set-up before its end."""
    raised: list[BaseException] = attrs.Factory(list)
    """What the plugin itself raised."""
    refused: list[str] = attrs.Factory(list)
    """What the wire refused to send."""
    asked: list[Asked] = attrs.Factory(list)
    logs: list[str] = attrs.Factory(list)
    printed: str = ""
    sleeps: list[float] = attrs.Factory(list)
    seconds: float = 0.0

    @property
    def ending(self) -> str:
        """How it ended, in the words of `Facts.endings`."""
        if self.error is not None:
            return self.error.code
        match self.result:
            case CredentialTest() | Verification():
                return "passed" if self.result.passed else "not_passed"
            case Release():
                return self.result.outcome.value
            case ImportOutcome():
                return "imported" if self.result.error is None else self.result.error.code
        return "answered"

    @property
    def failure(self) -> TrunklineError | None:
        """The error that it ended in; that of a number which was not imported too."""
        return self.error or getattr(self.result, "error", None)

    @property
    def writes(self) -> list[Asked]:
        """The requests that do not only read."""
        return [each for each in self.asked if each.method not in READING_METHODS]


@attrs.define
class Run:
    """One scenario as one plugin went through it."""

    subject: Subject
    scenario: str
    cassette: Cassette
    facts: Facts
    credentials: Mapping[str, str] = attrs.field(repr=False)
    """What was given, this run's fresh secrets included."""
    steps: list[Step]
    unplayed: list[tuple[str, str]] = attrs.Factory(list)
    """Step and request of each recorded exchange that was not played."""
    stuck: str | None = None
    """Why the conversation could not go on."""

    @cached_property
    def asked(self) -> list[Asked]:
        """Every request of the conversation."""
        return [each for step in self.steps for each in step.asked]

    def step(self, name: str) -> Step | None:
        """The step of that name, if it was reached."""
        return next((each for each in self.steps if each.name == name), None)

    def recorded(self, asked: Asked) -> list[Interaction]:
        """What is recorded of a request: one interaction, or none."""
        return [] if asked.played is None else [self.cassette.interactions[asked.played]]

    def answers(self, kind: type[AnswerT]) -> list[tuple[Step, AnswerT]]:
        """The steps that answered with one of this kind, each with its answer."""
        return [(each, each.result) for each in self.steps if isinstance(each.result, kind)]

    def of_hook(self, *hooks: str) -> list[Step]:
        """The steps that called one of these hooks."""
        return [each for each in self.steps if each.hook in hooks]
