"""What is sent again, when, and what never is."""

import datetime as dt
import random
import socket
import ssl
import struct
from email.utils import format_datetime

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from trunkline.errors import CarrierTimedOut, CarrierUnavailable, WriteOutcomeUnknown
from trunkline.hookspec import hookimpl
from trunkline.http.dial import SandboxDial
from trunkline.http.patience import retry_after
from trunkline.numbers import SuggestedName

URL = "https://api.acme.example/x"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def _status(code, *headers):
    return "\r\n".join([f"HTTP/1.1 {code} Said", *headers, "Content-Length: 0", "", ""]).encode()


def _reset(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _truncated(conn):
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")


@pytest.mark.parametrize("fault", [_status(429), _status(502), _status(503), _status(504), _reset, _truncated])
@pytest.mark.parametrize(("method", "path"), [("GET", "/x"), ("HEAD", "/x"), ("POST", "/search/a")])
def test_a_read_is_sent_again(wire, carrier, slept, fault, method, path):
    if method == "HEAD" and fault is _truncated:
        pytest.skip("an answer to HEAD has no body that could end early")
    last = _status(200)
    carrier.then(fault, fault, last)
    assert wire().request(method, "https://api.acme.example" + path).status_code == 200
    assert len(carrier.asked) == 3
    assert len(slept) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 408, 500, 501])
def test_other_answers_are_taken_as_they_are(wire, carrier, status):
    carrier.then(_status(status))
    assert wire().get(URL).status_code == status
    assert len(carrier.asked) == 1


def test_a_read_is_given_up_after_so_many_attempts(wire, carrier):
    carrier.then(*[_status(503)] * 9)
    assert wire(attempts=3).get(URL).status_code == 503
    assert len(carrier.asked) == 3


def test_a_read_whose_connection_always_breaks_is_unavailable(wire, carrier):
    carrier.then(*[_reset] * 9)
    with pytest.raises(CarrierUnavailable) as error:
        wire().get(URL)
    assert type(error.value) is CarrierUnavailable
    assert len(carrier.asked) == 4


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_write_is_not_sent_again_after_an_answer(wire, carrier, status):
    carrier.then(_status(status))
    assert wire().post(URL).status_code == status
    assert len(carrier.asked) == 1


def test_a_write_is_sent_again_after_too_many_requests(wire, carrier):
    carrier.then(_status(429))
    assert wire().post(URL, data="x").status_code == 200
    assert [body for *_, body in carrier.asked] == [b"x", b"x"]


@pytest.mark.parametrize("fault", [_reset, _truncated, lambda conn: None])
def test_a_write_whose_answer_is_lost_is_sent_once(wire, carrier, fault):
    carrier.then(fault)
    session = wire()
    with pytest.raises(WriteOutcomeUnknown):
        session.post(URL)
    assert len(carrier.asked) == 1
    assert session.exchanges[0].status is None
    assert session.adapter.may_have_written


def test_a_write_that_is_not_answered_in_time_is_sent_once(wire, carrier):
    carrier.then(lambda conn: carrier.finish.wait(20))
    with pytest.raises(WriteOutcomeUnknown):
        wire(read_seconds=0.1).post(URL)
    assert len(carrier.asked) == 1


def test_a_read_that_is_not_answered_in_time_is_sent_once(wire, carrier):
    carrier.then(lambda conn: carrier.finish.wait(20))
    with pytest.raises(CarrierTimedOut):
        wire(read_seconds=0.1).get(URL)
    assert len(carrier.asked) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_connection_is_tried_again_for_reads_and_writes(wire, slept, method):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    session = wire(dial=SandboxDial({"https://api.acme.example": f"http://127.0.0.1:{port}"}))
    with pytest.raises(CarrierUnavailable) as error:
        session.request(method, URL)
    assert error.value.detail == "connection refused"
    assert len(slept) == 3
    assert not session.adapter.may_have_written


class _Raising:
    def __init__(self, error):
        self.error, self.sent = error, 0

    def send(self, request, timeout):
        self.sent += 1
        raise self.error

    def close(self):
        pass


def _tls(error):
    return requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(None, "/", urllib3.exceptions.SSLError(error)))


def _ssl_error(reason):
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


def test_a_certificate_that_does_not_fit_means_nothing_was_sent(wire):
    dial = _Raising(_tls(ssl.SSLCertVerificationError()))
    with pytest.raises(CarrierUnavailable):
        wire(dial=dial).post(URL)
    assert dial.sent == 1


@pytest.mark.parametrize("reason", ["WRONG_VERSION_NUMBER", "SSLV3_ALERT_HANDSHAKE_FAILURE"])
def test_a_failed_handshake_means_nothing_was_sent(wire, reason):
    with pytest.raises(CarrierUnavailable):
        wire(dial=_Raising(_tls(_ssl_error(reason)))).post(URL)


@pytest.mark.parametrize(
    "error",
    [
        _tls(_ssl_error("UNEXPECTED_EOF_WHILE_READING")),
        requests.exceptions.SSLError(),
        requests.exceptions.SSLError("said"),
        requests.exceptions.ConnectionError(),
        requests.exceptions.InvalidHeader(),
        urllib3.exceptions.ProtocolError(),
        ConnectionResetError(),
    ],
)
def test_a_connection_that_fails_at_an_unknown_moment_may_have_carried_the_write(wire, error):
    dial = _Raising(error)
    with pytest.raises(WriteOutcomeUnknown):
        wire(dial=dial).post(URL)
    assert dial.sent == 1


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.ConnectTimeout(),
        requests.exceptions.ConnectionError(
            urllib3.exceptions.MaxRetryError(None, "/", urllib3.exceptions.NameResolutionError("h", None, OSError()))
        ),
    ],
)
def test_what_never_connected_is_tried_again(wire, error):
    dial = _Raising(error)
    with pytest.raises(CarrierUnavailable):
        wire(dial=dial).post(URL)
    assert dial.sent == 4


def test_a_tls_greeting_from_a_server_that_speaks_none_sends_nothing(wire, carrier):
    plain = SandboxDial({"https://api.acme.example": carrier.address.replace("http:", "https:")})
    with pytest.raises(CarrierUnavailable):
        wire(dial=plain, read_seconds=1).post(URL)


@pytest.mark.parametrize(
    ("header", "least"),
    [
        ("2", 2.0),
        ("0", 0.0),
        (format_datetime(dt.datetime(2026, 1, 2, 3, 4, 9)), 4.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_waited_for_and_jitter_added(wire, carrier, slept, header, least):
    carrier.then(_status(429, f"Retry-After: {header}"))
    assert wire().get(URL).ok
    assert least <= slept[0] <= least + 0.5


@pytest.mark.parametrize("header", ["-5", "soon", "1e3", "\u0663", "Thu, 99 Foo 2026", "9" * 50, "1.5", ""])
def test_a_retry_after_that_says_nothing_sane_counts_as_none(wire, carrier, slept, header):
    carrier.then(_status(429, f"Retry-After: {header}").replace("\u0663".encode(), b"\xd9\xa3"))
    assert wire().get(URL).ok
    assert 0 <= slept[0] <= 0.5


@pytest.mark.parametrize("header", ["3600", "999999999", "Fri, 02 Jan 2099 00:00:00 GMT"])
def test_a_retry_after_beyond_the_deadline_is_not_waited_for(wire, carrier, slept, header):
    carrier.then(_status(429, f"Retry-After: {header}"))
    assert wire().get(URL).status_code == 429
    assert not slept


@pytest.mark.parametrize(("header", "waits"), [("4", 2), ("10", 1), ("11", 0)])
def test_a_carrier_is_waited_for_ten_seconds_in_all_and_no_longer(wire, carrier, slept, header, waits):
    carrier.then(*[_status(429, f"Retry-After: {header}")] * 4)
    assert wire().get(URL).status_code == 429
    assert len(slept) == waits
    assert sum(slept) <= 11


@given(
    st.text(st.characters(codec="latin-1"))
    | st.from_regex(r"\w{3}, \d+ \w{3} \d+ \d+:\d+:\d+ [+-]?\w+", fullmatch=True)
)
def test_retry_after_is_read_without_ever_failing(value):
    response = requests.Response()
    response.headers["Retry-After"] = value
    seconds = retry_after(response, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert seconds is None or seconds >= 0


def test_nothing_is_sent_once_the_deadline_has_passed(wire, carrier):
    with pytest.raises(CarrierTimedOut):
        wire(seconds=0).get(URL)
    assert not carrier.asked


@pytest.mark.parametrize("failures", [0, 1, 3])
def test_what_a_plugin_draws_does_not_depend_on_what_was_tried_again(acme, carrier, engine, account, failures):
    class DrawsAPassword(acme):
        @hookimpl
        def suggest_name(self, account, call):
            call.http.get(URL)
            return SuggestedName(f"{call.random.getrandbits(64):x}")

    def drawn(seed):
        slept = []
        carrier.then(*[_status(503)] * failures, _status(200))
        seeded = engine(DrawsAPassword(), rng=random.Random(seed), sleep=slept.append)
        return seeded.suggest_name(account).account_name, slept

    (name, slept), again, other = drawn(7), drawn(7), drawn(8)
    assert name == f"{random.Random(7).getrandbits(64):x}"
    assert len(slept) == failures
    assert again == (name, slept)
    assert other[0] != name
    assert not failures or other[1] != slept
