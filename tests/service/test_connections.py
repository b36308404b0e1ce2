"""Connections: shown without secrets, changed with proof, removed without taking their numbers along."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from acme import KEY
from harness import CONNECTIONS, NUMBERS, PHONE_NUMBERS, World
from sqlalchemy import Connection, text, update

from trunkline.errors import CarrierUnavailable, CredentialsRejected
from trunkline_service.storage.shown import count_numbers
from trunkline_service.storage.tables import phone_numbers

ONE, TWO, _ = NUMBERS
SIP = {"domain": "a.example", "proxy": "p.example", "port": 5061, "pin": "SipPinCanary99"}
FIELDS = {
    "id",
    "name",
    "provider",
    "setup_method",
    "status",
    "inferred_name",
    "sip_config",
    "last_tested_at",
    "numbers_imported",
    "created_at",
    "updated_at",
}


def test_a_connection_has_exactly_the_fields_of_the_contract(any_world: World) -> None:
    made = any_world.connect(sip_config=SIP, name="Mine")
    assert set(made) == FIELDS
    assert made["sip_config"] == {**SIP, "pin": "[redacted]"}
    assert (made["name"], made["inferred_name"], made["setup_method"]) == ("Mine", False, "api_key")
    for moment in ("created_at", "updated_at", "last_tested_at"):
        assert made[moment].endswith("Z")
        assert len(made[moment]) == len("2026-11-23T13:00:00.000Z")
        assert dt.datetime.fromisoformat(made[moment]) <= dt.datetime.now(dt.UTC)
    assert any_world.get(f"{CONNECTIONS}/{made['id']}").json() == made
    assert any_world.get(CONNECTIONS).json() == [made]


def test_connections_are_listed_newest_first(any_world: World) -> None:
    made = [any_world.connect()["id"] for _ in range(3)]
    assert [each["id"] for each in any_world.get(CONNECTIONS).json()] == made[::-1]


def test_an_id_is_never_used_again(any_world: World) -> None:
    first = any_world.connect()["id"]
    any_world.call("DELETE", f"{CONNECTIONS}/{first}")
    assert any_world.connect()["id"] > first


def test_renaming_makes_the_name_the_customer_s(any_world: World) -> None:
    made = any_world.connect()
    changed = any_world.call("PATCH", f"{CONNECTIONS}/{made['id']}", {"name": "Öffice ☎"}).json()
    assert (changed["name"], changed["inferred_name"]) == ("Öffice ☎", False)
    assert changed["updated_at"] >= made["updated_at"]


def test_an_empty_change_changes_nothing_that_is_shown(world: World) -> None:
    made = world.connect(sip_config=SIP)
    changed = world.call("PATCH", f"{CONNECTIONS}/{made['id']}", {}).json()
    assert {**changed, "updated_at": None} == {**made, "updated_at": None}


def test_a_sip_config_is_merged_and_null_removes(any_world: World) -> None:
    made = any_world.connect(sip_config=SIP)
    path = f"{CONNECTIONS}/{made['id']}"
    changed = any_world.call("PATCH", path, {"sip_config": {"domain": "b.example", "pin": None}}).json()
    assert changed["sip_config"] == {"domain": "b.example", "proxy": "p.example", "port": 5061}
    assert any_world.get(path).json() == changed


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"sip_config": {"colour": None}}, "sip_config.colour"),
        ({"sip_config": {"domain": "b.example", "colour": "red"}}, "sip_config.colour"),
        ({"credentials": {"apiKey": KEY, "secretThing": None}}, "credentials.secretThing"),
    ],
)
def test_a_change_of_an_unknown_field_is_refused_by_its_name_and_changes_nothing(
    world: World, body: dict[str, Any], named: str
) -> None:
    made = world.connect(sip_config=SIP)
    answer = world.call("PATCH", f"{CONNECTIONS}/{made['id']}", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields")
    assert list(answer.json()["errors"]) == [named]
    assert world.get(f"{CONNECTIONS}/{made['id']}").json() == made


def test_a_redacted_sip_config_sent_back_changes_nothing(any_world: World) -> None:
    made = any_world.connect(sip_config=SIP)
    changed = any_world.call("PATCH", f"{CONNECTIONS}/{made['id']}", {"sip_config": made["sip_config"]})
    assert changed.status_code == 200
    assert changed.json()["sip_config"] == made["sip_config"]
    with any_world.service.database.reading() as db:
        from trunkline_service.storage import connections

        stored = connections.find(db, any_world.organization, made["id"])
    assert stored is not None
    assert stored.sip_config(any_world.service.sealer) == SIP


@pytest.mark.parametrize("steering", [{"proxy": "evil.example"}, {"port": 5099}, {"proxy": None}])
def test_where_secrets_go_is_not_changed_without_proof(any_world: World, steering: dict[str, object]) -> None:
    made = any_world.connect(sip_config=SIP)
    path = f"{CONNECTIONS}/{made['id']}"
    answer = any_world.call("PATCH", path, {"sip_config": steering})
    assert (answer.status_code, answer.json()["code"]) == (400, "evidence_required")
    assert any_world.get(path).json() == made


def test_where_secrets_go_is_changed_with_fresh_evidence_for_the_new_place(any_world: World) -> None:
    made = any_world.connect(sip_config=SIP)
    path, moved = f"{CONNECTIONS}/{made['id']}", {**SIP, "proxy": "new.example"}
    stale = any_world.evidence(sip_config=SIP)
    body = {"sip_config": {"proxy": "new.example"}, "credentials": {"apiKey": KEY}}
    answer = any_world.call("PATCH", path, {**body, "verification_evidence_id": stale})
    assert (answer.status_code, answer.json()["code"]) == (422, "evidence_wrong_credentials")
    fresh = any_world.evidence(sip_config=moved)
    answer = any_world.call("PATCH", path, {**body, "verification_evidence_id": fresh})
    assert answer.status_code == 200
    assert answer.json()["sip_config"]["proxy"] == "new.example"


def test_credentials_are_rotated_with_fresh_evidence(any_world: World) -> None:
    world = any_world
    made = world.connect()
    world.carrier.open("rotated", ONE, identity="account-0")
    path = f"{CONNECTIONS}/{made['id']}"
    answer = world.call("PATCH", path, {"credentials": {"apiKey": "rotated"}})
    assert (answer.status_code, answer.json()["code"]) == (400, "evidence_required")
    id = world.evidence({"apiKey": "rotated"})
    body = {"credentials": {"apiKey": "rotated"}, "verification_evidence_id": id}
    assert world.call("PATCH", path, body).status_code == 200
    assert [each["number"] for each in world.get(f"{path}/available-numbers").json()] == [ONE]
    assert world.call("PATCH", path, body).json()["code"] == "evidence_spent"


def test_evidence_without_credentials_is_refused(world: World) -> None:
    made = world.connect()
    answer = world.call("PATCH", f"{CONNECTIONS}/{made['id']}", {"verification_evidence_id": world.evidence()})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["credentials"])


def test_rotating_to_another_account_is_refused_while_numbers_are_imported(any_world: World) -> None:
    world = any_world
    made = world.connect()
    id = world.import_(made["id"], ONE)["results"][0]["id"]
    world.carrier.open("elsewhere")
    evidence = world.evidence({"apiKey": "elsewhere"})
    body = {"credentials": {"apiKey": "elsewhere"}, "verification_evidence_id": evidence}
    answer = world.call("PATCH", f"{CONNECTIONS}/{made['id']}", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "different_account")
    world.call("DELETE", f"{PHONE_NUMBERS}/{id}")
    assert world.call("PATCH", f"{CONNECTIONS}/{made['id']}", body).status_code == 200, "the evidence was not spent"


@pytest.mark.parametrize("untold", ["before", "after"])
def test_an_identity_that_is_not_told_makes_no_other_account_of_one_with_numbers(world: World, untold: str) -> None:
    if untold == "before":
        world.carrier.accounts[KEY]["identity"] = None
    made = world.connect()
    world.import_(made["id"], ONE)
    world.carrier.open("rotated", ONE, identity="account-0")
    if untold == "after":
        world.carrier.accounts["rotated"]["identity"] = None
    body = {"credentials": {"apiKey": "rotated"}, "verification_evidence_id": world.evidence({"apiKey": "rotated"})}
    assert world.call("PATCH", f"{CONNECTIONS}/{made['id']}", body).status_code == 200
    world.carrier.open("elsewhere")
    body = {"credentials": {"apiKey": "elsewhere"}, "verification_evidence_id": world.evidence({"apiKey": "elsewhere"})}
    assert world.call("PATCH", f"{CONNECTIONS}/{made['id']}", body).json()["code"] == "different_account"


def test_removing_a_connection_leaves_its_numbers_without_one(any_world: World) -> None:
    world = any_world
    made = world.connect()
    id = world.import_(made["id"], ONE)["results"][0]["id"]
    answer = world.call("DELETE", f"{CONNECTIONS}/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert world.get(f"{CONNECTIONS}/{made['id']}").status_code == 404
    assert world.get(f"{PHONE_NUMBERS}/{id}").json()["voip_connection_id"] is None
    assert world.points_at(ONE).startswith("TK-")
    verify = world.post(f"{PHONE_NUMBERS}/{id}/verify-voip")
    assert (verify.status_code, verify.json()["code"]) == (409, "connection_deleted")


def test_a_new_connection_to_the_same_account_adopts_its_numbers(any_world: World) -> None:
    world = any_world
    made = world.connect()
    id = world.import_(made["id"], ONE)["results"][0]["id"]
    world.call("DELETE", f"{CONNECTIONS}/{made['id']}")
    again = world.connect()
    assert again["numbers_imported"] == 1
    assert world.get(f"{PHONE_NUMBERS}/{id}").json()["voip_connection_id"] == again["id"]
    assert world.post(f"{PHONE_NUMBERS}/{id}/verify-voip").json()["voip_verification_status"] == "verified"
    assert world.call("DELETE", f"{PHONE_NUMBERS}/{id}").json()["routing"] == "restored"


def test_numbers_that_come_in_two_transactions_at_once_are_both_counted(any_world: World) -> None:
    world, database = any_world, any_world.service.database
    id = world.connect()["id"]
    numbers = [each["id"] for each in world.import_(id, ONE, TWO)["results"]]

    def come(db: Connection, number: int) -> None:
        db.execute(update(phone_numbers).where(phone_numbers.c.id == number).values(voip_connection_id=id))
        count_numbers(db, id)

    def come_later() -> None:
        with database.writing() as db:
            come(db, numbers[1])

    with database.writing() as db:
        db.execute(update(phone_numbers).values(voip_connection_id=None))
        count_numbers(db, id)
    assert world.get(f"{CONNECTIONS}/{id}").json()["numbers_imported"] == 0
    later = threading.Thread(target=come_later)
    with database.writing() as db:
        come(db, numbers[0])
        later.start()
        # On SQLite the second cannot begin before the first has ended.
        while not database.is_sqlite and not _somebody_waits(db):
            pass
    later.join()
    assert world.get(f"{CONNECTIONS}/{id}").json()["numbers_imported"] == 2
    assert world.get(CONNECTIONS).json()[0]["numbers_imported"] == 2


def _somebody_waits(db: Connection) -> bool:
    in_this_database = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    blocked = "SELECT pid FROM pg_locks WHERE NOT granted"
    query = f"SELECT count(*) FROM pg_locks WHERE {in_this_database} AND pid IN ({blocked})"
    return bool(db.execute(text(query)).scalar())


def test_another_account_adopts_nothing(any_world: World) -> None:
    world = any_world
    made = world.connect()
    world.import_(made["id"], ONE)
    world.call("DELETE", f"{CONNECTIONS}/{made['id']}")
    world.carrier.open("elsewhere", TWO)
    assert world.connect({"apiKey": "elsewhere"})["numbers_imported"] == 0
    _, other = world.organization_with_key()
    assert world.connect(key=other)["numbers_imported"] == 0


def test_removing_a_connection_can_release_its_numbers_first(any_world: World) -> None:
    world = any_world
    made = world.connect()
    ids = [each["id"] for each in world.import_(made["id"], *NUMBERS)["results"]]
    assert world.call("DELETE", f"{CONNECTIONS}/{made['id']}?release_numbers=true").status_code == 204
    assert {world.points_at(number) for number in NUMBERS} == {"old-app"}
    assert {world.get(f"{PHONE_NUMBERS}/{id}").json()["status"] for id in ids} == {"released"}


def test_a_connection_stays_where_its_numbers_cannot_be_released(any_world: World) -> None:
    world = any_world
    made = world.connect()
    world.import_(made["id"], *NUMBERS)
    world.carrier.fail["release_number"] = CarrierUnavailable("Acme is down.")
    answer = world.call("DELETE", f"{CONNECTIONS}/{made['id']}?release_numbers=true")
    assert (answer.status_code, answer.json()["code"]) == (503, "carrier_unavailable")
    assert world.get(f"{CONNECTIONS}/{made['id']}").json()["numbers_imported"] == 3
    world.carrier.fail.clear()
    assert world.call("DELETE", f"{CONNECTIONS}/{made['id']}?release_numbers=true").status_code == 204


def test_a_connection_whose_credentials_stopped_working_says_so(any_world: World) -> None:
    world = any_world
    path = f"{CONNECTIONS}/{world.connect()['id']}"
    world.carrier.fail["list_numbers"] = CredentialsRejected("Acme does not accept this key.")
    answer = world.get(f"{path}/available-numbers")
    assert (answer.status_code, answer.json()["code"]) == (422, "credentials_rejected")
    assert world.get(path).json()["status"] == "error"
    world.carrier.fail.clear()
    world.get(f"{path}/available-numbers")
    assert world.get(path).json()["status"] == "connected"


def test_a_change_made_meanwhile_is_not_overwritten(world: World) -> None:
    from trunkline_service import connections
    from trunkline_service.drafts import ConnectionPatch
    from trunkline_service.errors import ApiError
    from trunkline_service.storage.organizations import Caller

    made = world.connect(sip_config=SIP)
    caller = Caller(world.organization, "live", True)
    redact = world.service.engines["live"].redact_sip_config

    def change_first(*arguments: object) -> dict[str, object]:
        world.service.engines["live"].redact_sip_config = redact  # type: ignore[method-assign]
        connections.change(world.service, caller, made["id"], ConnectionPatch(sip_config={"domain": "first.example"}))
        return redact(*arguments)  # type: ignore[arg-type]

    world.service.engines["live"].redact_sip_config = change_first  # type: ignore[method-assign]
    with pytest.raises(ApiError) as refused:
        connections.change(world.service, caller, made["id"], ConnectionPatch(sip_config={"domain": "second.example"}))
    assert refused.value.code == "connection_busy"
    assert world.get(f"{CONNECTIONS}/{made['id']}").json()["sip_config"]["domain"] == "first.example"


def test_a_database_that_cannot_be_read_is_told_alike_by_every_route(world: World) -> None:
    with world.service.database.writing() as db:
        db.execute(text("ALTER TABLE api_keys RENAME TO lost"))
    answers = [world.get(path) for path in (CONNECTIONS, f"{CONNECTIONS}/1", PHONE_NUMBERS)]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(503, "overloaded")] * 3
    assert not [answer.text for answer in answers if "api_keys" in answer.text]
