"""Every hook stands in docs/hooks.md with its exact arguments, and its examples together are a plugin that works."""

import inspect
import io
import json
import re
import types
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import urllib3

from trunkline import hookspec
from trunkline.checks import Outcome
from trunkline.engine import Engine
from trunkline.numbers import ReleaseOutcome
from trunkline.registry import Registry
from trunkline.setup import StepState
from trunkline.sip_target import SipTarget

DOCS = (Path(__file__).parents[2] / "docs" / "hooks.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## `(\w+\(.*?\))`\n(.*?)(?=^## |\Z)", DOCS, re.MULTILINE | re.DOTALL))
HOOKS = [
    f"{name}({', '.join(p for p in inspect.signature(hook).parameters if p != 'self')})"
    for spec in (hookspec.ProviderSpec, hookspec.ObserverSpec)
    for name, hook in vars(spec).items()
    if not name.startswith("_")
]


def _example(hook):
    return "\n".join(re.findall(r"```python\n(.*?)```", SECTIONS[hook], re.DOTALL))


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_documented_with_its_exact_arguments_and_an_example(hook):
    assert f"def {hook.partition('(')[0]}(" in _example(hook)


def test_no_hook_is_documented_that_does_not_exist():
    assert list(SECTIONS) == HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_the_docs_say_which_hooks_write(hook):
    writes = "- Writes at the carrier." in SECTIONS[hook]
    assert writes == (hook.partition("(")[0] in hookspec.WRITES)
    assert writes != ("- Never writes at the carrier." in SECTIONS[hook])


def test_every_hook_either_reads_or_writes_or_reaches_nothing():
    names = {hook.partition("(")[0] for hook in HOOKS}
    nothing = {"describe_provider", "check_fields", "redact_sip_config", "warm_up", "observe"}
    assert names == hookspec.READS | hookspec.WRITES | nothing
    assert not hookspec.READS & hookspec.WRITES
    assert set(hookspec.ALWAYS_NEEDED) | {n for hooks in hookspec.NEEDED_FOR.values() for n in hooks} == names - {
        "check_fields",
        "warm_up",
        "observe",
    }


class AcmesCarrier:
    """Two pages of numbers and a list of trunks, in memory."""

    def __init__(self):
        self.numbers = {
            f"n{i}": {"id": f"n{i}", "number": f"+1808555010{i}", "label": f"Line {i}", "trunk": None} for i in range(3)
        }
        self.trunks = {}

    def answer(self, method, path, query, body):
        _, _, kind, *rest = path.split("/")
        if kind == "account":
            return 200, {"id": "acct-1", "name": "Main"}
        if kind == "numbers" and rest:
            self.numbers[rest[0]] |= body or {}
            return 200, self.numbers[rest[0]]
        if kind == "numbers":
            every = list(self.numbers.values())
            if "number" in query:
                return 200, {"numbers": [each for each in every if each["number"] == query["number"][0]]}
            page = int(query.get("page", ["0"])[0])
            more = f"https://api.acme.example/v1/numbers?page={page + 1}" if page * 2 + 2 < len(every) else None
            return 200, {"numbers": every[page * 2 : page * 2 + 2], "next": more}
        if method == "POST":
            self.trunks["t1"] = body | {"id": "t1"}
            return 201, self.trunks["t1"]
        if method == "DELETE":
            del self.trunks[rest[0]]
            return 200, {}
        return 200, {"trunks": list(self.trunks.values())}

    def send(self, request, timeout):
        parts = urlsplit(request.url)
        body = json.loads(request.body) if request.body else None
        accepted = request.headers["Authorization"] == "Bearer good-key"
        status, said = self.answer(request.method, parts.path, parse_qs(parts.query), body) if accepted else (401, {})
        response = requests.Response()
        response.status_code, response.url, response.request = status, request.url, request
        response.raw = urllib3.HTTPResponse(io.BytesIO(json.dumps(said).encode()), preload_content=False)
        return response

    def close(self):
        """Nothing is open."""


@pytest.fixture
def plugin():
    module = types.ModuleType("trunkline_acme")
    exec("\n\n".join(map(_example, HOOKS)), module.__dict__)
    return module


@pytest.fixture
def carrier():
    return AcmesCarrier()


@pytest.fixture
def engine(plugin, carrier):
    observer = plugin.Counter()
    return Engine(
        Registry.of(plugin),
        dial=carrier,
        platform=SipTarget("sip.platform.example"),
        observers=[lambda event: observer.observe(event)],
    )


def test_the_examples_are_a_plugin_that_works(engine, carrier, plugin):
    account = engine.account("acme", {"apiKey": "good-key"}, {"domain": "acme.sip.example"}, marker="trunkline-1-2")
    test = engine.test_credentials(account)
    assert (test.passed, test.identity) == (True, "acct-1")
    assert engine.suggest_name(account).text("Acme") == "Acme: Main"
    numbers = [each.number for each in engine.list_numbers(account)]
    assert numbers == ["+18085550100", "+18085550101", "+18085550102"]

    snapshots = engine.read_routing(account, [*numbers, "+18085559999"])
    assert list(snapshots) == numbers
    plan = engine.plan_import(account, list(snapshots.values()))
    assert (len(plan.numbers), plan.objects[0].action) == (3, "make")

    route = engine.prepare_route(account)
    assert route.made
    assert not engine.prepare_route(account).made
    assert carrier.trunks["t1"]["uri"] == "sip:sip.platform.example"
    outcomes = list(engine.import_numbers(account, route, list(snapshots.values())))
    assert [outcome.error for outcome in outcomes] == [None] * 3

    first = snapshots[numbers[0]]
    assert engine.verify_number(account, first.number.ref, route).passed
    released = engine.release_number(account, first.number.ref, route, first)
    assert released.outcome is ReleaseOutcome.RESTORED
    assert engine.verify_number(account, first.number.ref, route).inbound.outcome is Outcome.FAIL
    assert engine.release_number(account, first.number.ref, route, first).outcome is ReleaseOutcome.LEFT_ALONE

    assert engine.redact_sip_config("acme", {"domain": "a.b", "other": "hush"}) == {"domain": "a.b"}
    assert plugin.COUNTS["import_number", "ok"] == 3


def test_the_examples_set_an_account_up_and_take_it_back(engine, carrier):
    account = engine.account("acme", {"apiKey": "good-key"}, marker="m", setup_method="guided")
    steps = list(engine.set_up_account(account))
    assert [step.state for step in steps] == [StepState.INTENDED, StepState.DONE]
    assert [step.state for step in engine.set_up_account(account)] == [StepState.INTENDED, StepState.FOUND]
    assert list(engine.undo_set_up(account, steps)) == steps[1:]
    assert not carrier.trunks


def test_the_examples_tell_a_rejected_key(engine):
    test = engine.test_credentials(engine.account("acme", {"apiKey": "bad-key"}, marker="m"))
    assert (test.passed, test.credentials.outcome, test.inbound.outcome) == (False, Outcome.FAIL, Outcome.UNKNOWN)
    assert test.credentials.proof[0].status == 401


def test_the_examples_warm_up(engine):
    engine.warm_up()
