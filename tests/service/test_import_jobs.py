"""Import jobs: what a request has no time for goes on by itself, a few numbers at a time."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import attrs
import pytest
from acme import KEY
from harness import CONNECTIONS, NUMBERS, PHONE_NUMBERS, World
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from trunkline.errors import (
    CarrierUnavailable,
    CredentialsRejected,
    NumberNotFound,
    PluginBroken,
    WriteOutcomeUnknown,
)
from trunkline_service import import_worker, recovery
from trunkline_service.storage import import_jobs
from trunkline_service.storage.queue import TASK

JOBS = "/v1/import-jobs"
ONE, TWO, THREE = NUMBERS
A_CHUNK = 4
"""How many numbers of the test carrier are imported at a time: four side by side take half a second."""


@pytest.fixture(autouse=True)
def _short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunkline_service.import_jobs._CHUNK_SECONDS", 0.5)


def many(count: int, prefix: str = "+1556") -> list[str]:
    return [f"{prefix}{n:07}" for n in range(count)]


def connect_many(world: World, count: int, key: str = "many", prefix: str = "+1556", **more: Any) -> tuple[int, Any]:
    """A connection to an account of that many numbers, and the numbers."""
    numbers = many(count, prefix)
    world.carrier.open(key, *numbers)
    return world.connect({"apiKey": key}, **more)["id"], numbers


def begin(world: World, connection: int, numbers: Any, **more: Any) -> dict[str, Any]:
    """A job of an import, as it was answered."""
    path = f"{CONNECTIONS}/{connection}/import-numbers"
    answer = world.post(path, {"numbers": list(numbers)}, Prefer="respond-async", **more)
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{JOBS}/{made['id']}"
    return made


def shown(world: World, job: dict[str, Any], **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = world.get(f"{JOBS}/{job['id']}", **more).json()
    return made


def work(world: World) -> int:
    """Give every job that is due its turns; gives how many there were."""
    turns = 0
    while import_worker.go_on_with_next(world.service):
        turns += 1
    return turns


def counts(job: dict[str, Any]) -> tuple[str, int, int, int]:
    return job["state"], job["imported_count"], job["failed_count"], job["remaining_count"]


def codes(job: dict[str, Any]) -> list[str | None]:
    return [each.get("error", {}).get("code") for each in job["results"]]


def test_a_job_ends_like_the_same_import_at_once(any_world: World) -> None:
    world = any_world
    world.carrier.accounts[KEY]["numbers"][TWO]["voice"] = False
    wanted = ["12345", TWO, ONE, "+15559999999", ONE, THREE]
    at_once = world.import_(world.connect()["id"], *wanted)
    _, other = world.organization_with_key("sandbox")
    job = begin(world, world.connect(key=other)["id"], wanted, key=other)
    assert counts(job) == ("queued", 0, 2, 4)
    assert codes(job) == ["invalid_number", "duplicate_in_request"]
    assert (job["provider_charge_estimate_cents"], job["finished_at"]) == (None, None)
    assert work(world) == 1
    ended = shown(world, job, key=other)
    assert counts(ended) == ("done", 2, 4, 0)
    for field in ("imported_count", "provider_charge_estimate_cents", "provider_charge_note", "warnings"):
        assert ended[field] == at_once[field]
    without_ids = [[{**each, "id": bool(each["id"])} for each in one["results"]] for one in (ended, at_once)]
    assert without_ids[0] == without_ids[1]
    assert {each["id"] for each in ended["results"] if each["id"]} == {
        each["id"] for each in world.get(PHONE_NUMBERS, key=other).json()
    }


def test_a_job_leaves_to_the_customer_what_the_same_import_at_once_does(any_world: World) -> None:
    world = any_world
    world.carrier.by_hand = True
    connection, numbers = connect_many(world, A_CHUNK + 1)
    _, other = world.organization_with_key("sandbox")
    at_once = world.import_(world.connect({"apiKey": "many"}, key=other)["id"], *numbers, key=other)
    job = begin(world, connection, [*numbers, "12345"])
    assert "instructions" not in job
    import_worker.go_on_with_next(world.service)
    addresses = [each["number"] for each in shown(world, job)["instructions"]["sip_addresses"]]
    assert addresses == numbers[:A_CHUNK]
    work(world)
    assert shown(world, job)["instructions"] == at_once["instructions"]


def test_a_number_that_is_tried_again_is_left_to_the_customer_once(any_world: World) -> None:
    world = any_world
    world.carrier.by_hand = True
    job = begin(world, world.connect()["id"], [ONE, TWO])
    world.carrier.fail["import_number"] = CarrierUnavailable("Acme is down.")
    work(world)
    world.carrier.fail.clear()
    world.clock.forward(seconds=6)
    work(world)
    ended = shown(world, job)
    assert counts(ended) == ("done", 2, 0, 0)
    assert [each["number"] for each in ended["instructions"]["sip_addresses"]] == [ONE, TWO]


def test_what_is_left_to_the_customer_outlives_a_turn_whose_outcomes_were_not_kept(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = any_world
    world.carrier.by_hand = True
    job = begin(world, world.connect()["id"], [ONE])
    with monkeypatch.context() as patch:
        patch.setattr(import_jobs, "settle", lambda *_: 1 / 0)
        work(world)
    world.clock.forward(seconds=11)
    work(world)
    ended = shown(world, job)
    assert counts(ended) == ("done", 1, 0, 0)
    assert [each["number"] for each in ended["instructions"]["sip_addresses"]] == [ONE]


@pytest.mark.parametrize(("count", "status"), [(8, 201), (9, 202)])
def test_what_takes_longer_by_its_estimate_becomes_a_job(
    world: World, monkeypatch: pytest.MonkeyPatch, count: int, status: int
) -> None:
    monkeypatch.setattr("trunkline_service.imports.AT_ONCE_SECONDS", 3.0)
    connection, numbers = connect_many(world, count)
    world.carrier.calls.clear()
    answer = world.post(f"{CONNECTIONS}/{connection}/import-numbers", {"numbers": numbers})
    assert answer.status_code == status
    assert ("location" in answer.headers, "preference-applied" in answer.headers) == (status == 202, False)
    assert bool(world.carrier.calls) == (status == 201), "a job is answered before the carrier is asked"


def test_what_the_carrier_s_plan_says_takes_longer_becomes_a_job_before_anything_is_done(world: World) -> None:
    connection = world.connect()["id"]
    engine = world.service.engines["live"]
    plan = engine.plan_import
    engine.plan_import = lambda *of: attrs.evolve(plan(*of), seconds=26.0)  # type: ignore[method-assign]
    path = f"{CONNECTIONS}/{connection}/import-numbers"
    assert world.post(path, {"numbers": [ONE]}).status_code == 202
    assert "prepare_route" not in world.carrier.calls
    assert world.post(f"{path}?dry_run=true", {"numbers": [ONE]}).json()["seconds"] == 26.0


@pytest.mark.parametrize("prefer", ["respond-async", "wait=5, Respond-Async; foo", "return=minimal, respond-async"])
def test_who_would_rather_not_wait_gets_a_job(world: World, prefer: str) -> None:
    path = f"{CONNECTIONS}/{world.connect()['id']}/import-numbers"
    answer = world.post(path, {"numbers": [ONE]}, Prefer=prefer)
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
    assert world.post(path, {"numbers": [TWO]}, Prefer="wait=5").status_code == 201


def test_an_import_of_more_than_ten_thousand_numbers_is_refused(world: World) -> None:
    path = f"{CONNECTIONS}/{world.connect()['id']}/import-numbers"
    answer = world.post(path, {"numbers": many(10_001)}, Prefer="respond-async")
    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_numbers")
    assert "10000" in answer.json()["errors"]["numbers"][0]
    assert world.post(path, {"numbers": many(10_000)}).status_code == 202
    assert world.post(path, {"numbers": []}, Prefer="respond-async").json()["code"] == "invalid_fields"


def test_a_job_tells_its_outcomes_so_far(any_world: World) -> None:
    world = any_world
    connection, numbers = connect_many(world, 2 * A_CHUNK + 2)
    job = begin(world, connection, numbers)
    for done in (A_CHUNK, 2 * A_CHUNK):
        assert import_worker.go_on_with_next(world.service)
        told = shown(world, job)
        assert counts(told) == ("running", done, 0, len(numbers) - done)
        assert [each["number"] for each in told["results"]] == numbers[:done]
    assert work(world) == 1
    ended = shown(world, job)
    assert counts(ended) == ("done", len(numbers), 0, 0)
    assert ended["finished_at"] > ended["created_at"]
    assert [each["code"] for each in ended["warnings"]] == ["replaces_webhook"]
    assert {world.points_at(number, "many")[:3] for number in numbers} == {"TK-"}


def test_a_cancelled_job_imports_no_more(any_world: World) -> None:
    world = any_world
    connection, numbers = connect_many(world, A_CHUNK + 5)
    job = begin(world, connection, numbers)
    import_worker.go_on_with_next(world.service)
    cancelled = world.post(f"{JOBS}/{job['id']}/cancel")
    assert cancelled.status_code == 200
    assert counts(cancelled.json()) == ("cancelled", A_CHUNK, 0, 5)
    assert work(world) == 0
    assert world.points_at(numbers[-1], "many") == "old-app"
    assert world.post(f"{JOBS}/{job['id']}/cancel").json() == cancelled.json()


def test_numbers_that_are_written_while_their_job_is_cancelled_get_their_outcome(any_world: World) -> None:
    world = any_world
    connection, numbers = connect_many(world, A_CHUNK + 5)
    job = begin(world, connection, numbers)

    def cancel(**_: object) -> None:
        del world.carrier.before["prepare_route"]
        assert world.post(f"{JOBS}/{job['id']}/cancel").json()["state"] == "cancelled"

    world.carrier.before["prepare_route"] = cancel
    assert work(world) == 1
    assert counts(shown(world, job)) == ("cancelled", A_CHUNK, 0, 5)


def test_a_finished_job_cannot_be_cancelled_any_more(any_world: World) -> None:
    job = begin(any_world, any_world.connect()["id"], [ONE])
    work(any_world)
    assert any_world.post(f"{JOBS}/{job['id']}/cancel").json()["state"] == "done"


@pytest.mark.parametrize("hook", ["read_routing", "prepare_route", "import_number"])
def test_what_the_carrier_cannot_do_now_is_tried_again_later(any_world: World, hook: str) -> None:
    world = any_world
    job = begin(world, world.connect()["id"], [ONE, TWO])
    world.carrier.fail[hook] = CarrierUnavailable("Acme is down.")
    assert work(world) == 1, "the next try waits"
    assert counts(shown(world, job)) == ("running", 0, 0, 2)
    world.carrier.fail.clear()
    world.clock.forward(seconds=6)
    assert work(world) == 1
    assert counts(shown(world, job)) == ("done", 2, 0, 0)


@pytest.mark.parametrize("hook", ["read_routing", "import_number"])
def test_tries_come_to_an_end_and_the_last_error_is_told(any_world: World, hook: str) -> None:
    world = any_world
    job = begin(world, world.connect()["id"], [ONE])
    world.carrier.fail[hook] = CarrierUnavailable("Acme is down.")
    waits = 0
    while work(world):
        waits += 1
        assert waits < 20
        world.clock.forward(minutes=6)
    assert waits == 7
    assert counts(shown(world, job)) == ("done", 0, 1, 0)
    assert codes(shown(world, job)) == ["carrier_unavailable"]
    assert shown(world, job)["results"][0]["error"]["detail"] == "Acme is down. Nothing was changed."


@pytest.mark.parametrize("took_effect", [True, False])
def test_a_number_whose_write_was_lost_is_looked_into_and_never_written_blindly(
    any_world: World, took_effect: bool
) -> None:
    world = any_world
    job = begin(world, world.connect()["id"], [ONE])

    def lose(**_: object) -> None:
        raise WriteOutcomeUnknown("Lost.")

    (world.carrier.after if took_effect else world.carrier.before)["import_number"] = lose
    work(world)
    assert counts(shown(world, job)) == ("running", 0, 0, 1)
    world.carrier.after.clear()
    world.carrier.before.clear()
    world.clock.forward(seconds=6)
    work(world)
    assert counts(shown(world, job)) == ("done", 1, 0, 0)
    assert world.carrier.calls.count("import_number") == (1 if took_effect else 2)


def test_a_number_that_is_refused_sinks_neither_the_others_nor_the_job(any_world: World) -> None:
    world = any_world
    job = begin(world, world.connect()["id"], NUMBERS)

    def refuse(number: str) -> None:
        if number == TWO:
            raise NumberNotFound("It is gone.")

    world.carrier.before["import_number"] = refuse
    work(world)
    assert codes(shown(world, job)) == [None, "not_on_account", None]


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (CredentialsRejected("Acme does not accept this key."), "credentials_rejected", "error"),
        (PluginBroken("Acme's plugin failed."), "plugin_broken", "connected"),
    ],
)
def test_what_stops_every_number_fails_the_job(any_world: World, error: Exception, code: str, status: str) -> None:
    world = any_world
    connection = world.connect()["id"]
    job = begin(world, connection, [ONE, "bad"])
    world.carrier.fail["prepare_route"] = error
    assert work(world) == 1
    ended = shown(world, job)
    assert counts(ended) == ("failed", 0, 1, 1)
    assert ended["error"] == {"code": code, "detail": str(error)}
    assert world.get(f"{CONNECTIONS}/{connection}").json()["status"] == status
    world.carrier.fail.clear()
    assert world.import_(connection, ONE)["imported_count"] == 1


def test_a_job_whose_connection_is_deleted_fails_and_stays_readable(any_world: World) -> None:
    world = any_world
    connection = world.connect()["id"]
    job = begin(world, connection, [ONE])
    assert world.call("DELETE", f"{CONNECTIONS}/{connection}").status_code == 204
    work(world)
    ended = shown(world, job)
    assert (ended["state"], ended["error"]["code"], ended["voip_connection_id"]) == (
        "failed",
        "connection_deleted",
        None,
    )


def test_jobs_take_turns_so_that_a_long_one_delays_a_short_one_by_one_chunk(any_world: World) -> None:
    world = any_world
    connection, numbers = connect_many(world, 3 * A_CHUNK)
    long = begin(world, connection, numbers)
    _, other = world.organization_with_key()
    short = begin(world, world.connect(key=other)["id"], NUMBERS, key=other)
    import_worker.go_on_with_next(world.service)
    world.clock.forward(milliseconds=1)
    import_worker.go_on_with_next(world.service)
    assert shown(world, short, key=other)["state"] == "done"
    assert counts(shown(world, long)) == ("running", A_CHUNK, 0, 2 * A_CHUNK)


def test_an_import_under_a_key_makes_one_job(any_world: World) -> None:
    world = any_world
    connection = world.connect()["id"]
    first = begin(world, connection, [ONE], Idempotency_Key="k")
    work(world)
    assert begin(world, connection, [ONE], Idempotency_Key="k") == first
    assert shown(world, {"id": first["id"] + 1}) == world.get(f"{JOBS}/999").json()


def test_an_error_that_nobody_foresaw_lets_the_job_wait_and_others_go_on(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = any_world
    job = begin(world, world.connect()["id"], [ONE])
    with monkeypatch.context() as patch:
        patch.setattr(import_jobs, "settle", lambda *_: 1 / 0)
        assert work(world) == 1
    assert counts(shown(world, job)) == ("running", 0, 0, 1)
    world.clock.forward(seconds=11)
    assert work(world) == 1
    assert counts(shown(world, job)) == ("done", 1, 0, 0)
    assert world.carrier.calls.count("import_number") == 1


def test_a_job_is_forgotten_a_month_after_its_end(any_world: World) -> None:
    world = any_world
    connection = world.connect()["id"]
    ended, waiting = begin(world, connection, [ONE]), begin(world, connection, [TWO])
    import_worker.go_on_with_next(world.service)
    world.clock.forward(days=31)
    recovery.sweep(world.service)
    assert world.get(f"{JOBS}/{ended['id']}").status_code == 404
    assert world.get(f"{JOBS}/{waiting['id']}").status_code == 200


# The workers


def work_until_imported(world: World, count: int) -> None:
    """Run the worker of the database at hand, which finishes what it began when it is stopped."""
    stopped, imported = threading.Event(), []

    def note(number: str) -> None:
        imported.append(number)
        if len(imported) == count:
            stopped.set()

    world.carrier.after["import_number"] = note
    import_worker.run_until(world.service, stopped)


def test_a_worker_works_on_all_that_waits_and_ends_what_it_began(any_world: World) -> None:
    world = any_world
    connection, numbers = connect_many(world, A_CHUNK + 1)
    jobs = [begin(world, connection, numbers), begin(world, world.connect()["id"], NUMBERS)]
    work_until_imported(world, len(numbers) + len(NUMBERS))
    assert [shown(world, job)["state"] for job in jobs] == ["done", "done"]


def test_jobs_of_one_account_take_turns_and_those_of_two_go_on_side_by_side(any_world: World) -> None:
    world = any_world
    if world.service.database.is_sqlite:
        pytest.skip("on SQLite one thread does one after the other")
    first, numbers = connect_many(world, 2 * A_CHUNK)
    _, other = world.organization_with_key()
    again = world.connect({"apiKey": "many"}, key=other)["id"]
    elsewhere, others = connect_many(world, 1, "elsewhere", "+1557")
    jobs = [begin(world, first, numbers[:A_CHUNK]), begin(world, again, numbers[A_CHUNK:], key=other)]
    jobs.append(begin(world, elsewhere, others))
    at_work, overlaps, both = Counter[str](), [], threading.Barrier(2)

    def enter(numbers: Any) -> None:
        account = numbers[0][:5]
        at_work[account] += 1
        overlaps.append(at_work["+1556"])
        if account == "+1557" or numbers[0] == many(1)[0]:
            both.wait(60)

    def leave(numbers: Any) -> None:
        at_work[numbers[0][:5]] -= 1

    world.carrier.before["read_routing"], world.carrier.after["read_routing"] = enter, leave
    work_until_imported(world, len(numbers) + 1)
    assert max(overlaps) == 1
    keys = [None, other, None]
    assert [shown(world, job, key=key)["state"] for job, key in zip(jobs, keys, strict=True)] == ["done"] * 3


def test_a_turn_whose_end_could_not_be_written_does_not_hold_its_account_for_ever(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = any_world
    if world.service.database.is_sqlite:
        pytest.skip("on SQLite the rows are the line")
    begin(world, world.connect()["id"], [ONE])
    finish, stopped = JobManager.finish_job, threading.Event()
    failed: list[str] = []

    async def fail_once(self: JobManager, job: Job, **more: Any) -> None:
        if job.task_name == TASK and not failed:
            failed.append(job.task_name)
            raise ConnectorException
        await finish(self, job, **more)
        if job.task_name == TASK:
            stopped.set()

    monkeypatch.setattr(JobManager, "finish_job", fail_once)
    import_worker.run_until(world.service, stopped)
    with world.service.database.reading() as db:
        left = db.exec_driver_sql("SELECT count(*) FROM procrastinate_jobs WHERE lock IS NOT NULL").scalar()
    assert (failed, left) == ([TASK], 0)
