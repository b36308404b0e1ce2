"""Evidence: good once, for minutes, for one organization, for the credentials that were tested."""

from __future__ import annotations

import uuid
from collections import Counter
from pathlib import Path

import pytest
from acme import KEY
from harness import CONNECTIONS, World, draft

from serving import at_once, serving
from trunkline.checks import Outcome
from trunkline_service.storage import evidence


def refused(world: World, status: int, code: str, *, key: str | None = None, **fields: object) -> None:
    before = world.get(CONNECTIONS).json()
    answer = world.post(CONNECTIONS, draft(**fields), key=key)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert world.get(CONNECTIONS).json() == before


@pytest.mark.parametrize("given", [{}, {"verification_evidence_id": None}])
def test_creating_needs_evidence(world: World, given: dict[str, None]) -> None:
    refused(world, 400, "evidence_required", **given)


def test_evidence_that_never_was_is_refused(any_world: World) -> None:
    refused(any_world, 400, "evidence_unknown", verification_evidence_id=str(uuid.uuid4()))


def test_another_organization_s_evidence_is_unknown(any_world: World) -> None:
    id, (_, other) = any_world.evidence(), any_world.organization_with_key()
    refused(any_world, 400, "evidence_unknown", key=other, verification_evidence_id=id)
    assert any_world.post(CONNECTIONS, draft(verification_evidence_id=id)).status_code == 201


def test_evidence_of_another_provider_is_refused_and_stays_unspent(any_world: World) -> None:
    id = any_world.evidence()
    refused(any_world, 400, "evidence_wrong_provider", provider="other", verification_evidence_id=id)
    assert any_world.post(CONNECTIONS, draft(verification_evidence_id=id)).status_code == 201


def test_evidence_is_good_for_fifteen_minutes(any_world: World) -> None:
    id, late = any_world.evidence(), any_world.evidence()
    any_world.clock.forward(minutes=14, seconds=50)
    assert any_world.post(CONNECTIONS, draft(verification_evidence_id=id)).status_code == 201
    any_world.clock.forward(seconds=10)
    refused(any_world, 400, "evidence_stale", verification_evidence_id=late)


def test_evidence_is_good_once(any_world: World) -> None:
    id = any_world.evidence()
    assert any_world.post(CONNECTIONS, draft(verification_evidence_id=id)).status_code == 201
    refused(any_world, 400, "evidence_spent", verification_evidence_id=id)


@pytest.mark.parametrize(
    "fields",
    [
        {"credentials": {"apiKey": KEY + "x"}},
        {"credentials": {"apiKey": KEY, "note": "more"}},
        {"sip_config": {"proxy": "elsewhere.example"}},
        {"sip_config": {"port": 5061}},
        {"sip_config": {"realm": "untested.example"}},
    ],
)
def test_evidence_does_not_cover_what_was_not_tested(any_world: World, fields: dict[str, object]) -> None:
    id = any_world.evidence()
    refused(any_world, 422, "evidence_wrong_credentials", verification_evidence_id=id, **fields)
    assert any_world.post(CONNECTIONS, draft(verification_evidence_id=id)).status_code == 201


@pytest.mark.parametrize("sip_config", [{}, {"realm": "b.example"}])
def test_evidence_covers_no_other_value_of_a_field_that_was_tested(world: World, sip_config: dict[str, str]) -> None:
    id = world.evidence(sip_config={"realm": "a.example"})
    refused(world, 422, "evidence_wrong_credentials", verification_evidence_id=id, sip_config=sip_config)
    same = draft(verification_evidence_id=id, sip_config={"realm": "a.example", "domain": "c.example"})
    assert world.post(CONNECTIONS, same).status_code == 201


def test_a_field_that_was_tested_and_steers_nothing_is_changed_without_evidence(world: World) -> None:
    path = f"{CONNECTIONS}/{world.connect(sip_config={'realm': 'a.example'})['id']}"
    changed = world.call("PATCH", path, {"sip_config": {"realm": "b.example"}})
    assert (changed.status_code, changed.json()["sip_config"]) == (200, {"realm": "b.example"})


def test_evidence_covers_other_sip_fields_that_are_not_tested_and_steer_nothing(world: World) -> None:
    answer = world.post(
        CONNECTIONS, draft(verification_evidence_id=world.evidence(), sip_config={"domain": "a.example"})
    )
    assert answer.status_code == 201


def test_creating_asks_the_carrier_nothing(world: World) -> None:
    id = world.evidence()
    world.carrier.calls.clear()
    assert world.post(CONNECTIONS, draft(verification_evidence_id=id)).status_code == 201
    assert world.carrier.calls == []


def test_of_fifty_requests_with_one_evidence_exactly_one_creates(any_world: World) -> None:
    world, id = any_world, any_world.evidence()
    headers = {"Authorization": f"Bearer {world.key}"}
    with serving(world.service) as address:
        answers = at_once(
            50,
            address,
            lambda http, _: http.post(CONNECTIONS, json=draft(verification_evidence_id=id), headers=headers),
        )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 400: 49}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 400} == {"evidence_spent"}


@pytest.mark.parametrize("check", ["credentials_valid", "inbound_reachable", "outbound_authorized"])
def test_a_failed_check_leaves_no_evidence(world: World, check: str) -> None:
    world.carrier.outcomes[check] = Outcome.FAIL
    answer = world.post(f"{CONNECTIONS}/test", draft())
    assert answer.status_code == 201
    verdict = answer.json()
    assert verdict["status"] == "fail"
    assert verdict["verification_evidence_id"] is None
    assert verdict["checks"][check] is False
    assert verdict["check_details"][check] == {
        "outcome": "fail",
        "code": f"{check}_fail",
        "summary": f"{check}: fail",
        "remedy": "Do this.",
        "proof": [{"method": "GET", "path": "/accounts/{apiKey}", "status": 200, "request_id": "req-1"}],
    }


def test_the_platform_s_own_line_stands_in_the_details_and_not_among_the_checks(world: World) -> None:
    verdict = world.post(f"{CONNECTIONS}/test", draft()).json()
    assert list(verdict["checks"]) == ["credentials_valid", "inbound_reachable", "outbound_authorized"]
    line = verdict["check_details"]["platform_answers"]
    assert (line["outcome"], line["code"], line["proof"]) == ("unknown", "platform_not_in_sandbox", [])


def test_wrong_credentials_are_a_verdict(world: World) -> None:
    verdict = world.post(f"{CONNECTIONS}/test", draft({"apiKey": "wrong"})).json()
    assert (verdict["status"], verdict["checks"]["credentials_valid"]) == ("fail", False)


def test_nothing_told_is_not_a_pass(world: World) -> None:
    world.carrier.outcomes |= {"credentials_valid": Outcome.UNKNOWN, "inbound_reachable": Outcome.UNKNOWN}
    verdict = world.post(f"{CONNECTIONS}/test", draft()).json()
    assert (verdict["status"], verdict["verification_evidence_id"]) == ("fail", None)


def test_a_name_that_cannot_be_found_is_made_of_the_provider_s(world: World) -> None:
    from trunkline.errors import CarrierUnavailable

    world.carrier.fail["suggest_name"] = CarrierUnavailable("Acme is down.")
    verdict = world.post(f"{CONNECTIONS}/test", draft()).json()
    assert (verdict["status"], verdict["suggested_connection_name"]) == ("pass", "Acme")


def test_old_evidence_is_forgotten_after_a_day(any_world: World) -> None:
    id = uuid.UUID(any_world.evidence())
    any_world.clock.forward(days=1, minutes=16)
    with any_world.service.database.writing() as db:
        assert evidence.prune(db, any_world.service.now()) == 1
        assert evidence.find(db, any_world.organization, id) is None


def test_the_database_holds_no_trace_of_tested_credentials(world: World, tmp_path: Path) -> None:
    world.evidence()
    world.service.database.dispose()
    for file in tmp_path.iterdir():
        assert KEY.encode() not in file.read_bytes()
