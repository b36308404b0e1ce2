"""The numbers of a trunk: listed as entered, imported without a change anywhere, verified as far as can be told."""

from __future__ import annotations

from typing import Any

import pytest

from trunkline.charges import estimate
from trunkline.checks import Outcome
from trunkline.errors import CarrierRefused, NumberNotFound
from trunkline.numbers import NumberType, ReleaseOutcome, RoutingView

from .conftest import NUMBERS, Desk

AMERICAN, BRITISH = NUMBERS
ROUTE = "sip:sip.platform.example:5061;transport=tls"


def imported(desk: Desk, label: str = "healthy", **config: Any) -> Any:
    account = desk.account(label, **{"numbers": NUMBERS, **config})
    route = desk.engine.prepare_route(account)
    snapshots = desk.engine.read_routing(account, NUMBERS)
    return account, route, snapshots, list(desk.engine.import_numbers(account, route, list(snapshots.values())))


def test_the_numbers_that_were_entered_are_listed_with_what_they_say_of_themselves(desk: Desk) -> None:
    listed = list(desk.engine.list_numbers(desk.account(numbers=NUMBERS)))
    assert [(each.number, each.type, each.region) for each in listed] == [
        (AMERICAN, NumberType.LOCAL, "US-HI"),
        (BRITISH, NumberType.LOCAL, "GB"),
    ]
    assert all((each.capabilities, each.monthly_fee) == ({"voice"}, None) for each in listed)
    assert not desk.sandbox.requests


def test_the_name_is_the_host_s(desk: Desk) -> None:
    suggestion = desk.engine.suggest_name(desk.account(numbers=NUMBERS))
    assert suggestion.text("SIP trunk", with_number=True) == f"SIP trunk: healthy.trunk.example ({AMERICAN})"
    assert desk.engine.suggest_name(desk.account(numbers=[])).number is None


def test_the_plan_says_what_to_enter_at_the_carrier_and_that_no_price_is_known(desk: Desk) -> None:
    account = desk.account(numbers=NUMBERS)
    plan = desk.engine.plan_import(account, list(desk.engine.read_routing(account, NUMBERS).values()))
    assert plan.instructions is not None
    assert [each.uri for each in plan.instructions.sip_addresses] == [
        f"sip:{number}@sip.platform.example:5061;transport=tls" for number in NUMBERS
    ]
    assert plan.instructions.transport == "tls"
    assert plan.instructions.allow_addresses == ("198.51.100.7", "198.51.100.32/28")
    assert (plan.numbers[0].before, plan.numbers[0].after) == (
        RoutingView("not_known"),
        RoutingView("sip", "sip.platform.example"),
    )
    assert plan.objects == ()
    assert [each.code for each in plan.warnings] == ["entered_by_hand"]
    assert (estimate(plan.charges).cents, estimate(plan.charges).note) == (
        None,
        "The carrier does not tell the price of: sending calls to a SIP address.",
    )


def test_a_trunk_that_works_by_registration_is_warned_of(desk: Desk) -> None:
    account = desk.account("registration", numbers=NUMBERS)
    plan = desk.engine.plan_import(account, list(desk.engine.read_routing(account, [AMERICAN]).values()))
    assert [each.code for each in plan.warnings] == ["entered_by_hand", "registration_needed"]


def test_importing_and_releasing_ask_nothing_of_the_trunk(desk: Desk) -> None:
    account, route, snapshots, outcomes = imported(desk)
    assert {each.number: each.error for each in outcomes} == dict.fromkeys(NUMBERS)
    assert route.id == ROUTE
    release = desk.engine.release_number(account, snapshots[BRITISH].number.ref, route, snapshots[BRITISH])
    assert (release.outcome, release.code) == (ReleaseOutcome.CANNOT_RESTORE, "entered_by_hand")
    assert BRITISH in release.detail
    assert not desk.sandbox.requests


def test_a_number_that_was_taken_off_the_list_is_not_imported(desk: Desk) -> None:
    _, route, snapshots, _ = imported(desk)
    fewer = desk.account(numbers=[AMERICAN])
    assert set(desk.engine.read_routing(fewer, NUMBERS)) == {AMERICAN}
    (outcome,) = desk.engine.import_numbers(fewer, route, [snapshots[BRITISH]])
    assert isinstance(outcome.error, NumberNotFound)


def test_without_a_sip_host_of_the_platform_nothing_can_be_imported(desk: Desk) -> None:
    desk.platform = None
    account = desk.account(numbers=NUMBERS)
    with pytest.raises(CarrierRefused, match="SIP host"):
        desk.engine.prepare_route(account)
    with pytest.raises(CarrierRefused, match="SIP host"):
        desk.engine.plan_import(account, list(desk.engine.read_routing(account, NUMBERS).values()))


@pytest.mark.parametrize(
    ("label", "credentials", "outbound", "reachable", "passes"),
    [
        ("healthy", True, None, True, True),
        ("open", None, None, True, True),
        ("bad_credentials", False, False, True, False),
        ("address_refused", None, False, True, False),
    ],
)
def test_a_number_is_verified_as_far_as_the_trunk_tells(
    desk: Desk, label: str, credentials: bool | None, outbound: bool | None, reachable: bool | None, passes: bool
) -> None:
    account, route, snapshots, _ = imported(desk, label)
    verdict = desk.engine.verify_number(account, snapshots[AMERICAN].number.ref, route)
    assert {each.name: each.outcome.as_json for each in verdict.checks} == {
        "inbound_routed": None,
        "outbound_authorized": outbound,
        "credentials_valid": credentials,
        "trunk_reachable": reachable,
    }
    assert verdict.passed is passes
    assert f"sip:{AMERICAN}@sip.platform.example:5061;transport=tls" in (verdict.inbound.remedy or "")


def test_a_number_that_is_not_entered_any_more_fails_its_verification(desk: Desk) -> None:
    _, route, snapshots, _ = imported(desk)
    verdict = desk.engine.verify_number(desk.account(numbers=[AMERICAN]), snapshots[BRITISH].number.ref, route)
    assert (verdict.inbound.outcome, verdict.inbound.code) == (Outcome.FAIL, "number_not_entered")
    assert not verdict.passed
