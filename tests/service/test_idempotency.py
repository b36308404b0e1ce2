"""Idempotency keys: one effect, and the first answer again."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from acme import KEY
from harness import CONNECTIONS, NUMBERS, World, draft

from serving import at_once, serving
from trunkline.errors import CarrierUnavailable
from trunkline_service.storage import idempotency

ONE = NUMBERS[0]


def create(world: World, evidence: str, idempotency_key: str, **more: Any) -> Any:
    return world.post(CONNECTIONS, draft(verification_evidence_id=evidence, **more), Idempotency_Key=idempotency_key)


def test_the_same_request_gets_the_first_answer_again(any_world: World) -> None:
    id = any_world.evidence()
    first, again = create(any_world, id, "k"), create(any_world, id, "k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(any_world.get(CONNECTIONS).json()) == 1


def test_how_the_json_is_written_makes_no_difference(any_world: World) -> None:
    id = any_world.evidence()
    first = create(any_world, id, "k").json()
    body = dict(reversed(draft(verification_evidence_id=id).items()))
    assert any_world.post(CONNECTIONS, body, Idempotency_Key="k").json() == first


def test_another_request_under_the_key_is_refused(any_world: World) -> None:
    create(any_world, any_world.evidence(), "k")
    answer = create(any_world, any_world.evidence(), "k")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")


def test_keys_are_each_organization_s_own(any_world: World) -> None:
    _, other = any_world.organization_with_key()
    create(any_world, any_world.evidence(), "k")
    id = any_world.evidence(key=other)
    answer = any_world.post(CONNECTIONS, draft(verification_evidence_id=id), key=other, Idempotency_Key="k")
    assert answer.status_code == 201


def test_a_key_is_forgotten_after_a_day(any_world: World) -> None:
    create(any_world, any_world.evidence(), "k")
    any_world.clock.forward(hours=24, seconds=1)
    assert create(any_world, any_world.evidence(), "k").status_code == 201


def test_a_refusal_is_kept_and_a_failure_of_the_carrier_is_not(any_world: World) -> None:
    world = any_world
    spent = world.evidence()
    create(world, spent, "first")
    refused = [create(world, spent, "second") for _ in range(2)]
    assert [each.json()["code"] for each in refused] == ["evidence_spent"] * 2
    assert refused[1].headers["idempotent-replayed"] == "true"

    path = f"{CONNECTIONS}/{world.get(CONNECTIONS).json()[0]['id']}/import-numbers"
    world.carrier.fail["prepare_route"] = CarrierUnavailable("Down.")
    assert world.post(path, {"numbers": [ONE]}, Idempotency_Key="third").status_code == 503
    world.carrier.fail.clear()
    assert world.post(path, {"numbers": [ONE]}, Idempotency_Key="third").json()["imported_count"] == 1


def test_an_import_under_a_key_is_done_once(any_world: World) -> None:
    world = any_world
    path = f"{CONNECTIONS}/{world.connect()['id']}/import-numbers"
    answers = [world.post(path, {"numbers": [ONE, "bad"]}, Idempotency_Key="k").json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert world.carrier.calls.count("read_routing") == 1


def test_a_request_whose_first_run_is_under_way_is_asked_to_wait(any_world: World) -> None:
    world = any_world
    path = f"{CONNECTIONS}/{world.connect()['id']}/import-numbers"
    seen: list[Any] = []

    def ask_again(**_: object) -> None:
        world.carrier.before.clear()
        seen.append(world.post(path, {"numbers": [ONE]}, Idempotency_Key="k"))

    world.carrier.before["prepare_route"] = ask_again
    assert world.post(path, {"numbers": [ONE]}, Idempotency_Key="k").status_code == 201
    (meanwhile,) = seen
    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "idempotency_key_running")
    assert int(meanwhile.headers["retry-after"]) > 0


def test_a_request_whose_first_run_was_cut_off_is_run_again(any_world: World) -> None:
    world = any_world
    id = world.evidence()
    create(world, id, "k")
    with world.service.database.writing() as db:
        db.exec_driver_sql("UPDATE idempotency_keys SET status = NULL, answer = NULL")
    world.clock.forward(milliseconds=idempotency.LEASE_MS + 1)
    assert create(world, id, "k").json()["code"] == "evidence_spent"


@pytest.mark.parametrize("key", ["", " ", "a" * 256, "a\tb"])
def test_a_key_that_is_none_is_refused(world: World, key: str) -> None:
    answer = create(world, world.evidence(), key)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")


def test_of_twenty_requests_at_once_one_is_run(any_world: World) -> None:
    world, id = any_world, any_world.evidence()
    headers = {"Authorization": f"Bearer {world.key}", "Idempotency-Key": "k"}
    with serving(world.service) as address:
        answers = at_once(
            20,
            address,
            lambda http, _: http.post(CONNECTIONS, json=draft(verification_evidence_id=id), headers=headers),
        )
    assert set(Counter(answer.status_code for answer in answers)) <= {201, 409}
    assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_key_running"}
    assert len(world.get(CONNECTIONS).json()) == 1


def test_nothing_of_a_request_is_kept_but_a_mac(any_world: World) -> None:
    create(any_world, any_world.evidence(), "k")
    with any_world.service.database.reading() as db:
        rows = repr(db.exec_driver_sql("SELECT * FROM idempotency_keys").all())
    assert KEY not in rows
