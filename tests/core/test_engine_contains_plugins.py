"""A plugin that breaks, hangs or lies becomes one error of ours, and harms nobody else."""

import threading
import traceback

import attrs
import pytest

from trunkline.engine import Deadlines
from trunkline.errors import (
    CarrierReply,
    CarrierUnavailable,
    InvalidFields,
    PluginBroken,
    PluginHung,
    RateLimited,
    TrunklineError,
    Unsupported,
)
from trunkline.hookspec import hookimpl
from trunkline.numbers import NumberRef, Route
from trunkline.registry import STUCK_CALLS_ALLOWED

TOKEN = "tok-S3cret/+value&more"
ROUTE = Route("trunk-1", "trunk", True)
REF = NumberRef("+18085550001", "n1")

ASK = {
    "test_credentials": lambda engine, account, snapshot: engine.test_credentials(account),
    "suggest_name": lambda engine, account, snapshot: engine.suggest_name(account),
    "list_numbers": lambda engine, account, snapshot: list(engine.list_numbers(account)),
    "set_up_account": lambda engine, account, snapshot: list(engine.set_up_account(account)),
    "undo_set_up": lambda engine, account, snapshot: list(engine.undo_set_up(account, [])),
    "read_routing": lambda engine, account, snapshot: engine.read_routing(account, ["+18085550001"]),
    "plan_import": lambda engine, account, snapshot: engine.plan_import(account, [snapshot]),
    "prepare_route": lambda engine, account, snapshot: engine.prepare_route(account),
    "verify_number": lambda engine, account, snapshot: engine.verify_number(account, REF, ROUTE),
    "release_number": lambda engine, account, snapshot: engine.release_number(account, REF, ROUTE, snapshot),
    "redact_sip_config": lambda engine, account, snapshot: engine.redact_sip_config("acme", {}),
}
STREAMS = ("list_numbers", "set_up_account", "undo_set_up", "read_routing")
ARGUMENTS = {
    "list_numbers": "account, call",
    "set_up_account": "account, setup_method, done, call",
    "undo_set_up": "account, steps, call",
    "read_routing": "account, numbers, call",
    "plan_import": "account, snapshots, call",
    "verify_number": "account, number, route, call",
    "release_number": "account, number, route, snapshot, call",
    "import_number": "account, number, route, snapshot, call",
    "redact_sip_config": "sip_config",
}


@pytest.fixture
def doing(acme):
    """Makes a plugin whose one hook does this instead."""

    def make(hook, does):
        arguments = ARGUMENTS.get(hook, "account, call")
        scope = {"does": does}
        exec(f"def {hook}(self, {arguments}):\n    return does()", scope)
        return type("Changed", (acme,), {hook: hookimpl(scope[hook])})()

    return make


def _raising(error):
    def do():
        raise error

    return do


class Unreadable(Exception):
    def __str__(self):
        raise ValueError(TOKEN)


FOREIGN = [
    ValueError(f"token {TOKEN}"),
    KeyError(TOKEN),
    SystemExit(f"{TOKEN}"),
    KeyboardInterrupt(),
    GeneratorExit(),
    StopIteration(),
    TimeoutError(),
    MemoryError(),
    RecursionError(),
    Unreadable(),
    ExceptionGroup("several", [ValueError(TOKEN)]),
]


@pytest.mark.parametrize("hook", ASK)
@pytest.mark.parametrize("error", FOREIGN, ids=lambda error: type(error).__name__)
def test_whatever_a_hook_raises_is_plugin_broken(engine, doing, account, snapshot, hook, error, caplog):
    with pytest.raises(PluginBroken) as broken:
        ASK[hook](engine(doing(hook, _raising(error))), account, snapshot(1))
    caught = broken.value
    assert caught.__cause__ is None
    assert caught.__context__ is None
    assert not hasattr(caught, "__notes__")
    assert hook in caught.detail
    shown = "".join(traceback.TracebackException.from_exception(caught, capture_locals=True).format())
    ours = [line for line in shown.splitlines() if "error = " not in line]  # The parameter of this very test.
    assert TOKEN not in caught.summary + caught.detail + caplog.text + repr(caught.__dict__)
    assert not [line for line in ours if TOKEN in line]


@pytest.mark.parametrize("hook", ASK)
@pytest.mark.parametrize(
    "answer", [None, 5, "text", b"x", {"a": 1}.items(), object()], ids=lambda it: type(it).__name__
)
def test_a_wrong_answer_is_plugin_broken(engine, doing, account, snapshot, hook, answer):
    with pytest.raises(PluginBroken, match="could not be asked") as broken:
        ASK[hook](engine(doing(hook, lambda: answer)), account, snapshot(1))
    assert hook in broken.value.detail


@pytest.mark.parametrize("hook", STREAMS)
@pytest.mark.parametrize("member", [None, 5, "text", [], object], ids=lambda it: type(it).__name__)
def test_a_wrong_member_is_plugin_broken(engine, doing, account, snapshot, hook, member):
    with pytest.raises(PluginBroken) as broken:
        ASK[hook](engine(doing(hook, lambda: iter([member]))), account, snapshot(1))
    assert type(member).__name__ in broken.value.detail


@pytest.mark.parametrize("hook", ASK)
def test_a_hook_that_hangs_is_given_up_at_its_deadline(engine, doing, account, snapshot, hook):
    released = threading.Event()
    it = engine(doing(hook, released.wait), deadlines=Deadlines(0.01, 0.01, 0.01, 0.01, grace=0.05))
    with pytest.raises(PluginHung):
        ASK[hook](it, account, snapshot(1))
    released.set()


def test_an_iterator_that_hangs_is_given_up_after_the_members_before(engine, doing, account, number):
    released = threading.Event()

    def numbers():
        yield number(1)
        released.wait()

    numbers = engine(doing("list_numbers", numbers), deadlines=Deadlines(listing=0.2, grace=0.05)).list_numbers(account)
    assert next(numbers).handle == "n1"
    with pytest.raises(PluginHung):
        next(numbers)
    released.set()


def test_a_plugin_that_keeps_hanging_is_switched_off_and_comes_back(engine, doing, account, acme):
    released = threading.Event()
    other = type("Other", (acme,), {"descriptor": attrs.evolve(acme.descriptor, id="other")})()
    hanging = doing("suggest_name", released.wait)
    it = engine(hanging, other, deadlines=Deadlines(read=0.5, grace=0.05))
    for _ in range(STUCK_CALLS_ALLOWED):
        with pytest.raises(PluginHung):
            it.suggest_name(account)
    with pytest.raises(PluginBroken, match="switched off"):
        it.test_credentials(account)
    (problem,) = it.problems()
    assert (problem.plugin, "switched off" in problem.summary) == ("Changed", True)
    assert it.suggest_name(attrs.evolve(account, provider="other")).account_name == "Main"
    stuck = list(it._registry._plugins["acme"]._stuck)
    released.set()
    for future in stuck:
        future.result(5)
    assert it.problems() == ()
    assert it.test_credentials(account).passed


def test_our_own_errors_come_through_without_secrets(engine, doing, account):
    error = RateLimited(
        f"Slow {TOKEN}", retry_after=3, detail=TOKEN, reply=CarrierReply(429, f"c-{TOKEN}", f"r-{TOKEN}")
    )
    error.add_note(TOKEN)
    error.__cause__ = ValueError(TOKEN)
    with pytest.raises(RateLimited, match="redacted") as caught:
        engine(doing("suggest_name", _raising(error))).suggest_name(account)
    clean = caught.value
    assert TOKEN not in repr(clean.__dict__) + str(clean) + repr(clean)
    assert (clean.retry_after, clean.reply.status, clean.retryable) == (3, 429, True)
    assert clean.__cause__ is None
    assert clean.__context__ is None


@pytest.mark.parametrize(
    "error",
    [
        Unsupported(TOKEN, TOKEN),
        InvalidFields({TOKEN: [TOKEN]}),
        InvalidFields({}),
        TrunklineError(TOKEN),
        type("Own", (CarrierUnavailable,), {"code": TOKEN, "__str__": lambda self: TOKEN})("said"),
        type("Odd", (CarrierUnavailable,), {})({"a": TOKEN}),
        CarrierUnavailable("said", reply=TOKEN),
        CarrierUnavailable("said", reply=CarrierReply(TOKEN, [TOKEN], {"a": (TOKEN,)})),
    ],
)
def test_no_error_of_any_shape_carries_a_secret(engine, doing, account, error):
    with pytest.raises(TrunklineError) as caught:
        engine(doing("suggest_name", _raising(error))).suggest_name(account)
    assert type(caught.value).__module__ == "trunkline.errors"
    assert TOKEN not in repr(caught.value.__dict__) + str(caught.value) + caught.value.code


def test_what_a_plugin_hangs_onto_an_error_is_scrubbed_too(engine, doing, account):
    error = CarrierUnavailable("Down.")
    error.more = [{"a": ValueError(TOKEN)}, TOKEN, 5, None]
    with pytest.raises(CarrierUnavailable) as caught:
        engine(doing("suggest_name", _raising(error))).suggest_name(account)
    assert TOKEN not in repr(caught.value.__dict__)
    assert caught.value.more[2:] == (5, None)


@pytest.mark.parametrize("after", [float("nan"), float("inf"), -1.0])
def test_a_senseless_retry_after_is_none(after):
    assert RateLimited("Slow down.", retry_after=after).retry_after is None


def test_an_answer_that_holds_a_secret_is_refused(engine, acme, account):
    class Telling(acme):
        @hookimpl
        def suggest_name(self, account, call):
            return type(super().suggest_name(account, call))(f"Main {TOKEN}")

        @hookimpl
        def list_numbers(self, account, call):
            for each in super().list_numbers(account, call):
                yield attrs.evolve(each, friendly_name=TOKEN)

    it = engine(Telling())
    with pytest.raises(PluginBroken) as refused:
        it.suggest_name(account)
    assert "holds a secret" in refused.value.detail
    with pytest.raises(PluginBroken) as refused:
        list(it.list_numbers(account))
    shown = "".join(traceback.TracebackException.from_exception(refused.value, capture_locals=True).format())
    assert TOKEN not in shown


def test_a_short_secret_does_not_make_every_answer_look_like_a_leak(engine, account):
    from trunkline.secret import Secret

    weak = attrs.evolve(account, credentials={**account.credentials, "token": Secret("1808")})
    assert len(list(engine().list_numbers(weak))) == 3


def test_an_unknown_provider_is_told_with_the_known_ones(engine, account):
    with pytest.raises(TrunklineError, match="Installed providers: acme") as error:
        engine().test_credentials(attrs.evolve(account, provider="nobody"))
    assert error.value.code == "unknown_provider"


def test_what_a_provider_cannot_do_is_unsupported(engine, acme, account):
    silent = type("Silent", (acme,), {"descriptor": attrs.evolve(acme.descriptor, capabilities=())})()
    with pytest.raises(Unsupported) as error:
        list(engine(silent).list_numbers(account))
    assert (error.value.capability, error.value.why) == ("list_numbers", "the plugin does not offer it")


def test_a_warm_up_that_fails_or_hangs_holds_up_nobody(engine, acme):
    released = threading.Event()
    warmed = []

    def plugin(id, does):
        warm_up = hookimpl(lambda self: does())
        warm_up.__name__ = "warm_up"
        descriptor = attrs.evolve(acme.descriptor, id=id)
        return type("Warm", (acme,), {"descriptor": descriptor, "warm_up": hookimpl(warm_up)})()

    it = engine(
        plugin("fails", _raising(SystemExit())),
        plugin("hangs", released.wait),
        plugin("works", lambda: warmed.append(1)),
        deadlines=Deadlines(set_up=0.05),
    )
    it.warm_up()
    released.set()
    assert warmed == [1]
    assert len(it.providers()) == 3
