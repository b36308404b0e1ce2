"""The wire before Kamailio; each row is one way in which carriers answer."""

import os
import shutil
import subprocess

import pytest

from sip_servers.kamailio import HOST, PASSWORD, REALM, USER
from sip_servers.name_server import name_server
from trunkline.sip.answer import SipTrouble, Unanswered
from trunkline.sip.dial import NetworkSipDial, SandboxSipDial
from trunkline.sip.limits import SipLimits
from trunkline.sip.resolution import Resolver
from trunkline.sip.server import SipServer

from .conftest import QUICK

METHODS, TRANSPORTS = ("OPTIONS", "REGISTER"), ("udp", "tcp")


@pytest.fixture
def asked(kamailio, ask):
    """Ask the Kamailio that plays this carrier, as its customer."""

    def asked(carrier, method="OPTIONS", transport="udp", **more):
        server = SipServer(f"{carrier}.acme.example", transport=transport, realm=more.pop("realm", None))
        credentials = {"user": USER, "password": PASSWORD} | more
        return ask(server, method, dial=SandboxSipDial(kamailio.hosts), **credentials).answer

    return asked


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("carrier", "algorithm"), [("md5", "MD5"), ("sha256", "SHA-256"), ("proxy", "MD5")])
def test_digest_is_accepted(asked, carrier, algorithm, method, transport):
    answer = asked(carrier, method, transport)
    assert (answer.status, answer.challenged, answer.authenticated) == (200, True, True)
    assert (answer.algorithm, answer.realm, answer.transport) == (algorithm, REALM, transport)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(("carrier", "status"), [("md5", 401), ("sha256", 401), ("proxy", 407)])
def test_a_wrong_password_is_challenged_again_and_not_tried_twice(asked, carrier, status, transport):
    answer = asked(carrier, transport=transport, password="not the password")
    assert (answer.status, answer.answered, answer.authenticated) == (status, True, False)


@pytest.mark.parametrize("carrier", ["md5", "sha256"])
def test_without_credentials_a_challenge_is_an_answer(asked, carrier):
    answer = asked(carrier, user=None)
    assert (answer.status, answer.challenged, answer.answered) == (401, True, False)
    assert answer.unanswered is Unanswered.NO_CREDENTIALS


def test_a_challenge_for_another_realm_is_not_answered(asked):
    answer = asked("md5", realm="other.example")
    assert (answer.status, answer.answered, answer.unanswered) == (401, False, Unanswered.OTHER_REALM)
    assert asked("md5", realm=REALM).authenticated


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    ("carrier", "method", "status"),
    [
        ("open", "OPTIONS", 200),
        ("open", "REGISTER", 200),
        ("trunk", "OPTIONS", 200),
        ("trunk", "REGISTER", 405),
        ("unlisted", "OPTIONS", 403),
        ("busy", "OPTIONS", 503),
    ],
)
def test_an_answer_without_a_challenge_says_nothing_of_credentials(asked, carrier, method, status, transport):
    answer = asked(carrier, method, transport)
    assert (answer.status, answer.challenged, answer.authenticated) == (status, False, False)
    assert answer.server == "Acme SBC 7"


def test_what_the_answer_says_beside_its_status_is_told(asked):
    assert asked("busy").retry_after == 17
    assert asked("open").allow == ("INVITE", "ACK", "OPTIONS")


def test_a_403_after_our_answer_was_taken_is_told_apart_from_one_before_any_challenge(asked):
    barred, unlisted = asked("barred"), asked("unlisted")
    assert (barred.status, barred.challenged, barred.answered) == (403, True, True)
    assert (unlisted.status, unlisted.challenged, unlisted.answered) == (403, False, False)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_server_that_drops_what_it_does_not_know_is_silent(asked, transport):
    assert asked("silent", transport=transport, limits=QUICK).trouble is SipTrouble.SILENT


# TLS


def over_tls(kamailio, ask, port, **settings):
    with name_server({(HOST, "A"): ["127.0.0.1"]}) as place:
        dial = NetworkSipDial(allowed_hosts=[HOST], resolver=Resolver(place), **settings)
        return ask(SipServer(HOST, port, "tls"), dial=dial, limits=SipLimits(connect_seconds=1.5)).answer


def test_a_good_certificate_is_accepted(kamailio, ask):
    answer = over_tls(kamailio, ask, kamailio.tls_ports["good"], authorities=kamailio.authority)
    assert (answer.status, answer.transport) == (200, "tls")


@pytest.mark.parametrize("kind", ["expired", "wrong_name", "unknown_authority", "self_signed"])
def test_a_bad_certificate_says_in_which_way(kamailio, ask, kind):
    answer = over_tls(kamailio, ask, kamailio.tls_ports[kind], authorities=kamailio.authority)
    assert answer.trouble is SipTrouble(f"certificate_{kind}")


def test_the_authorities_of_the_system_are_trusted_and_no_other(kamailio, ask):
    answer = over_tls(kamailio, ask, kamailio.tls_ports["good"])
    assert answer.trouble is SipTrouble.CERTIFICATE_UNKNOWN_AUTHORITY


def test_a_plain_server_on_the_port_of_tls_is_told(kamailio, ask):
    answer = over_tls(kamailio, ask, kamailio.port("open"), authorities=kamailio.authority)
    assert answer.trouble is SipTrouble.NO_TLS


def test_tcp_to_a_port_of_tls_is_closed_without_an_answer(kamailio, ask):
    answer = ask(SipServer("127.0.0.1", kamailio.tls_ports["good"], "tcp")).answer
    assert answer.trouble is SipTrouble.CLOSED


# Names


def test_srv_fails_over_from_a_refused_and_a_busy_server_to_one_that_answers(kamailio, ask):
    port = kamailio.port("open")
    zone = {
        ("_sip._udp.open.acme.example", "SRV"): ["10 1 1 closed.acme.example.", f"20 1 {port} live.acme.example."],
        ("closed.acme.example", "A"): ["127.0.0.2"],
        ("live.acme.example", "A"): ["127.0.0.1"],
    }
    with name_server(zone) as place:
        dial = NetworkSipDial(allowed_hosts=["open.acme.example"], resolver=Resolver(place))
        asked = ask(SipServer("open.acme.example", transport="udp"), dial=dial)
    assert (asked.answer.status, asked.answer.address) == (200, f"127.0.0.1:{port}")
    assert [each.status for each in asked.exchanges] == [None, 200]


# A second opinion


def sipsak(*arguments):
    program = shutil.which("sipsak")
    if program is None:
        if "kamailio" in os.environ.get("TRUNKLINE_REQUIRE", ""):
            pytest.fail("no sipsak is installed")
        pytest.skip("no sipsak is installed; run: apt-get install sipsak")
    run = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=30, check=False)
    return run.returncode, run.stdout + run.stderr


@pytest.mark.parametrize("carrier", ["open", "md5", "unlisted", "busy"])
def test_sipsak_sees_what_the_wire_sees(kamailio, asked, carrier):
    port = kamailio.port(carrier)
    _, said = sipsak("-vvv", "-s", f"sip:{carrier}@127.0.0.1:{port}")
    assert f"SIP/2.0 {asked(carrier, user=None).status} " in said


def test_sipsak_sends_the_credentials_that_the_wire_sends_and_is_accepted_too(kamailio, asked):
    assert asked("md5").authenticated
    port = kamailio.port("md5")
    code, said = sipsak("-vvv", "-s", f"sip:md5@127.0.0.1:{port}", "-u", USER, "-a", PASSWORD)
    assert code == 0
    assert "SIP/2.0 401 " in said
    assert "SIP/2.0 200 " in said
