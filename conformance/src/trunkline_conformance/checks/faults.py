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
from trunkline_conformance.conversation import Asked, Step
from trunkline_conformance.faults import FAULT_BY_ID, FaultRun, Held
from trunkline_conformance.scenarios import BY_ID
from trunkline_conformance.sip_faults import ELSEWHERE
from trunkline_conformance.subject import Road
from trunkline_conformance.telling import listener, texts_of, texts_of_error

_MOST_SECONDS = 10.0
_MOST_SLEEP = 60.0
_ATTEMPTS = 4
_SPARE = 2
"""Requests that a step may need besides its own, to find out what became of a write."""
_TRUE_ENDS = frozenset({"imported", "restored", "unverified_write", "plugin_broken", "plugin_timed_out"})
_WHERE_A_FIELD_CHANGED = frozenset({"not_passed", "snapshot_stale", "cannot_restore", "left_alone"})
_CLAIMS = {"import_number": "imported", "release_number": "restored"}
_IMPORT = ("import_numbers",)
_LIST = ("list_numbers",)
_SUCCESSES = frozenset({"answered", "passed", "imported", "restored"})
_REFUSALS = frozenset({"401", "403", "404"})
_OF_THE_NUMBER = frozenset({"403", "404"})
"""Refusals after which a number cannot be put back."""
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
    return Finding(False, asked, expected, listener(seen.run)(came), step.hook, seen.again, seen.run.scenario)


def _struck(seen: FaultRun) -> list[Step]:
    """The steps that the fault struck."""
    return [step for step in seen.run.steps if step.name in seen.struck]


def _ends_in_time(seen: FaultRun) -> Iterator[Finding]:
    for step in seen.steps():
        slept = sum(step.sleeps)
        if step.seconds > _MOST_SECONDS or slept > _MOST_SLEEP:
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
        elif step.ending in _allowed(seen, step):
            yield RIGHT
        else:
            said = f": {step.error.summary} {step.error.detail}" if step.error else ""
            yield _wrong(seen, step, " or ".join(sorted(_allowed(seen, step))), step.ending + said)


def _allowed(seen: FaultRun, step: Step) -> set[str]:
    scenario = BY_ID[seen.run.scenario]
    allowed = {*seen.fault.families, *scenario.may_end(seen.run.facts.endings, step.name, step.hook, step.events)}
    if seen.over_sip:
        return {*allowed, seen.before(step).ending}
    if seen.fault.arrives and _NO_ANSWERS.intersection(each.status for each in step.asked):
        allowed |= {*FAULT_BY_ID["404"].families, *FAULT_BY_ID["429"].families}
    if step.hook in WRITES:
        allowed.add("unverified_write")
    if step.name in seen.strayed:
        allowed |= {"carrier_unavailable", "carrier_timed_out"}
    if seen.fault.id in _REFUSALS:
        allowed.add("not_passed")
    if seen.fault.id in _OF_THE_NUMBER:
        allowed.add("cannot_restore")
    if seen.fault.id == "403" and step.hook == "suggest_name":
        # A name may do without what the key may not read.
        allowed.add("answered")
    if seen.fault.field:
        allowed |= _WHERE_A_FIELD_CHANGED
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
    """An import or a release is claimed where its write took effect, and not denied there."""
    for step in seen.steps():
        untrue = _untrue_by_recording(seen, step) if seen.held is None else _untrue_by_carrier(seen, step, seen.held)
        yield from [*untrue] or [RIGHT]


def _untrue_by_recording(seen: FaultRun, step: Step) -> Iterator[Finding]:
    """A carrier that only answers holds what was recorded: a write took effect where its recorded answer was played."""
    before, claim = seen.before(step), _CLAIMS.get(step.hook)
    took_effect = before.ending == claim and any(each.played is not None for each in step.writes)
    if step.ending == claim and before.writes and not took_effect:
        yield _wrong(seen, step, f"anything but {claim}: the write took no effect", step.ending)
    elif took_effect and _denies(seen, step):
        yield _wrong(seen, step, f"{claim} or unverified_write: the write took effect", step.ending)


def _untrue_by_carrier(seen: FaultRun, step: Step, held: Mapping[str, Held]) -> Iterator[Finding]:
    """A simulated carrier holds what was claimed, and where nothing was, what it held before."""
    first, before, after = next(iter(held.values())).before, held[step.name].before, held[step.name].after
    claim = step.ending if step.ending == _CLAIMS.get(step.hook) else None
    if claim == "restored" and after != first:
        yield _wrong(seen, step, "the carrier to hold what it held before the import", _difference(first, after))
    elif claim and after == before:
        yield _wrong(seen, step, "the carrier to hold another routing", "it holds what it held before")
    elif after != before and _denies(seen, step):
        yield _wrong(seen, step, "the carrier to hold what it held before", _difference(before, after))


def _denies(seen: FaultRun, step: Step) -> bool:
    """Whether a step says that nothing was done, and the carrier itself did not say so, in a field that changed."""
    return seen.fault.field is None and step.ending not in _TRUE_ENDS


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
    claims = step.ending in _SUCCESSES and not seen.fault.field
    return _missing(seen, step) if claims else None


def _missing(seen: FaultRun, step: Step) -> str | None:
    """What an answer that claims to be whole leaves out, or claims without an answer of the carrier."""
    there = {fact.number for fact in seen.run.facts.numbers}
    if step.hook == "list_numbers" and (missing := there - {number.number for number in step.result}):
        return f"a list that ends as if it were whole, without {sorted(missing)[0]}"
    if step.hook == "read_routing" and (missing := set(seen.before(step).result) - set(step.result)):
        return f"an answer that leaves out {sorted(missing)[0]}, as if it were not there"
    if seen.fault.id in _HARD and all(each.fault for each in step.asked):
        return f"{step.ending}, though no request was answered"
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
        strange = [each for each in step.writes if each.played is None and each.fault is None]
        if strange and not seen.fault.field:
            yield _wrong(seen, step, "no write that was not recorded", strange[0].text)
        sent = Counter((each.method, each.url, each.body) for each in step.writes if each.status != 429)
        for (method, url, _), times in sent.items():
            if times > 1:
                yield _wrong(seen, step, "each write once", f"{method} {url} {times} times")
            else:
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
        usual = len(seen.before(step).asked)
        if len(step.asked) > _ATTEMPTS * (usual + _SPARE):
            expected = f"at most {_ATTEMPTS} times as many requests as the usual {usual} and {_SPARE}"
            yield _wrong(seen, step, expected, f"{len(step.asked)}")
        yield from (RIGHT for _ in step.asked)


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
    for step in _struck(seen):
        before = seen.before(step)
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
        if step.hook != "list_numbers":
            continue
        known = {number.number: number for number in seen.before(step).result}
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
    if number.region not in (None, known.region, str(known.region)[:2]):
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
