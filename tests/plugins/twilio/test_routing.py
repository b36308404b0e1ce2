"""Where numbers' calls go: how it is read, and what an import would do to it."""

from typing import Any

import pytest

from trunkline.charges import ChargeSource, estimate
from trunkline.errors import AccountSuspended, CarrierAnswerUnexpected, CarrierRefused

RESTORED = {
    "trunk_sid",
    "voice_application_sid",
    "voice_url",
    "voice_method",
    "voice_fallback_url",
    "voice_fallback_method",
    "voice_receive_mode",
    "status_callback",
    "status_callback_method",
    "voice_caller_id_lookup",
}


@pytest.mark.parametrize("count", [1, 3, 4, 30])
def test_few_numbers_are_asked_for_one_by_one_and_many_on_the_pages(desk: Any, count: int) -> None:
    numbers = desk.numbers(count=count)
    assert [snapshot.number.number for snapshot in desk.snapshots(numbers)] == numbers
    assert len(desk.asked()) == (count if count <= 3 else 1)


def test_the_pages_are_read_until_every_number_is_found(desk: Any) -> None:
    numbers = desk.numbers(count=3, start=0) + desk.numbers(count=2, start=1500)
    assert len(desk.snapshots(numbers)) == 5
    assert len(desk.asked()) == 2


@pytest.mark.parametrize("count", [1, 5])
def test_a_number_that_is_not_there_is_left_out(desk: Any, count: int) -> None:
    numbers = desk.numbers(count=count)
    assert [s.number.number for s in desk.snapshots(["+18085550100", *numbers])] == numbers


def test_a_snapshot_holds_every_field_that_is_put_back_and_unset_is_always_empty_text(desk: Any) -> None:
    for snapshot in desk.snapshots(desk.numbers(count=30)):
        assert set(snapshot.restore) == RESTORED
        assert None not in snapshot.restore.values()


def test_each_way_to_route_calls_has_a_kind_and_shows_no_more_than_a_host(desk: Any) -> None:
    snapshots = desk.snapshots(desk.numbers(count=30))
    views = [(s.view.kind, s.view.host) for s in snapshots]
    assert views[0] == ("none", None)
    assert views[1] == ("webhook", "demo.twilio.com")
    assert views[5] == ("fax", None)
    assert views[7] == ("webhook", "calls.acme.example")
    assert views[9] == ("trunk", None)
    assert views[11] == ("application", None)
    (trunk,), (application,) = desk.carrier_account().trunks, desk.carrier_account().applications
    assert [snapshots[at].points_at for at in (0, 1, 9, 11)] == [None, None, trunk, application]


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://user:p4ss@Calls.Example:8443/secret/path?token=x", "calls.example"),
        ("https://störung.example/x", "xn--strung-xxa.example"),
        ("https://[::1/x", None),
        ("not an address", None),
    ],
)
def test_of_a_webhook_only_the_host_is_shown(desk: Any, address: str, host: str | None) -> None:
    (number,) = desk.numbers(count=1)
    desk.change("numbers", number, voice_url=address)
    (snapshot,) = desk.snapshots([number])
    assert snapshot.view.host == host
    assert snapshot.restore["voice_url"] == address


@pytest.mark.parametrize("patch", [{"$remove": ["trunk_sid"]}, {"$remove": ["voice_url"]}, {"voice_url": 5}])
def test_a_row_without_the_fields_that_matter_makes_no_snapshot(desk: Any, patch: dict[str, Any]) -> None:
    (number,) = desk.numbers(count=1)
    desk.fault("patch_json", patch={"incoming_phone_numbers": {"*": patch}})
    with pytest.raises(CarrierAnswerUnexpected):
        desk.snapshots([number])


# The plan


def plan(desk: Any, numbers: list[str], label: str = "healthy") -> Any:
    snapshots = desk.snapshots(numbers, label)
    desk.forget()
    return desk.engine.plan_import(desk.account(label), snapshots)


def test_the_plan_of_a_first_import_makes_a_trunk_and_costs_nothing(desk: Any) -> None:
    told = plan(desk, desk.numbers(count=2))
    assert [(each.kind, each.action) for each in told.objects] == [("trunk", "make"), ("origination_url", "make")]
    assert [(each.before.kind, each.after.kind, each.after.host) for each in told.numbers] == [
        ("none", "trunk", "sip.platform.example"),
        ("webhook", "trunk", "sip.platform.example"),
    ]
    (charge,) = told.charges
    assert charge.source is ChargeSource.NO_FEE_LISTED
    assert charge.reference.startswith("https://www.twilio.com/")
    assert estimate(told.charges).cents == 0
    assert len(desk.asked()) == 2
    assert {entry.method for entry in desk.asked()} == {"GET"}


def test_the_plan_of_a_later_import_finds_the_trunk_and_says_which_numbers_are_ours(desk: Any) -> None:
    one, two = desk.numbers(count=2)
    desk.imported(one)
    told = plan(desk, [one, two])
    assert [(each.kind, each.action) for each in told.objects] == [("trunk", "found"), ("origination_url", "found")]
    assert [each.already_ours for each in told.numbers] == [True, False]
    assert len(desk.asked()) == 3


def test_the_plan_says_when_the_origination_url_is_to_be_mended(desk: Any) -> None:
    route = desk.engine.prepare_route(desk.account())
    desk.change("origination_urls", route.data["origination_url"], enabled=False)
    assert [each.action for each in plan(desk, desk.numbers(count=1)).objects] == ["found", "change"]


def test_the_plan_warns_of_the_application_that_twilio_will_forget_and_the_trunk_that_is_left(desk: Any) -> None:
    numbers = desk.numbers(count=12)
    warnings = {warning.code: warning.numbers for warning in plan(desk, numbers).warnings}
    assert warnings == {"application_reference_removed": (numbers[11],), "taken_off_trunk": (numbers[9],)}


def test_the_plan_warns_a_trial_account_of_its_limits(desk: Any) -> None:
    told = plan(desk, desk.numbers("trial", 2), "trial")
    assert [warning.code for warning in told.warnings] == ["trial_one_number"]
    desk.engine.prepare_route(desk.account("trial", marker="somebody else"))
    told = plan(desk, desk.numbers("trial", 1), "trial")
    assert [warning.code for warning in told.warnings] == ["trial_trunk_taken"]


def test_the_plan_warns_an_account_that_has_all_the_trunks_it_may_have(desk: Any) -> None:
    desk.fill_with_trunks(100)
    assert [warning.code for warning in plan(desk, desk.numbers(count=1)).warnings] == ["trunk_limit"]
    desk.carrier_account().trunks.popitem()
    desk.engine.prepare_route(desk.account())
    assert not plan(desk, desk.numbers(count=1)).warnings


def test_a_standard_key_gets_a_plan_though_it_cannot_read_the_account(desk: Any) -> None:
    told = plan(desk, desk.numbers("standard_key", 2), "standard_key")
    assert len(told.numbers) == 2


def test_the_plan_shows_no_part_of_a_webhook_but_its_host(desk: Any) -> None:
    shown = repr(plan(desk, desk.numbers(count=30)))
    for part in ("s3same-0pen", "menu", "/voice", "/status", "lookup"):
        assert part not in shown


def test_without_a_platform_host_nothing_is_planned_and_nothing_asked(desk: Any) -> None:
    snapshots = desk.snapshots(desk.numbers(count=1))
    desk.forget()
    desk.platform = None
    with pytest.raises(CarrierRefused, match="SIP host is not set"):
        desk.engine.plan_import(desk.account(), snapshots)
    with pytest.raises(CarrierRefused, match="SIP host is not set"):
        desk.engine.prepare_route(desk.account())
    assert not desk.asked()


def test_a_suspended_account_gets_no_plan(desk: Any) -> None:
    snapshots = desk.snapshots(desk.numbers(count=1))
    desk.change("account", "-", status="suspended")
    with pytest.raises(AccountSuspended):
        desk.engine.plan_import(desk.account(), snapshots)
