"""One script over every healthy account of every simulated carrier: the same flow gives facts of the same shape."""

from __future__ import annotations

import re
from typing import Any

import attrs
import pytest
import requests

from .conftest import Demo

CARRIERS = ("twilio", "telnyx", "signalwire", "vonage")
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
REGION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
CODE = re.compile(r"[a-z][a-z0-9_]*")
TYPES = {"local", "mobile", "national", "toll_free", "other", None}
WITHOUT_OUTBOUND = {"no_connection": "no_outbound_profile"}
"""Accounts whose numbers are routed by a connection that we made and that may not call out yet."""
CAPABILITIES = {"voice", "sms", "mms", "fax"}


@attrs.frozen
class Client:
    """Speaks to the service of the demo."""

    base: str
    session: requests.Session

    def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = self.session.request(method, f"{self.base}/v1{path}", json=body, timeout=30)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def client(demo: Demo) -> Any:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {demo.said['api_key']}"
        yield Client(demo.said["base_url"], session)


def accounts(demo: Demo, provider: str, expect: str) -> list[dict[str, Any]]:
    found = [each for each in demo.said["accounts"] if (each["provider"], each["expect"]) == (provider, expect)]
    assert found
    return found


def given(account: dict[str, Any]) -> dict[str, Any]:
    return {name: account[name] for name in ("provider", "credentials", "sip_config", "setup_method")}


def codes(tested: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {name: (check["outcome"], check["code"]) for name, check in tested["check_details"].items()}


@pytest.mark.parametrize("provider", CARRIERS)
def test_every_healthy_account_goes_the_whole_way_with_facts_of_one_shape(
    demo: Demo, client: Client, provider: str
) -> None:
    for account in accounts(demo, provider, "healthy"):
        if account["setup_method"] == "api_key":
            the_whole_way(client, account)


def the_whole_way(client: Client, account: dict[str, Any]) -> None:
    tested = client.ask("POST", "/voip-connections/test", given(account), status=201)
    assert tested["status"] == "pass"
    assert tested["checks"].keys() == tested["check_details"].keys() - {"platform_answers"}
    assert tested["checks"]["credentials_valid"] is True
    assert codes(tested)["credentials_valid"] == ("pass", "credentials_accepted")
    for check in tested["check_details"].values():
        assert check.keys() == {"outcome", "code", "summary", "remedy", "proof"}
        assert CODE.fullmatch(check["code"])
        assert all(re.fullmatch(r"(/|sip:)[^?\s]*", each["path"]) for each in check["proof"])
    assert re.fullmatch(r"[A-Z]\w+(: .+)?( \(\+[0-9]+\))?", tested["suggested_connection_name"])

    wanted = {**given(account), "verification_evidence_id": tested["verification_evidence_id"]}
    connection = client.ask("POST", "/voip-connections", wanted, status=201)
    assert (connection["status"], connection["provider"]) == ("connected", account["provider"])
    numbers = f"/voip-connections/{connection['id']}"

    available = client.ask("GET", f"{numbers}/available-numbers")
    for each in available:
        assert each.keys() == {
            "id",
            "number",
            "friendlyName",
            "type",
            "capabilities",
            "region",
            "monthlyFee",
        }
        assert E164.fullmatch(each["number"])
        assert each["region"] is None or REGION.fullmatch(each["region"])
        assert each["type"] in TYPES
        assert set(each["capabilities"]) <= CAPABILITIES
        assert each["monthlyFee"] is None or (type(each["monthlyFee"]) is int and each["monthlyFee"] > 0)
        assert each["friendlyName"] is None or each["friendlyName"].strip()
    number = next(each["number"] for each in available if "voice" in each["capabilities"])

    plan = client.ask("POST", f"{numbers}/import-numbers?dry_run=true", {"numbers": [number]})
    assert {each["action"] for each in plan["objects"]} <= {"make", "found", "change"}
    assert [each["number"] for each in plan["numbers"]] == [number]
    assert plan["provider_charge_estimate_cents"] in (0, None)

    imported = client.ask("POST", f"{numbers}/import-numbers", {"numbers": [number]}, status=201)
    assert imported["imported_count"] == 1
    assert imported["provider_charge_estimate_cents"] == plan["provider_charge_estimate_cents"]
    (result,) = imported["results"]
    assert (result["number"], result["status"]) == (number, "provisioning")

    verified = client.ask("POST", f"/phone-numbers/{result['id']}/verify-voip")
    if account["label"] in WITHOUT_OUTBOUND:
        assert codes(verified)["outbound_authorized"] == ("fail", WITHOUT_OUTBOUND[account["label"]])
        assert verified["check_details"]["outbound_authorized"]["remedy"]
    else:
        assert (verified["voip_verification_status"], verified["status"]) == ("verified", "active"), codes(verified)
    assert verified["checks"]["inbound_routed"] is True
    assert codes(verified)["inbound_routed"] == ("pass", "routed_here")

    released = client.ask("DELETE", f"/phone-numbers/{result['id']}")
    assert released.keys() >= {"id", "number", "routing", "detail"}
    assert released["routing"] in ("restored", "cannot_restore")
    client.ask("DELETE", numbers, status=204)


@pytest.mark.parametrize("provider", CARRIERS)
def test_the_same_trouble_has_the_same_codes_at_every_carrier(demo: Demo, client: Client, provider: str) -> None:
    for account in accounts(demo, provider, "bad_credentials"):
        tested = client.ask("POST", "/voip-connections/test", given(account), status=201)
        assert tested["status"] == "fail"
        assert tested["verification_evidence_id"] is None
        assert {name: said for name, said in codes(tested).items() if name != "platform_answers"} == {
            "credentials_valid": ("fail", "credentials_rejected"),
            "inbound_reachable": ("unknown", "not_asked"),
            "outbound_authorized": ("unknown", "not_asked"),
        }
        body = {name: account[name] for name in ("provider", "credentials")}
        refused = client.ask("POST", "/voip-connections/suggest-name", body, status=422)
        assert refused["code"] == "credentials_rejected"
        assert refused["carrier"]["status"] in (401, 404, 302)


@pytest.mark.parametrize("provider", CARRIERS)
def test_trouble_of_a_carrier_is_the_same_error_whoever_the_carrier_is(
    demo: Demo, client: Client, provider: str
) -> None:
    account = accounts(demo, provider, "healthy")[0]
    faults = f"{demo.said['sandbox'][provider]}/_sandbox/faults"
    expected = {500: (503, "carrier_unavailable"), 429: (429, "rate_limited"), 200: (502, "carrier_answer_unexpected")}
    for status, (answered, code) in expected.items():
        fault = {"kind": "html", "status": status, "times": None, "headers": {"Retry-After": "60"}}
        assert requests.post(faults, json=fault, timeout=5).ok
        try:
            refused = client.ask("POST", "/voip-connections/test", given(account), status=answered)
        finally:
            requests.delete(faults, timeout=5)
        assert refused["code"] == code
        assert refused["retryable"] is True
        assert refused["carrier"]["status"] == status
