"""Guided set-up: step by step in a journal, one at a time for a carrier account, undone where it fails."""

from __future__ import annotations

import io
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from acme import KEY, PASSWORD, SECRET_URL, SET_UP
from harness import CONNECTIONS, NUMBERS, World, draft
from sqlalchemy import select, text
from test_secrets import log

from serving import at_once, serving
from trunkline.engine import Engine
from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierRefused,
    CarrierTimedOut,
    CarrierUnavailable,
    CredentialsRejected,
    PermissionMissing,
    RateLimited,
    TrunklineError,
    WriteOutcomeUnknown,
)
from trunkline.secret import Secret
from trunkline.setup import SetUpStep, StepState
from trunkline_service import recovery
from trunkline_service.storage import connections, set_ups, tables

__all__ = ["log"]

GUIDED = {"provider": "guided", "setup_method": "guided_guided"}
DOWN = CarrierUnavailable("Acme is down.")
NO = CarrierRefused("Acme says no.")


def guided(world: World, credentials: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    """A request for a guided set-up, with evidence of its own."""
    id = world.evidence(credentials, provider="guided")
    return draft(credentials, **{**GUIDED, "verification_evidence_id": id, **fields})


def created(world: World, body: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
    answer = world.post(CONNECTIONS, body or guided(world), **headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def made_at_the_carrier(world: World, key: str = KEY) -> list[str]:
    return [each.partition(" ")[0] for each in world.carrier.accounts[key].get("made", [])]


def steps(world: World, connection: int) -> list[tuple[str, str]]:
    answer = world.get(f"{CONNECTIONS}/{connection}/setup-steps")
    assert answer.status_code == 200
    return [(each["id"], each["state"]) for each in answer.json()]


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def made_of(world: World, connection: int) -> dict[str, Any]:
    with world.service.database.reading() as db:
        stored = connections.find(db, world.organization, connection)
    assert stored is not None
    return stored.made(world.service.sealer)


def evidence_row(world: World, body: dict[str, Any]) -> Any:
    with world.service.database.reading() as db:
        query = select(tables.evidence).where(tables.evidence.c.id == body["verification_evidence_id"])
        return db.execute(query).one()


def while_making(world: World, step: str, look: Any) -> list[Any]:
    """What looking finds in the moment before the carrier makes this."""
    seen: list[Any] = []

    def note(**_: object) -> None:
        seen.append(look())

    world.carrier.before[f"make {step}"] = note
    return seen


# Going well


def test_a_guided_set_up_answers_with_a_connected_connection(any_world: World) -> None:
    world, body = any_world, guided(any_world)
    made = created(world, body)
    assert (made["status"], made["setup_method"], made["provider"]) == ("connected", "guided_guided", "guided")
    assert (made["inferred_name"], made["numbers_imported"]) == (True, 0)
    assert world.get(f"{CONNECTIONS}/{made['id']}").json() == made
    assert made_at_the_carrier(world) == list(SET_UP)
    assert steps(world, made["id"]) == [(name, "done") for name in SET_UP]
    row = evidence_row(world, body)
    assert row.spent_at is not None
    assert row.reserved_at is None
    assert code(world.post(CONNECTIONS, body)) == (400, "evidence_spent")


def test_what_was_made_is_sealed_and_a_secret_stays_one(any_world: World) -> None:
    made = made_of(any_world, created(any_world)["id"])
    assert made["password"] == Secret(PASSWORD)
    assert made["trunk"].startswith("trunk of trunkline-")
    assert PASSWORD not in repr(made)


def test_a_set_up_connection_lists_and_imports_like_any_other(any_world: World) -> None:
    made = created(any_world)
    assert any_world.import_(made["id"], NUMBERS[0])["imported_count"] == 1


def test_a_step_is_in_the_journal_before_it_is_taken(any_world: World) -> None:
    world = any_world

    def journal() -> list[tuple[str, str]]:
        with world.service.database.reading() as db:
            return [(step.step, step.state) for step in set_ups.list_steps(db, 1)]

    seen = [while_making(world, step, journal) for step in SET_UP]
    created(world)
    assert [each[0] for each in seen] == [
        [("profile", "intended")],
        [("profile", "done"), ("trunk", "intended")],
        [("profile", "done"), ("trunk", "done"), ("login", "intended")],
    ]


def test_steps_are_shown_without_what_they_made(world: World) -> None:
    answer = world.get(f"{CONNECTIONS}/{created(world)['id']}/setup-steps")
    assert [set(each) for each in answer.json()] == [{"id", "state", "summary", "at"}] * 3
    assert answer.json()[0]["summary"] == "Made a profile."
    assert answer.json()[0]["at"].endswith("Z")


def test_a_connection_that_was_not_set_up_has_no_steps(world: World) -> None:
    assert steps(world, world.connect()["id"]) == []
    assert world.get(f"{CONNECTIONS}/999/setup-steps").status_code == 404


def test_what_is_there_already_is_found_and_not_made_again(any_world: World) -> None:
    first, second = created(any_world), created(any_world)
    assert steps(any_world, second["id"]) == [(name, "found") for name in SET_UP]
    assert made_at_the_carrier(any_world) == list(SET_UP)
    assert made_of(any_world, first["id"]) == made_of(any_world, second["id"])


def test_a_set_up_starts_from_what_an_earlier_one_of_the_account_made(any_world: World) -> None:
    """A password that the carrier tells once is known to nobody else."""
    world = any_world
    created(world)
    seen: list[dict[str, Any]] = []
    world.carrier.before["set_up"] = lambda account, done: seen.append(dict(account.made))
    created(world)
    assert seen[0]["password"] == Secret(PASSWORD)


def test_evidence_covers_the_credentials_whatever_the_set_up_method(any_world: World) -> None:
    id = any_world.evidence(provider="guided", setup_method="guided_guided")
    plain = draft(provider="guided", verification_evidence_id=id)
    assert created(any_world, plain)["setup_method"] == "api_key"
    id = any_world.evidence(provider="guided", setup_method="api_key")
    assert created(any_world, draft(**GUIDED, verification_evidence_id=id))["setup_method"] == "guided_guided"


def test_rotated_credentials_keep_what_was_made(any_world: World) -> None:
    world = any_world
    made = created(world)
    world.carrier.open("rotated", identity="account-0")
    before = made_of(world, made["id"])
    body = {"credentials": {"apiKey": "rotated"}, "verification_evidence_id": None}
    body["verification_evidence_id"] = world.evidence({"apiKey": "rotated"}, provider="guided")  # type: ignore[assignment]
    assert world.call("PATCH", f"{CONNECTIONS}/{made['id']}", body).status_code == 200
    assert made_of(world, made["id"]) == before


def test_credentials_of_another_account_do_not_fit_what_was_made(any_world: World) -> None:
    world = any_world
    made = created(world)
    world.carrier.open("elsewhere")
    id = world.evidence({"apiKey": "elsewhere"}, provider="guided")
    body = {"credentials": {"apiKey": "elsewhere"}, "verification_evidence_id": id}
    assert code(world.call("PATCH", f"{CONNECTIONS}/{made['id']}", body)) == (409, "different_account")
    assert evidence_row(world, body).spent_at is None


def test_what_was_made_stays_at_the_carrier_when_its_connection_is_deleted(any_world: World) -> None:
    made = created(any_world)
    assert any_world.call("DELETE", f"{CONNECTIONS}/{made['id']}").status_code == 204
    assert made_at_the_carrier(any_world) == list(SET_UP)
    assert steps(any_world, created(any_world)["id"]) == [(name, "found") for name in SET_UP]


# While it is under way


def test_a_pending_connection_is_shown_and_nothing_can_be_done_with_it(any_world: World) -> None:
    world, body = any_world, guided(any_world)
    path, answers = f"{CONNECTIONS}/1", {}

    def look() -> None:
        answers["get"] = world.get(path)
        answers["list"] = world.get(CONNECTIONS)
        answers["steps"] = world.get(f"{path}/setup-steps")
        answers["numbers"] = world.get(f"{path}/available-numbers")
        answers["import"] = world.post(f"{path}/import-numbers", {"numbers": [NUMBERS[0]]})
        answers["plan"] = world.post(f"{path}/import-numbers?dry_run=true", {"numbers": [NUMBERS[0]]})
        answers["rename"] = world.call("PATCH", path, {"name": "Mine"})
        answers["delete"] = world.call("DELETE", path)
        answers["release"] = world.call("DELETE", f"{path}?release_numbers=true")
        answers["again"] = world.post(CONNECTIONS, body)
        answers["plain"] = world.post(CONNECTIONS, {**body, "setup_method": "api_key"})

    seen = while_making(world, "trunk", look)
    made = created(world, body)
    assert len(seen) == 1
    assert answers["get"].json() == {**made, "status": "pending", "updated_at": made["created_at"]}
    assert answers["list"].json() == [answers["get"].json()]
    assert [each["state"] for each in answers["steps"].json()] == ["done", "intended"]
    for name in ("numbers", "import", "plan", "rename", "delete", "release"):
        assert code(answers[name]) == (409, "connection_not_ready"), name
        assert int(answers[name].headers["retry-after"]) > 0
    for name in ("again", "plain"):
        assert code(answers[name]) == (400, "evidence_reserved")


def test_of_fifty_requests_with_one_evidence_exactly_one_sets_up(any_world: World) -> None:
    world, body = any_world, guided(any_world)
    headers = {"Authorization": f"Bearer {world.key}"}
    with serving(world.service) as address:
        answers = at_once(50, address, lambda http, _: http.post(CONNECTIONS, json=body, headers=headers))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 49}
    assert {each.json()["code"] for each in answers if each.status_code == 400} <= {
        "evidence_reserved",
        "evidence_spent",
    }
    assert made_at_the_carrier(world) == list(SET_UP)
    assert len(world.get(CONNECTIONS).json()) == 1


def test_set_ups_of_one_account_at_once_make_one_set_up(any_world: World) -> None:
    world = any_world
    bodies = [guided(world) for _ in range(4)]
    headers = {"Authorization": f"Bearer {world.key}"}
    with serving(world.service) as address:
        answers = at_once(4, address, lambda http, i: http.post(CONNECTIONS, json=bodies[i], headers=headers))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert made_at_the_carrier(world) == list(SET_UP)
    journals = Counter(tuple(steps(world, answer.json()["id"])) for answer in answers)
    assert journals == {
        tuple((name, "done") for name in SET_UP): 1,
        tuple((name, "found") for name in SET_UP): 3,
    }


def test_one_idempotency_key_gets_one_answer(any_world: World) -> None:
    world, body = any_world, guided(any_world)
    running = while_making(world, "login", lambda: world.post(CONNECTIONS, body, Idempotency_Key="k"))
    first = world.post(CONNECTIONS, body, Idempotency_Key="k")
    assert code(running[0]) == (409, "idempotency_key_running")
    again = world.post(CONNECTIONS, body, Idempotency_Key="k")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"


def test_a_slow_set_up_keeps_its_lease_its_lock_and_its_key(any_world: World) -> None:
    world, body = any_world, guided(any_world)
    for step in SET_UP:
        world.carrier.before[f"make {step}"] = lambda **_: world.clock.forward(seconds=100)
    running: list[Any] = []

    def look(**_: object) -> None:
        running.append(recovery.sweep(world.service))
        running.append(code(world.post(CONNECTIONS, body, Idempotency_Key="k")))

    world.carrier.after["make login"] = look
    assert world.post(CONNECTIONS, body, Idempotency_Key="k").status_code == 201
    assert running == [0, (409, "idempotency_key_running")]


def test_a_set_up_that_was_taken_over_stops(any_world: World) -> None:
    """A process that was stopped for longer than its lease finds out before it takes another step."""
    world = any_world

    def stall(**_: object) -> None:
        del world.carrier.before["make trunk"]
        world.clock.forward(milliseconds=set_ups.LEASE_MS + 1)
        assert recovery.sweep(world.service) == 1

    world.carrier.before["make trunk"] = stall
    answer = world.post(CONNECTIONS, guided(world))
    assert code(answer) == (409, "account_busy")
    (connection,) = world.get(CONNECTIONS).json()
    assert connection["status"] == "connected"
    assert "login" in made_at_the_carrier(world)
    assert world.carrier.calls.count("make login") == 1


# Going wrong

FAILURES = [
    (DOWN, 503, "carrier_unavailable"),
    (CarrierTimedOut("Acme took too long."), 504, "carrier_timed_out"),
    (RateLimited("Acme asks for patience.", retry_after=7), 429, "rate_limited"),
    (CarrierAnswerUnexpected("Acme answered nonsense."), 502, "carrier_answer_unexpected"),
    (WriteOutcomeUnknown("Acme's answer was lost."), 504, "unverified_write"),
    (CredentialsRejected("Acme does not accept this key."), 422, "credentials_rejected"),
    (PermissionMissing("This key may not do this."), 422, "permission_missing"),
    (NO, 422, "carrier_refused"),
    (ValueError("a bug"), 502, "plugin_broken"),
]


@pytest.mark.parametrize("step", SET_UP)
def test_a_step_that_fails_is_answered_and_all_is_undone(any_world: World, step: str) -> None:
    world, body = any_world, guided(any_world)
    world.carrier.fail[f"make {step}"] = NO
    answer = world.post(CONNECTIONS, body)
    assert (answer.status_code, answer.json()["detail"]) == (422, "Acme says no.")
    assert made_at_the_carrier(world) == []
    assert world.get(CONNECTIONS).json() == []
    world.carrier.fail.clear()
    assert created(world, body)["status"] == "connected", "the evidence is free again"


@pytest.mark.parametrize(("error", "status", "word"), FAILURES)
def test_every_error_is_answered_in_its_own_shape(world: World, error: Exception, status: int, word: str) -> None:
    body = guided(world)
    world.carrier.fail["make login"] = error
    assert code(world.post(CONNECTIONS, body)) == (status, word)
    assert (made_at_the_carrier(world), world.get(CONNECTIONS).json()) == ([], [])


def test_a_failure_undoes_nothing_that_was_found(any_world: World) -> None:
    world = any_world
    created(world)
    world.carrier.accounts[KEY]["made"] = world.carrier.accounts[KEY]["made"][:2]
    world.carrier.fail["make login"] = NO
    assert code(world.post(CONNECTIONS, guided(world))) == (422, "carrier_refused")
    assert made_at_the_carrier(world) == ["profile", "trunk"]


def test_evidence_that_expired_meanwhile_is_not_good_again(any_world: World) -> None:
    world, body = any_world, guided(any_world)
    world.clock.forward(minutes=14, seconds=50)
    world.carrier.fail["make login"] = NO
    world.carrier.before["make login"] = lambda **_: world.clock.forward(seconds=20)
    assert code(world.post(CONNECTIONS, body)) == (422, "carrier_refused")
    world.carrier.fail.clear()
    world.carrier.before.clear()
    assert code(world.post(CONNECTIONS, body)) == (400, "evidence_stale")


def test_a_refusal_is_replayed_and_a_failure_may_be_tried_again(any_world: World) -> None:
    world, body = any_world, guided(any_world)
    world.carrier.fail["make trunk"] = DOWN
    assert code(world.post(CONNECTIONS, body, Idempotency_Key="k")) == (503, "carrier_unavailable")
    world.carrier.fail.clear()
    assert world.post(CONNECTIONS, body, Idempotency_Key="k").status_code == 201
    world.carrier.accounts[KEY]["made"] = []
    world.carrier.fail["make trunk"] = NO
    refused = world.post(CONNECTIONS, guided(world), Idempotency_Key="r")
    assert code(refused) == (422, "carrier_refused")


@pytest.mark.parametrize("step", SET_UP)
def test_what_cannot_be_undone_is_kept_and_tried_again(any_world: World, step: str) -> None:
    world, body = any_world, guided(any_world)
    world.carrier.fail |= {"make login": NO, f"undo {step}": DOWN}
    answer = world.post(CONNECTIONS, body)
    (left,) = world.get(CONNECTIONS).json()
    assert code(answer) == (422, "carrier_refused")
    assert answer.json()["detail"].startswith("Acme says no. What was set up until then could not be taken back yet")
    assert f"connection {left['id']} " in answer.json()["detail"]
    assert left["status"] == "error"
    assert evidence_row(world, body).reserved_at is None
    assert code(world.get(f"{CONNECTIONS}/{left['id']}/available-numbers")) == (409, "connection_not_ready")

    assert recovery.sweep(world.service) == 0, "the next try waits its turn"
    world.clock.forward(milliseconds=set_ups.RETRY_MS + 1)
    assert recovery.sweep(world.service) == 0, "Acme is still down"
    assert world.get(CONNECTIONS).json()[0]["status"] == "error"
    undone = [id for id, state in steps(world, left["id"]) if state == "undone"]
    assert undone == [name for name in SET_UP if SET_UP.index(name) > SET_UP.index(step)]

    world.carrier.fail.clear()
    world.carrier.calls.clear()
    world.clock.forward(milliseconds=set_ups.RETRY_MS + 1)
    assert recovery.sweep(world.service) == 1
    assert not any(f"undo {name}" in world.carrier.calls for name in undone), "what is undone stays undone"
    assert (made_at_the_carrier(world), world.get(CONNECTIONS).json()) == ([], [])


def half_undone(world: World) -> int:
    """A connection whose set-up failed and could not be undone."""
    world.carrier.fail |= {"make login": NO, "undo trunk": DOWN}
    world.post(CONNECTIONS, guided(world))
    (left,) = world.get(CONNECTIONS).json()
    world.carrier.fail.clear()
    return int(left["id"])


def test_deleting_a_connection_that_could_not_be_undone_undoes_it(any_world: World) -> None:
    world = any_world
    id = half_undone(world)
    world.carrier.fail["undo trunk"] = DOWN
    assert code(world.call("DELETE", f"{CONNECTIONS}/{id}")) == (503, "carrier_unavailable")
    assert world.get(f"{CONNECTIONS}/{id}").json()["status"] == "error"
    world.carrier.fail.clear()
    assert world.call("DELETE", f"{CONNECTIONS}/{id}").status_code == 204
    assert (made_at_the_carrier(world), world.get(CONNECTIONS).json()) == ([], [])


def test_deleting_forgets_what_these_credentials_cannot_undo(any_world: World) -> None:
    world = any_world
    id = half_undone(world)
    world.carrier.fail["undo trunk"] = CredentialsRejected("Acme does not accept this key.")
    assert world.call("DELETE", f"{CONNECTIONS}/{id}?release_numbers=true").status_code == 204
    assert world.get(CONNECTIONS).json() == []
    world.carrier.fail.clear()
    made = created(world)
    assert ("trunk", "found") in steps(world, made["id"])


def test_the_next_set_up_of_an_account_first_undoes_what_was_left(any_world: World) -> None:
    world = any_world
    left = half_undone(world)
    made = created(world)
    assert [each["id"] for each in world.get(CONNECTIONS).json()] == [made["id"]]
    assert made["id"] != left
    assert steps(world, made["id"]) == [(name, "done") for name in SET_UP]


def test_the_next_set_up_undoes_what_was_left_with_its_own_credentials(any_world: World) -> None:
    """The first key is revoked, so that only the new one can undo."""
    world = any_world
    half_undone(world)
    account = world.carrier.accounts.pop(KEY)
    world.carrier.accounts["renewed"] = account
    made = created(world, guided(world, {"apiKey": "renewed"}))
    assert [each["id"] for each in world.get(CONNECTIONS).json()] == [made["id"]]
    assert steps(world, made["id"]) == [(name, "done") for name in SET_UP]


def test_a_set_up_waits_until_the_account_is_cleared(any_world: World) -> None:
    world = any_world
    left, body = half_undone(world), guided(world)
    world.carrier.fail["undo trunk"] = DOWN
    assert code(world.post(CONNECTIONS, body)) == (503, "carrier_unavailable")
    assert [each["id"] for each in world.get(CONNECTIONS).json()] == [left]
    world.carrier.fail.clear()
    assert created(world, body)["status"] == "connected", "the refused request left its evidence free"


def test_another_account_is_set_up_meanwhile(any_world: World) -> None:
    world = any_world
    half_undone(world)
    world.carrier.open("elsewhere")
    made = created(world, guided(world, {"apiKey": "elsewhere"}))
    assert steps(world, made["id"]) == [(name, "done") for name in SET_UP]


def test_another_organization_sets_up_the_same_account_for_itself(any_world: World) -> None:
    world = any_world
    half_undone(world)
    _, other = world.organization_with_key()
    id = world.evidence(provider="guided", key=other)
    answer = world.post(CONNECTIONS, draft(**GUIDED, verification_evidence_id=id), key=other)
    assert answer.status_code == 201
    assert world.get(f"{CONNECTIONS}/{answer.json()['id']}/setup-steps").status_code == 404


@pytest.mark.parametrize(
    "odd",
    [
        SetUpStep("half", StepState.INTENDED, "Begun."),
        SetUpStep("odd", StepState.DONE, "Made.", {"a": object()}),
        SetUpStep("odd", StepState.DONE, "Made.", {}, {"a": {1, 2}}),
    ],
)
def test_a_plugin_whose_steps_cannot_be_kept_is_broken(world: World, odd: SetUpStep) -> None:
    body = guided(world)
    world.carrier.steps = [odd]
    assert code(world.post(CONNECTIONS, body)) == (502, "plugin_broken")
    assert world.get(CONNECTIONS).json() == []


def test_a_summary_is_kept_as_one_line_of_text(any_world: World) -> None:
    world, body = any_world, guided(any_world)
    world.carrier.steps = [SetUpStep("odd", StepState.DONE, "Ö\0\ud800\n☎")]
    made = created(world, body)
    assert world.get(f"{CONNECTIONS}/{made['id']}/setup-steps").json()[0]["summary"] == "Ö   ☎"


def test_nothing_of_what_was_made_is_shown_logged_or_stored_in_the_open(
    any_world: World, tmp_path: Path, log: io.StringIO
) -> None:
    world = any_world
    answers: list[str] = []

    def ask(method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = world.call(method, path, body)
        answers.append(answer.text)
        return answer.json() if answer.content else {}

    made = ask("POST", CONNECTIONS, guided(world))
    for path in ("", f"/{made['id']}", f"/{made['id']}/setup-steps"):
        ask("GET", CONNECTIONS + path)
    world.carrier.accounts[KEY]["made"] = []
    world.carrier.after["make login"] = fail_with(CarrierRefused(f"tells {PASSWORD}", detail=PASSWORD))
    world.carrier.after["set_up"] = fail_with(CarrierRefused(f"tells {PASSWORD}", detail=f"{PASSWORD} {SECRET_URL}"))
    ask("POST", CONNECTIONS, guided(world))
    world.carrier.after = {"set_up": world.carrier.after["set_up"]}
    world.carrier.fail["undo trunk"] = CarrierRefused(f"tells {PASSWORD}")
    ask("POST", CONNECTIONS, guided(world))
    ask("GET", f"{CONNECTIONS}/{world.get(CONNECTIONS).json()[0]['id']}/setup-steps")
    world.clock.forward(milliseconds=set_ups.RETRY_MS + 1)
    recovery.sweep(world.service)
    assert "tells [redacted]" in "".join(answers)
    assert PASSWORD not in "".join(answers)
    assert PASSWORD not in log.getvalue()
    assert all(PASSWORD.encode() not in each for each in stored_bytes(world, tmp_path))


def fail_with(error: TrunklineError) -> Any:
    def fail(**_: object) -> None:
        raise error

    return fail


def stored_bytes(world: World, tmp_path: Path) -> list[bytes]:
    """All that the database holds, as it holds it."""
    found = [file.read_bytes() for file in tmp_path.iterdir() if file.is_file()]
    with world.service.database.reading() as db:
        for table in tables.metadata.sorted_tables:
            for row in db.execute(select(table)):
                found += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    return found


def test_the_removal_of_an_organization_takes_its_set_ups_along(any_world: World) -> None:
    half_undone(any_world)
    with any_world.service.database.writing() as db:
        db.execute(text("DELETE FROM connections"))
        assert db.execute(text("SELECT count(*) FROM set_ups")).scalar() == 0
        assert db.execute(text("SELECT count(*) FROM set_up_steps")).scalar() == 0


def test_reserved_evidence_is_not_forgotten(any_world: World) -> None:
    from trunkline_service.storage import evidence

    world, body = any_world, guided(any_world)
    pruned: list[int] = []

    def prune(**_: object) -> None:
        world.clock.forward(seconds=1)
        with world.service.database.writing() as db:
            pruned.append(evidence.prune(db, world.service.now() + 48 * 3600 * 1000))

    world.carrier.before["make trunk"] = prune
    created(world, body)
    assert pruned == [0]
    assert evidence_row(world, body).spent_at is not None


def test_a_request_that_cannot_have_its_turn_leaves_nothing_behind(any_world: World) -> None:
    world, body = any_world, guided(any_world)
    refused: list[httpx.Response] = []
    lock = type(world.service).lock

    def impatient(self: Any, name: str, lease_ms: int = 1) -> Any:
        from trunkline_service.storage import locks

        return locks.holding(self.database, name, self.now, lease_ms=lease_ms, seconds=0)

    other = guided(world)

    def meanwhile(**_: object) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(world.service), "lock", impatient)
            refused.append(world.post(CONNECTIONS, other))

    world.carrier.before["make trunk"] = meanwhile
    made = created(world, body)
    assert type(world.service).lock is lock
    assert code(refused[0]) == (409, "account_busy")
    assert [each["id"] for each in world.get(CONNECTIONS).json()] == [made["id"]]
    assert evidence_row(world, other).reserved_at is None


def test_an_evidence_id_that_never_was_is_refused(world: World) -> None:
    body = guided(world, verification_evidence_id=str(uuid.uuid4()))
    assert code(world.post(CONNECTIONS, body)) == (400, "evidence_unknown")


def test_what_cannot_be_opened_waits(any_world: World) -> None:
    """Its provider is not installed any more, or its keys are not in the ring: neither loses the journal."""
    from trunkline.registry import Registry
    from trunkline_service.key_ring import LocalKeyRing
    from trunkline_service.sealing import Sealer

    world = any_world
    id = half_undone(world)
    without_plugin = {mode: Engine(Registry.of()) for mode in world.service.engines}
    without_keys = Sealer(LocalKeyRing.parse("t9:" + "B" * 43 + "="))
    for broken in ({"engines": without_plugin}, {"sealer": without_keys}):
        world.clock.forward(milliseconds=set_ups.RETRY_MS + 1)
        assert recovery.sweep(attrs.evolve(world.service, **broken)) == 0
        assert world.get(f"{CONNECTIONS}/{id}").json()["status"] == "error"
    world.clock.forward(milliseconds=set_ups.RETRY_MS + 1)
    assert recovery.sweep(world.service) == 1
    assert made_at_the_carrier(world) == []


def test_carriers_without_identities_are_told_apart_by_their_credentials(any_world: World) -> None:
    world = any_world
    world.carrier.open("one", identity="-")
    world.carrier.open("two", identity="-")
    for account in world.carrier.accounts.values():
        account["identity"] = None
    for _ in range(2):
        first, second = (created(world, guided(world, {"apiKey": key})) for key in ("one", "two"))
    assert {state for _, state in steps(world, first["id"]) + steps(world, second["id"])} == {"found"}
    assert made_at_the_carrier(world, "one") == made_at_the_carrier(world, "two") == list(SET_UP)
