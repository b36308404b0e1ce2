"""Faults over HTTP: what may befall an answer, and a cassette that is played with one of them in it."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable, Mapping, Sequence
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

import attrs
import requests
from vcr import matchers
from vcr.request import Request

from trunkline_conformance import canaries
from trunkline_conformance.cassettes import Cassette
from trunkline_conformance.conversation import Run, Step
from trunkline_conformance.fields import Change, null, unknown_word, with_one_changed
from trunkline_conformance.replay import MATCH_ON, CassetteDial, answer, asked_with, reads
from trunkline_conformance.scenarios import Scenario, perform
from trunkline_conformance.stage import Stage
from trunkline_conformance.subject import Subject

HUGE = 2 * 1024 * 1024
"""Bytes of a huge page; more than a step under faults takes."""

_UNAVAILABLE = ("carrier_unavailable", "carrier_timed_out")
_UNEXPECTED = ("carrier_answer_unexpected", "carrier_unavailable")
_REFUSED = ("credentials_rejected", "permission_missing", "account_suspended", "carrier_refused")
_NOT_FOUND = (*_REFUSED, "number_not_found", "carrier_answer_unexpected")
_NOT_SAID = (*_UNEXPECTED, "number_not_found", "account_suspended", "carrier_refused", "permission_missing")

Answer = dict[str, Any]


@attrs.frozen
class Fault:
    """One fault. `families` are the codes of the errors that it may become.

    `instead` makes an answer of its own, and the request never arrives. With the others it has arrived: `spoil` changes
    the recorded answer, `field` one field of it, and `page` puts an earlier page of the list in its place, counted from
    the first or, below 0, from the last. A `benign` one changes nothing that matters.
    """

    id: str
    families: tuple[str, ...]
    instead: Callable[[dt.datetime], Answer] | None = attrs.field(default=None, repr=False)
    spoil: Callable[[Answer], Answer] | None = attrs.field(default=None, repr=False)
    field: Change | None = attrs.field(default=None, repr=False)
    page: int | None = None
    benign: bool = False

    @property
    def arrives(self) -> bool:
        """Whether the request that it strikes reaches the carrier."""
        return self.instead is None


# Answers of their own


def _status(status: int, body: str = "{}", **headers: str) -> Callable[[dt.datetime], Answer]:
    return lambda now: _made(status, body, {name.replace("_", "-"): [value] for name, value in headers.items()})


def _dated(now: dt.datetime) -> Answer:
    return _made(429, "{}", {"Retry-After": [format_datetime(now + dt.timedelta(seconds=3), usegmt=True)]})


def _lost(how: str) -> Callable[[dt.datetime], Answer]:
    return lambda now: _made(0, "", {}) | {"lost": how}


def _made(status: int, body: str, headers: Mapping[str, list[str]]) -> Answer:
    kind = "text/html" if body.startswith("<") else "application/json"
    return {
        "status": {"code": status, "message": ""},
        "headers": {"Content-Type": [kind], **headers},
        "body": {"string": body.encode()},
        "lost": None,
    }


# Recorded answers, changed


def _losing(how: str) -> Callable[[Answer], Answer]:
    return lambda recorded: recorded | {"lost": how}


def _with_body(change: Callable[[bytes], bytes]) -> Callable[[Answer], Answer]:
    return lambda recorded: recorded | {"body": {"string": change(recorded["body"]["string"])}}


def _with_json(change: Callable[[Any], Any]) -> Callable[[Answer], Answer]:
    def spoil(body: bytes) -> bytes:
        try:
            return json.dumps(change(json.loads(body))).encode()
        except ValueError:
            return body

    return _with_body(spoil)


def _replaced(body: str) -> Callable[[Answer], Answer]:
    return lambda recorded: _made(200, body, {})


def _truncated(body: bytes) -> bytes:
    return body[: len(body) // 2] if body else b"{"


def _wrong_type(recorded: Answer) -> Answer:
    return recorded | {"headers": {**recorded["headers"], "Content-Type": ["text/html; charset=utf-8"]}}


def _with_more(value: Any) -> Any:
    """A field that nobody knows, in every object."""
    match value:
        case dict():
            return {**{name: _with_more(each) for name, each in value.items()}, "x_new_field": {"a": [1, None]}}
        case list():
            return [_with_more(each) for each in value]
    return value


def _turned(value: Any) -> Any:
    """The members of each list of objects in another order; the last stays last, for some cursors are its id."""
    match value:
        case dict():
            return {name: _turned(each) for name, each in value.items()}
        case [*firsts, dict() as last] if all(isinstance(each, dict) for each in firsts):
            return [*reversed([_turned(each) for each in firsts]), _turned(last)]
        case list():
            return [_turned(each) for each in value]
    return value


HTML = "<html><body><h1>Bad Gateway</h1></body></html>"

FAULTS: tuple[Fault, ...] = (
    Fault("401", _REFUSED, _status(401)),
    Fault("403", _REFUSED, _status(403)),
    Fault("404", _NOT_FOUND, _status(404)),
    Fault("429", ("rate_limited",), _status(429)),
    Fault("429-absurd", ("rate_limited",), _status(429, Retry_After="999999999")),
    Fault("429-dated", ("rate_limited",), _dated),
    Fault("500", _UNAVAILABLE, _status(500)),
    Fault("502-html", _UNAVAILABLE, _status(502, HTML)),
    Fault("reset", _UNAVAILABLE, _lost("reset")),
    Fault("timeout", _UNAVAILABLE, _lost("timeout")),
    Fault("empty-200", _UNEXPECTED, spoil=_replaced("")),
    Fault("html-200", _UNEXPECTED, spoil=_replaced(HTML)),
    Fault("reset-after", _UNAVAILABLE, spoil=_losing("reset")),
    Fault("timeout-after", _UNAVAILABLE, spoil=_losing("timeout")),
    Fault("truncated", _UNEXPECTED, spoil=_with_body(_truncated)),
    Fault("huge", _UNEXPECTED, spoil=_with_body(lambda body: body + b" " * HUGE)),
    Fault("wrong-type", _UNEXPECTED, spoil=_wrong_type),
    Fault("repeated-page", _UNEXPECTED, page=-1),
    Fault("cyclic-page", _UNEXPECTED, page=0),
    Fault("null", _NOT_SAID, field=null),
    Fault("unknown-word", _NOT_SAID, field=unknown_word),
    Fault("new-fields", (), spoil=_with_json(_with_more), benign=True),
    Fault("other-order", (), spoil=_with_json(_turned), benign=True),
)
FAULT_BY_ID = {fault.id: fault for fault in FAULTS}


@attrs.frozen
class Case:
    """A fault at one request of a scenario, once or from there on. Smaller ones come first.

    `field` says which field of an answer is struck, of those that the fault can strike.
    """

    scenario: str
    at: int
    fault: str
    lasting: bool = False
    field: int = 0

    def command(self, provider: str) -> str:
        """What repeats it."""
        lasting = " --lasting" if self.lasting else ""
        field = f" --field {self.field}" if self.field else ""
        return (
            f"trunkline-conformance run {provider} --scenario {self.scenario} --step {self.at} --fault {self.fault}"
            f"{lasting}{field}"
        )


def spoilt(case: Case, whole: Answer, pages_before: Sequence[Answer]) -> Answer | None:
    """An answer with the fault of the case in it; None where there is nothing in it that the fault could strike."""
    fault = FAULT_BY_ID[case.fault]
    if fault.spoil is not None:
        return fault.spoil(whole)
    if fault.page is not None:
        return pages_before[fault.page] if pages_before else None
    assert fault.field is not None
    try:
        content = json.loads(whole["body"]["string"])
    except ValueError:
        return None
    changed = with_one_changed(content, case.field, fault.field)
    return None if changed is None else whole | {"body": {"string": json.dumps(changed).encode()}}


class FaultyDial(CassetteDial):
    """Plays a cassette up to the fault; afterwards it answers 503 to what was not recorded.

    After the fault reads may come in any order within their step, and more than once until the next write.
    """

    def __init__(self, cassette: Cassette, credentials: Mapping[str, str], case: Case, now: dt.datetime) -> None:
        super().__init__(cassette, credentials)
        self.struck: list[str] = []
        """The steps that the fault struck."""
        self.strayed: list[str] = []
        """The steps in which a read was asked for that is not recorded."""
        self._case = case
        self._fault = FAULT_BY_ID[case.fault]
        self._now = now
        self._count = 0

    def send(self, request: requests.PreparedRequest, timeout: tuple[float, float]) -> requests.Response:
        """Play the answer, or the fault."""
        with self._lock:
            at, self._count = self._count, self._count + 1
            strikes = at == self._case.at or (self._case.lasting and at > self._case.at)
            response = self._struck(request) if strikes else self._after(request) if self.struck else None
        return super().send(request, timeout) if response is None else answer(response, request)

    def _struck(self, request: requests.PreparedRequest) -> Answer | None:
        """The answer with the fault; without it, or None, where there is nothing that it could strike."""
        sent = asked_with(request, self.step)
        index = self._recorded(sent)
        if self._fault.instead is not None:
            index, response = None, self._fault.instead(self._now)
        elif index is None:
            self.struck.append(self.step)
            return self._after(request)
        elif changed := spoilt(self._case, self._tape.responses[index], self._pages_before(sent)):
            self._play(index)
            response = changed
        else:
            return self._after(request) if self.struck else None
        self.struck.append(self.step)
        self.asked.append(self._noted(sent, index, response, self._fault.id))
        return response

    def _pages_before(self, sent: Request) -> list[Answer]:
        """The earlier pages of the list of numbers that is read in this step."""
        if not sent.step.startswith("list_numbers"):
            return []
        place = urlsplit(sent.uri)._replace(query="")
        return [
            self._tape.responses[each.played]
            for each in self.asked
            if each.step == sent.step and each.played is not None and urlsplit(each.url)._replace(query="") == place
        ]

    def _after(self, request: requests.PreparedRequest) -> Answer:
        sent = asked_with(request, self.step)
        index = self._recorded(sent)
        if index is None and reads(sent):
            self.strayed.append(self.step)
        response = _made(503, "{}", {}) if index is None else self._play(index)
        self.asked.append(self._noted(sent, index, response))
        return response

    def _recorded(self, sent: Request) -> int | None:
        """What is recorded like this in the step. Nothing overtakes a write, and a read may be repeated before one."""
        again: int | None = None
        for index, recorded in enumerate(self._tape.requests):
            if recorded.step != sent.step:
                continue
            played = bool(self._tape.play_counts[index])
            if matchers.requests_match(sent, recorded, MATCH_ON):
                if not played:
                    return index
                again = index if reads(sent) else again
            if not reads(recorded):
                if not played:
                    return again
                again = None
        return again


@attrs.frozen
class Held:
    """What a simulated carrier held of each number before and after a step."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]


@attrs.frozen
class FaultRun:
    """One case as a plugin went through it, beside its way through the same scenario without a fault.

    `held` is by step what the carrier held, where it is a simulated one.
    """

    case: Case
    fault: Fault
    run: Run
    clean: Run
    struck: frozenset[str]
    strayed: frozenset[str]
    held: Mapping[str, Held] | None = None

    @property
    def again(self) -> str:
        """A command that repeats it."""
        return self.case.command(self.run.subject.id)

    @property
    def over_sip(self) -> bool:
        """Whether a scripted peer was struck, and no cassette."""
        return self.run.cassette.peer is not None

    def steps(self) -> list[Step]:
        """The steps that the fault struck, and those that were taken after it."""
        first = next((at for at, step in enumerate(self.run.steps) if step.name in self.struck), len(self.run.steps))
        return self.run.steps[first:]

    def before(self, step: Step) -> Step:
        """The same step without the fault; one that asked and found nothing where only the fault led there."""
        return self.clean.step(step.name) or Step(step.name, step.hook, result=())


def strike_exchange(
    subject: Subject, scenario: Scenario, cassette: Cassette, case: Case, clean: Run, rng: random.Random
) -> FaultRun:
    """Go through a scenario on its recorded exchanges, with a fault in one of them."""
    credentials = canaries.fresh(subject.descriptor, cassette.account.credentials, rng)
    dial = FaultyDial(cassette, credentials, case, cassette.provenance.moment)
    facts = cassette.facts_with(credentials)
    stage = Stage(
        subject,
        dial,
        given=cassette.account,
        credentials=credentials,
        facts=facts,
        provenance=cassette.provenance,
        response_bytes=HUGE // 2,
    )
    stuck = perform(stage, scenario)
    run = Run(subject, scenario.id, cassette, facts, credentials, stage.steps, dial.unplayed(), stuck)
    return FaultRun(case, FAULT_BY_ID[case.fault], run, clean, frozenset(dial.struck), frozenset(dial.strayed))
