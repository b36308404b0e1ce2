"""Every hook that writes, of every provider, with a fault at each of its steps: what is reported is what is so."""

import time
from typing import Any

import pytest

from trunkline.engine import Deadlines
from trunkline.errors import TrunklineError, WriteOutcomeUnknown
from trunkline.numbers import Release, ReleaseOutcome

from .conftest import Desk, told
from .hooks import COMMON, LOST_ANSWERS, WRITES, error_of, faults_of, outcome_of
from .providers import PROVIDERS, Provider

CODES = {
    "credentials_rejected",
    "permission_missing",
    "number_not_found",
    "carrier_refused",
    "rate_limited",
    "carrier_unavailable",
    "carrier_timed_out",
    "carrier_answer_unexpected",
    "unverified_write",
}
"""What may go wrong at a carrier; a plugin that broke is none of these."""

ON_EVERY_FAULT = [
    pytest.param(provider, hook, fault, id=f"{provider}-{hook}-{fault}")
    for provider in PROVIDERS
    for hook in WRITES
    if provider.makes_a_route or hook != "prepare_route"
    for fault in (*faults_of(provider), *LOST_ANSWERS)
]


def begun(desk: Desk, hook: str) -> tuple[Any, Any]:
    """Everything as it stands right before the hook is called."""
    number = desk.numbers(1)[0]
    return desk.imported(number) if hook == "release_number" else desk.ready(number)


def is_done(hook: str, outcome: Any) -> bool:
    """Whether a hook says that it changed what it was to change."""
    if isinstance(outcome, Release):
        return outcome.outcome is ReleaseOutcome.RESTORED
    return error_of(outcome) is None


@pytest.mark.parametrize(("provider", "hook", "fault"), ON_EVERY_FAULT)
def test_with_a_fault_at_any_step_what_is_reported_is_what_is_so(
    desk: Desk, provider: Provider, hook: str, fault: str
) -> None:
    options, family = (faults_of(provider) | LOST_ANSWERS)[fault]
    ready = begun(desk, hook)
    secrets = desk.secrets()
    clean = outcome_of(hook, desk, ready)
    assert is_done(hook, clean), told(clean)
    whole = sizes(desk.held())
    methods, writes = [each.method for each in desk.asked()], len(desk.writes())
    for step, times in moments(methods, fault):
        where = (step, times)
        desk.refresh()
        ready = begun(desk, hook)
        before = desk.held()
        desk.sleeps.clear()
        desk.fault(**options, after=step, times=times)
        outcome = outcome_of(hook, desk, ready)
        report, error = told(outcome), error_of(outcome)
        assert error is None or error.code in CODES, (where, report)
        assert not [secret for secret in secrets if secret in report]
        assert_true(desk, hook, outcome, before, whole, where)
        # Only what was certainly not processed is sent again.
        kept = [each for each in desk.writes() if each.status != 429]
        bodies = [(each.method, each.path, str(each.form), str(each.json)) for each in kept]
        assert len(bodies) == len(set(bodies)), where
        assert len(desk.writes()) <= writes + 3, where
        if times is None and step == 0 and not fault.startswith("404"):
            assert isinstance(error, family) or not is_read(desk, 0), (where, report)
        # However long the carrier says: no longer than the deadline of each request, its turn and its retries.
        assert all(each < Deadlines().write for each in desk.sleeps), where


def moments(methods: list[str], fault: str) -> list[tuple[int, int | None]]:
    """When a fault strikes: at which request, and whether once or from then on.

    A twin of another fault, and one that is waited for, strikes everything, each write, and from each write on.
    """
    writes = [at for at, method in enumerate(methods) if method != "GET"]
    if fault in TWINS:
        return [(0, None), *((at, None) for at in writes)]
    if fault.startswith("timeout"):
        return [(0, None), *((at, 1) for at in range(len(methods))), *((at, None) for at in writes[:1])]
    return [(at, times) for at in range(len(methods)) for times in (1, None)]


TWINS = {
    "429 and absurdly long",
    "429 and nonsense",
    "429 and when",
    "429 html",
    "401 in words",
    "403 in words",
    "404 in words",
    "404 problem",
    "500 in words",
    "html 404",
    "401 laml",
    "401 old",
    "401 problem",
    "html 403",
    "408",
    "503",
    "no object",
    "deep",
}
"""Faults that are taken as another one is."""


def is_read(desk: Desk, step: int) -> bool:
    return desk.asked()[step].method == "GET"


def assert_true(desk: Desk, hook: str, outcome: Any, before: Any, whole: Any, where: Any) -> None:
    """What the hook says is what the carrier holds."""
    held = desk.held()
    if hook == "prepare_route":
        # What was made halfway is found again: nothing is ever made twice.
        desk.forget()
        again = outcome_of(hook, desk, (None, None))
        assert error_of(again) is None, (where, told(again))
        once = desk.held()
        if error_of(outcome) is None:
            assert once == held, where
            assert again.id == outcome.id
            assert not desk.writes()
        assert sizes(once) == whole, where
        return
    changed = held != before
    error = error_of(outcome)
    if error is None:
        assert changed is is_done(hook, outcome), (where, told(outcome))
    elif error.code != "unverified_write":
        assert not changed, (where, told(outcome))


def sizes(held: Any) -> Any:
    """How many of everything there are."""
    return {name: len(value) for name, value in held.items() if isinstance(value, list | dict)}


@pytest.mark.parametrize("hook", ["import_number", "release_number"])
@pytest.mark.parametrize("fault", ["truncated", "cut short", "oversized", *LOST_ANSWERS])
def test_a_lost_answer_to_the_write_is_settled_by_reading_back(desk: Desk, hook: str, fault: str) -> None:
    options, _ = (COMMON | LOST_ANSWERS)[fault]
    ready = begun(desk, hook)
    step = first_write(desk, hook, ready)
    desk.fault(**options, after=step)
    outcome = outcome_of(hook, desk, ready)
    assert is_done(hook, outcome), told(outcome)
    assert len(desk.writes()) == 1


@pytest.mark.parametrize("hook", ["import_number", "release_number"])
def test_a_write_that_did_not_arrive_is_known_to_have_changed_nothing(desk: Desk, hook: str) -> None:
    options, _ = COMMON["reset"]
    ready = begun(desk, hook)
    step = first_write(desk, hook, ready)
    before = desk.held()
    desk.fault(**options, after=step)
    outcome = outcome_of(hook, desk, ready)
    error = error_of(outcome)
    assert isinstance(error, TrunklineError), told(outcome)
    assert error.code in ("carrier_unavailable", "carrier_timed_out")
    assert error.retryable
    assert desk.held() == before
    assert len(desk.writes()) == 1
    desk.forget()
    assert is_done(hook, outcome_of(hook, desk, ready))


@pytest.mark.parametrize("hook", ["import_number", "release_number"])
@pytest.mark.parametrize("comes", [True, False])
def test_a_write_that_nobody_waited_for_is_not_called_undone(desk: Desk, hook: str, comes: bool) -> None:
    ready = begun(desk, hook)
    step = first_write(desk, hook, ready)
    before = desk.held()
    desk.fault("timeout_late" if comes else "timeout_before", after=step, seconds=1.0)
    error = error_of(outcome_of(hook, desk, ready))
    assert isinstance(error, WriteOutcomeUnknown), told(error)
    assert error.may_come
    assert len(desk.writes()) == 1
    if comes:
        until = time.monotonic() + 10
        while desk.held() == before:
            assert time.monotonic() < until, "it never came"
    desk.forget()
    assert is_done(hook, outcome_of(hook, desk, ready))


@pytest.mark.parametrize("hook", ["import_number", "release_number"])
@pytest.mark.parametrize("fault", LOST_ANSWERS)
def test_a_lost_answer_that_cannot_be_read_back_is_an_unverified_write(desk: Desk, hook: str, fault: str) -> None:
    options, _ = LOST_ANSWERS[fault]
    ready = begun(desk, hook)
    step = first_write(desk, hook, ready)
    desk.fault(**options, after=step)
    desk.fault("status", status=500, method="GET", after=step, times=None)
    error = error_of(outcome_of(hook, desk, ready))
    assert error is not None
    assert error.code == "unverified_write"
    assert error.retryable
    assert len(desk.writes()) == 1


def first_write(desk: Desk, hook: str, ready: tuple[Any, Any]) -> int:
    """How many requests the hook sends before it writes; afterwards everything is as it was again."""
    outcome = outcome_of(hook, desk, ready)
    assert is_done(hook, outcome), told(outcome)
    methods = [each.method for each in desk.asked()]
    desk.refresh()
    begun(desk, hook)
    return next(at for at, method in enumerate(methods) if method != "GET")
