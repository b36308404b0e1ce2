"""The law under faults: it ends in time, in an error of the right family, and what it says is what is so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from trunkline.checks import (
    CREDENTIALS_VALID,
    OUTBOUND_AUTHORIZED,
    TRUNK_REACHABLE,
    CredentialTest,
    Outcome,
    Verification,
)
from trunkline.checks import Check as CheckOfAccount
from trunkline.hookspec import WRITES
from trunkline.numbers import CarrierNumber
from trunkline_conformance.check import RIGHT, About, Check, Finding, Judge
from trunkline_conformance.conversation import Asked, Run, Step
from trunkline_conformance.faults import FAULT_BY_ID, FaultRun, Held
from trunkline_conformance.scenarios import BY_ID
from trunkline_conformance.sip_faults import ELSEWHERE
from trunkline_conformance.subject import Road
from trunkline_conformance.telling import listener, texts_of, texts_of_error

_MOST_SECONDS = 10.0
_MOST_SLEEP = 60.0
_ATTEMPTS = 4
_TRUE_ENDS = frozenset({"unverified_write", "plugin_broken", "plugin_timed_out"})
_WHERE_A_FIELD_CHANGED = {"import_number": {"snapshot_stale"}, "release_number": {"cannot_restore", "left_alone"}}
_CLAIMS = {"import_number": "imported", "release_number": "restored"}
_IMPORT = ("import_numbers",)
_LIST = ("list_numbers",)
_SUCCESSES = frozenset({"answered", "passed", "imported", "restored"})
_VERDICTS = frozenset({"test_credentials", "verify_number"})
_REFUSALS = frozenset({"401", "403", "404"})
_NO_ANSWERS = frozenset({401, 403, 404, 429})
"""Statuses that stay refusals whatever befalls their body."""
_DEMANDS = (401, 403, 407)
"""Statuses over SIP that ask for a login, or refuse one."""
_TRUNK_IS_AWAY = 408
"""What a server in front of a trunk says of one that does not answer."""
_HARD = frozenset(
    {"401", "429", "429-absurd", "429-dated", "500", "502-html", "reset", "timeout", "reset-after", "timeout-after"}
)
"""Faults that leave nothing to answer with where they strike every request."""


def _wrong(seen: FaultRun, step: Step, expected: str, came: str) -> Finding:
    asked = f"{step.name} of {seen.run.scenario}, with {seen.fault.id} at request {seen.case.at}"
    return Finding(False, asked, expected, came, step.hook, seen.again)


def _struck(seen: FaultRun) -> Iterator[Step]:
    """The steps that the fault struck; of a benign one there is nothing to say but that it is benign."""
    if not seen.fault.benign:
        yield from (step for step in seen.run.steps if step.name in seen.struck)


def _ends_in_time(seen: FaultRun) -> Iterator[Finding]:
    for step in seen.steps():
        slept = sum(step.sleeps)
        if step.seconds > _MOST_SECONDS or slept > _MOST_SLEEP or step.ending == "plugin_timed_out":
            came = f"{step.ending} after {step.seconds:.1f} s, and {slept:.0f} s of waiting"
            yield _wrong(seen, step, f"an end within {_MOST_SECONDS:g} s and {_MOST_SLEEP:g} s of waiting", came)
        else:
            yield RIGHT


def _breaks_nothing(seen: FaultRun) -> Iterator[Finding]:
    for step in seen.steps():
        if step.ending == "plugin_broken":
            raised = "; ".join(f"{type(each).__name__}: {each}"[:160] for each in step.raised)
            yield _wrong(seen, step, "an answer, or an error of the engine's", f"a plugin that breaks: {raised}")
        else:
            yield RIGHT


def _is_of_the_right_family(seen: FaultRun) -> Iterator[Finding]:
    for step in _struck(seen):
        if seen.over_sip and (refused := _called_refused(step)):
            yield _wrong(seen, step, "a login that is called refused only where it was", refused)
        elif step.ending in _allowed(seen, step) or step.ending.startswith("plugin_"):
            yield RIGHT
        else:
            said = f": {step.error.summary} {step.error.detail}" if step.error else ""
            yield _wrong(seen, step, " or ".join(sorted(_allowed(seen, step))), step.ending + said)


def _allowed(seen: FaultRun, step: Step) -> set[str]:
    scenario = BY_ID[seen.run.scenario]
    allowed = {*seen.fault.families, *scenario.may_end(seen.run.facts.endings, step.name, step.hook, step.events)}
    if before := seen.before(step):
        allowed.add(before.ending)
    if seen.over_sip:
        return allowed
    if seen.fault.arrives and any(each.fault and each.status in _NO_ANSWERS for each in step.asked):
        allowed |= {*FAULT_BY_ID["404"].families, *FAULT_BY_ID["429"].families}
    if step.hook in WRITES:
        allowed.add("unverified_write")
    if step.name in seen.strayed:
        allowed |= {"carrier_unavailable", "carrier_timed_out"}
    if step.hook in _VERDICTS and (seen.fault.id in _REFUSALS or seen.fault.field):
        allowed.add("not_passed")
    if step.hook == "release_number" and seen.fault.id in ("403", "404"):
        allowed.add("cannot_restore")
    if seen.fault.field:
        allowed |= _WHERE_A_FIELD_CHANGED.get(step.hook, set())
    return allowed


def _called_refused(step: Step) -> str | None:
    """What calls the login of a trunk bad that was not refused. One that is called stale was right."""
    # A challenge that is taken up refuses nothing yet.
    refused = any(
        each.status in _DEMANDS and each.fault != "stale" and not (after and after.login is not None)
        for each, after in zip_longest(step.asked, step.asked[1:])
    )
    failed = [each for each in _told(step, Outcome.FAIL) if each.name in (CREDENTIALS_VALID, OUTBOUND_AUTHORIZED)]
    return f"{failed[0].name}: {failed[0].code}" if failed and not refused else None


def _told(step: Step, outcome: Outcome) -> list[CheckOfAccount]:
    """The checks of a step's verdict that came out so."""
    if not isinstance(step.result, CredentialTest | Verification):
        return []
    return [each for each in step.result.checks if each.outcome is outcome]


def _says_what_is_so(seen: FaultRun) -> Iterator[Finding]:
    """An import or a release is claimed where its write took effect, and not denied there.

    Unless the carrier itself says otherwise, in a field that changed.
    """
    if seen.held is not None:
        yield from _says_what_is_held(seen, seen.held)
        return
    for step in _struck(seen):
        before, claim = seen.before(step), _CLAIMS.get(step.hook)
        if claim is None or before is None:
            continue
        writes = bool(before.writes)
        took_effect = before.ending == claim and any(each.played is not None for each in step.writes)
        if step.ending == claim and writes and not took_effect:
            yield _wrong(seen, step, f"anything but {claim}: the write took no effect", claim)
        elif seen.fault.field is None and took_effect and step.ending not in _TRUE_ENDS | {claim}:
            yield _wrong(seen, step, f"{claim} or unverified_write: the write took effect", step.ending)
        else:
            yield RIGHT


def _says_what_is_held(seen: FaultRun, held: Mapping[str, Held]) -> Iterator[Finding]:
    """A simulated carrier holds what was claimed, and where nothing was, what it held before."""
    first = next(iter(held.values())).before if held else {}
    for step in seen.steps():
        before, after, claim = held[step.name].before, held[step.name].after, _CLAIMS.get(step.hook)
        if claim == "restored" and step.ending == claim and after != first:
            yield _wrong(seen, step, "the carrier to hold what it held before the import", _difference(first, after))
        elif claim == "imported" and step.ending == claim and after == before:
            yield _wrong(seen, step, "the carrier to hold another routing", "it holds what it held before")
        elif step.ending not in _TRUE_ENDS | {claim} and seen.fault.field is None and after != before:
            yield _wrong(seen, step, "the carrier to hold what it held before", _difference(before, after))
        else:
            yield RIGHT


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The numbers that are held otherwise, and in which fields."""
    return "; ".join(
        f"{number} differs in {', '.join(name for name in before[number] if fields.get(name) != before[number][name])}"
        for number, fields in after.items()
        if fields != before.get(number)
    )


def _hides_no_failure(seen: FaultRun) -> Iterator[Finding]:
    for step in _struck(seen):
        if came := _claimed(step) if seen.over_sip else _hidden(seen, step):
            yield _wrong(seen, step, "an error, or what the answers bear out", came)
        else:
            yield RIGHT


def _hidden(seen: FaultRun, step: Step) -> str | None:
    """What stands where an error should."""
    if step.ending not in _SUCCESSES or seen.fault.field:
        return None
    if came := _missing(seen.run, step):
        return came
    unanswered = seen.case.lasting and seen.fault.id in _HARD and all(each.fault for each in step.asked)
    return f"{step.ending}, though no request was answered" if unanswered else None


def _missing(run: Run, step: Step) -> str | None:
    """What an answer that claims to be whole leaves out, or claims without an answer of the carrier."""
    there = {fact.number for fact in run.facts.numbers}
    if step.hook == "list_numbers" and (missing := there - {number.number for number in step.result}):
        return f"a list that ends as if it were whole, without {sorted(missing)[0]}"
    if (
        step.hook == "read_routing"
        and not step.events
        and (missing := there.intersection(step.about) - set(step.result))
    ):
        return f"an answer that leaves out {sorted(missing)[0]}, as if it were not there"
    if isinstance(step.result, CredentialTest) and step.result.credentials.outcome is Outcome.PASS:
        answered = any(each.status and 200 <= each.status < 300 for each in step.asked)
        return None if answered else "credentials that pass, though nothing was answered"
    return None


def _claimed(step: Step) -> str | None:
    """What a verdict on a trunk says that no answer of the trunk bears out."""
    passed, failed = ([each.name for each in _told(step, outcome)] for outcome in (Outcome.PASS, Outcome.FAIL))
    answered = [each for each in step.asked if each.status not in (None, _TRUNK_IS_AWAY)]
    if passed and not answered:
        return f"{passed[0]} passes, though the trunk answered nothing"
    if TRUNK_REACHABLE in failed and answered:
        return "a trunk that is called not reachable, though it answered"
    if CREDENTIALS_VALID in passed and not any(map(_takes_login, answered)):
        return "a login that is called good, though no answer took it"
    return None


def _takes_login(asked: Asked) -> bool:
    """Whether an answer shows that the login was accepted: what is refused behind it is something else."""
    return bool(asked.login and asked.status and asked.status < 500 and asked.status not in _DEMANDS)


def _never_writes_blindly(seen: FaultRun) -> Iterator[Finding]:
    for step in seen.steps():
        unrecorded = [each for each in step.writes if each.played is None and each.fault is None]
        strange = unrecorded if step.name in seen.struck and not seen.fault.field else []
        sent = Counter((each.method, each.url, each.body) for each in step.writes if each.status != 429)
        twice = [key for key, times in sent.items() if times > 1]
        if strange:
            yield _wrong(seen, step, "no write that was not recorded", strange[0].text)
        elif twice:
            yield _wrong(seen, step, "each write once", f"{twice[0][0]} {twice[0][1]} {sent[twice[0]]} times")
        elif step.writes:
            yield RIGHT


def _tells_no_secret(seen: FaultRun) -> Iterator[Finding]:
    finds = listener(seen.run)
    for step in seen.steps():
        raised = (text for error in step.raised for text in texts_of_error(error))
        texts = [*map(repr, step.given), *texts_of(step.given), *raised, *step.logs, step.printed]
        if told := next((text for text in texts if finds.finds(text)), None):
            yield _wrong(seen, step, "no secret anywhere", finds(told)[:160])
        else:
            yield RIGHT


def _asks_within_bounds(seen: FaultRun) -> Iterator[Finding]:
    for step in seen.steps():
        before = seen.before(step)
        most = _ATTEMPTS * (len(before.asked) + 2 if before else 8)
        if len(step.asked) > most:
            yield _wrong(seen, step, f"at most {most} requests", f"{len(step.asked)}")
        elif step.asked:
            yield RIGHT


def _asks_nobody_else(seen: FaultRun) -> Iterator[Finding]:
    """What the wire refuses never leaves, and shows what the plugin was up to."""
    for step in seen.steps():
        came = [
            f"{each.text}, {'with' if each.login is not None else 'without'} the login"
            for each in step.asked
            if each.host == ELSEWHERE
        ]
        if tried := [*came, *step.refused]:
            yield _wrong(seen, step, "nobody asked but the carrier", tried[0])
        else:
            yield RIGHT


def _takes_what_is_new(seen: FaultRun) -> Iterator[Finding]:
    if not seen.fault.benign:
        return
    for step in seen.run.steps:
        before = seen.before(step)
        if step.name not in seen.struck or before is None:
            continue
        if step.ending != before.ending:
            yield _wrong(seen, step, before.ending, step.ending)
        elif step.hook == "list_numbers" and _set(step) != _set(before):
            yield _wrong(seen, step, "the same numbers", "others")
        else:
            yield RIGHT


def _gives_nothing_twice(seen: FaultRun) -> Iterator[Finding]:
    """In a list that claims to be whole; where only the page before came again, in one that ends in an error too."""
    for step in _struck(seen):
        if step.hook != "list_numbers" or (step.error and seen.fault.page != -1):
            continue
        times = Counter(number.number for number in step.result)
        if twice := next((number for number, count in times.items() if count > 1), None):
            yield _wrong(seen, step, "each number once", f"{twice} {times[twice]} times")
        else:
            yield RIGHT


def _invents_nothing(seen: FaultRun) -> Iterator[Finding]:
    for step in _struck(seen):
        before = seen.before(step)
        if step.hook != "list_numbers" or before is None:
            continue
        known = {number.number: number for number in before.result}
        for number in step.result:
            if invented := _invented(number, known.get(number.number)):
                yield _wrong(seen, step, f"what the carrier says of {number.number}, or that it is not known", invented)
            else:
                yield RIGHT


def _invented(number: CarrierNumber, known: CarrierNumber | None) -> str | None:
    """What is said of a number that the carrier did not say."""
    if known is None:
        return "a number that is not on the account"
    if number.monthly_fee not in (None, known.monthly_fee):
        return f"a monthly fee of {number.monthly_fee}"
    if number.region and not (known.region or "").startswith(number.region):
        return f"the region {number.region}"
    return None


def _set(step: Step) -> frozenset[str]:
    return frozenset(number.number for number in step.result)


def _check(
    id: str,
    rule: str,
    why: str,
    remedy: str,
    judge: Judge,
    needs: tuple[str, ...] = (),
    road: Road | None = None,
) -> Check:
    return Check(f"faults/{id}", rule, why, remedy, judge, About.FAULTS, needs=needs, essential=True, road=road)


CHECKS = (
    _check(
        "end-in-time",
        "With a fault at any request, every step comes to an end.",
        "A hook that does not come back holds up its caller.",
        "Wait for nothing yourself; the wire retries within the deadline.",
        _ends_in_time,
    ),
    _check(
        "break-nothing",
        "With a fault at any request, no hook crashes.",
        "Carriers answer anything once in a while.",
        "Check what came before using it, and raise CarrierAnswerUnexpected where it is nonsense.",
        _breaks_nothing,
    ),
    _check(
        "are-of-the-right-family",
        "A fault becomes an error whose family says what the caller is to do.",
        "Customers are asked for new credentials because a load balancer hiccuped.",
        "Judge by status and body: 401 and 403 are about credentials, 429 is patience, 5xx and lost answers pass.",
        _is_of_the_right_family,
    ),
    _check(
        "are-told-truly",
        "Nothing that failed is called imported or restored, and nothing that worked is called failed.",
        "The caller's books would be wrong for good.",
        "After a write whose answer did not come whole, read back, or say WriteOutcomeUnknown.",
        _says_what_is_so,
        _IMPORT,
        Road.HTTP,
    ),
    _check(
        "are-not-hidden",
        "No answer claims to be whole where the carrier did not answer.",
        "An empty list and a pass look like good news.",
        "Catch only the errors that you can answer for.",
        _hides_no_failure,
    ),
    _check(
        "cause-no-blind-write",
        "After a fault nothing is written that was not to be written, and nothing twice.",
        "What is bought, made or changed twice by mistake is the customer's bill.",
        "Write once; after a lost answer read back.",
        _never_writes_blindly,
        _IMPORT,
        Road.HTTP,
    ),
    _check(
        "tell-no-secret",
        "With a fault at any request, no answer, error or log tells a secret.",
        "Errors are where secrets slip out.",
        "Raise `from None`, and leave requests out of texts.",
        _tells_no_secret,
    ),
    _check(
        "keep-requests-bounded",
        f"With a fault at any request, a step takes at most {_ATTEMPTS} times its requests.",
        "A carrier in trouble must not be asked without end.",
        "Leave retries to the wire, and stop at a link that was followed before.",
        _asks_within_bounds,
    ),
    _check(
        "ask-nobody-else",
        "With a fault at any request, nobody is asked but the carrier.",
        "Whoever can redirect a request must not be sent a login.",
        "Leave redirections and fallbacks to the wire; ask only hosts that the descriptor or the customer names.",
        _asks_nobody_else,
    ),
    _check(
        "give-nothing-twice",
        "A list that claims to be whole has each number once, and a page that comes twice in a row is given once.",
        "Carriers repeat a page now and then; the customer must not see a number twice.",
        "Pass pages through `trunkline.paging.Repeats`, and stop where they go round in a circle.",
        _gives_nothing_twice,
        _LIST,
        Road.HTTP,
    ),
    _check(
        "invent-nothing",
        "A field that is null, or says what nobody knows, makes its part unknown, and no fee or region is made up.",
        "An invented fee is a promise to the customer.",
        "Say None where the carrier does not say.",
        _invents_nothing,
        _LIST,
        Road.HTTP,
    ),
    _check(
        "take-what-is-new",
        "Fields or headers that nobody knows, and what is said in another order or form, change nothing.",
        "Carriers add fields without asking.",
        "Look fields up by name, and ignore the others.",
        _takes_what_is_new,
    ),
)
