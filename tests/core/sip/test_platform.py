"""Whether the platform's own SIP host answers, as its own line of every credential test."""

import threading

import attrs
import pytest

from sip_servers.name_server import name_server
from sip_servers.scripted import reply, scripted
from trunkline.checks import PLATFORM_ANSWERS, Outcome
from trunkline.errors import PluginBroken
from trunkline.hookspec import hookimpl
from trunkline.sip.dial import NetworkSipDial, SandboxSipDial
from trunkline.sip.limits import SipLimits
from trunkline.sip.platform import PlatformHost
from trunkline.sip.resolution import Resolver
from trunkline.sip_target import SipTarget

HOST = "sip.platform.example"
GIVEN = {"account": "AC123456", "token": "tok-S3cret/+value&more"}


@pytest.fixture
def tested(engine):
    """Test an account whose carrier finds nothing wrong."""

    def tested(platform, sip=None, *plugins, **settings):
        target = SipTarget.parse(platform) if platform else None
        it = engine(*plugins, platform=target, sip=sip, sip_limits=SipLimits(**settings))
        return it.test_credentials(it.account("acme", GIVEN, marker="m"))

    return tested


@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden", "503 Busy"])
def test_any_answer_of_the_platform_passes(tested, status):
    with scripted(lambda request: [reply(request, status)]) as server:
        test = tested(HOST, SandboxSipDial({HOST: ("127.0.0.1", server.port)}))
    assert (test.platform.name, test.platform.outcome, test.platform.code) == (
        PLATFORM_ANSWERS,
        Outcome.PASS,
        "platform_answers",
    )
    assert [(each.method, each.host) for each in test.platform.proof] == [("OPTIONS", HOST)]
    assert test.passed
    assert len(test.checks) == 3


def test_a_silent_platform_is_not_called_broken(tested):
    with scripted(lambda request: []) as server:
        dial = SandboxSipDial({HOST: ("127.0.0.1", server.port)})
        test = tested(HOST, dial, answer_seconds=0.2)
    assert (test.platform.outcome, test.platform.code) == (Outcome.UNKNOWN, "platform_silent")
    assert test.inbound.outcome is Outcome.PASS


def test_a_platform_that_was_not_set_or_has_no_sandbox_is_unknown(tested):
    assert tested(None).platform.code == "platform_not_set"
    assert tested(HOST).platform.code == "platform_not_in_sandbox"
    assert tested("1.2.3", NetworkSipDial()).platform.code == "platform_not_asked"


def test_a_platform_whose_name_cannot_be_looked_up_is_unknown(tested):
    with name_server({}, fails=["A"]) as place:
        test = tested(HOST, NetworkSipDial(resolver=Resolver(place)))
    assert (test.platform.outcome, test.platform.code) == (Outcome.UNKNOWN, "platform_not_looked_up")


def test_a_platform_whose_name_leads_nowhere_fails_inbound_and_says_whose_turn_it_is(tested):
    with name_server({}) as place:
        test = tested(HOST, NetworkSipDial(resolver=Resolver(place)))
    assert test.platform.outcome is test.inbound.outcome is Outcome.FAIL
    assert test.inbound.code == "platform_unreachable"
    assert "operator" in test.inbound.remedy
    assert not test.passed


def test_a_platform_where_nobody_listens_fails_though_it_is_at_a_private_address(tested):
    with scripted(lambda request: []) as server:
        pass
    test = tested(f"127.0.0.1:{server.port};transport=udp", NetworkSipDial())
    assert (test.platform.outcome, test.inbound.outcome) == (Outcome.FAIL, Outcome.FAIL)


def test_what_the_carrier_itself_finds_wrong_with_inbound_stays(tested, acme, check):
    class Failing(acme):
        @hookimpl
        def test_credentials(self, account, call):
            found = super().test_credentials(account, call)
            return attrs.evolve(found, inbound=check("inbound_reachable", Outcome.FAIL))

    with name_server({}) as place:
        test = tested(HOST, NetworkSipDial(resolver=Resolver(place)), Failing())
    assert (test.inbound.code, test.platform.code) == ("said", "platform_unreachable")


def test_no_plugin_speaks_for_the_platform(tested, acme, check):
    class Speaking(acme):
        @hookimpl
        def test_credentials(self, account, call):
            return attrs.evolve(super().test_credentials(account, call), platform=check(PLATFORM_ANSWERS))

    with pytest.raises(PluginBroken) as caught:
        tested(None, None, Speaking())
    assert "only the engine" in caught.value.detail


def test_the_platform_is_asked_once_by_however_many_tests(engine):
    let_go = threading.Event()

    def answer(request):
        assert let_go.wait(20)
        return [reply(request, "200 OK")]

    with scripted(answer) as server:
        it = engine(platform=SipTarget(HOST), sip=SandboxSipDial({HOST: ("127.0.0.1", server.port)}))
        asked = [it._ask_platform() for _ in range(20)]
        let_go.set()
        assert {each.result(20).outcome for each in asked} == {Outcome.PASS}
        assert it._ask_platform() is asked[0]
        assert isinstance(it._platform_host, PlatformHost)
    assert len(set(server.requests)) == 1


def test_an_answer_that_is_too_old_is_asked_for_again(engine, monkeypatch):
    with scripted(lambda request: [reply(request, "200 OK")]) as server:
        it = engine(platform=SipTarget(HOST), sip=SandboxSipDial({HOST: ("127.0.0.1", server.port)}))
        first = it._ask_platform()
        assert first.result(20).outcome is Outcome.PASS
        monkeypatch.setattr("trunkline.sip.platform.ASKED_EVERY", 0.0)
        assert it._ask_platform().result(20).outcome is Outcome.PASS
    assert len(set(server.requests)) == 2
