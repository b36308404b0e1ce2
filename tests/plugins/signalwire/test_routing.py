"""Reading where calls go, and telling what an import would do to it."""

import json
from typing import Any

import pytest

from trunkline.charges import ChargeSource, estimate
from trunkline.checks import Outcome
from trunkline.errors import CarrierAnswerUnexpected
from trunkline.numbers import RoutingView
from trunkline_signalwire import handlers

from .conftest import row

ID = "1deeadfb-79c3-4ad9-93d1-1c24456412ac"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_numbers_are_asked_for_one_by_one(desk: Any, count: int) -> None:
    numbers = desk.numbers(count=count, start=30)
    assert {snapshot.number.number for snapshot in desk.snapshots(numbers)} == set(numbers)
    assert [asked.query["filter_number"] for asked in desk.asked()] == numbers


def test_more_are_looked_for_on_the_pages_until_all_are_found(desk: Any) -> None:
    numbers = desk.numbers(count=20, start=30)
    assert len(desk.snapshots(numbers)) == 20
    assert len(desk.asked()) == 1
    desk.forget()
    assert len(desk.snapshots([*numbers, "+18085550100"])) == 20
    assert len(desk.asked()) == 2


def test_a_number_that_is_not_there_is_left_out_even_if_it_is_part_of_another(desk: Any) -> None:
    (number,) = desk.numbers(count=1)
    assert desk.snapshots([number[:-1]]) == []


def test_a_snapshot_holds_every_field_for_calls_and_none_for_messages(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=7)
    (snapshot,) = desk.snapshots([number])
    shown = desk.project().number(number).shown()
    assert dict(snapshot.restore) == {name: shown[name] for name in shown if name.startswith(("call_", "calling_"))}
    assert json.loads(json.dumps(dict(snapshot.restore))) == dict(snapshot.restore)
    assert "s3same" not in repr(snapshot)


def test_a_field_that_is_new_to_us_is_recorded(scripted: Any) -> None:
    rows = [row(ID, "+18085550100", call_flow_id="f-1", call_ai_agent_id=None)]
    world = scripted(lambda request: (200, {"data": rows}))
    (snapshot,) = world.engine.read_routing(world.account, ["+18085550100"]).values()
    assert snapshot.restore["call_flow_id"] == "f-1"


@pytest.mark.parametrize(
    ("start", "view"),
    [
        (0, RoutingView("webhook", "calls.acme.example")),
        (1, RoutingView("none")),
        (5, RoutingView("fax")),
        (7, RoutingView("webhook", "calls.acme.example")),
        (9, RoutingView("script", "acme-voice.signalwire.com")),
        (11, RoutingView("application")),
        (13, RoutingView("sip_gateway")),
        (15, RoutingView("sip_endpoint")),
        (25, RoutingView("relay_topic")),
    ],
)
def test_routing_is_shown_as_kind_and_host(desk: Any, start: int, view: RoutingView) -> None:
    (snapshot,) = desk.snapshots(desk.numbers(count=1, start=start))
    assert snapshot.view == view


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://user:pass@calls.example:8443/path?x=1", "calls.example"),
        ("https://Störung.example/", "xn--strung-xxa.example"),
        ("not an address", None),
        ("https://[::1/", None),
        ("https://a b/", None),
    ],
)
def test_of_an_address_only_the_host_is_shown(scripted: Any, url: str, host: str | None) -> None:
    rows = [row(ID, "+18085550100", call_handler="laml_webhooks", call_request_url=url)]
    world = scripted(lambda request: (200, {"data": rows}))
    (snapshot,) = world.engine.read_routing(world.account, ["+18085550100"]).values()
    assert snapshot.view == RoutingView("webhook", host)


def test_a_handler_that_is_new_to_us_is_shown_as_such_and_said_to_be_lasting(scripted: Any) -> None:
    rows = [row(ID, "+18085550100", call_handler="hologram", calling_handler_resource_id="r-1")]
    world = scripted(lambda request: (200, {"data": rows, "laml_bins": []}))
    (snapshot,) = world.engine.read_routing(world.account, ["+18085550100"]).values()
    assert snapshot.view == RoutingView("other")
    assert not handlers.can_be_set(snapshot.restore)


@pytest.mark.parametrize("fields", [{"call_handler": 7}, {"call_request_url": ["x"]}, {"call_receive_mode": True}])
def test_a_field_of_the_wrong_kind_is_an_unexpected_answer(scripted: Any, fields: dict[str, Any]) -> None:
    world = scripted(lambda request: (200, {"data": [row(ID, "+18085550100", **fields)]}))
    with pytest.raises(CarrierAnswerUnexpected):
        world.engine.read_routing(world.account, ["+18085550100"])


def test_a_number_without_its_handler_is_an_unexpected_answer(scripted: Any) -> None:
    without = row(ID, "+18085550100")
    del without["call_handler"]
    world = scripted(lambda request: (200, {"data": [without]}))
    with pytest.raises(CarrierAnswerUnexpected):
        world.engine.read_routing(world.account, ["+18085550100"])


def test_points_at_is_our_route_exactly_where_the_number_is_routed_to_it(desk: Any) -> None:
    number, other, menu = (*desk.numbers(count=2, start=60), *desk.numbers(count=1, start=9))
    route, _ = desk.imported(number)
    by_number = {snapshot.number.number: snapshot for snapshot in desk.snapshots([number, other, menu])}
    assert by_number[number].points_at == route.id
    assert by_number[other].points_at is None
    assert by_number[menu].points_at not in (None, route.id)
    theirs = desk.engine.read_routing(desk.account(marker="another"), [number])
    assert theirs[number].points_at not in (None, route.id)


def test_scripts_are_looked_up_once_and_only_where_a_number_is_on_one(desk: Any) -> None:
    desk.snapshots(desk.numbers(count=3, start=5))
    assert not desk.asked(path="swml_scripts|LamlBins")
    numbers = desk.numbers(count=4, start=60)
    route = desk.engine.prepare_route(desk.account())
    list(desk.engine.import_numbers(desk.account(), route, desk.snapshots(numbers)))
    desk.forget()
    desk.snapshots(numbers)
    assert [asked.path.rpartition("/")[2] for asked in desk.asked()] == ["phone_numbers", "swml_scripts"]


# The plan


def plan(desk: Any, numbers: list[str], label: str = "healthy") -> Any:
    return desk.engine.plan_import(desk.account(label), desk.snapshots(numbers, label))


def test_a_plan_tells_what_is_made_each_number_before_and_after_and_writes_nothing(desk: Any) -> None:
    found = plan(desk, desk.numbers(count=9))
    assert [(each.kind, each.action) for each in found.objects] == [("script", "make")]
    assert {number.after for number in found.numbers} == {RoutingView("script", "sip.platform.example")}
    assert not any(number.already_ours for number in found.numbers)
    assert set(desk.methods()) == {"GET"}


@pytest.mark.parametrize(("break_it", "action"), [(False, "found"), (True, "change")])
def test_a_plan_finds_what_is_there_and_what_is_ours_already(desk: Any, break_it: bool, action: str) -> None:
    (number,) = desk.numbers(count=1)
    desk.imported(number)
    if break_it:
        for script in desk.project().scripts.values():
            script.contents = {"sections": {}}
    found = plan(desk, [number])
    assert [each.action for each in found.objects] == [action]
    assert [each.already_ours for each in found.numbers] == [True]
    assert found.warnings == ()


def test_a_plan_finds_the_bin_where_that_is_what_is_used(desk: Any) -> None:
    desk.switch(scripts="refused")
    desk.engine.prepare_route(desk.account())
    assert [(each.kind, each.action) for each in plan(desk, []).objects] == [("bin", "found")]


def test_what_cannot_be_put_back_is_warned_of_before_the_import(desk: Any) -> None:
    numbers = desk.numbers("every_handler", count=100)
    said = {warning.code: set(warning.numbers) for warning in plan(desk, numbers, "every_handler").warnings}
    by_hand = {name for name, handler in handlers.HANDLERS.items() if not handler.fields}
    assert said["cannot_be_restored_by_api"] == {desk.with_handler(name) for name in by_hand} | {numbers[0]}
    assert said["no_handler_before"] == {numbers[-1]}


def test_numbers_that_receive_faxes_are_warned_of(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=5)
    assert [(each.code, each.numbers) for each in plan(desk, [number]).warnings] == [("receives_fax", (number,))]


def test_every_number_that_the_plan_does_not_warn_of_is_restored(desk: Any) -> None:
    numbers = desk.numbers("every_handler", count=100)
    warned = {number for each in plan(desk, numbers, "every_handler").warnings for number in each.numbers}
    for number in set(numbers) - warned:
        route, snapshot = desk.imported(number, "every_handler")
        assert desk.release(route, snapshot, "every_handler").outcome.value == "restored"


def test_routing_is_free_and_the_minutes_price_is_not_known(desk: Any) -> None:
    found = plan(desk, desk.numbers(count=2))
    assert estimate(found.charges).cents == 0
    assert [item.source for item in found.charges] == [ChargeSource.NO_FEE_LISTED, ChargeSource.UNKNOWN]
    assert [(item.kind.value, item.money) for item in found.charges if item.money is None] == [("usage", None)]


# Verification


def verified(desk: Any, route: Any, snapshot: Any, label: str = "healthy", **more: Any) -> Any:
    return desk.engine.verify_number(desk.account(label, **more), snapshot.number.ref, route)


@pytest.mark.parametrize("contents", ["object", "text"])
def test_an_imported_number_is_verified_by_two_requests_and_calls_out_are_left_open(desk: Any, contents: str) -> None:
    desk.switch(contents=contents)
    route, snapshot = desk.imported(desk.numbers(count=1)[0])
    found = verified(desk, route, snapshot)
    assert (found.inbound.outcome, found.inbound.code) == (Outcome.PASS, "routed_here")
    assert (found.outbound.outcome, found.outbound.code) == (Outcome.UNKNOWN, "account_state_unreadable")
    assert found.passed
    assert [each.status for each in found.inbound.proof] == [200, 200]
    assert desk.methods() == ["GET", "GET"]


def test_a_number_routed_elsewhere_fails_in_words(desk: Any) -> None:
    (number,) = desk.numbers(count=1)
    route, snapshot = desk.imported(number)
    desk.change("numbers", number, call_handler="sip_gateway", call_relay_script_url=None)
    found = verified(desk, route, snapshot)
    assert found.inbound.code == "routed_elsewhere"
    assert "SIP gateway" in found.inbound.summary
    desk.change("numbers", number, call_handler=None)
    assert "nothing" in verified(desk, route, snapshot).inbound.summary


def test_a_number_that_receives_faxes_fails(desk: Any) -> None:
    (number,) = desk.numbers(count=1)
    route, snapshot = desk.imported(number)
    desk.change("numbers", number, call_receive_mode="fax")
    assert verified(desk, route, snapshot).inbound.code == "receives_fax"


def test_a_script_that_leads_elsewhere_fails_and_an_import_mends_it(desk: Any) -> None:
    route, snapshot = desk.imported(desk.numbers(count=1)[0])
    (script,) = [each for each in desk.project().scripts.values() if each.id == route.data["id"]]
    script.contents = {"sections": {"main": [{"connect": {"to": "sip:x@elsewhere.example"}}]}}
    assert verified(desk, route, snapshot).inbound.code == "script_elsewhere"
    desk.engine.prepare_route(desk.account())
    assert verified(desk, route, snapshot).inbound.code == "routed_here"


def test_a_script_that_was_deleted_fails_and_an_import_makes_it_anew(desk: Any) -> None:
    (number,) = desk.numbers(count=1)
    route, snapshot = desk.imported(number)
    desk.sandbox.carrier.remove("healthy", "scripts", route.data["id"])
    assert verified(desk, route, snapshot).inbound.code == "script_deleted"
    again, present = desk.ready(number)
    assert again.id == route.id
    assert present.points_at != route.id
    assert desk.import_(again, present).error is None
    assert verified(desk, again, snapshot).inbound.code == "routed_here"


def test_a_number_that_is_gone_fails_both(desk: Any) -> None:
    (number,) = desk.numbers(count=1)
    route, snapshot = desk.imported(number)
    desk.sandbox.carrier.remove("healthy", "numbers", number)
    found = verified(desk, route, snapshot)
    assert [check.code for check in found.checks] == ["number_not_on_account"] * 2
    assert [check.outcome for check in found.checks] == [Outcome.FAIL] * 2


def test_a_script_that_may_not_be_read_leaves_it_open(desk: Any) -> None:
    route, snapshot = desk.imported(desk.numbers(count=1)[0])
    desk.change("account", "-", scopes=["Numbers"])
    found = verified(desk, route, snapshot)
    assert (found.inbound.outcome, found.inbound.code) == (Outcome.UNKNOWN, "permission_missing")


def test_without_a_platform_host_it_is_left_open(desk: Any) -> None:
    route, snapshot = desk.imported(desk.numbers(count=1)[0])
    desk.platform = None
    assert verified(desk, route, snapshot).inbound.code == "platform_not_set"


def test_a_sip_domain_is_looked_at_too(desk: Any) -> None:
    route, snapshot = desk.imported(desk.numbers(count=1)[0])
    assert verified(desk, route, snapshot, domain="x.sip.signalwire.com").outbound.code == "domain_not_confirmed"
    assert len(desk.asked()) == 3
