"""Any bytes in: an answer or a clear error out."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip_servers.scripted import reply
from trunkline.sip.message import Malformed, Response, TooLarge, is_request, whole_length

from .fuzz import REQUEST, fuzz

SENT = REQUEST.encode().decode()


def read(data, headers=64):
    return Response.parse(data, headers=headers)


def test_a_request_ends_its_head_and_announces_no_body():
    assert SENT.endswith("Content-Length: 0\r\n\r\n")
    assert is_request(REQUEST.encode())
    assert whole_length(REQUEST.encode(), most=1000) == len(SENT)
    assert "Contact" not in SENT


def test_short_names_folded_lines_and_case_are_read():
    answer = read(
        b"SIP/2.0 200 All right\r\nv: SIP/2.0/UDP h;branch=z9\r\n\t;rport=5\r\nCALL-ID:x\r\nl:2\r\nX-a : b \r\n\r\nhi"
    )
    assert (answer.status, answer.reason) == (200, "All right")
    assert answer.headers == (
        ("via", "SIP/2.0/UDP h;branch=z9 ;rport=5"),
        ("call-id", "x"),
        ("content-length", "2"),
        ("x-a", "b"),
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SIP/2.0 200 OK\r\n",
        b"SIP/2.0 099 Low\r\n\r\n",
        b"SIP/2.0 700 High\r\n\r\n",
        b"SIP/3.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"SIP/2.0 200 OK\nVia: x\n\n",
        b"SIP/2.0 200 OK\r\n folded\r\n\r\n",
        b"SIP/2.0 200 OK\r\nno colon\r\n\r\n",
        b"SIP/2.0 200 OK\r\n: no name\r\n\r\n",
        b"SIP/2.0 200 OK\r\nX: \x00\r\n\r\n",
        b"SIP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhi",
        b"SIP/2.0 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"SIP/2.0 200 OK\r\nContent-Length: 0\r\nl: 1\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_refused(data):
    with pytest.raises(Malformed):
        read(data)


def test_more_headers_than_the_bound_are_refused():
    with pytest.raises(TooLarge):
        read(b"SIP/2.0 200 OK\r\n" + b"X: 1\r\n" * 65 + b"\r\n")


@pytest.mark.parametrize("data", [b"x" * 101, b"SIP/2.0 200 OK\r\nContent-Length: 90\r\n\r\n"])
def test_a_stream_that_grows_past_the_bound_is_refused(data):
    with pytest.raises(TooLarge):
        whole_length(data, most=100)


def test_an_answer_to_this_very_request_is_known_as_such():
    assert read(reply(SENT, "200 OK")).answers(REQUEST)


@pytest.mark.parametrize(
    "changed",
    [
        {"via": "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKanother"},
        {"via": "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKbranch2"},
        {"via": "SIP/2.0/UDP 127.0.0.1"},
        {"from": "<sip:acme@trunk.example>;tag=another"},
        {"from": "<sip:acme@trunk.example>"},
        {"call_id": "another"},
        {"cseq": "3 OPTIONS"},
        {"cseq": "2 REGISTER"},
        {"cseq": "2"},
    ],
)
def test_an_answer_to_anything_else_is_not(changed):
    assert not read(reply(SENT, "200 OK", **changed)).answers(REQUEST)


def test_an_answer_with_a_second_via_went_another_way():
    assert not read(reply(SENT, "200 OK", "Via: SIP/2.0/UDP elsewhere;branch=z9hG4bKbranch")).answers(REQUEST)


PIECES = st.sampled_from(
    [b"SIP/2.0 200 OK\r\n", b"Via: ", b"\r\n", b"\r\n\r\n", b"l: 3\r\n", b" ", b":", b";branch=", b"CSeq: 1 X\r\n"]
)
SCRAPS = st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=12).map(b"".join)


@given(SCRAPS)
def test_any_bytes_are_an_answer_or_a_clear_error(data):
    is_request(data)
    try:
        length = whole_length(data, most=80)
        answer = read(data, headers=6)
    except (Malformed, TooLarge):
        return
    assert length is not None
    assert length <= 80
    assert 100 <= answer.status <= 699
    answer.answers(REQUEST)


WORDS = st.text("abcXYZ019-_.;=<>@", max_size=20)


@given(st.lists(st.tuples(st.sampled_from(["X-a", "Via", "ALLOW"]), WORDS), max_size=8))
def test_headers_that_were_written_are_read_back_in_order(headers):
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    assert read(f"SIP/2.0 180 Ringing\r\n{lines}\r\n".encode()).headers == tuple(
        (name.lower(), value) for name, value in headers
    )


def test_a_good_answer_spoilt_in_a_thousand_ways_is_read_or_refused():
    count, answers = fuzz(random.Random(3), times=1000)
    assert count == 1000
    assert 0 < answers < count
