"""The SIP road that a plugin is handed: whom it may ask, what with, and what the engine makes of it."""

import traceback

import attrs
import pytest

from sip_servers.scripted import header, reply, scripted
from trunkline.account import CarrierAccount
from trunkline.checks import CREDENTIALS_VALID, INBOUND_REACHABLE, OUTBOUND_AUTHORIZED, CredentialTest, Outcome
from trunkline.descriptor import CredentialForm, DigestAuth, Field
from trunkline.engine import Engine
from trunkline.errors import PluginBroken, Unsupported
from trunkline.hookspec import hookimpl
from trunkline.sip.dial import NetworkSipDial, SandboxSipDial
from trunkline.sip.limits import SipLimits
from trunkline.sip.server import SipProxy, SipServer
from trunkline.sip.wire import SipWire, _steered

PASSWORD = "tok-S3cret/+value&more"
CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'
TRUNK = SipServer("trunk.example", transport="udp")
FORM = CredentialForm(
    "digest",
    "User and password",
    (Field("username", "User", "a user"), Field("password", "Password", "a password", secret=True)),
    DigestAuth("username", "password"),
)
GIVEN = {"username": "acme", "password": PASSWORD}


def takes_anything(request):
    return [reply(request, "200 OK")]


def takes_digest(request):
    return [reply(request, "200 OK" if "\nAuthorization: " in request else "401 Who", CHALLENGE)]


@pytest.fixture
def trunk(acme, engine, descriptor, check):
    """An engine whose one provider asks a SIP trunk, and the account of a customer of it."""

    class Trunk(acme):
        answers = []

        @hookimpl
        def describe_provider(self):
            return attrs.evolve(descriptor, credential_forms=(FORM,))

        def ask(self, call):
            return [call.sip.options(TRUNK), call.sip.register(TRUNK)]

        @hookimpl
        def test_credentials(self, account, call):
            with call.proving() as proof:
                self.answers[:] = self.ask(call)
            outcome = Outcome.PASS if any(each.authenticated for each in self.answers) else Outcome.UNKNOWN
            return CredentialTest(
                check(CREDENTIALS_VALID, outcome, proof()), check(INBOUND_REACHABLE), check(OUTBOUND_AUTHORIZED)
            )

    @attrs.define
    class World:
        plugin: Trunk
        engine: Engine

        def test(self, given=GIVEN):
            return self.engine.test_credentials(self.account(given))

        def account(self, given=GIVEN):
            return self.engine.account("acme", given, {"domain": "trunk.example"}, marker="m")

    def make(server=None, ask=None, **settings):
        plugin = Trunk()
        if ask:
            plugin.ask = ask
        hosts = {"trunk.example": ("127.0.0.1", server.port)} if server else {}
        return World(plugin, engine(plugin, sip=SandboxSipDial(hosts), **settings))

    return make


def test_digest_credentials_are_proven_by_what_the_wire_recorded(trunk):
    with scripted(takes_digest) as server:
        test = trunk(server).test()
    asked = [(each.method, each.host, each.path, each.status) for each in test.credentials.proof]
    assert asked == [
        (method, "trunk.example", "sip:trunk.example", status)
        for method in ("OPTIONS", "REGISTER")
        for status in (401, 200)
    ]
    assert {each.request_id for each in test.credentials.proof} == {header(r, "Call-ID") for r in server.requests}


def test_http_and_sip_are_proof_in_one_order(acme, engine, check):
    class Both(acme):
        @hookimpl
        def test_credentials(self, account, call):
            with call.proving() as proof:
                call.sip.options(TRUNK)
                call.http.get("https://api.acme.example/me")
            inbound, outbound = check(INBOUND_REACHABLE), check(OUTBOUND_AUTHORIZED)
            return CredentialTest(check(CREDENTIALS_VALID, proof=proof()), inbound, outbound)

    with scripted(takes_anything) as server:
        it = engine(Both(), sip=SandboxSipDial({"trunk.example": ("127.0.0.1", server.port)}))
        given = {"account": "AC123456", "token": PASSWORD}
        test = it.test_credentials(it.account("acme", given, {"domain": "trunk.example"}, marker="m"))
    assert [(each.method, each.status) for each in test.credentials.proof] == [("OPTIONS", 200), ("GET", 200)]


def test_an_unchallenged_trunk_passes_with_its_credentials_unknown(trunk):
    with scripted(takes_anything) as server:
        test = trunk(server).test()
    assert (test.passed, test.credentials.outcome) == (True, Outcome.UNKNOWN)


@pytest.mark.parametrize("given", [{}, {"username": "acme"}, {"password": PASSWORD}])
def test_half_credentials_answer_no_challenge_and_the_test_cannot_pass_on_them(trunk, given):
    with scripted(takes_digest) as server:
        world = trunk(server)
        with pytest.raises(PluginBroken) as caught:
            world.test(given)
    assert "without its credentials" in caught.value.detail
    assert not any(each.answered for each in world.plugin.answers)


def test_the_wire_asks_and_can_do_nothing_else():
    assert {name for name in vars(SipWire) if not name.startswith("_")} == {"options", "register", "challenged"}


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        ("trunk.example:5070", "trunk.example"),
        ("[2001:db8::1]:5070", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("TRUNK.example", "trunk.example"),
    ],
)
def test_a_host_may_be_named_with_its_port_and_its_brackets(descriptor, named, asked):
    account = CarrierAccount("acme", "api_key", FORM, {}, {"domain": named}, "m")
    assert list(_steered(attrs.evolve(descriptor, credential_forms=(FORM,)), account)) == [asked]


@pytest.mark.parametrize("secret", [set(), {"username"}, {"username", "password"}])
def test_a_digest_form_hides_its_password_and_not_its_user(secret):
    fields = tuple(Field(name, name, name, secret=name in secret) for name in ("username", "password"))
    with pytest.raises(ValueError, match="in the clear"):
        CredentialForm("digest", "Digest", fields, DigestAuth("username", "password"))


def test_nothing_is_sent_but_the_two_questions_and_no_contact(trunk):
    with scripted(takes_digest) as server:
        trunk(server).test()
    assert {request.partition(" ")[0] for request in server.requests} == {"OPTIONS", "REGISTER"}
    assert "contact" not in "".join(server.requests).lower()


@pytest.mark.parametrize(
    "stranger",
    [
        SipServer("other.example"),
        SipServer("127.0.0.1"),
        SipServer("trunk.example", outbound_proxy=SipProxy("other.example")),
    ],
)
def test_a_server_that_the_customer_did_not_name_is_not_asked(trunk, stranger):
    with pytest.raises(PluginBroken, match="did not name"):
        trunk(None, lambda call: [call.sip.options(stranger)]).test()


def test_a_plugin_does_not_ask_for_ever(trunk):
    with scripted(takes_anything) as server, pytest.raises(PluginBroken):
        trunk(server, lambda call: [call.sip.options(TRUNK) for _ in range(99)]).test()
    assert len(server.requests) == SipLimits().questions_per_call


def test_a_host_without_a_sandbox_is_not_looked_for_elsewhere(trunk):
    with pytest.raises(Unsupported, match="no sandbox"):
        trunk().test()


def test_an_engine_that_dials_sandboxes_reaches_no_sip_server_unasked(acme, engine):
    assert isinstance(engine()._roads().sip_dial, SandboxSipDial)
    assert isinstance(engine(dial=None)._roads().sip_dial, NetworkSipDial)


def test_a_sip_password_is_not_sent_over_http(trunk, carrier):
    with pytest.raises(PluginBroken, match="over HTTP"):
        trunk(None, lambda call: [call.http.get("https://api.acme.example/me")]).test()
    assert carrier.asked == []


def test_the_password_is_in_no_request_answer_or_error(trunk):
    def echoes(request):
        if "\nAuthorization: " not in request:
            return [reply(request, "401 Who", CHALLENGE)]
        return [reply(request, f"403 {PASSWORD}", f"Server: {PASSWORD}", f"Allow: {PASSWORD}")]

    with scripted(echoes) as server:
        world = trunk(server)
        world.plugin.ask = lambda call: [call.sip.options(TRUNK)]
        world.test()
        world.plugin.ask = lambda call: 1 / 0
        with pytest.raises(PluginBroken) as caught:
            world.test()
    said = repr(world.plugin.answers) + "".join(traceback.format_exception(caught.value)) + str(caught.value.detail)
    assert PASSWORD not in "".join(server.requests) + said
    assert world.plugin.answers[0].reason == world.plugin.answers[0].server == "[redacted]"
