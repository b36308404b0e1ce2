"""Redaction of SIP config: idempotent and total, secrets and strangers hidden, and the rest shown."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from trunkline.descriptor import Field, FieldKind
from trunkline_conformance.canaries import NoCanary, acceptable
from trunkline_conformance.check import RIGHT, About, Check, Finding, Judge, wrong
from trunkline_conformance.subject import Subject

_EXAMPLES = 50
_SEED = 7
_HOOK = "redact_sip_config"
_CANARY = "canary-S3cret-0f-a-sip-config"

_PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=12)
_ANYTHING = _PLAIN | st.lists(_PLAIN, max_size=2) | st.dictionaries(st.text(max_size=4), _PLAIN, max_size=2)

Config = dict[str, Any]


def _configs(subject: Subject) -> st.SearchStrategy[Config]:
    """Known fields with anything in them, and keys that nobody knows."""
    known = [field.name for field in subject.descriptor.sip_fields]
    names = st.sampled_from(known) | st.text(max_size=12) if known else st.text(max_size=12)
    return st.dictionaries(names, _ANYTHING, max_size=4)


def _holds_for_all(
    subject: Subject, configs: st.SearchStrategy[Config], problem: Callable[[Config], str | None], expected: str
) -> Iterator[Finding]:
    """Look for a SIP config, the smallest there is, for which there is a problem."""
    found: list[Finding] = []

    @seed(_SEED)
    @settings(
        max_examples=_EXAMPLES,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(configs)
    def look(config: Config) -> None:
        came = problem(config)
        if came is not None:
            found.append(wrong(f"redact_sip_config({config!r})", expected=expected, came=came, hook=_HOOK))
            raise AssertionError

    try:
        look()
    except AssertionError:
        yield from found[-1:]
    else:
        yield RIGHT


def _redact(subject: Subject, config: Config) -> Mapping[str, Any]:
    shown: Mapping[str, Any] = subject.plugin.redact_sip_config(sip_config=copy.deepcopy(config))
    return shown


def _shown(subject: Subject, config: Config) -> Mapping[str, Any]:
    """What is shown, nothing where it breaks: that it is total is for another check."""
    try:
        return _redact(subject, config)
    except Exception:
        return {}


def _is_total(subject: Subject) -> Iterator[Finding]:
    def problem(config: Config) -> str | None:
        try:
            shown = _redact(subject, config)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return None if isinstance(shown, Mapping) else type(shown).__name__

    yield from _holds_for_all(subject, _configs(subject), problem, "an object, whatever it is given")


def _is_idempotent(subject: Subject) -> Iterator[Finding]:
    def problem(config: Config) -> str | None:
        try:
            once = dict(_redact(subject, config))
            twice = dict(_redact(subject, once))
        except Exception:
            return None  # That it is total is for another check.
        return None if once == twice else f"first {once!r}, then {twice!r}"

    yield from _holds_for_all(subject, _configs(subject), problem, "the same when it is redacted again")


def _hides(subject: Subject) -> Iterator[Finding]:
    secret = [field for field in subject.descriptor.sip_fields if field.secret]
    config = {field.name: _CANARY for field in secret} | {"unheard-of": _CANARY, "nested": {"deep": [_CANARY]}}
    shown = repr(_shown(subject, config))
    if _CANARY in shown:
        expected = "neither a secret field nor an unknown one"
        yield wrong(f"redact_sip_config with {', '.join(config)}", expected=expected, came=shown[:200], hook=_HOOK)
    else:
        yield RIGHT


def _shows(subject: Subject) -> Iterator[Finding]:
    shown_fields = [field for field in subject.descriptor.sip_fields if not field.secret]
    config = {field.name: value for field in shown_fields if (value := _acceptable(field)) is not None}
    shown = _shown(subject, config)
    hidden = [name for name in config if shown.get(name) != config[name]]
    if hidden:
        expected = f"{hidden[0]} as it is"
        yield wrong(f"redact_sip_config({config!r})", expected=expected, came=repr(shown)[:200], hook=_HOOK)
    else:
        yield RIGHT


def _acceptable(field: Field) -> Any:
    """A value that the field accepts; None where none is found easily."""
    rng = random.Random(_SEED)
    try:
        if field.kind is FieldKind.TEXT_LIST:
            return [acceptable(attrs.evolve(field, kind=FieldKind.TEXT), rng)]
        return acceptable(field, rng)
    except NoCanary:
        return None


def _check(id: str, rule: str, why: str, remedy: str, judge: Judge, *, essential: bool = True) -> Check:
    return Check(f"redaction/{id}", rule, why, remedy, judge, About.PLUGIN, essential=essential)


CHECKS = (
    _check(
        "is-total",
        "Redaction answers an object, whatever values it is given.",
        "It stands in the way of every answer that shows a connection.",
        "Use `trunkline.redaction.by_allow_list`.",
        _is_total,
    ),
    _check(
        "is-idempotent",
        "What is redacted stays as it is when it is redacted again.",
        "A redacted object that is sent back must change nothing.",
        "Use `trunkline.redaction.by_allow_list`.",
        _is_idempotent,
    ),
    _check(
        "hides",
        "No secret field and no unknown key is shown.",
        "What is not known to be harmless is not.",
        "Show by a list of what may be shown.",
        _hides,
    ),
    _check(
        "shows",
        "Fields that are no secret are shown as they are.",
        "People need to see where their calls go.",
        "Hide secret fields only.",
        _shows,
        essential=False,
    ),
)
