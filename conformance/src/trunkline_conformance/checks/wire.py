"""On the wire: who is asked, as whom, and whether what only reads only reads."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from trunkline.hookspec import READS
from trunkline_conformance.cassettes import filled
from trunkline_conformance.check import RIGHT, Check, Finding, wrong
from trunkline_conformance.checks.replays import EVERYWHERE
from trunkline_conformance.conversation import READING_METHODS, Asked, Run, Step
from trunkline_conformance.subject import Road

_MOST_REQUESTS = 60
_MOST_SECONDS = 10.0


def _authorizes(run: Run) -> Iterator[Finding]:
    is_right = _is_recorded if run.cassette.peer is None else _is_answered
    return (finding for step in run.steps for asked in step.asked for finding in is_right(run, step, asked))


def _is_recorded(run: Run, step: Step, asked: Asked) -> Iterator[Finding]:
    """Whether an HTTP request carries the authorization that was recorded, with the credentials of this run."""
    sent = _authorization(asked.headers)
    for interaction in run.recorded(asked):
        recorded = _authorization(interaction.request["headers"])
        if sent == _encoded(filled(recorded, run.credentials)):
            yield RIGHT
        else:
            came = f"an Authorization header of kind {sent.partition(' ')[0] or 'none'}, which is another one"
            expected = "the authorization that was recorded" if recorded else "a recording of how it was authorized"
            yield wrong(asked.text, expected=expected, came=came, hook=step.hook)


def _is_answered(run: Run, step: Step, asked: Asked) -> Iterator[Finding]:
    """Whether a challenge of a SIP peer was answered with the account's own login."""
    if asked.login:
        yield RIGHT
    elif asked.login is False:
        yield wrong(asked.text, expected="the login of the account", came="another digest", hook=step.hook)


def _authorization(headers: Mapping[str, str | list[str]]) -> str:
    values = [value for name, value in headers.items() if name.lower() == "authorization"]
    return "".join(part for value in values for part in value)


def _encoded(plain: str) -> str:
    scheme, _, rest = plain.partition(" ")
    return f"Basic {base64.b64encode(rest.encode()).decode()}" if scheme == "Basic" else plain


def _tries_nothing_forbidden(run: Run) -> Iterator[Finding]:
    for step in run.steps:
        for refused in step.refused:
            yield wrong(refused, expected="only requests that the guard lets out", came="a refusal", hook=step.hook)
        yield RIGHT


def _only_reads(run: Run) -> Iterator[Finding]:
    for step in run.of_hook(*READS):
        for asked in step.asked:
            path = unquote(urlsplit(asked.url).path)
            if asked.method in READING_METHODS or _is_declared(run, path):
                yield RIGHT
            else:
                yield wrong(asked.text, expected="GET, or a read that is declared", came=asked.method, hook=step.hook)


def _is_declared(run: Run, path: str) -> bool:
    """Whether it is the path of a POST that only reads; the guard lets no other method out there."""
    return any(re.fullmatch(read.path, path) for read in run.subject.descriptor.reads_by_post)


def _asks_within_bounds(run: Run) -> Iterator[Finding]:
    for step in run.steps:
        if len(step.asked) > _MOST_REQUESTS:
            came = f"{len(step.asked)} requests"
            yield wrong(step.name, expected=f"at most {_MOST_REQUESTS} requests", came=came, hook=step.hook)
        elif step.seconds > _MOST_SECONDS:
            came = f"{step.seconds:.1f} s"
            yield wrong(step.name, expected=f"an end within {_MOST_SECONDS:g} s", came=came, hook=step.hook)
        yield from (RIGHT for _ in step.asked)


def _never_writes_twice(run: Run) -> Iterator[Finding]:
    for step in run.steps:
        # What was answered 429 was not done; all else may have been.
        writes = Counter((each.method, each.url, each.body) for each in step.writes if each.status != 429)
        for (method, url, _), times in writes.items():
            if times > 1:
                came = f"the same write {times} times"
                yield wrong(f"{method} {url}", expected="one write", came=came, hook=step.hook)
            else:
                yield RIGHT


def _gives_no_number_up(run: Run) -> Iterator[Finding]:
    known = {fact.number.lstrip("+") for fact in run.facts.numbers}
    known |= {number.handle for step in run.of_hook("list_numbers") for number in step.result}
    known |= {each.number.handle for step in run.of_hook("read_routing") for each in (step.result or {}).values()}
    for step in run.steps:
        for asked in step.writes:
            if asked.method == "DELETE" and any(segment in known for segment in urlsplit(asked.url).path.split("/")):
                yield wrong(asked.text, expected="no number is ever given up", came="its deletion", hook=step.hook)
            else:
                yield RIGHT


CHECKS = (
    Check(
        "wire/authorizes-every-request",
        "Every request carries the credentials of the account as they were recorded, and no others.",
        "A request without credentials proves nothing about them.",
        "Name in the descriptor's form which credentials are sent, and how; the wire writes the header.",
        _authorizes,
        scenarios=EVERYWHERE,
        essential=True,
    ),
    Check(
        "wire/tries-nothing-forbidden",
        "The plugin tries nothing that the guard refuses: no other host, no plain HTTP, no write in a reading hook.",
        "A plugin that tries means to, even where it hides the refusal.",
        "Speak to the descriptor's hosts only, and write in writing hooks only.",
        _tries_nothing_forbidden,
        scenarios=EVERYWHERE,
        essential=True,
    ),
    Check(
        "wire/only-reads-where-it-reads",
        "Hooks that read send GET, HEAD, and the POSTs that the descriptor declares as reads.",
        "A customer who only asks must find everything as it was.",
        "Use the carrier's reading endpoint, or declare the POST with its source.",
        _only_reads,
        scenarios=EVERYWHERE,
        essential=True,
    ),
    Check(
        "wire/asks-within-bounds",
        f"A step takes at most {_MOST_REQUESTS} requests and {_MOST_SECONDS:g} s.",
        "A plugin that asks without end holds up its caller and the carrier.",
        "Stop at the last page, and do not ask again what was answered.",
        _asks_within_bounds,
        scenarios=EVERYWHERE,
    ),
    Check(
        "wire/never-writes-twice",
        "No write is sent twice in one step, unless the carrier said that it did nothing.",
        "A repeated write may buy, make or change a thing twice.",
        "After a lost answer read back; leave repeating to the wire.",
        _never_writes_twice,
        scenarios=("import/*", "release/*", "set-up/*", "trouble/*"),
        needs=("import_numbers",),
        essential=True,
        road=Road.HTTP,
    ),
    Check(
        "wire/gives-no-number-up",
        "No request deletes a number.",
        "A number that was given up is lost to the customer.",
        "To release a number means to put its routing back.",
        _gives_no_number_up,
        scenarios=("import/*", "release/*"),
        needs=("import_numbers",),
        essential=True,
        road=Road.HTTP,
    ),
)
