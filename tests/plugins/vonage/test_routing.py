"""What a snapshot holds, what it shows, and when a number counts as ours."""

import datetime as dt
import json
from typing import Any

import pytest

from trunkline.charges import ChargeSource
from trunkline.errors import CarrierAnswerUnexpected, CarrierRefused
from trunkline.numbers import RoutingView

from .conftest import PLATFORM, ROUTE

SECRETS = ("s3same", "4cc355", "inbound?", "desk:", "/status")


def of(desk: Any, number: str) -> Any:
    (snapshot,) = desk.snapshots([number])
    return snapshot


@pytest.mark.parametrize(
    ("settings", "view"),
    [
        ({}, RoutingView("none")),
        ({"voiceCallbackType": "tel", "voiceCallbackValue": "442079460001"}, RoutingView("phone")),
        (
            {"voiceCallbackType": "sip", "voiceCallbackValue": "sip:a:b@pbx.acme.example:5070;x=y"},
            RoutingView("sip", "pbx.acme.example"),
        ),
        (
            {"voiceCallbackType": "sip", "voiceCallbackValue": "sip:1@a.example,sip:2@b.example"},
            RoutingView("sip", "a.example"),
        ),
        (
            {"voiceCallbackType": "sip", "voiceCallbackValue": "sip:1@[2001:db8::1]:5060"},
            RoutingView("sip", "[2001:db8::1]"),
        ),
        ({"voiceCallbackType": "sip", "voiceCallbackValue": "nonsense with / in it"}, RoutingView("sip")),
        ({"voiceCallbackType": "vxml", "voiceCallbackValue": "https://a.example/x"}, RoutingView("other")),
    ],
)
def test_a_view_shows_a_kind_and_a_host_only(desk: Any, settings: dict[str, str], view: RoutingView) -> None:
    number = desk.numbers()[0]
    desk.change(number, **settings)
    snapshot = of(desk, number)
    assert snapshot.view == view
    assert snapshot.points_at is None


def test_no_view_of_any_number_shows_a_secret(desk: Any) -> None:
    for snapshot in desk.snapshots(desk.numbers(count=30)):
        assert not any(secret in repr(snapshot) for secret in SECRETS)


def test_a_snapshot_is_plain_json_and_holds_all_that_is_set(desk: Any) -> None:
    number = desk.numbers(start=11)[0]
    snapshot = of(desk, number)
    assert json.loads(json.dumps(dict(snapshot.restore))) == {
        "settings": desk.settings(number),
        "outbound_limits": [],
    }


@pytest.mark.parametrize("shown", [True, False])
def test_an_application_is_what_a_number_points_at_however_it_is_listed(desk: Any, shown: bool) -> None:
    desk.switch(shows_app_as_voice=shown)
    number = desk.numbers(start=9)[0]
    snapshot = of(desk, number)
    assert snapshot.view == RoutingView("application")
    assert snapshot.points_at == desk.settings(number)["app_id"]


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("sip:{number}@sip.platform.example:5061;transport=tls", True),
        ("SIP:{number}@SIP.Platform.Example:5061;Transport=TLS", True),
        ("sip:{escaped}@sip.platform.example:5061;transport=tls", True),
        ("sip:{number}@sip.platform.example:5061;timeout=4000;transport=tls;media=srtp", True),
        ("sip:{digits}@sip.platform.example:5061;transport=tls", False),
        ("sip:sales@sip.platform.example:5061;transport=tls", False),
        ("sip:{number}:pw@sip.platform.example:5061;transport=tls", False),
        ("sip:{number}@sip.platform.example;transport=tls", False),
        ("sip:{number}@sip.platform.example:5061", False),
        ("sips:{number}@sip.platform.example:5061;transport=tls", False),
        ("sip:{number}@other.example:5061;transport=tls", False),
        ("sip:{number}@sip.platform.example:5061;transport=tls,sip:1@b.example", False),
        ("sip:+12025550199@sip.platform.example:5061;transport=tls", False),
    ],
)
def test_a_number_is_ours_when_its_own_address_at_our_host_is_set(desk: Any, address: str, ours: bool) -> None:
    number = desk.numbers()[0]
    value = address.format(number=number, escaped=number.replace("+", "%2B"), digits=number[1:])
    desk.change(number, voiceCallbackType="sip", voiceCallbackValue=value)
    route = desk.engine.prepare_route(desk.account())
    assert route.id == ROUTE
    assert (of(desk, number).points_at == route.id) is ours


def test_preparing_the_route_asks_nothing_and_needs_the_platforms_host(desk: Any) -> None:
    route = desk.engine.prepare_route(desk.account())
    assert (route.made, json.loads(json.dumps(dict(route.data)))) == (False, {"sip_uri": ROUTE})
    assert not desk.asked()
    desk.platform = None
    with pytest.raises(CarrierRefused, match="operator"):
        desk.engine.prepare_route(desk.account())
    with pytest.raises(CarrierRefused, match="operator"):
        desk.engine.plan_import(desk.account(), [])


# How numbers are found


def test_few_numbers_are_asked_for_one_by_one(desk: Any) -> None:
    wanted = desk.numbers(count=3, start=400)
    assert [snapshot.number.number for snapshot in desk.snapshots(wanted)] == wanted
    assert len(desk.asked()) == 3


def test_many_numbers_are_found_on_pages_or_one_by_one_whichever_asks_less(desk: Any) -> None:
    near = desk.numbers(count=9)
    assert len(desk.snapshots(near)) == 9
    assert len(desk.asked()) == 1
    desk.forget()
    far = desk.numbers(count=1, start=1150) + desk.numbers(count=8)
    assert {snapshot.number.number for snapshot in desk.snapshots(far)} == set(far)
    assert len(desk.asked()) == 2
    desk.forget()
    spread = desk.numbers(count=40) + desk.numbers(count=40, start=1100)
    assert {snapshot.number.number for snapshot in desk.snapshots(spread)} == set(spread)
    assert len(desk.asked()) == 12


def test_a_number_that_is_not_there_is_left_out(desk: Any) -> None:
    wanted = [*desk.numbers(count=1), "+12025550199", "+4930999999"]
    assert len(desk.snapshots(wanted)) == 1
    assert len(desk.snapshots([*desk.numbers(count=4), "+12025550199"])) == 4


def test_a_number_that_only_begins_or_ends_like_another_is_not_taken_for_it(desk: Any) -> None:
    account = desk.carrier_account("provisioned")
    number = desk.numbers("provisioned")[0]
    desk.switch("provisioned", pattern="contains")
    longer = account.number(number)
    longer.msisdn += "9"
    account.numbers = {(each.country, each.msisdn): each for each in account.numbers.values()}
    assert desk.snapshots([number], "provisioned") == []


def test_a_number_that_is_asked_for_twice_is_given_once(desk: Any) -> None:
    assert len(desk.snapshots(desk.numbers(count=1) * 5)) == 1


@pytest.mark.parametrize(
    "patch", [{"voiceCallbackValue": 7}, {"moHttpUrl": ["x"]}, {"app_id": {}}, {"limitations": "x"}]
)
def test_a_setting_that_is_no_text_is_an_error(desk: Any, patch: dict[str, Any]) -> None:
    desk.fault("patch_json", patch={"numbers": {"*": patch}}, times=None)
    with pytest.raises(CarrierAnswerUnexpected):
        of(desk, desk.numbers()[0])


def test_a_setting_that_is_null_is_not_set(desk: Any) -> None:
    desk.fault("patch_json", patch={"numbers": {"*": {"voiceCallbackValue": None, "app_id": None, "moHttpUrl": ""}}})
    assert of(desk, desk.numbers()[0]).restore["settings"] == {}


# The plan


def test_a_plan_says_what_becomes_of_each_number_and_costs_one_request(desk: Any) -> None:
    numbers = desk.numbers(count=12)
    desk.imported(numbers[0])
    snapshots = desk.snapshots(numbers)
    desk.forget()
    plan = desk.engine.plan_import(desk.account(), snapshots)
    assert len(desk.asked()) == 1
    assert [number.already_ours for number in plan.numbers] == [True] + [False] * 11
    assert {number.after for number in plan.numbers} == {RoutingView("sip", PLATFORM.partition(":")[0])}
    (charge,) = plan.charges
    assert (charge.money.amount, charge.money.currency) == (0, "EUR")
    assert charge.source is ChargeSource.NO_FEE_LISTED
    assert charge.as_of == dt.datetime.now(dt.UTC).date()
    assert plan.seconds >= 12
    warned = {warning.code: warning.numbers for warning in plan.warnings}
    assert warned["may_clear_unreadable_fields"] == tuple(numbers[1:])
    assert warned["sms_webhook_is_checked"] == (numbers[7], numbers[11])
    assert warned["application_overruled"] == (numbers[9],)
    assert warned["outbound_limited"] == (numbers[5], numbers[6])
    assert "numbers_may_be_lost" not in warned
    assert not any(secret in repr(plan) for secret in SECRETS)


@pytest.mark.parametrize("way", ["listed", "listed_as_url"])
def test_fields_that_the_list_does_show_are_not_warned_of(desk: Any, way: str) -> None:
    desk.switch(hidden_fields=way)
    plan = desk.engine.plan_import(desk.account(), desk.snapshots(desk.numbers(count=20)))
    assert "may_clear_unreadable_fields" not in {warning.code for warning in plan.warnings}


@pytest.mark.parametrize(("label", "warned"), [("no_credit", True), ("overdrawn", True), ("auto_reload", False)])
def test_a_plan_warns_that_numbers_may_be_lost_where_the_credit_is_used_up(desk: Any, label: str, warned: bool) -> None:
    plan = desk.engine.plan_import(desk.account(label), desk.snapshots(desk.numbers(label, 1), label))
    assert ("numbers_may_be_lost" in {warning.code for warning in plan.warnings}) is warned


def test_a_plan_of_nothing_new_warns_of_nothing(desk: Any) -> None:
    number = desk.numbers()[0]
    desk.imported(number)
    assert desk.engine.plan_import(desk.account(), desk.snapshots([number])).warnings == ()
