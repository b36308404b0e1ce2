"""How large an answer may be, how long it may take, and how hard a carrier is asked."""

import contextlib
import gzip
import http.client
import socket
import threading
import time
import tracemalloc

import pytest

from trunkline.deadline import Deadline
from trunkline.descriptor import Pace
from trunkline.errors import CarrierAnswerUnexpected, CarrierTimedOut, CarrierUnavailable, WriteOutcomeUnknown
from trunkline.http.dial import CarrierDial, SandboxDial
from trunkline.http.pace import AHEAD, AccountPace, Paces
from trunkline.public_addresses import is_public

URL = "https://api.acme.example/x"


def sent():
    """What a turn is waited for, where that does not matter."""


@contextlib.contextmanager
def the_only_turn_taken_until_waited_for_by(thread, pace):
    """Inside the block the thread waits for its turn, which it has had afterwards."""
    with pace.turn(Deadline.after(10), time.sleep) as held:
        held.begin(sent)
        thread.start()
        while not pace.slots._waiting:
            thread.join(0.001)
        yield
    thread.join()


def _body(body, *headers):
    return "\r\n".join(["HTTP/1.1 200 OK", *headers, f"Content-Length: {len(body)}", "", ""]).encode() + body


def test_an_answer_up_to_the_cap_is_whole(wire, carrier):
    carrier.then(_body(b"x" * 1000))
    assert wire(response_bytes=1000).get(URL).content == b"x" * 1000


def test_an_answer_over_the_cap_is_refused_and_not_asked_for_again(wire, carrier):
    carrier.then(_body(b"x" * 1001))
    with pytest.raises(CarrierAnswerUnexpected):
        wire(response_bytes=1000).get(URL)
    assert len(carrier.asked) == 1


def test_the_outcome_of_a_write_with_an_answer_over_the_cap_is_unknown(wire, carrier):
    carrier.then(_body(b"x" * 1001))
    with pytest.raises(WriteOutcomeUnknown):
        wire(response_bytes=1000).post(URL)


def test_the_cap_counts_decoded_bytes_and_a_bomb_takes_little_memory(wire, carrier):
    bomb = gzip.compress(bytes(200 * 1024 * 1024))
    carrier.then(_body(bomb, "Content-Encoding: gzip"))
    tracemalloc.start()
    try:
        with pytest.raises(CarrierAnswerUnexpected):
            wire(response_bytes=1024 * 1024).get(URL)
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_a_compressed_answer_is_read(wire, carrier):
    carrier.then(_body(gzip.compress(b'{"a": 1}'), "Content-Encoding: gzip"))
    assert wire().get(URL).json() == {"a": 1}


def test_an_answer_that_cannot_be_decompressed_is_unavailable(wire, carrier):
    carrier.then(*[_body(b"no gzip", "Content-Encoding: gzip")] * 4)
    with pytest.raises(CarrierUnavailable):
        wire().get(URL)


def _trickle(carrier, head):
    def send(conn):
        conn.sendall(head)
        while not carrier.finish.wait(0.02):
            conn.sendall(b"x")

    return send


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
def test_an_answer_that_trickles_ends_at_the_deadline(wire, carrier, head):
    carrier.then(_trickle(carrier, head))
    started = time.monotonic()
    with pytest.raises(CarrierTimedOut):
        wire(seconds=0.4).get(URL)
    assert 0.3 < time.monotonic() - started < 3


def test_an_answer_that_stalls_is_not_asked_for_again(wire, carrier):
    def stall(conn):
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
        carrier.finish.wait(20)

    carrier.then(stall)
    with pytest.raises(CarrierTimedOut):
        wire(read_seconds=0.1).get(URL)
    assert len(carrier.asked) == 1


def test_connections_are_kept(wire, carrier):
    def twice(conn):
        with conn.makefile("rb") as file:
            conn.sendall(_body(b"{}"))
            while file.readline().strip():
                pass
            conn.sendall(_body(b"[]"))

    carrier.then(twice)
    session = wire()
    assert [session.get(URL).text, session.get(URL).text] == ["{}", "[]"]
    assert len(carrier.asked) == 1


def test_a_name_that_leads_to_a_private_address_is_not_spoken_to(wire, carrier, account, monkeypatch):
    real = socket.getaddrinfo
    port = int(carrier.address.rpartition(":")[2])
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, _, *rest, **more: real("127.0.0.1", port, *rest, **more))
    with pytest.raises(CarrierUnavailable):
        wire(dial=CarrierDial()).post(URL)
    assert not carrier.asked


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.1.1",
        "192.168.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "::ffff:10.0.0.1",
    ],
)
def test_private_loopback_link_local_and_multicast_addresses_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2600::1", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)


def test_a_sandbox_is_told_the_carriers_host_and_answers_under_its_address(wire, carrier):
    response = wire().get(URL + "?q=1")
    assert carrier.asked[0][:2] == ("GET", "/x?q=1")
    assert carrier.asked[0][2]["host"] == "api.acme.example"
    assert response.url == URL + "?q=1"
    assert response.request.url == URL + "?q=1"


def test_concurrency_is_bounded_over_calls_and_threads(wire, carrier):
    pace, lock, full, under_way = AccountPace(Pace(concurrency=3)), threading.Lock(), threading.Event(), [0]
    counts = []

    def answer(conn):
        with lock:
            under_way[0] += 1
            counts.append(under_way[0])
            if under_way[0] == 3:
                full.set()
        full.wait(5)
        with lock:
            under_way[0] -= 1
        conn.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")

    carrier.then(*[answer] * 16)
    sessions = [wire(pace=pace) for _ in range(4)]
    threads = [threading.Thread(target=s.get, args=(URL,)) for s in sessions for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(counts) == 3
    assert len(carrier.asked) == 16


def test_while_the_carrier_has_all_it_takes_few_more_are_made_ready(wire, carrier):
    pace, go_on = AccountPace(Pace(concurrency=1)), threading.Event()

    class Dialled:
        def __init__(self):
            self.now, self.most, self.three = 0, 0, threading.Event()

        def send(self, request, timeout):
            self.now += 1
            self.most = max(self.most, self.now)
            if self.now == 1 + AHEAD:
                self.three.set()
            try:
                return carrier.dial.send(request, timeout)
            finally:
                self.now -= 1

    def answer(conn):
        go_on.wait(5)
        conn.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")

    dial = Dialled()
    carrier.then(answer)
    threads = [threading.Thread(target=wire(dial=dial, pace=pace).get, args=(URL,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    assert dial.three.wait(5)
    assert len(carrier.asked) == 1
    go_on.set()
    for thread in threads:
        thread.join()
    assert dial.most == 1 + AHEAD
    assert len(carrier.asked) == 6


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_is_closed_while_a_turn_is_waited_for_costs_no_write(wire, carrier, monkeypatch, method):
    """The carrier hung up on an idle connection: nothing was sent on it, and a fresh one is tried."""
    monkeypatch.setattr("trunkline.http.bounded._SURELY_OPEN_SECONDS", 0.0)
    kept, closed = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", threading.Event()

    def answer_and_hang_up(conn):
        conn.sendall(kept)
        closing.wait(5)
        conn.shutdown(socket.SHUT_RDWR)
        closed.set()

    closing = threading.Event()
    carrier.then(answer_and_hang_up)
    pace = AccountPace(Pace(concurrency=1))
    session = wire(pace=pace)
    session.get(URL)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(session.request(method, URL)))
    with the_only_turn_taken_until_waited_for_by(thread, pace):
        closing.set()
        assert closed.wait(5)
    assert answers[0].status_code == 200
    assert [asked[0] for asked in carrier.asked] == ["GET", method]


def test_requests_are_spaced_by_the_rate(wire, slept):
    session = wire(pace=AccountPace(Pace(concurrency=4, per_second=2)))
    for _ in range(4):
        session.get(URL)
    assert len(slept) == 3
    assert slept == sorted(slept)
    assert 1.0 < slept[-1] <= 1.5


def test_a_turn_that_comes_after_the_deadline_is_refused(wire, carrier):
    session = wire(seconds=0.5, pace=AccountPace(Pace(concurrency=4, per_second=0.01)))
    session.get(URL)
    with pytest.raises(CarrierTimedOut):
        session.get(URL)
    assert len(carrier.asked) == 1


def test_no_free_slot_by_the_deadline_is_a_timeout():
    pace = AccountPace(Pace(concurrency=1))
    with pace.turn(Deadline.after(5), time.sleep) as held:
        held.begin(sent)
        with pace.turn(Deadline.after(0.01), time.sleep) as late, pytest.raises(CarrierTimedOut):
            late.begin(sent)
    with pace.turn(Deadline.after(0.01), time.sleep) as free:
        free.begin(sent)


def test_turns_come_in_the_order_of_arrival_but_for_those_made_ready_together():
    pace, order = AccountPace(Pace(concurrency=1)), []

    def wait_turn(name):
        with pace.turn(Deadline.after(10), time.sleep) as turn:
            turn.begin(sent)
            order.append(name)

    threads = []
    with pace.turn(Deadline.after(10), time.sleep) as held:
        held.begin(sent)
        for name in range(5):
            threads.append(threading.Thread(target=wait_turn, args=(name,)))
            threads[-1].start()
            while len(pace.slots._waiting) + len(pace.places._waiting) <= name:
                threads[-1].join(0.001)
    wait_turn(5)
    for thread in threads:
        thread.join()
    assert sorted(order) == list(range(6))
    assert all(abs(order.index(name) - name) <= AHEAD for name in range(6))


def test_who_ends_a_turn_sends_what_is_ready_next():
    pace, senders = AccountPace(Pace(concurrency=1)), []

    def wait_turn():
        with pace.turn(Deadline.after(10), time.sleep) as turn:
            turn.begin(lambda: senders.append(threading.current_thread()))

    thread = threading.Thread(target=wait_turn)
    with the_only_turn_taken_until_waited_for_by(thread, pace):
        pass
    assert senders == [threading.current_thread()]


@pytest.mark.parametrize("size", [100, 100_000])
def test_a_large_request_is_not_sent_by_another_thread(wire, carrier, monkeypatch, size):
    """Its sending may take as long as the carrier likes: only the thread that wants it waits for that."""
    pace, senders = AccountPace(Pace(concurrency=1)), []
    sending = http.client.HTTPConnection.send

    def noted(connection, data):
        senders.append(threading.current_thread())
        sending(connection, data)

    monkeypatch.setattr(http.client.HTTPConnection, "send", noted)
    thread = threading.Thread(target=wire(pace=pace).post, args=(URL,), kwargs={"data": b"x" * size})
    with the_only_turn_taken_until_waited_for_by(thread, pace):
        pass
    assert senders == [threading.current_thread() if size == 100 else thread]
    assert len(carrier.asked[0][3]) == size


@pytest.mark.parametrize("waits", [False, True])
def test_what_fails_while_it_is_sent_fails_where_it_was_wanted_and_frees_its_turn(waits):
    pace, failed = AccountPace(Pace(concurrency=1)), []

    def fail():
        raise ConnectionResetError("by the carrier")

    def want():
        with pytest.raises(ConnectionResetError), pace.turn(Deadline.after(10), time.sleep) as turn:
            turn.begin(fail)
        failed.append(threading.current_thread())

    thread = threading.Thread(target=want)
    with pace.turn(Deadline.after(10), time.sleep) as held:
        if waits:
            held.begin(sent)
        thread.start()
        while waits and not pace.slots._waiting:
            thread.join(0.001)
    thread.join()
    assert failed == [thread]
    with pace.turn(Deadline.after(0.01), time.sleep) as free:
        free.begin(sent)


def test_nothing_is_sent_in_a_turn_that_comes_after_the_deadline():
    """Its thread may not have been woken yet to give the turn up."""

    class JustPassed(Deadline):
        remaining, passed = 5.0, True

    pace = AccountPace(Pace(concurrency=1))
    sent_late = []
    with pace.turn(JustPassed(0), time.sleep) as turn, pytest.raises(CarrierTimedOut):
        turn.begin(lambda: sent_late.append(True))
    assert not sent_late
    assert pace.slots._free == 1


def test_turns_given_up_at_the_last_moment_lose_no_slot():
    pace, never, under_way, too_many, late = AccountPace(Pace(concurrency=2)), threading.Event(), [], [], []

    def want(milliseconds):
        def begun():
            under_way.append(turn)
            too_many.extend(under_way[2:])

        try:
            with pace.turn(Deadline.after(milliseconds / 1000), time.sleep) as turn:
                try:
                    turn.begin(begun)
                    never.wait(0.0005)
                finally:
                    if turn in under_way:
                        under_way.remove(turn)
        except CarrierTimedOut:
            late.append(milliseconds)

    def want_often():
        for at in range(100):
            want(at % 5)

    threads = [threading.Thread(target=want_often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not too_many
    assert 0 < len(late) < 800
    assert (pace.slots._free, pace.places._free) == (2, 2 + AHEAD)
    assert not pace.slots._waiting
    assert not pace.places._waiting


def test_all_calls_for_one_account_share_its_pace_and_old_ones_are_forgotten():
    paces = Paces(keep=2)
    first = paces.of("a", Pace())
    assert paces.of("a", Pace()) is first
    paces.of("b", Pace())
    assert paces.of("a", Pace()) is first
    paces.of("c", Pace())
    assert paces.of("a", Pace()) is first
    assert len(paces._paces) == 2


def test_a_dial_closes():
    CarrierDial().close()
    SandboxDial({}).close()
