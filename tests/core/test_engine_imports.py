"""Importing and releasing numbers: side by side, none sinking another, and honest about what was written."""

import contextvars
import datetime as dt
import threading

import attrs
import pytest

from trunkline.engine import Deadlines
from trunkline.errors import CarrierRefused, CarrierUnavailable, PluginBroken, PluginHung, WriteOutcomeUnknown
from trunkline.hookspec import hookimpl
from trunkline.numbers import Route

ROUTE = Route("trunk-1", "trunk", True)
URL = "https://api.acme.example/x"


@pytest.fixture
def importing(acme):
    """Makes a plugin that imports a number like this."""

    def make(does):
        class Importing(acme):
            @hookimpl
            def import_number(self, account, number, route, snapshot, call):
                return does(number, route, snapshot, call)

            @hookimpl
            def release_number(self, account, number, route, snapshot, call):
                return does(number, route, snapshot, call)

        return Importing()

    return make


def _routed(number, route, snapshot, call):
    return attrs.evolve(snapshot, points_at=route.id)


def test_as_many_numbers_as_the_carrier_takes_and_two_more_are_under_way_at_once(engine, importing, account, snapshot):
    lock, full, now, most = threading.Lock(), threading.Event(), [0], [0]

    def does(*given):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
            if now[0] == 4:
                full.set()
        full.wait(5)
        with lock:
            now[0] -= 1
        return _routed(*given)

    outcomes = list(engine(importing(does)).import_numbers(account, ROUTE, [snapshot(i) for i in range(10)]))
    assert most == [4]
    assert sorted(outcome.number for outcome in outcomes) == [snapshot(i).number.number for i in range(10)]
    assert all(outcome.readback and not outcome.error for outcome in outcomes)


def test_outcomes_come_as_they_happen(engine, importing, account, snapshot):
    first = threading.Event()

    def does(number, *rest):
        if number.handle == "n0":
            first.wait(5)
        return _routed(number, *rest)

    outcomes = engine(importing(does)).import_numbers(account, ROUTE, [snapshot(0), snapshot(1)])
    assert next(outcomes).number == snapshot(1).number.number
    first.set()
    assert next(outcomes).number == snapshot(0).number.number


def test_a_caller_that_stops_starts_no_more(engine, importing, account, snapshot):
    begun = []

    def does(number, *rest):
        begun.append(number)
        return _routed(number, *rest)

    outcomes = engine(importing(does)).import_numbers(account, ROUTE, [snapshot(i) for i in range(10)])
    next(outcomes)
    outcomes.close()
    assert len(begun) < 10


def test_one_bad_number_sinks_no_other(engine, importing, account, snapshot):
    bad = {
        "n0": CarrierRefused("No."),
        "n1": SystemExit("out"),
        "n2": None,
        "n3": "text",
    }

    def does(number, *rest):
        answer = bad.get(number.handle, ...)
        if isinstance(answer, BaseException):
            raise answer
        return _routed(number, *rest) if answer is ... else answer

    outcomes = list(engine(importing(does)).import_numbers(account, ROUTE, [snapshot(i) for i in range(6)]))
    codes = {each.number[-1]: each.error.code if each.error else "ok" for each in outcomes}
    assert codes == {"0": "carrier_refused", "1": "plugin_broken", "2": "plugin_broken", "3": "plugin_broken"} | {
        "4": "ok",
        "5": "ok",
    }


def test_after_a_refusal_for_all_only_what_is_routed_here_already_is_still_asked_for(
    engine, importing, account, snapshot
):
    begun = []

    def does(number, *rest):
        begun.append(number.handle)
        if number.handle != "n7":
            raise CarrierRefused("The account takes no more.", for_all=True)
        return _routed(number, *rest)

    here = attrs.evolve(snapshot(7), points_at=ROUTE.id)
    wanted = [*(snapshot(i) for i in range(7)), here, snapshot(8)]
    outcomes = {o.number[-1]: o.error for o in engine(importing(does)).import_numbers(account, ROUTE, wanted)}
    assert len(outcomes) == 9
    assert outcomes.pop("7") is None
    assert {str(error) for error in outcomes.values()} == {"The account takes no more."}
    # Four are under way at once when the first is refused, in whatever order they come.
    assert "n7" in begun
    assert len(begun) <= 6


@pytest.mark.parametrize("change", [{"points_at": "other"}, {"points_at": None}, {"number": None}])
def test_a_readback_that_points_elsewhere_is_an_error(engine, importing, account, snapshot, number, change):
    change = {"number": number(9)} if "number" in change else change
    plugin = importing(lambda n, route, s, call: attrs.evolve(s, **{"points_at": route.id, **change}))
    (outcome,) = engine(plugin).import_numbers(account, ROUTE, [snapshot(1)])
    assert outcome.error.code == "carrier_answer_unexpected"
    assert outcome.readback is None


@pytest.mark.parametrize("age", [31, -31, 10**9])
def test_a_stale_snapshot_is_not_used(engine, importing, account, snapshot, age):
    asked = []
    old = attrs.evolve(snapshot(1), read_at=snapshot(1).read_at - dt.timedelta(seconds=age))
    outcomes = engine(importing(lambda *given: asked.append(given))).import_numbers(account, ROUTE, [old])
    assert [outcome.error.code for outcome in outcomes] == ["snapshot_stale"]
    assert not asked


def test_a_snapshot_of_thirty_seconds_is_still_used(engine, account, snapshot):
    old = attrs.evolve(snapshot(1), read_at=snapshot(1).read_at - dt.timedelta(seconds=30))
    (outcome,) = engine().import_numbers(account, ROUTE, [old])
    assert outcome.readback


@pytest.mark.parametrize("moment", [dt.datetime(2026, 1, 1), "2026-01-01", None, dt.date(2026, 1, 1)])
def test_a_snapshot_knows_its_moment(snapshot, moment):
    with pytest.raises(TypeError):
        snapshot(1, read_at=moment)


def test_no_numbers_is_no_outcome(engine, account):
    assert list(engine().import_numbers(account, ROUTE, [])) == []


def _write(call):
    assert call.http.post(URL).ok


def test_a_plugin_that_breaks_after_its_write_leaves_the_outcome_unknown(engine, importing, account, snapshot, carrier):
    def does(number, route, snapshot, call):
        _write(call)
        raise ValueError("oops")

    it = engine(importing(does))
    (outcome,) = it.import_numbers(account, ROUTE, [snapshot(1)])
    assert isinstance(outcome.error, WriteOutcomeUnknown)
    assert "plugin_broken" in outcome.error.detail
    with pytest.raises(WriteOutcomeUnknown):
        it.release_number(account, snapshot(1).number.ref, ROUTE, snapshot(1))


def test_a_plugin_that_hangs_after_its_write_leaves_the_outcome_unknown(engine, importing, account, snapshot):
    released = threading.Event()

    def does(number, route, snapshot, call):
        _write(call)
        released.wait()

    it = engine(importing(does), deadlines=Deadlines(write=0.5, grace=0.05))
    (outcome,) = it.import_numbers(account, ROUTE, [snapshot(1)])
    released.set()
    assert isinstance(outcome.error, WriteOutcomeUnknown)


def test_a_number_that_hangs_is_given_up_and_the_others_go_on(engine, importing, account, snapshot):
    released = threading.Event()

    def does(number, *rest):
        if number.handle == "n0":
            released.wait(5)
        return _routed(number, *rest)

    it = engine(importing(does), deadlines=Deadlines(write=0.5, grace=0.05))
    outcomes = it.import_numbers(account, ROUTE, [snapshot(i) for i in range(9)])
    ended = [next(outcomes) for _ in range(9)]
    released.set()
    assert [outcome.error and outcome.error.code for outcome in ended] == [None] * 8 + [PluginHung.code]
    assert ended[-1].number == snapshot(0).number.number
    assert list(outcomes) == []


def test_once_too_many_hang_the_plugin_is_asked_for_no_more_numbers(engine, importing, account, snapshot):
    begun, released = [], threading.Event()

    def does(number, *rest):
        begun.append(number)
        released.wait(5)
        return _routed(number, *rest)

    it = engine(importing(does), deadlines=Deadlines(write=0.5, grace=0.05))
    outcomes = list(it.import_numbers(account, ROUTE, [snapshot(i) for i in range(50)]))
    released.set()
    assert len(outcomes) == 50
    assert len(begun) <= 8
    assert {outcome.error.code for outcome in outcomes} == {PluginHung.code, PluginBroken.code}


def test_observers_are_told_once_of_each_import_and_for_whom(engine, importing, account, snapshot):
    released, stuck, events = threading.Event(), [], []
    caller = contextvars.ContextVar("caller", default="nobody")

    def does(number, *rest):
        if number.handle == "n0":
            stuck.append(threading.current_thread())
            released.wait(5)
        return _routed(number, *rest)

    def observe(event):
        events.append((caller.get(), event.hook, event.code))

    it = engine(importing(does), deadlines=Deadlines(write=0.5, grace=0.05), observers=[observe])
    token = caller.set("somebody")
    outcomes = list(it.import_numbers(account, ROUTE, [snapshot(i) for i in range(3)]))
    caller.reset(token)
    assert len(outcomes) == 3
    released.set()
    # The one that hung comes back at last: that was told already.
    while stuck[0] not in it._threads._idle:
        stuck[0].join(0.001)
    assert events == [("somebody", "import_number", code) for code in ("ok", "ok", PluginHung.code)]


def test_an_observer_of_one_import_holds_up_no_other(engine, importing, account, snapshot):
    go_on, first = threading.Event(), threading.Lock()

    def observe(event):
        if first.acquire(blocking=False):
            go_on.wait(5)

    it = engine(importing(_routed), observers=[observe])
    outcomes = it.import_numbers(account, ROUTE, [snapshot(i) for i in range(3)])
    assert {next(outcomes).error, next(outcomes).error} == {None}
    go_on.set()
    assert next(outcomes).readback


def test_a_readback_that_fails_leaves_the_outcome_unknown(engine, importing, account, snapshot, carrier):
    carrier.then(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")

    def does(number, route, snapshot, call):
        _write(call)
        call.http.get(URL)
        raise CarrierUnavailable("Down.")

    (outcome,) = engine(importing(does)).import_numbers(account, ROUTE, [snapshot(1)])
    assert isinstance(outcome.error, WriteOutcomeUnknown)


def test_a_plugin_that_read_back_has_the_last_word(engine, importing, account, snapshot):
    def does(number, route, snapshot, call):
        _write(call)
        call.http.get(URL)
        raise CarrierUnavailable("It took no effect.")

    (outcome,) = engine(importing(does)).import_numbers(account, ROUTE, [snapshot(1)])
    assert type(outcome.error) is CarrierUnavailable


def test_where_nothing_was_written_nothing_is_unknown(engine, importing, account, snapshot, carrier):
    carrier.then(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")

    def does(number, route, snapshot, call):
        call.http.post(URL)
        raise ValueError("oops")

    (outcome,) = engine(importing(does)).import_numbers(account, ROUTE, [snapshot(1)])
    assert type(outcome.error) is PluginBroken


def test_a_route_is_prepared_and_a_number_verified_and_released(engine, account, snapshot):
    it = engine()
    assert it.prepare_route(account) == ROUTE
    assert it.verify_number(account, snapshot(1).number.ref, ROUTE).passed
    assert it.release_number(account, snapshot(1).number.ref, ROUTE, snapshot(1)).code == "restored"
