"""Plays a scenario before a carrier, catches every exchange below the guard, and makes a cassette of it."""

from __future__ import annotations

import base64
import datetime as dt
import json
import random
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import attrs
import requests
from packaging.requirements import Requirement

from trunkline.descriptor import BasicAuth, BearerAuth, ProviderDescriptor
from trunkline.http.dial import Dial, SandboxDial
from trunkline_conformance import leftovers
from trunkline_conformance.canaries import secret_names
from trunkline_conformance.cassettes import Cassette, Facts, GivenAccount, Interaction, Provenance, RoutingFact
from trunkline_conformance.conversation import READING_METHODS, Asked, Step
from trunkline_conformance.replaying import replay
from trunkline_conformance.scenarios import Scenario, perform
from trunkline_conformance.scrubbing import Allowed, Scrubber
from trunkline_conformance.simulated import SimulatedAccount, Simulation
from trunkline_conformance.stage import Stage
from trunkline_conformance.subject import Subject

SEED = 7
NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
MARKER = "trunkline 1 org 7"
PLATFORM = "sip.platform.example"

LIST_MOVES = "a number is added while pages are read"
ON_THE_WIRE: Mapping[str, tuple[str, ...]] = {
    "answer is lost": ("lose answer",),
    "write is lost": ("lose write",),
    "answer is lost and the carrier goes down": ("lose answer", "go down"),
    "write is ignored": ("ignore write",),
}
"""Events that befall the next write, and what is done to it."""

_NEVER_CAME = {"status": {"code": 0, "message": "never came"}, "headers": {}, "body": {"string": ""}}


class NotRecorded(Exception):
    """No cassette could be made of a scenario; says why."""


class RecordingDial:
    """An end of the wire that lets everything through to another, and keeps what was said."""

    def __init__(
        self, dial: Dial, ignored: Callable[[requests.PreparedRequest], requests.Response] | None = None
    ) -> None:
        self.asked: list[Asked] = []
        self.interactions: list[Interaction] = []
        self.to_next_write: tuple[str, ...] = ()
        self.go_down: Callable[[], None] = lambda: None
        self._dial = dial
        self._ignored = ignored
        self._ignored_from_now_on: set[str] = set()
        self._step = ""

    def begin(self, step: str) -> None:
        """Requests from now on belong to this step."""
        self._step = step

    def send(self, request: requests.PreparedRequest, timeout: tuple[float, float]) -> requests.Response:
        """Send it, unless the write is to be lost; raise what `requests` raises where no answer is to come."""
        done = self.to_next_write if request.method not in READING_METHODS else ()
        if done:
            self.to_next_write = ()
        if "lose write" in done:
            self._keep(request, None, "reset")
            raise requests.exceptions.ConnectionError("the connection was reset")
        if "ignore write" in done:
            self._ignored_from_now_on.add(request.url or "")
        ignored = request.method not in READING_METHODS and request.url in self._ignored_from_now_on
        response = self._ignored(request) if self._ignored and ignored else self._dial.send(request, timeout)
        _ = response.content  # So that all of it is here before anybody reads it.
        if "go down" in done:
            self.go_down()
        if "lose answer" in done:
            self._keep(request, None, "timeout")
            raise requests.exceptions.ReadTimeout("no answer came")
        self._keep(request, response, None)
        return response

    def close(self) -> None:
        """Give up idle connections."""
        self._dial.close()

    def _keep(
        self,
        request: requests.PreparedRequest,
        response: requests.Response | None,
        lost: Literal["timeout", "reset"] | None,
    ) -> None:
        method, url, headers = request.method or "", request.url or "", dict(request.headers)
        body = request.body.decode() if isinstance(request.body, bytes) else request.body
        asked = {
            "method": method,
            "uri": url,
            "body": body,
            "headers": {name: [_readable(name, str(value))] for name, value in headers.items()},
        }
        self.interactions.append(Interaction(self._step, asked, _answered(response), lost))
        status = None if response is None else response.status_code
        self.asked.append(Asked(self._step, method, url, headers, body.encode() if body else None, status, None))


def _readable(name: str, value: str) -> str:
    """A header as it is; one that authorizes by user and password in plain words, so that both are found in it."""
    if name.lower() == "authorization" and value.startswith("Basic "):
        return f"Basic {base64.b64decode(value.removeprefix('Basic ')).decode()}"
    return value


def _answered(response: requests.Response | None) -> dict[str, Any]:
    if response is None:
        return dict(_NEVER_CAME)
    return {
        "status": {"code": response.status_code, "message": response.reason or ""},
        "headers": {name: [value] for name, value in response.headers.items()},
        "body": {"string": response.content.decode("utf-8", "replace")},
    }


class ShortPages:
    """An end of the wire that asks for pages of another size, and may let the list move while it is read.

    Where it moves, each page but the first begins with the number that the one before ended with.
    """

    def __init__(self, dial: Dial, account: SimulatedAccount[Any], *, moves: bool) -> None:
        self._dial = dial
        self._account = account
        self._moves = moves
        self._last: Any = None

    def send(self, request: requests.PreparedRequest, timeout: tuple[float, float]) -> requests.Response:
        """Ask for the shorter page."""
        resized = request.copy()
        parts, name = urlsplit(request.url or ""), self._account.page_size_parameter
        query = [
            (key, str(min(int(value), self._account.page_size or int(value))) if key == name else value)
            for key, value in parse_qsl(parts.query, keep_blank_values=True)
        ]
        resized.url = urlunsplit(parts._replace(query=urlencode(query)))
        response = self._dial.send(resized, timeout)
        if self._moves and response.ok:
            self._move(response)
        return response

    def close(self) -> None:
        """Give up idle connections."""
        self._dial.close()

    def _move(self, response: requests.Response) -> None:
        page = response.json()
        rows = page.get(self._account.list_key) if isinstance(page, dict) else None
        if isinstance(rows, list) and rows:
            first, self._last = self._last, rows[-1]
            if first is not None:
                rows.insert(0, first)
                response._content = json.dumps(page).encode()


def record_simulated(
    simulation: Simulation, subject: Subject, scenario: Scenario, *, allowed: Allowed, day: dt.date
) -> Cassette:
    """Play a scenario on a simulation of the provider's carrier; raises `NotRecorded` and `InDoubt`."""
    account = simulation(scenario.account, NOW)
    provenance = provenance_of(subject, "sandbox", seed=SEED, now=NOW, marker=MARKER, day=day)
    with account.served() as origins:
        wire = ShortPages(SandboxDial(origins), account, moves=LIST_MOVES in scenario.events)
        dial = RecordingDial(wire, lambda request: _accepted_and_ignored(request, wire, account))
        dial.go_down = account.go_down

        def happen(event: str, number: str | None = None) -> None:
            if event in ON_THE_WIRE:
                dial.to_next_write = ON_THE_WIRE[event]
            else:
                account.happen(event, number)

        given, facts = account.given(), account.facts()
        cast = {role: facts.cast[role] for role in scenario.cast}
        facts = attrs.evolve(facts, cast=cast, endings=account.endings(scenario.id))
        if "the second page fails" in scenario.events:
            happen("the second page fails")
        stage = Stage(
            subject,
            dial,
            given=given,
            credentials=_text(given.credentials),
            facts=facts,
            provenance=provenance,
            meanwhile=happen,
        )
        stuck = perform(stage, scenario)
    if stuck:
        raise NotRecorded(f"{scenario.id}: {stuck}{''.join(map(_told, stage.steps))}")
    return made_of(subject, scenario, stage.steps, dial.interactions, given, facts, provenance, allowed)


def _accepted_and_ignored(
    request: requests.PreparedRequest, dial: Dial, account: SimulatedAccount[Any]
) -> requests.Response:
    """The answer to a write that changes nothing: what is there, as it was before."""
    if account.accepts_with is not None:
        account.fault("status", status=200, json=account.accepts_with, times=1)
        return dial.send(request, (5.0, 5.0))
    looking = request.copy()
    looking.method, looking.body = "GET", None
    for name in ("Content-Length", "Content-Type"):
        looking.headers.pop(name, None)
    response = dial.send(looking, (5.0, 5.0))
    if not response.ok:
        raise NotRecorded(f"{request.method} {request.url} cannot be answered as if it had been ignored")
    return response


def made_of(
    subject: Subject,
    scenario: Scenario,
    steps: Sequence[Step],
    interactions: Sequence[Interaction],
    given: GivenAccount,
    facts: Facts,
    provenance: Provenance,
    allowed: Allowed,
) -> Cassette:
    """The cassette of a conversation: scrubbed, looked through, and proven to replay."""
    fresh = fresh_names(subject.descriptor)
    replaced = {name: value for name, value in _text(given.credentials).items() if name in fresh}
    scrub = Scrubber(
        interactions, allowed=allowed, credentials=replaced, marks=(provenance.marker, provenance.platform)
    )
    cassette = Cassette(
        scenario.id,
        Path(scenario.id),
        provenance,
        _scrubbed_account(subject.descriptor, given, fresh, scrub),
        _scrubbed_facts(facts, scrub),
        scrub.scrubbed(),
    )
    leftovers.demand_none(
        cassette.interactions,
        {"account": attrs.asdict(cassette.account), "facts": attrs.asdict(cassette.facts)},
        credentials=replaced,
        secrets=secret_names(subject.descriptor),
        replaced=scrub.pseudonyms.given,
        allowed=allowed,
    )
    if lack := scenario.contains(cassette):
        raise NotRecorded(f"{scenario.id}: {lack}")
    for step in steps:
        may = scenario.may_end(facts.endings, step.name, step.hook, step.events)
        if step.ending not in may:
            raise NotRecorded(
                f"{scenario.id}: {step.name} ended in {step.ending}, not in {' or '.join(may)}{_told(step)}"
            )
    _demand_replay(subject, scenario, cassette, steps)
    return cassette


def _demand_replay(subject: Subject, scenario: Scenario, cassette: Cassette, steps: Sequence[Step]) -> None:
    """Raise `NotRecorded` unless the plugin goes the same way through the cassette as it went before the carrier."""
    run = replay(subject, scenario, cassette, random.Random(cassette.provenance.seed))
    recorded = {step.name: step.ending for step in steps}
    replayed = {step.name: step.ending for step in run.steps}
    stray = [each for step in run.steps for each in step.asked if each.played is None]
    if run.unplayed or stray or recorded != replayed:
        first = f"{stray[0].text} ({stray[0].nearest})" if stray else next((text for _, text in run.unplayed), "")
        differing = {
            name: (ending, replayed.get(name)) for name, ending in recorded.items() if replayed.get(name) != ending
        }
        raise NotRecorded(
            f"{scenario.id}: the scrubbed cassette does not replay; a field that the plugin looks at may be missing "
            f"from the allow-list. First: {first}. Endings before and after: {differing}"
        )


def _told(step: Step) -> str:
    """The error of a step, if there was one."""
    return f" ({step.name}: {step.error.code}: {step.error.detail or step.error.summary})" if step.error else ""


def _text(credentials: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in credentials.items() if value is not None}


def fresh_names(descriptor: ProviderDescriptor) -> frozenset[str]:
    """The credentials that each replay makes afresh: what is secret, what authenticates, and what names a host."""
    named = {host.field for host in descriptor.hosts if host.field}
    for form in descriptor.credential_forms:
        match form.authentication:
            case BasicAuth(username, _):
                named.add(username)
            case BearerAuth(token):
                named.add(token)
    return secret_names(descriptor) | named


def _scrubbed_account(
    descriptor: ProviderDescriptor, given: GivenAccount, fresh: frozenset[str], scrub: Scrubber
) -> GivenAccount:
    """What is given, without what is made afresh; a region or the like says nothing of a customer, and stands."""
    steering = {field.name for form in descriptor.credential_forms for field in form.fields if field.steers}

    def kept(name: str, value: str | None) -> str | None:
        if value is None or name in fresh:
            return None
        return value if name in steering else scrub.private(value)

    return attrs.evolve(given, credentials={name: kept(name, value) for name, value in given.credentials.items()})


def _scrubbed_facts(facts: Facts, scrub: Scrubber) -> Facts:
    def private(value: str | None) -> str | None:
        return None if value is None else scrub.private(value)

    def routing(fact: RoutingFact) -> RoutingFact:
        return RoutingFact(fact.kind, _host_of(private(fact.host)))

    return attrs.evolve(
        facts,
        numbers=tuple(
            attrs.evolve(each, number=scrub.number(each.number), friendly_name=private(each.friendly_name))
            for each in facts.numbers
        ),
        cast={role: scrub.number(number) for role, number in facts.cast.items()},
        routing={scrub.number(number): routing(fact) for number, fact in facts.routing.items()},
        identity=private(facts.identity),
        account_name=private(facts.account_name),
    )


def _host_of(address: str | None) -> str | None:
    """The host of an address, with everything private left behind."""
    if address is None or ":" not in address:
        return address
    place = address.partition("://")[2] or address.partition(":")[2]
    return place.rpartition("@")[2].partition("/")[0].partition(";")[0].partition(":")[0]


def provenance_of(
    subject: Subject,
    origin: Literal["live", "sandbox"],
    *,
    seed: int,
    now: dt.datetime,
    marker: str,
    day: dt.date,
) -> Provenance:
    """Where a cassette comes from, with the versions of the suite and of the libraries that the plugin asks for."""
    return Provenance(
        origin=origin,
        recorded=day.isoformat(),
        suite=version("trunkline-conformance"),
        seed=seed,
        now=now.isoformat(),
        marker=marker,
        platform=PLATFORM,
        sdks=_versions(subject.distribution),
    )


def _versions(distribution: str) -> dict[str, str]:
    """The versions of what a plugin asks for beyond the engine and what that asks for: its carrier's SDK."""
    theirs = _required(distribution) - _required("trunkline") - {"trunkline"}
    return {name: version(name) for name in sorted(theirs)}


def _required(distribution: str) -> set[str]:
    try:
        asked = [Requirement(each) for each in requires(distribution) or ()]
    except PackageNotFoundError:
        return set()
    return {each.name for each in asked if each.marker is None}
