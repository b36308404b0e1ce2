"""Whether an imported number is still routed to the platform, and may dial out."""

from typing import Any

import pytest

from trunkline.numbers import Route

from .conftest import PLATFORM


def verify(desk: Any, route: Route, snapshot: Any, label: str = "healthy") -> list[tuple[bool | None, str]]:
    verification = desk.engine.verify_number(desk.account(label), snapshot.number.ref, route)
    assert all(check.proof for check in verification.checks)
    return [(check.outcome.as_json, check.code) for check in verification.checks]


def test_an_imported_number_is_routed_here_and_may_call_by_three_requests(desk: Any) -> None:
    route, snapshot = desk.imported(desk.numbers()[0])
    assert verify(desk, route, snapshot) == [(True, "routed_here"), (True, "calls_allowed")]
    assert len(desk.asked()) == 3


@pytest.mark.parametrize(
    "settings",
    [
        {"voiceCallbackType": "tel", "voiceCallbackValue": "442079460001"},
        {"voiceCallbackType": None, "voiceCallbackValue": None},
        {"voiceCallbackType": "sip", "voiceCallbackValue": "sip:s3same:pw@pbx.acme.example"},
        {"voiceCallbackType": "vxml", "voiceCallbackValue": "https://x.example/s3same"},
    ],
)
def test_drift_is_told_without_addresses(desk: Any, settings: dict[str, Any]) -> None:
    number = desk.numbers()[0]
    route, snapshot = desk.imported(number)
    desk.change(number, **settings)
    verification = desk.engine.verify_number(desk.account(), snapshot.number.ref, route)
    assert (verification.inbound.outcome.as_json, verification.inbound.code) == (False, "routed_elsewhere")
    assert "s3same" not in repr(verification)
    assert not verification.passed


def test_addresses_added_behind_ours_leave_calls_with_us_but_the_number_changed(desk: Any) -> None:
    number = desk.numbers()[0]
    route, snapshot = desk.imported(number)
    both = f"sip:{number}@{PLATFORM},sip:1@pbx.acme.example"
    desk.change(number, voiceCallbackType="sip", voiceCallbackValue=both)
    assert verify(desk, route, snapshot)[0] == (True, "routed_here")
    assert desk.release(route, snapshot).code == "changed_since"


def test_a_platform_that_has_moved_is_told(desk: Any) -> None:
    route, snapshot = desk.imported(desk.numbers()[0])
    desk.platform = "new.platform.example"
    assert verify(desk, route, snapshot)[0] == (False, "routed_elsewhere")
    desk.platform = None
    assert verify(desk, route, snapshot)[0] == (None, "platform_not_set")


def test_a_number_that_lost_voice_fails(desk: Any) -> None:
    number = desk.numbers()[0]
    route, snapshot = desk.imported(number)
    desk.change(number, features=["SMS"])
    assert verify(desk, route, snapshot)[0] == (False, "not_voice_capable")


def test_a_number_that_is_gone_fails_both(desk: Any) -> None:
    number = desk.numbers()[0]
    route, snapshot = desk.imported(number)
    desk.sandbox.carrier.remove("healthy", "numbers", number)
    assert verify(desk, route, snapshot) == [(False, "number_not_on_account")] * 2


@pytest.mark.parametrize(
    ("at", "outcome", "words"), [(5, None, "calls abroad"), (6, False, "calls within the country and calls abroad")]
)
def test_limitations_decide_outbound(desk: Any, at: int, outcome: bool | None, words: str) -> None:
    route, snapshot = desk.imported(desk.numbers(start=at)[0])
    check = desk.engine.verify_number(desk.account(), snapshot.number.ref, route).outbound
    assert (check.outcome.as_json, check.code) == (outcome, "outbound_limited")
    assert words in check.summary


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("no_credit", [(True, "routed_here"), (None, "no_credit")]),
        ("overdrawn", [(True, "routed_here"), (False, "no_credit")]),
        ("suspended", [(False, "account_suspended")] * 2),
    ],
)
def test_the_account_decides_too(desk: Any, label: str, expected: list[tuple[bool | None, str]]) -> None:
    route, snapshot = desk.imported(desk.numbers(label)[0], label)
    assert verify(desk, route, snapshot, label) == expected


def test_a_balance_that_may_not_be_read_leaves_outbound_open(desk: Any) -> None:
    route, snapshot = desk.imported(desk.numbers()[0])
    desk.fault("status", status=403, path="get-balance", times=None)
    assert verify(desk, route, snapshot) == [(True, "routed_here"), (None, "balance_unreadable")]
