"""The whole way of a number: test, create, list, import, verify, release."""

from __future__ import annotations

from acme import KEY
from harness import CONNECTIONS, NUMBERS, PHONE_NUMBERS, World


def test_a_number_is_tested_for_imported_verified_and_given_back(any_world: World) -> None:
    world = any_world
    tested = world.post(f"{CONNECTIONS}/test", {"provider": "acme", "credentials": {"apiKey": KEY}})
    assert tested.status_code == 201
    verdict = tested.json()
    assert verdict["status"] == "pass"
    assert verdict["suggested_connection_name"] == f"Acme: Acme Main ({NUMBERS[0]})"
    assert verdict["checks"] == {"credentials_valid": True, "inbound_reachable": True, "outbound_authorized": None}

    created = world.post(
        CONNECTIONS,
        {
            "provider": "acme",
            "credentials": {"apiKey": KEY},
            "verification_evidence_id": verdict["verification_evidence_id"],
        },
    )
    assert created.status_code == 201
    connection = created.json()
    assert connection["status"] == "connected"
    assert connection["inferred_name"] is True
    assert connection["name"] == verdict["suggested_connection_name"]
    assert world.carrier.calls == ["test_credentials", "suggest_name"]

    available = world.get(f"{CONNECTIONS}/{connection['id']}/available-numbers").json()
    assert [number["number"] for number in available] == list(NUMBERS)

    imported = world.import_(connection["id"], *NUMBERS[:2])
    assert imported["imported_count"] == 2
    assert imported["provider_charge_estimate_cents"] == 0
    assert imported["provider_charge_note"] == "No upstream charges for imports through this provider."
    assert [each["status"] for each in imported["results"]] == ["provisioning", "provisioning"]
    first = imported["results"][0]["id"]

    remaining = world.get(f"{CONNECTIONS}/{connection['id']}/available-numbers").json()
    assert [number["number"] for number in remaining] == [NUMBERS[2]]
    assert world.get(f"{CONNECTIONS}/{connection['id']}").json()["numbers_imported"] == 2

    verified = world.post(f"{PHONE_NUMBERS}/{first}/verify-voip").json()
    assert verified["voip_verification_status"] == "verified"
    assert verified["status"] == "active"
    assert verified["checks"] == {"inbound_routed": True, "outbound_authorized": None}

    released = world.call("DELETE", f"{PHONE_NUMBERS}/{first}").json()
    assert released["routing"] == "restored"
    assert world.points_at(NUMBERS[0]) == "old-app"
    assert [each["number"] for each in world.get(PHONE_NUMBERS).json()] == [NUMBERS[1]]
    assert world.get(f"{PHONE_NUMBERS}/{first}").json()["status"] == "released"

    assert world.import_(connection["id"], NUMBERS[0])["results"][0]["id"] == first
