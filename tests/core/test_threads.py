"""Hook threads are daemons, are used again, retire when idle, and lose no work."""

import contextvars
import subprocess
import sys
import threading

import pytest

from trunkline import threads
from trunkline.threads import DaemonThreads


@pytest.mark.parametrize("error", [ValueError(), SystemExit(), KeyboardInterrupt(), GeneratorExit(), StopIteration()])
def test_whatever_work_raises_lands_in_its_future(error):
    def work():
        raise error

    assert DaemonThreads().start(work).exception(5) is error


AT_THE_END = """
import gc
from trunkline.threads import DaemonThreads
gc.disable()

class Left:
    def __del__(self):
        print(type(DaemonThreads().start(print).exception(5)).__name__, flush=True)

left = Left()
left.itself = left
"""


def test_what_the_interpreter_closes_at_its_end_waits_for_no_thread():
    ran = subprocess.run([sys.executable, "-c", AT_THE_END], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "RuntimeError\n"


def test_a_thread_is_a_daemon_and_is_used_again():
    pool = DaemonThreads()
    first = pool.start(threading.current_thread).result(5)
    assert first.daemon
    assert first.name == "trunkline-hook"
    while not pool._idle:
        first.join(0.001)
    assert pool.start(threading.current_thread).result(5) is first


def test_work_runs_in_the_context_of_its_caller():
    place = contextvars.ContextVar("place", default="nowhere")
    place.set("here")
    assert DaemonThreads().start(place.get).result(5) == "here"


def test_idle_threads_retire_and_work_given_at_the_last_moment_is_done(monkeypatch):
    monkeypatch.setattr(threads, "_IDLE_SECONDS", 0.001)
    pool = DaemonThreads()
    used = {pool.start(threading.current_thread).result(5) for _ in range(300)}
    for thread in used:
        thread.join(5)
    assert not any(thread.is_alive() for thread in used)
    assert not pool._idle


def test_a_worker_that_was_just_given_work_does_not_retire():
    pool = DaemonThreads()
    worker = pool.start(threading.current_thread).result(5)
    while not pool._idle:
        worker.join(0.001)
    assert pool._worker() is worker
    assert not pool.retire(worker)
    pool.rest(worker)
    assert pool.start(lambda: 1).result(5) == 1


def test_many_callers_at_once_each_get_their_own_answer():
    pool, answers = DaemonThreads(), []

    def call(number):
        for i in range(50):
            answers.append(pool.start(lambda i=i: (number, i)).result(5) == (number, i))

    callers = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert answers == [True] * 400
