"""No secret of any provider leaves the wire: not in results, errors, causes, events or logs."""

import base64
import logging
from typing import Any

import pytest

from trunkline.events import Event

from .conftest import Desk, told
from .hooks import HOOKS, outcome_of


@pytest.fixture
def everything_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    desk.provider.plugin.warm_up()
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def run_all(desk: Desk, ready: tuple[Any, Any]) -> list[str]:
    """Every hook once, and what a reader could see of it."""
    texts = []
    for hook in HOOKS:
        outcome = outcome_of(hook, desk, ready)
        texts.append(told(outcome))
        texts += [str(each) for each in outcome] if isinstance(outcome, list | dict) else []
    return [*texts, *map(repr, desk.events)]


def leaked(desk: Desk, shown: str, *labels: str) -> list[str]:
    """Which secrets are in a text, plain or as an Authorization header has them."""
    secrets = desk.secrets(*labels)
    users = {value for label in (None, *labels) for value in desk.credentials(label).values()} - secrets
    encoded = {base64.b64encode(f"{user}:{secret}".encode()).decode()[:-3] for user in users for secret in secrets}
    return [secret for secret in (*secrets, *encoded) if secret in shown]


def test_no_secret_is_in_any_result_event_or_log(
    desk: Desk, everything_logged: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    ready = desk.ready(desk.numbers()[0])
    shown = run_all(desk, ready)
    for label in ("healthy", "bad_credentials", *filter(None, [desk.provider.other_way_in])):
        other = Desk(desk.provider, desk.sandbox, label=label)
        shown += [told(other.engine.test_credentials(other.account())), repr(other.account())]
        shown += map(repr, other.events)
        other.close()
    captured = capsys.readouterr()
    whole = "\n".join([*shown, everything_logged.text, captured.out, captured.err])
    assert desk.numbers()[0] in whole
    assert "urllib3" in whole
    assert not leaked(desk, whole, "healthy", "bad_credentials", *filter(None, [desk.provider.other_way_in]))


def refusals(words: str) -> list[Any]:
    """Error bodies of every form that quote something."""
    return [
        {"code": 99999, "message": words, "more_info": words, "detail": words},
        {"errors": [{"code": words, "title": words, "detail": words, "source": {"pointer": words}}]},
        {"errors": [{"type": words, "code": "x", "message": words, "attribute": words, "url": words}]},
        {"error-code": "499", "error-code-label": words, "title": words, "detail": words, "type": words},
        {"error": words, "errors": words},
        {"errors": [words, 7, None]},
        [words],
        words,
    ]


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 420, 422, 429, 500])
def test_a_refusal_that_quotes_secrets_gives_none_away(
    desk: Desk, everything_logged: pytest.LogCaptureFixture, status: int
) -> None:
    ready = desk.ready(desk.numbers()[0])
    keys = " ".join(desk.secrets() - {*desk.provider.secrets})
    addresses = [f"https://menu:{secret}@calls.example/{secret}?key={secret}" for secret in desk.secrets()]
    words = " and ".join([keys, *addresses])
    headers = dict.fromkeys(desk.engine.descriptor(desk.provider.id).request_id_headers, keys)
    for refusal in refusals(words):
        desk.forget()
        desk.fault("status", status=status, json=refusal, times=None, headers=headers)
        shown = "\n".join([*run_all(desk, ready), everything_logged.text])
        found = leaked(desk, shown)
        assert not found, [shown[max(0, shown.index(each) - 200) :][:400] for each in found]


def test_an_event_of_every_hook_is_told_with_its_exchanges(desk: Desk) -> None:
    ready = desk.ready(desk.numbers()[0])
    desk.events.clear()
    for hook in HOOKS:
        outcome_of(hook, desk, ready)
    told_of: dict[str, Event] = {event.hook: event for event in desk.events}
    assert told_of.keys() == {hook.removesuffix("_of_many") for hook in HOOKS}
    for event in told_of.values():
        assert event.provider == desk.provider.id
        assert event.exchanges or (event.hook == "prepare_route" and not desk.provider.makes_a_route)


def test_a_secret_goes_into_the_authorization_header_and_nowhere_else(desk: Desk) -> None:
    ready = desk.ready(desk.numbers()[0])
    run_all(desk, ready)
    secrets = desk.secrets() - {*desk.provider.secrets}
    for each in desk.asked():
        sent = repr((each.path, each.query, each.form, each.json))
        assert not [secret for secret in secrets if secret in sent]
