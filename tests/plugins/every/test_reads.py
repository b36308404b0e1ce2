"""Every hook that reads, of every provider, under every fault: an error of the right family, in time, and no secret."""

import re
from typing import Any

import pytest

from trunkline.errors import CarrierAnswerUnexpected, CredentialsRejected, PermissionMissing, RateLimited

from .conftest import Desk, told
from .hooks import HOOKS, READS, VERDICTS, error_of, faults_of, outcome_of
from .overheard import Overheard
from .providers import PROVIDERS, Provider

PATIENCE = {"429 and how long": 5.0, "429 and when": 7.0, "429 and absurdly long": 999999999.0}


@pytest.fixture
def ready(desk: Desk) -> tuple[Any, Any]:
    return desk.ready(desk.numbers()[0])


ON_EVERY_FAULT = [
    pytest.param(provider, fault, id=f"{provider}-{fault}") for provider in PROVIDERS for fault in faults_of(provider)
]


@pytest.mark.parametrize(("provider", "fault"), ON_EVERY_FAULT)
def test_a_read_that_fails_is_an_error_of_the_right_family(
    desk: Desk, ready: tuple[Any, Any], provider: Provider, fault: str
) -> None:
    options, family = faults_of(provider)[fault]
    secrets = desk.secrets()
    before = desk.held()
    for hook in READS:
        desk.forget()
        desk.sleeps.clear()
        desk.fault(**options, times=None)
        outcome = outcome_of(hook, desk, ready)
        error = error_of(outcome)
        if hook in VERDICTS and (family in (CredentialsRejected, PermissionMissing)):
            assert error is None, (hook, error)
            assert not outcome.passed
        elif (hook, fault) in provider.tolerates or (hook in VERDICTS and fault.startswith("404") and error is None):
            assert error is None, (hook, error)
            assert hook not in VERDICTS or not outcome.passed
        else:
            assert isinstance(error, family), (hook, error, getattr(error, "detail", None))
            assert str(error)
            assert not fault.startswith("404") or provider.not_found_says in str(error)
        if isinstance(error, RateLimited):
            assert error.retry_after == PATIENCE.get(fault)
        # A carrier that asks for patience gets ten seconds a request, and some moments beside.
        assert sum(desk.sleeps) < 15 * len(desk.asked()) + 15, hook
        assert len(desk.asked()) <= 4 * 9, hook
        assert not [secret for secret in secrets if secret in told(outcome)], hook
        assert not desk.writes()
    assert desk.held() == before


@pytest.mark.parametrize("hook", READS)
def test_a_hook_that_only_reads_sends_nothing_but_get(desk: Desk, ready: tuple[Any, Any], hook: str) -> None:
    READS[hook](desk, *ready)
    assert {entry.method for entry in desk.asked()} == {"GET"}


@pytest.mark.parametrize("trouble", ["503", "429", "reset", "slow", "content type"])
def test_trouble_that_passes_is_no_error(desk: Desk, ready: tuple[Any, Any], trouble: str) -> None:
    options: dict[str, dict[str, Any]] = {
        "503": {"kind": "status", "status": 503, "method": "GET", "times": 2},
        "429": {"kind": "status", "status": 429, "headers": {"Retry-After": "3"}},
        "reset": {"kind": "reset_before", "method": "GET"},
        "slow": {"kind": "slow", "seconds": 0.02},
        "content type": {"kind": "wrong_content_type", "times": None},
    }
    for hook in HOOKS:
        if hook == "release_number":
            ready = desk.imported(ready[1].number.number)
        desk.forget()
        desk.sleeps.clear()
        desk.fault(**options[trouble])
        outcome = outcome_of(hook, desk, ready)
        assert error_of(outcome) is None, (hook, told(outcome))
        assert outcome is not None
        if trouble == "429" and desk.asked():
            assert max(desk.sleeps) >= 3


# Answers of another form


def test_fields_that_nobody_knows_yet_change_nothing(desk: Desk, ready: tuple[Any, Any]) -> None:
    clean = {hook: facts(outcome_of(hook, desk, ready)) for hook in READS}
    extra = {"new_field": {"a": [1, None]}, "another": "x" * 300}
    rows = {**extra, desk.provider.list_key: {"*": extra}}
    desk.fault("patch_json", patch=rows, path=desk.provider.list_path, times=None)
    desk.fault("patch_json", patch=extra, times=None)
    for hook in READS:
        assert facts(outcome_of(hook, desk, ready)) == clean[hook], hook


def facts(outcome: Any) -> Any:
    """An outcome without what differs from one call to the next."""
    return re.sub(r"seconds=[0-9.]+|request_id='[^']*'|read_at=datetime\.datetime\([^)]*\)", "", told(outcome))


def test_a_field_that_may_be_null_harms_no_number(desk: Desk, ready: tuple[Any, Any]) -> None:
    clean = desk.numbers()
    for field in desk.provider.optional:
        desk.forget()
        patch = {desk.provider.list_key: {"*": {field: None}}}
        desk.fault("patch_json", patch=patch, path=desk.provider.list_path, times=None)
        for hook in READS:
            outcome = outcome_of(hook, desk, ready)
            assert error_of(outcome) is None, (field, hook, told(outcome))
        assert desk.numbers() == clean


@pytest.mark.parametrize("value", [None, 7, "", [], {}, True], ids=str)
def test_a_number_that_is_none_is_left_out_or_an_error_and_never_a_number(
    desk: Desk, ready: tuple[Any, Any], value: Any
) -> None:
    clean = desk.listed()
    patch = {desk.provider.list_key: {"1": {desk.provider.number_key: value}}}
    desk.fault("patch_json", patch=patch, path=desk.provider.list_path, times=None)
    for hook in READS:
        outcome = outcome_of(hook, desk, ready)
        error = error_of(outcome)
        assert error is None or isinstance(error, CarrierAnswerUnexpected), (hook, told(outcome))
        if hook == "list_numbers" and error is None:
            assert outcome == [clean[0], *clean[2:]]


ODD: tuple[Any, ...] = (None, 7, "odd", [], {}, [None], True)


@pytest.mark.parametrize("hook", READS)
def test_no_field_of_any_answer_whatever_it_holds_breaks_a_plugin(
    desk: Desk, ready: tuple[Any, Any], hook: str
) -> None:
    for number, (path, patch) in enumerate(patches(desk, ready, hook)):
        desk.forget()
        odd = ODD[number % len(ODD)]
        desk.fault("patch_json", path=path, patch=with_value(patch, odd), times=None)
        error = error_of(outcome_of(hook, desk, ready))
        if error is not None:
            assert error.code not in ("plugin_broken", "plugin_timed_out"), (path, patch, odd, error.detail)


def patches(desk: Desk, ready: tuple[Any, Any], hook: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every field of what a hook is answered: the path of the request, and the way to the field."""
    answers = Overheard(desk)
    READS[hook](answers.desk, *ready)
    return answers.fields()


def with_value(way: tuple[str, ...], value: Any) -> Any:
    for step in reversed(way):
        value = {step: value}
    return value
