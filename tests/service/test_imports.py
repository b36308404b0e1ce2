"""Importing numbers: one result for each, one holder of each, and nothing lost that stood before."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from acme import KEY, SECRET_URL
from harness import CONNECTIONS, NUMBERS, PHONE_NUMBERS, World

from serving import at_once, serving
from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierRefused,
    CarrierTimedOut,
    CarrierUnavailable,
    CredentialsRejected,
    NumberNotFound,
    PermissionMissing,
    RateLimited,
    SnapshotStale,
    WriteOutcomeUnknown,
)
from trunkline_service import recovery
from trunkline_service.storage import numbers
from trunkline_service.storage.numbers import StoredNumber

ONE, TWO, THREE = NUMBERS


def stored(world: World, id: int) -> numbers.StoredNumber:
    with world.service.database.reading() as db:
        row = numbers.by_id(db, id)
    assert row is not None
    return row


def test_each_requested_number_has_its_own_result_in_the_order_asked(any_world: World) -> None:
    world = any_world
    world.carrier.accounts[KEY]["numbers"][TWO]["voice"] = False
    connection = world.connect()["id"]
    answer = world.import_(connection, "12345", TWO, ONE, "+15559999999", ONE, "+1555 000", THREE)
    assert [(each["number"], each["status"]) for each in answer["results"]] == [
        ("12345", "failed"),
        (TWO, "failed"),
        (ONE, "provisioning"),
        ("+15559999999", "failed"),
        (ONE, "failed"),
        ("+1555 000", "failed"),
        (THREE, "provisioning"),
    ]
    codes = [each.get("error", {}).get("code") for each in answer["results"]]
    assert codes == [
        "invalid_number",
        "not_voice_capable",
        None,
        "not_on_account",
        "duplicate_in_request",
        "invalid_number",
        None,
    ]
    assert answer["imported_count"] == 2
    assert all((each["id"] is None) == ("error" in each) for each in answer["results"])
    assert [each["number"] for each in world.get(PHONE_NUMBERS).json()] == [THREE, ONE]


def test_an_imported_number_has_exactly_the_fields_of_the_contract(world: World) -> None:
    connection = world.connect()["id"]
    id = world.import_(connection, ONE)["results"][0]["id"]
    assert world.get(f"{PHONE_NUMBERS}/{id}").json() == {
        "id": id,
        "number": ONE,
        "source": "voip",
        "status": "provisioning",
        "inbound_agent_id": None,
        "outbound_agent_id": None,
        "voip_connection_id": connection,
        "voip_verification_status": "unverified",
        "voip_last_verified_at": None,
    }


def test_an_import_answers_its_charges_and_warnings(world: World) -> None:
    answer = world.import_(world.connect()["id"], ONE)
    assert {name: value for name, value in answer.items() if name != "results"} == {
        "imported_count": 1,
        "provider_charge_estimate_cents": 0,
        "provider_charge_currency": "USD",
        "provider_charge_note": "No upstream charges for imports through this provider.",
        "warnings": [{"code": "replaces_webhook", "summary": "A webhook is replaced.", "numbers": []}],
    }


def test_importing_twice_changes_nothing(any_world: World) -> None:
    world = any_world
    connection = world.connect()["id"]
    first = world.import_(connection, ONE)["results"]
    world.call("PATCH", f"{PHONE_NUMBERS}/{first[0]['id']}", {"inbound_agent_id": 7})
    world.post(f"{PHONE_NUMBERS}/{first[0]['id']}/verify-voip")
    before = world.get(f"{PHONE_NUMBERS}/{first[0]['id']}").json()
    world.carrier.calls.clear()
    again = world.import_(connection, ONE)
    assert again["results"] == [{"id": first[0]["id"], "number": ONE, "status": "active"}]
    assert (again["imported_count"], again["provider_charge_estimate_cents"]) == (1, 0)
    assert world.carrier.calls == []
    assert world.get(f"{PHONE_NUMBERS}/{first[0]['id']}").json() == before


def test_another_connection_of_the_organization_answers_the_same_number(any_world: World) -> None:
    world = any_world
    id = world.import_(world.connect()["id"], ONE)["results"][0]["id"]
    second = world.connect()["id"]
    assert world.import_(second, ONE)["results"][0]["id"] == id


def test_a_number_of_another_organization_is_in_use(any_world: World) -> None:
    world = any_world
    world.import_(world.connect()["id"], ONE)
    _, other = world.organization_with_key()
    theirs = world.connect(key=other)["id"]
    result = world.import_(theirs, ONE, key=other)["results"][0]
    assert (result["id"], result["error"]["code"]) == (None, "already_in_use")
    available = world.get(f"{CONNECTIONS}/{theirs}/available-numbers", key=other).json()
    assert [each["number"] for each in available] == [TWO, THREE]


def test_that_a_number_is_in_use_is_told_only_to_who_has_it_on_the_account(any_world: World) -> None:
    world = any_world
    world.import_(world.connect()["id"], ONE)
    world.carrier.open("another key", TWO)
    _, other = world.organization_with_key()
    theirs = world.connect({"apiKey": "another key"}, key=other)["id"]
    assert world.import_(theirs, ONE, key=other)["results"][0]["error"]["code"] == "not_on_account"


def test_a_sandbox_and_a_live_organization_may_hold_the_same_number(any_world: World) -> None:
    world = any_world
    world.import_(world.connect()["id"], ONE)
    _, sandbox = world.organization_with_key("sandbox")
    result = world.import_(world.connect(key=sandbox)["id"], ONE, key=sandbox)["results"][0]
    assert result["status"] == "provisioning"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NumberNotFound("It is gone."), "not_on_account"),
        (CarrierRefused("Not this number."), "carrier_refused"),
        (CarrierRefused("The webhook is dead.", reason="sms_webhook_unreachable"), "sms_webhook_unreachable"),
        (PermissionMissing("Not with this key."), "carrier_refused"),
        (CredentialsRejected("Not this key."), "carrier_refused"),
        (RateLimited("Wait."), "carrier_unavailable"),
        (CarrierUnavailable("Down."), "carrier_unavailable"),
        (CarrierTimedOut("Slow."), "carrier_unavailable"),
    ],
)
def test_a_write_that_certainly_failed_frees_the_number_at_once(any_world: World, error: Exception, code: str) -> None:
    world = any_world
    connection = world.connect()["id"]
    world.carrier.fail["import_number"] = error
    answer = world.import_(connection, ONE)
    assert answer["results"][0]["error"]["code"] == code
    assert (answer["imported_count"], world.get(PHONE_NUMBERS).json()) == (0, [])
    world.carrier.fail.clear()
    _, other = world.organization_with_key()
    theirs = world.connect(key=other)["id"]
    assert world.import_(theirs, ONE, key=other)["results"][0]["status"] == "provisioning"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            RateLimited("Acme asks for a pause.", retry_after=29.2),
            "Acme asks for a pause. Nothing was changed. {again}",
        ),
        (RateLimited("Acme asks for a pause."), "Acme asks for a pause. Nothing was changed."),
        (CarrierUnavailable("Acme has trouble."), "Acme has trouble. Nothing was changed."),
        (CarrierTimedOut("Too late. Nothing was changed: do it again."), "Too late. Nothing was changed: do it again."),
        (SnapshotStale("Acme took too long."), "Acme took too long. Nothing was changed."),
    ],
)
def test_a_write_that_may_work_later_is_told_in_its_own_words_with_the_wait(
    world: World, error: Exception, told: str
) -> None:
    world.carrier.fail["import_number"] = error
    said = world.import_(world.connect()["id"], ONE)["results"][0]["error"]
    assert said == {"code": "carrier_unavailable", "detail": told.format(again="Import the number again in 30 s.")}


@pytest.mark.parametrize("error", [WriteOutcomeUnknown("Lost."), CarrierAnswerUnexpected("?"), RuntimeError("bug")])
@pytest.mark.parametrize("took_effect", [True, False])
def test_a_write_of_unknown_outcome_is_settled_by_looking_at_the_carrier(
    any_world: World, error: Exception, took_effect: bool
) -> None:
    world = any_world
    connection = world.connect()["id"]

    def lose(**_: object) -> None:
        raise error

    (world.carrier.after if took_effect else world.carrier.before)["import_number"] = lose
    result = world.import_(connection, ONE)["results"][0]
    assert (result["id"], result["status"], result["error"]["code"]) == (None, "failed", "unverified_write")
    assert world.get(PHONE_NUMBERS).json() == []
    # What is not to be seen may yet come.
    assert recovery.sweep(world.service) == (1 if took_effect else 0)
    world.clock.forward(seconds=76)
    assert recovery.sweep(world.service) == (0 if took_effect else 1)
    listed = world.get(PHONE_NUMBERS).json()
    assert [each["number"] for each in listed] == ([ONE] if took_effect else [])
    if took_effect:
        released = world.call("DELETE", f"{PHONE_NUMBERS}/{listed[0]['id']}").json()
        assert released["routing"] == "restored"
    assert world.carrier.accounts[KEY]["numbers"][ONE]["url"] == SECRET_URL


def test_a_write_that_comes_late_is_found_and_the_number_is_imported(any_world: World) -> None:
    world = any_world
    connection = world.connect()["id"]

    def hang_up(**_: object) -> None:
        raise WriteOutcomeUnknown("Late.", may_come=True)

    world.carrier.before["import_number"] = hang_up
    assert world.import_(connection, ONE)["results"][0]["error"]["code"] == "unverified_write"
    world.clock.forward(seconds=30)
    assert recovery.sweep(world.service) == 0
    row = numbers_of(world)[0]
    _, other = world.organization_with_key()
    theirs = world.connect(key=other)["id"]
    assert world.import_(theirs, ONE, key=other)["results"][0]["error"]["code"] == "number_busy"
    world.carrier.accounts[KEY]["numbers"][ONE]["points_at"] = row.route_id
    assert recovery.sweep(world.service) == 1
    assert [each["number"] for each in world.get(PHONE_NUMBERS).json()] == [ONE]


def numbers_of(world: World) -> list[StoredNumber]:
    with world.service.database.reading() as db:
        return numbers.expired(db, world.service.now())


def test_a_number_of_unknown_outcome_is_settled_when_it_is_imported_again(any_world: World) -> None:
    world = any_world
    connection = world.connect()["id"]
    world.carrier.fail["import_number"] = WriteOutcomeUnknown("Lost.")
    assert world.import_(connection, ONE)["imported_count"] == 0
    world.carrier.fail.clear()
    assert world.import_(connection, ONE)["results"][0]["status"] == "provisioning"


def test_another_organization_s_expired_claim_gives_way(any_world: World) -> None:
    world = any_world
    world.carrier.fail["import_number"] = WriteOutcomeUnknown("Lost.")
    world.import_(world.connect()["id"], ONE)
    world.carrier.fail.clear()
    world.clock.forward(seconds=76)
    _, other = world.organization_with_key()
    theirs = world.connect(key=other)["id"]
    assert world.import_(theirs, ONE, key=other)["results"][0]["status"] == "provisioning"


def test_a_saved_snapshot_outlives_a_second_import_of_a_number_that_is_still_ours(any_world: World) -> None:
    """A number released without a connection stays routed to us; what stood before must not be forgotten."""
    world = any_world
    connection = world.connect()["id"]
    id = world.import_(connection, ONE)["results"][0]["id"]
    assert world.call("DELETE", f"{CONNECTIONS}/{connection}").status_code == 204
    assert world.call("DELETE", f"{PHONE_NUMBERS}/{id}").json()["code"] == "connection_deleted"
    assert world.points_at(ONE).startswith("TK-")
    second = world.connect()["id"]
    assert world.import_(second, ONE)["results"][0]["id"] == id
    assert world.call("DELETE", f"{PHONE_NUMBERS}/{id}").json()["routing"] == "restored"
    assert world.points_at(ONE) == "old-app"


def test_a_number_that_changed_hands_after_it_was_read_is_read_again(any_world: World) -> None:
    """Otherwise the other organization's trunk would be saved as what stood before."""
    world = any_world
    _, other = world.organization_with_key()
    theirs = world.connect(key=other)["id"]
    held = world.import_(theirs, ONE, key=other)["results"][0]["id"]
    with world.service.database.writing() as db:
        assert numbers.start_release(db, stored(world, held), world.service.now() - numbers.LEASE_MS)
    ours = world.connect()["id"]

    def release_meanwhile(**_: object) -> None:
        del world.carrier.after["read_routing"]
        assert recovery.sweep(world.service) == 1

    world.carrier.after["read_routing"] = release_meanwhile
    id = world.import_(ours, ONE)["results"][0]["id"]
    assert world.carrier.calls.count("read_routing") >= 2
    assert world.call("DELETE", f"{PHONE_NUMBERS}/{id}").json()["routing"] == "restored"
    assert world.points_at(ONE) == "old-app"


def test_a_dry_run_writes_nothing_anywhere(any_world: World) -> None:
    world = any_world
    connection = world.connect()["id"]
    before = repr(world.carrier.accounts)
    path = f"{CONNECTIONS}/{connection}/import-numbers?dry_run=true"
    answer = world.post(path, {"numbers": [ONE, "+15559999999"]}, Idempotency_Key="k")
    assert answer.status_code == 200
    plan = answer.json()
    assert plan["numbers"] == [
        {
            "number": ONE,
            "before": {"kind": "webhook", "host": "pbx.example"},
            "after": {"kind": "trunk", "host": "sip.example.com"},
            "already_ours": False,
        }
    ]
    assert plan["objects"] == [{"kind": "trunk", "description": "A trunk named after Trunkline", "action": "make"}]
    assert plan["charges"][0]["amount"] == "0"
    assert [each["error"]["code"] for each in plan["results"]] == ["not_on_account"]
    assert repr(world.carrier.accounts) == before
    with world.service.database.reading() as db:
        assert numbers.concerning(db, world.organization, "live", [ONE]) == []
        assert db.exec_driver_sql("SELECT count(*) FROM idempotency_keys").scalar() == 0


def test_a_hundred_numbers_are_imported_at_once(any_world: World) -> None:
    many = [f"+1555000{n:04}" for n in range(100)]
    any_world.carrier.open("many", *many)
    connection = any_world.connect({"apiKey": "many"})["id"]
    assert any_world.import_(connection, *many)["imported_count"] == 100


@pytest.mark.parametrize("hook", ["read_routing", "plan_import", "prepare_route"])
def test_an_error_before_the_first_write_leaves_no_claim(any_world: World, hook: str) -> None:
    world = any_world
    connection = world.connect()["id"]
    world.carrier.fail[hook] = CarrierUnavailable("Acme is down.")
    answer = world.post(f"{CONNECTIONS}/{connection}/import-numbers", {"numbers": [ONE]})
    assert (answer.status_code, answer.json()["code"]) == (503, "carrier_unavailable")
    world.carrier.fail.clear()
    _, other = world.organization_with_key()
    assert world.import_(world.connect(key=other)["id"], ONE, key=other)["imported_count"] == 1


def test_two_organizations_that_claim_a_number_at_once_leave_one_holder(any_world: World) -> None:
    world = any_world
    claimants = [(world.organization_with_key()[1]) for _ in range(16)]
    connections = [world.connect(key=key)["id"] for key in claimants]

    def send(http, index):  # type: ignore[no-untyped-def]
        path = f"{CONNECTIONS}/{connections[index]}/import-numbers"
        headers = {"Authorization": f"Bearer {claimants[index]}"}
        return http.post(path, json={"numbers": list(NUMBERS)}, headers=headers)

    with serving(world.service) as address:
        answers = at_once(len(claimants), address, send)
    assert {answer.status_code for answer in answers} == {201}
    outcomes = Counter(
        (result["number"], result["status"], result.get("error", {}).get("code"))
        for answer in answers
        for result in answer.json()["results"]
    )
    for number in NUMBERS:
        assert outcomes[number, "provisioning", None] == 1
        assert outcomes[number, "failed", "already_in_use"] == 15


def test_one_organization_that_imports_a_number_many_times_at_once_gets_one_id(any_world: World) -> None:
    world = any_world
    connection = world.connect()["id"]
    path, headers = f"{CONNECTIONS}/{connection}/import-numbers", {"Authorization": f"Bearer {world.key}"}
    with serving(world.service) as address:
        answers = at_once(8, address, lambda http, _: http.post(path, json={"numbers": [ONE]}, headers=headers))
    results = [answer.json()["results"][0] for answer in answers]
    assert {(result["id"], result["status"]) for result in results} == {(results[0]["id"], "provisioning")}
    assert world.carrier.calls.count("import_number") == 1


def test_imports_at_once_on_one_account_make_one_route(any_world: World) -> None:
    world = any_world
    connection = world.connect()["id"]
    making, overlaps = threading.Lock(), []

    def note(missing: bool) -> None:
        if not making.acquire(blocking=False):
            overlaps.append(missing)
            return
        making.release()

    world.carrier.before["prepare_route"] = note
    path, headers = f"{CONNECTIONS}/{connection}/import-numbers", {"Authorization": f"Bearer {world.key}"}
    with serving(world.service) as address:
        answers = at_once(3, address, lambda http, i: http.post(path, json={"numbers": [NUMBERS[i]]}, headers=headers))
    assert [answer.json()["imported_count"] for answer in answers] == [1, 1, 1]
    assert overlaps == []
    assert len(world.carrier.accounts[KEY]["trunks"]) == 1


def test_numbers_typed_in_are_claimed_within_their_organization_only(any_world: World) -> None:
    world = any_world
    typed = world.connect(provider="typed")["id"]
    assert world.import_(typed, ONE)["imported_count"] == 1
    _, other = world.organization_with_key()
    assert world.import_(world.connect(provider="typed", key=other)["id"], ONE, key=other)["imported_count"] == 1
    assert world.import_(world.connect(key=other)["id"], ONE, key=other)["imported_count"] == 1


def test_a_typed_number_that_a_carrier_s_list_gives_another_organization_is_in_use(any_world: World) -> None:
    world = any_world
    world.import_(world.connect()["id"], ONE)
    _, other = world.organization_with_key()
    result = world.import_(world.connect(provider="typed", key=other)["id"], ONE, key=other)["results"][0]
    assert result["error"]["code"] == "already_in_use"


def test_a_typed_number_yields_to_the_organization_s_own_carrier(any_world: World) -> None:
    world = any_world
    id = world.import_(world.connect(provider="typed")["id"], ONE)["results"][0]["id"]
    backed = world.connect()["id"]
    assert world.import_(backed, ONE)["results"][0]["id"] == id
    assert world.get(f"{PHONE_NUMBERS}/{id}").json()["voip_connection_id"] == backed


@pytest.mark.parametrize(("currency", "cents"), [("USD", 100), ("EUR", None)])
def test_an_available_number_has_the_fields_of_the_contract(world: World, currency: str, cents: int | None) -> None:
    world.carrier.open("one", ONE)
    world.carrier.accounts["one"]["numbers"][ONE]["currency"] = currency
    connection = world.connect({"apiKey": "one"})["id"]
    assert world.get(f"{CONNECTIONS}/{connection}/available-numbers").json() == [
        {
            "id": "PN0",
            "number": ONE,
            "friendlyName": "Main office",
            "type": "local",
            "capabilities": ["voice", "sms"],
            "region": "US-CA",
            "monthlyFee": cents,
        }
    ]


@pytest.mark.parametrize("count", [0, 1, 250, 251, 2600])
def test_every_number_of_the_account_is_listed(world: World, count: int) -> None:
    many = [f"+1555{n:07}" for n in range(count)]
    world.carrier.open("many", *many)
    connection = world.connect({"apiKey": "many"})["id"]
    answer = world.get(f"{CONNECTIONS}/{connection}/available-numbers")
    assert [each["number"] for each in answer.json()] == many
    assert answer.headers["content-type"] == "application/json"
