"""What no real server does on demand: stale nonces, spoofed and garbled answers, answers too large, late or never."""

import threading

import pytest

from sip_servers.scripted import header, reply, scripted
from trunkline.sip.answer import SipTrouble, Unanswered
from trunkline.sip.dial import NetworkSipDial
from trunkline.sip.limits import SipLimits
from trunkline.sip.resolution import Resolver
from trunkline.sip.server import SipServer

from .conftest import QUICK

TRANSPORTS = ("udp", "tcp")
DIGEST = 'WWW-Authenticate: Digest realm="r", nonce="{}", qop="auth"{}'


def at(server, transport="udp", **more):
    return SipServer("127.0.0.1", server.port, transport, **more)


def authorized(request):
    return "\nAuthorization: " in request


# Challenges


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_stale_nonce_is_taken_anew_once(ask, transport):
    def answer(request):
        if not authorized(request):
            return [reply(request, "401 Who", DIGEST.format("first", ""))]
        if 'nonce="first"' in request:
            return [reply(request, "401 Who", DIGEST.format("second", ", stale=true"))]
        return [reply(request, "200 OK")]

    with scripted(answer, transport) as server:
        asked = ask(at(server, transport))
    assert (asked.answer.status, asked.answer.authenticated) == (200, True)
    assert [each.status for each in asked.exchanges] == [401, 401, 200]
    assert [header(each, "CSeq") for each in server.requests] == ["1 OPTIONS", "2 OPTIONS", "3 OPTIONS"]
    assert len({header(each, "Via") for each in server.requests}) == 3
    assert len({header(each, "Call-ID") for each in server.requests}) == 1


def test_a_server_whose_nonces_are_always_stale_is_not_asked_for_ever(ask):
    count = iter(range(100))

    def answer(request):
        return [reply(request, "401 Who", DIGEST.format(next(count), ", stale=true"))]

    with scripted(answer) as server:
        asked = ask(at(server))
    assert (asked.answer.status, asked.answer.authenticated, len(server.requests)) == (401, False, 3)
    assert asked.answer.unanswered is Unanswered.STALE


def test_a_proxy_and_the_server_behind_it_are_both_answered_and_counted(ask):
    def answer(request):
        if "\nProxy-Authorization: " not in request:
            return [reply(request, "407 Proxy", DIGEST.format("p", "").replace("WWW", "Proxy"))]
        if not authorized(request):
            return [reply(request, "401 Who", DIGEST.format("w", ""))]
        return [reply(request, "200 OK")]

    with scripted(answer) as server:
        assert ask(at(server)).answer.authenticated
    assert "nc=00000002" in header(server.requests[-1], "Proxy-Authorization")
    assert "nc=00000001" in header(server.requests[-1], "Authorization")


def test_the_topmost_challenge_that_is_known_is_answered_and_no_weaker_one(ask):
    def answer(request):
        if authorized(request):
            return [reply(request, "200 OK")]
        offers = [DIGEST.format("n", f", algorithm={name}") for name in ("SHA-9", "SHA-512-256", "MD5")]
        return [reply(request, "401 Who", *offers)]

    with scripted(answer) as server:
        asked = ask(at(server))
    assert (asked.answer.algorithm, asked.answer.authenticated) == ("SHA-512-256", True)
    assert "algorithm=SHA-512-256" in header(server.requests[-1], "Authorization")


@pytest.mark.parametrize(
    ("challenge", "why"),
    [
        ('WWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-9', Unanswered.NO_COMMON_ALGORITHM),
        ("WWW-Authenticate: Digest garbled", Unanswered.NO_COMMON_ALGORITHM),
        ("X: none at all", Unanswered.NO_COMMON_ALGORITHM),
        (DIGEST.format("n", ""), Unanswered.OTHER_REALM),
    ],
)
def test_a_challenge_that_is_not_answered_says_why_and_sends_nothing(ask, challenge, why):
    with scripted(lambda request: [reply(request, "401 Who", challenge)]) as server:
        answer = ask(at(server, realm="mine")).answer
    assert (answer.status, answer.challenged, answer.answered, answer.unanswered) == (401, True, False, why)
    assert len(server.requests) == 1


def test_silence_after_the_credentials_were_sent_is_told_as_such(ask):
    with scripted(lambda r: [] if authorized(r) else [reply(r, "401 Who", DIGEST.format("n", ""))]) as server:
        answer = ask(at(server), limits=QUICK).answer
    assert (answer.trouble, answer.challenged, answer.answered) == (SipTrouble.SILENT, True, True)
    assert not answer.authenticated


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (404, True), (408, False), (500, False), (503, False)])
def test_what_a_server_in_trouble_answers_to_credentials_does_not_accept_them(ask, status, accepted):
    def answer(request):
        return [reply(request, f"{status if authorized(request) else 401} X", DIGEST.format("n", ""))]

    with scripted(answer) as server:
        answer = ask(at(server)).answer
    assert (answer.status, answer.answered, answer.authenticated) == (status, True, accepted)


def test_a_realm_that_is_no_utf_8_is_sent_back_byte_for_byte_and_shown_without_the_odd_ones(ask):
    got = []

    def answer(request):
        got.append(request)
        challenge = DIGEST.format("n", "").replace('"r"', '"Caf\udce9"')
        return [reply(request, "200 OK" if authorized(request) else "401 Who", challenge)]

    with scripted(answer) as server:
        shown = ask(at(server)).answer
    assert 'realm="Caf\udce9"' in got[-1]
    assert (shown.authenticated, shown.realm) == (True, "Caf?")


# Which answer is ours


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_answers_another_request_is_passed_over(ask, transport):
    def answer(request):
        spoofed = [
            reply(request, "200 Spoofed", **{name: value})
            for name, value in (("via", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKguess"), ("call_id", "g"), ("cseq", "9 X"))
        ]
        theirs = request.replace("OPTIONS sip:127", "OPTIONS sip:us@127", 1).encode()
        return [*spoofed, theirs, reply(request, "100 Trying"), reply(request, "486 Busy Here")]

    with scripted(answer, transport) as server:
        assert ask(at(server, transport)).answer.status == 486


def test_over_udp_garbage_hides_no_answer(ask):
    def answer(request):
        return [b"", b"\0" * 40, b"SIP/2.0 200 OK\r\n\r\n", b"x" * 2000, reply(request, "200 OK")]

    with scripted(answer) as server:
        assert ask(at(server), limits=SipLimits(message_bytes=1000)).answer.status == 200


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_garbage_alone_is_malformed(ask, transport):
    with scripted(lambda request: [b"220 mail.example ESMTP\r\n\r\n"], transport) as server:
        assert ask(at(server, transport), limits=QUICK).answer.trouble is SipTrouble.MALFORMED


def test_a_stream_that_stops_in_the_middle_is_malformed(ask):
    with scripted(lambda request: [reply(request, "200 OK")[:-9]], "tcp") as server:
        assert ask(at(server, "tcp"), limits=QUICK).answer.trouble is SipTrouble.MALFORMED


def test_a_stream_that_never_ends_its_head_is_too_large(ask):
    with scripted(lambda request: [b"SIP/2.0 200 OK\r\n", b"X: y\r\n" * 20_000], "tcp") as server:
        assert ask(at(server, "tcp")).answer.trouble is SipTrouble.TOO_LARGE


def test_an_announced_body_over_the_bound_is_too_large_before_it_comes(ask):
    with scripted(lambda request: [b"SIP/2.0 200 OK\r\nl: 999999\r\n\r\n"], "tcp") as server:
        assert ask(at(server, "tcp")).answer.trouble is SipTrouble.TOO_LARGE


def test_a_stream_in_pieces_with_keep_alives_between_is_read(ask):
    def answer(request):
        whole = b"\r\n\r\n" + reply(request, "100 Trying") + b"\r\n" + reply(request, "200 OK")
        return [whole[i : i + 7] for i in range(0, len(whole), 7)]

    with scripted(answer, "tcp") as server:
        assert ask(at(server, "tcp")).answer.status == 200


# Time


def test_over_udp_a_request_that_was_lost_is_sent_again_unchanged(ask):
    got = []

    def answer(request):
        got.append(request)
        return [reply(request, "200 OK")] if len(got) == 3 else []

    with scripted(answer) as server:
        asked = ask(at(server), limits=SipLimits(t1=0.05, t2=0.1, answer_seconds=30, question_seconds=30))
    assert asked.answer.status == 200
    assert len(set(server.requests)) == 1
    assert len(asked.exchanges) == 1


def test_a_trickling_answer_ends_at_the_deadline(ask):
    over = threading.Event()

    def answer(request):
        def pieces():
            while not over.wait(0.05):
                yield b"\r\n"

        return pieces()

    with scripted(answer, "tcp") as server:
        asked = ask(at(server, "tcp"), limits=QUICK)
        over.set()
    assert asked.answer.trouble is SipTrouble.SILENT


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_port_where_nobody_listens_is_refused_at_once(ask, transport):
    with scripted(lambda request: [], transport) as server:
        pass
    asked = ask(at(server, transport))
    assert asked.answer.trouble is SipTrouble.REFUSED
    assert [each.status for each in asked.exchanges] == [None]


def test_with_auto_a_server_that_serves_only_tcp_is_found_there(ask):
    with scripted(lambda request: [reply(request, "200 OK")], "tcp") as server:
        answer = ask(at(server, "auto")).answer
    assert (answer.status, answer.transport) == (200, "tcp")
    assert answer.detail.startswith("udp 127.0.0.1")


def test_where_one_address_was_silent_the_whole_is_not_called_refused(ask):
    with scripted(lambda request: []) as server:
        answer = ask(at(server, "auto"), limits=QUICK).answer
    assert (answer.trouble, answer.transport) == (SipTrouble.SILENT, "udp")
    assert "tcp" in answer.detail


def test_a_name_that_cannot_be_looked_up_is_told_and_nothing_is_recorded(ask):
    dial = NetworkSipDial(resolver=Resolver(("127.0.0.1", 1)))
    asked = ask(SipServer("trunk.example"), dial=dial, limits=SipLimits(question_seconds=0.3))
    assert asked.answer.trouble is SipTrouble.NOT_LOOKED_UP
    assert asked.exchanges == []


# What is sent


@pytest.mark.parametrize(
    ("user", "caller"),
    [(None, "sip:trunkline@"), ("acme", "sip:acme@"), ("acme@sip.example", "sip:acme@"), ('a "b"', "sip:a%20%22b%22@")],
)
def test_from_names_the_user_of_the_credentials(ask, user, caller):
    with scripted(lambda request: [reply(request, "200 OK")]) as server:
        ask(at(server, domain="trunk.example"), user=user)
    (request,) = server.requests
    assert header(request, "From").startswith(f"<{caller}trunk.example>;tag=")
    assert request.startswith("OPTIONS sip:trunk.example SIP/2.0\r\n")
    assert header(request, "To") == "<sip:trunk.example>"


def test_a_registration_is_asked_for_the_user_and_carries_no_contact(ask):
    with scripted(lambda request: [reply(request, "200 OK")]) as server:
        ask(at(server), "REGISTER")
    (request,) = server.requests
    assert header(request, "To") == "<sip:acme@127.0.0.1>"
    assert not [line for line in request.lower().split("\r\n") if line.startswith(("contact", "m:", "expires"))]


def test_a_seeded_engine_says_the_same_words_again(ask):
    def words():
        with scripted(lambda request: [reply(request, "200 OK")]) as server:
            ask(at(server))
        return header(server.requests[0], "Call-ID"), header(server.requests[0], "From")[-24:]

    assert words() == words()


def test_private_addresses_are_not_even_connected_to(ask):
    with scripted(lambda request: [reply(request, "200 OK")]) as server:
        asked = ask(at(server), dial=NetworkSipDial())
        assert asked.answer.trouble is SipTrouble.ADDRESS_REFUSED
        assert ask(at(server), dial=NetworkSipDial(), trusted=True).answer.status == 200
    assert len(server.requests) == 1
