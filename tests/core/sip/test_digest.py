"""Challenges as they are read, and answers as RFC 7616, 2617 and 2069 compute them."""

import hashlib
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.sip.digest import Challenge, challenges
from trunkline.sip.message import Response

TEXT = st.text(string.printable.replace("\n", "").replace("\r", ""), max_size=40)


def offered(*values, status=401):
    name = {401: "www-authenticate", 407: "proxy-authenticate"}[status]
    return challenges(Response(status, "", tuple((name, value) for value in values)))


def response_in(header):
    return re.search(r' response="([0-9a-f]+)"', header[1])[1]


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_answer_is_that_of_rfc_7616_3_9_1(algorithm, expected):
    nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
    challenge = Challenge(401, "http-auth@example.org", nonce, algorithm, "auth")
    answer = challenge.answer(
        method="GET",
        uri="/dir/index.html",
        username="Mufasa",
        password="Circle of Life",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        count=1,
    )
    assert response_in(answer) == expected


def test_the_answer_without_qop_is_that_of_rfc_2069():
    challenge = Challenge(401, "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093")
    answer = challenge.answer(
        method="GET", uri="/dir/index.html", username="Mufasa", password="CircleOfLife", cnonce="unused", count=1
    )
    assert response_in(answer) == "1949323746fe6a43ef61f9606e7febea"
    assert "cnonce" not in answer[1]


def test_sha_512_256_is_the_hash_of_that_name_and_not_half_a_sha_512():
    challenge = Challenge(407, "r", "n", "SHA-512-256", "auth")
    header, value = challenge.answer(method="OPTIONS", uri="sip:h", username="u", password="p", cnonce="c", count=2)

    def digest(text):
        return hashlib.new("sha512_256", text.encode()).hexdigest()

    assert header == "Proxy-Authorization"
    expected = digest(f"{digest('u:r:p')}:n:00000002:c:auth:{digest('OPTIONS:sip:h')}")
    assert f'response="{expected}", algorithm=SHA-512-256, cnonce="c", qop=auth, nc=00000002' in value


def test_a_session_algorithm_mixes_in_both_nonces():
    answer = Challenge(401, "r", "n", "MD5-sess", "auth").answer(
        method="OPTIONS", uri="sip:h", username="u", password="p", cnonce="c", count=1
    )

    def digest(text):
        return hashlib.md5(text.encode()).hexdigest()

    session = digest(f"{digest('u:r:p')}:n:c")
    assert response_in(answer) == digest(f"{session}:n:00000001:c:auth:{digest('OPTIONS:sip:h')}")
    assert "algorithm=MD5-sess" in answer[1]


def test_what_the_server_prefers_stays_on_top_and_what_is_unknown_is_passed_over():
    found = offered(
        'Digest realm="r", nonce="1", algorithm=SHA-1024',
        'Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth"',
        'Digest realm="r", nonce="3", algorithm=MD5',
    )
    assert [(each.nonce, each.hash_name) for each in found] == [("2", "SHA-256"), ("3", "MD5")]


def test_challenges_may_be_joined_in_one_header_and_stand_beside_other_schemes():
    found = offered(
        'Basic realm="x, y", Digest realm="a, Digest b", nonce="1", qop="auth-int, auth",algorithm=SHA-512-256 , '
        'Digest nonce = "2" , realm="r" ,stale=TRUE, opaque="o", Bearer'
    )
    assert found == (
        Challenge(401, "a, Digest b", "1", "SHA-512-256", "auth"),
        Challenge(401, "r", "2", None, None, "o", True),
    )


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Digest",
        'Digest realm="r"',
        'Digest nonce="n"',
        'Digest realm="r", nonce="n", qop="auth-int"',
        'Digest realm="r", nonce="n", realm="s"',
        'Digest realm="r", nonce="n',
        'realm="r", nonce="n"',
        'Digest realm="r", nonce="n" junk;',
        'Basic realm="r", nonce="n"',
    ],
)
def test_what_cannot_be_answered_is_no_challenge(value):
    assert offered(value) == ()


def test_a_realm_with_escapes_is_sent_back_and_hashed_as_it_stands():
    (challenge,) = offered(r'Digest realm="the \"inner\" \\ realm", nonce="n"', status=407)
    header, value = challenge.answer(method="M", uri="u", username='a"b\\c', password="p", cnonce="c", count=1)
    assert header == "Proxy-Authorization"
    assert r'username="a\"b\\c", realm="the \"inner\" \\ realm"' in value


@given(st.lists(TEXT, max_size=3), st.sampled_from([401, 407]))
def test_whatever_a_challenge_holds_is_read_without_a_crash(values, status):
    offered(*values, status=status)


WRITTEN = st.lists(st.sampled_from(["a", "Z", "9", " ", ",", "=", "\\\\", '\\"', "Digest "]), max_size=12).map("".join)


@given(WRITTEN, WRITTEN, TEXT, st.text(max_size=30))
def test_a_challenge_that_was_written_is_read_back_and_its_answer_never_holds_the_password(
    realm, nonce, username, password
):
    (challenge,) = offered(f'Digest realm="{realm}", nonce="{nonce}", qop="auth"')
    assert (challenge.realm, challenge.nonce) == (realm, nonce)
    without, answer = (
        challenge.answer(method="M", uri="u", username=username, password=each, cnonce="c", count=1)[1]
        for each in ("", password)
    )
    hidden = re.compile(r'response="[0-9a-f]{32}"')
    assert hidden.sub("", answer) == hidden.sub("", without)
