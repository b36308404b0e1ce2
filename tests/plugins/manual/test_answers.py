"""What each kind of answer proves of a trunk: row by row, and never more than that."""

from __future__ import annotations

from typing import Any

import pytest

from trunkline.checks import Outcome
from trunkline.errors import CarrierUnavailable
from trunkline.sip.answer import SipAnswer, SipTrouble
from trunkline_manual.readings import read
from trunkline_sandbox import Fault

from .conftest import Desk

YES, NO, NULL = True, False, None

Three = tuple[bool | None, bool | None, bool | None]
Asked = list[tuple[str, int | None]]

# The trunk, and how it is changed; it is there, it takes the login, it lets calls out; what says so; what it was asked.
ROWS: dict[str, tuple[str, dict[str, Any], Three, str, Asked]] = {
    "200, never challenged": ("open", {}, (YES, NULL, NULL), "not_challenged", [("OPTIONS", 200)]),
    "401, then 200": (
        "healthy", {}, (YES, YES, NULL), "credentials_accepted", [("OPTIONS", 401), ("OPTIONS", 200)],
    ),
    "407, stale once, then 200": (
        "behind_proxy", {}, (YES, YES, NULL), "credentials_accepted",
        [("OPTIONS", 407), ("OPTIONS", 407), ("OPTIONS", 200)],
    ),
    "MD5, and only REGISTER is challenged": (
        "md5", {}, (YES, YES, NULL), "credentials_accepted",
        [("OPTIONS", 200), ("REGISTER", 401), ("REGISTER", 200)],
    ),
    "a trunk that works by registration": (
        "registration", {}, (YES, YES, NULL), "credentials_accepted", [("REGISTER", 401), ("REGISTER", 200)],
    ),
    "401, and 401 again": (
        "bad_credentials", {}, (YES, NO, NO), "credentials_rejected", [("OPTIONS", 401), ("OPTIONS", 401)],
    ),
    "401, and no login to answer with": (
        "no_login", {}, (YES, NO, NULL), "credentials_missing", [("OPTIONS", 401)],
    ),
    "403 after the login": (
        "forbidden", {}, (YES, NO, NULL), "credentials_or_permission_refused", [("OPTIONS", 401), ("OPTIONS", 403)],
    ),
    "a challenge for another realm": ("other_realm", {}, (YES, NO, NULL), "other_realm", [("OPTIONS", 401)]),
    "403 without a challenge": (
        "address_refused", {}, (YES, NULL, NO), "address_not_allowed", [("OPTIONS", 403)],
    ),
    "404": ("not_served", {}, (YES, NULL, NULL), "not_served", [("OPTIONS", 404), ("REGISTER", 404)]),
    "405 to REGISTER is no error": (
        "no_registration", {}, (YES, NULL, NULL), "registration_not_served", [("OPTIONS", 200), ("REGISTER", 405)],
    ),
    "503": ("overloaded", {}, (YES, NULL, NULL), "overloaded", [("OPTIONS", 503), ("REGISTER", 503)]),
    **{
        str(status): ("open", {"answers": status}, (YES, NULL, NULL), "trunk_answers", [("OPTIONS", status)])
        for status in (480, 486, 488, 302, 500, 604)
    },
    "408": ("open", {"answers": 408}, (NO, NULL, NULL), "trunk_timed_out", [("OPTIONS", 408)]),
    "silence": ("silent", {}, (NO, NULL, NULL), "trunk_silent", [("OPTIONS", None)]),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_an_answer_proves_what_its_row_says(desk: Desk, row: str) -> None:
    label, changed, expected, code, asked = ROWS[row]
    desk.patience = 0.4 if row == "silence" else 5.0
    if changed:
        desk.turn(label, **changed)
    tested = desk.test(label)

    assert tested.reachable is not None
    checks = (tested.reachable, tested.credentials, tested.outbound)
    assert tuple(check.outcome.as_json for check in checks) == expected
    assert tested.credentials.code == code
    assert tested.passed == (YES in expected and NO not in expected)
    assert (tested.inbound.outcome, tested.inbound.code) == (Outcome.UNKNOWN, "only_a_call_can_prove")
    assert [(each.method, each.status) for each in tested.credentials.proof][-1:] == asked[-1:]
    for check in checks:
        assert check.summary
        assert check.remedy or check.outcome is not Outcome.FAIL
        assert "{" not in f"{check.summary}{check.remedy}"
    assert list(dict.fromkeys(desk.asked())) == list(dict.fromkeys(asked))


def test_every_trouble_of_the_wire_has_a_reading_and_only_dns_that_was_not_asked_has_none() -> None:
    readings = {trouble: read("OPTIONS", SipAnswer(trouble=trouble)) for trouble in SipTrouble}
    assert readings.pop(SipTrouble.NOT_LOOKED_UP) is None
    for trouble, reading in readings.items():
        assert reading is not None, trouble
        assert (reading.reachable, reading.credentials, reading.outbound) == (
            Outcome.FAIL,
            Outcome.UNKNOWN,
            Outcome.UNKNOWN,
        )
        assert reading.remedy


@pytest.mark.parametrize("method", ["OPTIONS", "REGISTER"])
def test_every_status_has_a_reading_and_only_one_behind_a_challenge_tells_of_the_login(method: str) -> None:
    for status in {*range(200, 700)} - {401, 407}:
        plain, challenged = (
            read(method, SipAnswer(status=status, challenged=answered, answered=answered)) for answered in (False, True)
        )
        assert plain is not None
        assert challenged is not None
        assert plain.credentials is Outcome.UNKNOWN
        assert challenged.credentials is not Outcome.PASS or 200 <= status < 500


def test_where_the_platform_s_addresses_are_known_the_remedy_names_them(desk: Desk) -> None:
    remedy = desk.test("address_refused").outbound.remedy or ""
    assert "198.51.100.7, 198.51.100.32/28" in remedy
    desk.platform = None
    assert "operator" in (desk.test("address_refused").outbound.remedy or "")


def test_an_overloaded_trunk_says_how_long_to_wait(desk: Desk) -> None:
    assert "30 s" in (desk.test("overloaded").outbound.remedy or "")


def test_trouble_behind_a_challenge_leaves_the_login_open_and_is_no_verdict(desk: Desk) -> None:
    desk.sandbox.faults.add(Fault("status", account="healthy", status=500, after=1))
    with pytest.raises(CarrierUnavailable, match="asked for the login"):
        desk.test("healthy")


def test_a_fault_of_the_trunk_can_be_had_on_demand(desk: Desk) -> None:
    desk.sandbox.faults.add(Fault("status", method="OPTIONS", account="open", status=486))
    assert desk.test("open").credentials.summary.startswith("The trunk answers OPTIONS with 486")


def test_what_comes_in_is_told_to_be_entered_at_the_carrier(desk: Desk) -> None:
    remedy = desk.test("open").inbound.remedy or ""
    assert "sip:NUMBER@sip.platform.example:5061;transport=tls" in remedy
    desk.platform = None
    assert desk.test("open").inbound.code == "platform_not_set"


def test_a_test_registers_nobody_and_calls_nobody(desk: Desk) -> None:
    desk.turn("healthy", bindings=["<sip:desk@203.0.113.9>"])
    assert desk.test("registration").passed
    assert desk.sandbox.carrier.accounts["healthy"].bindings == ["<sip:desk@203.0.113.9>"]
    assert {method for method, _ in desk.asked()} <= {"OPTIONS", "REGISTER"}


def test_one_trunk_has_one_identity_however_it_is_written(desk: Desk) -> None:
    identities = {
        desk.test("healthy").identity,
        desk.test("healthy", port=5060).identity,
        desk.test("healthy", domain="HEALTHY.trunk.example", transport="tcp").identity,
    }
    assert identities == {"sip:acme-healthy@healthy.trunk.example:5060"}
    assert desk.test("no_login").identity == "sip:healthy.trunk.example:5060"


def test_a_trunk_that_is_silent_to_register_is_there_all_the_same(desk: Desk) -> None:
    desk.patience = 0.4
    desk.sandbox.faults.add(Fault("timeout_before", method="REGISTER", account="md5", times=None))
    tested = desk.test("md5")
    assert (tested.passed, tested.credentials.outcome, tested.credentials.code) == (
        True,
        Outcome.UNKNOWN,
        "not_challenged",
    )
