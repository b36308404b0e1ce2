"""What the engine asks for, checks and hands on when a plugin does its part."""

import threading

import attrs
import pytest

from trunkline.checks import CREDENTIALS_VALID, INBOUND_REACHABLE, OUTBOUND_AUTHORIZED, CredentialTest, Outcome
from trunkline.engine import Deadlines
from trunkline.errors import CarrierUnavailable, InvalidFields, PluginBroken
from trunkline.hookspec import hookimpl
from trunkline.secret import Secret


def test_credentials_that_pass_carry_their_proof(engine, account, carrier):
    test = engine().test_credentials(account)
    (exchange,) = test.credentials.proof
    assert (exchange.method, exchange.path, exchange.status) == ("GET", "/me", 200)
    assert test.passed
    assert carrier.asked[0][1] == "/me"


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.UNKNOWN])
def test_no_test_passes_on_credentials_that_were_not_proven(engine, acme, account, check, outcome):
    class Unasked(acme):
        @hookimpl
        def test_credentials(self, account, call):
            return CredentialTest(
                check(CREDENTIALS_VALID, outcome), check(INBOUND_REACHABLE), check(OUTBOUND_AUTHORIZED)
            )

    events = []
    with pytest.raises(PluginBroken) as broken:
        engine(Unasked(), observers=[events.append]).test_credentials(account)
    assert "credentials" in broken.value.detail
    assert events[0].code == "plugin_broken"
    open_trunk = attrs.evolve(account, form=attrs.evolve(account.form, authentication=None))
    assert engine(Unasked()).test_credentials(open_trunk).passed


def test_a_failed_test_needs_no_proof(engine, acme, account, check):
    class Failing(acme):
        @hookimpl
        def test_credentials(self, account, call):
            return CredentialTest(
                check(CREDENTIALS_VALID, Outcome.FAIL), check(INBOUND_REACHABLE), check(OUTBOUND_AUTHORIZED)
            )

    assert not engine(Failing()).test_credentials(account).passed


def test_numbers_are_pulled_only_as_they_are_wanted(engine, acme, account, number):
    pulled, closed = [], []

    class Endless(acme):
        @hookimpl
        def list_numbers(self, account, call):
            try:
                for i in range(10**9):
                    pulled.append(i)
                    yield number(i % 1000)
            finally:
                closed.append(threading.current_thread().name)

    numbers = engine(Endless()).list_numbers(account)
    assert not pulled
    next(numbers)
    assert len(pulled) <= 1000
    assert not closed
    numbers.close()
    assert closed == ["trunkline-hook"]


def test_a_generator_that_misbehaves_when_it_is_ended_harms_nobody(engine, acme, account):
    released = threading.Event()

    class Stubborn(acme):
        on_the_way_out = staticmethod(released.wait)

        @hookimpl
        def set_up_account(self, account, setup_method, done, call):
            try:
                yield from super().set_up_account(account, setup_method, done, call)
            finally:
                self.on_the_way_out()

    class Raising(Stubborn):
        @staticmethod
        def on_the_way_out():
            raise SystemExit

    deadlines = Deadlines(set_up=0.1, grace=0.05)
    for plugin in (Stubborn(), Raising()):
        steps = engine(plugin, deadlines=deadlines).set_up_account(account)
        next(steps)
        steps.close()
    released.set()


def test_a_page_that_fails_raises_after_the_numbers_before_it(engine, acme, account, number):
    class Failing(acme):
        @hookimpl
        def list_numbers(self, account, call):
            yield number(1)
            yield number(2)
            raise CarrierUnavailable("The carrier is down.")

    numbers = engine(Failing()).list_numbers(account)
    assert [next(numbers).handle, next(numbers).handle] == ["n1", "n2"]
    with pytest.raises(CarrierUnavailable):
        next(numbers)


def test_set_up_takes_a_step_only_when_it_is_asked_for(engine, acme, account):
    taken = []

    class Stepping(acme):
        @hookimpl
        def set_up_account(self, account, setup_method, done, call):
            for step in super().set_up_account(account, setup_method, done, call):
                for i in range(3):
                    taken.append(i)
                    yield attrs.evolve(step, id=f"step_{i}")

    steps = engine(Stepping()).set_up_account(account)
    assert taken == []
    next(steps)
    assert taken == [0]
    next(steps)
    assert taken == [0, 1]
    steps.close()
    assert taken == [0, 1]


def test_undo_is_streamed_too(engine, account):
    it = engine()
    steps = list(it.set_up_account(account))
    assert list(it.undo_set_up(account, steps)) == steps


def test_routing_is_told_of_the_wanted_numbers_only(engine, account, snapshot):
    assert engine().read_routing(account, ["+18085550001", "+18085559999"]) == {"+18085550001": snapshot(1)}


def test_a_plan_takes_as_long_as_the_pace_makes_it(engine, acme, account, snapshot):
    plan = engine().plan_import(account, [snapshot(i) for i in range(8)])
    assert plan.seconds == 4.0
    slow = attrs.evolve(acme.descriptor, pace=attrs.evolve(acme.descriptor.pace, per_second=0.5))
    it = engine(type("Slow", (acme,), {"descriptor": slow})())
    assert it.plan_import(account, [snapshot(1)]).seconds == 4.0


@pytest.mark.parametrize("seconds", ["5", None, float("nan"), float("inf"), -1, True])
def test_a_plan_of_no_time_cannot_be_made(seconds):
    from trunkline.plan import ImportPlan

    with pytest.raises(TypeError):
        ImportPlan((), (), (), seconds=seconds)


def test_an_account_is_read_by_its_forms(engine):
    account = engine().account("acme", {"account": "AC12", "token": "t"}, {"domain": "sip.acme"}, marker="m")
    assert account.credential("account") == "AC12"
    assert account.credential("token") is None
    assert account.credential("other") is None
    assert account.secrets() == (Secret("t"),)
    assert (account.setup_method, account.form.id, dict(account.sip_config)) == (
        "api_key",
        "basic",
        {"domain": "sip.acme"},
    )
    assert engine().account("acme", {"key": "k"}, marker="m").credentials == {"key": Secret("k"), "level": "1"}


@pytest.mark.parametrize("method", ["", "other", 5, [], {}])
def test_an_unknown_set_up_method_is_named(engine, method):
    with pytest.raises(InvalidFields) as error:
        engine().account("acme", {"key": "k"}, marker="m", setup_method=method)
    assert error.value.fields == {"setup_method": ("Acme is set up by: api_key, guided",)}


def test_accounts_share_a_pace_only_if_they_are_equal(engine):
    it = engine()
    keys = [it.account("acme", {"key": key}, marker=m).key for key, m in [("a", "m"), ("a", "n"), ("b", "m")]]
    assert keys[0] == keys[1] != keys[2]


def test_a_sip_config_is_shown_as_far_as_both_plugin_and_descriptor_would(engine, acme):
    config = {"domain": "a.b", "password": "hush-hush", "unknown": "hush", "port": 5060}
    assert engine().redact_sip_config("acme", config) == {"domain": "a.b", "port": 5060}

    class Open(acme):
        @hookimpl
        def redact_sip_config(self, sip_config):
            sip_config["port"] = "changed"
            return sip_config

    assert engine(Open()).redact_sip_config("acme", config) == {"domain": "a.b"}
    assert config["port"] == 5060


def test_a_plugin_that_fails_to_redact_tells_nothing_of_the_config(engine, acme):
    class Failing(acme):
        @hookimpl
        def redact_sip_config(self, sip_config):
            raise ValueError(str(sip_config))

    with pytest.raises(PluginBroken) as broken:
        engine(Failing()).redact_sip_config("acme", {"password": "hush-hush"})
    assert "hush" not in broken.value.detail


def test_observers_are_told_how_each_call_ended(engine, acme, account):
    class Failing(acme):
        @hookimpl
        def suggest_name(self, account, call):
            from trunkline.errors import CarrierReply

            raise CarrierUnavailable("Down.", reply=CarrierReply(503, "c1", "r1"))

    events = []
    it = engine(Failing(), observers=[events.append])
    it.test_credentials(account)
    with pytest.raises(CarrierUnavailable):
        it.suggest_name(account)
    numbers = it.list_numbers(account)
    next(numbers)
    numbers.close()
    assert [(e.provider, e.hook, e.code, e.carrier_code, e.request_id) for e in events] == [
        ("acme", "test_credentials", "ok", None, None),
        ("acme", "suggest_name", "carrier_unavailable", "c1", "r1"),
        ("acme", "list_numbers", "ok", None, None),
    ]
    assert [exchange.path for exchange in events[0].exchanges] == ["/me"]
    assert "tok-S3cret" not in repr(events)


def test_a_broken_observer_changes_no_outcome(engine, account):
    released, told, tries = threading.Event(), [], []

    def exits(event):
        raise SystemExit

    def interrupts(event):
        raise KeyboardInterrupt

    def hangs(event):
        tries.append(event)
        released.wait()

    def spoils(event):
        event.code = "other"

    deadlines = Deadlines(grace=0.05)
    it = engine(observers=[exits, interrupts, hangs, spoils, told.append], deadlines=deadlines)
    for _ in range(5):
        assert it.suggest_name(account).account_name == "Main"
    assert [event.code for event in told] == ["ok"] * 5
    assert len(tries) == 3
    released.set()


def test_the_wire_of_a_reading_hook_refuses_to_write(engine, acme, account, carrier):
    class Writing(acme):
        @hookimpl
        def suggest_name(self, account, call):
            call.http.post("https://api.acme.example/x")

    with pytest.raises(PluginBroken, match="only read"):
        engine(Writing()).suggest_name(account)
    assert not carrier.asked


def test_the_wire_refuses_once_the_deadline_has_passed(engine, acme, account, carrier):
    class Late(acme):
        @hookimpl
        def suggest_name(self, account, call):
            while not call.deadline.passed:
                threading.Event().wait(0.005)
            call.http.get("https://api.acme.example/x")

    with pytest.raises(CarrierUnavailable) as error:
        engine(Late(), deadlines=Deadlines(read=0.02)).suggest_name(account)
    assert error.value.code == "carrier_timed_out"
    assert not carrier.asked


def test_an_engine_without_a_dial_speaks_to_the_carrier(engine, acme, account, monkeypatch):
    from trunkline.http.dial import CarrierDial

    dialled = []

    def send(self, request, timeout):
        dialled.append(request.url)
        raise OSError

    monkeypatch.setattr(CarrierDial, "send", send)
    it = engine(dial=None)
    it.close()
    with pytest.raises(CarrierUnavailable):
        it.test_credentials(account)
    it.close()
    assert dialled[0] == "https://api.acme.example/me"
