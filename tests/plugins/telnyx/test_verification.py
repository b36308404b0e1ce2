"""Whether an imported number still reaches the platform, and may dial out."""

from typing import Any

import pytest

from trunkline.checks import Outcome
from trunkline.errors import CarrierUnavailable
from trunkline_sandbox.telnyx.accounts import give_fqdn

TRUE, FALSE, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


@pytest.fixture
def imported(desk: Any) -> tuple[Any, Any, Any]:
    number = desk.number()
    route, snapshot = desk.imported(number.phone_number)
    return number, route, snapshot


def verified(desk: Any, imported: tuple[Any, Any, Any]) -> Any:
    _, route, snapshot = imported
    return desk.engine.verify_number(desk.account(), snapshot.number.ref, route)


def test_a_number_that_is_routed_here_passes_with_seven_requests(desk: Any, imported: Any) -> None:
    result = verified(desk, imported)
    assert [(check.outcome, check.code) for check in result.checks] == [(TRUE, "routed_here"), (TRUE, "calls_allowed")]
    assert len(desk.asked()) == 7
    assert not desk.writes()
    for check in result.checks:
        assert all(each.status == 200 for each in check.proof)
        assert check.proof


@pytest.mark.parametrize(
    ("change", "outcome", "code"),
    [
        ({"connection_id": None}, FALSE, "routed_elsewhere"),
        ({"connection_id": "Head office"}, FALSE, "routed_elsewhere"),
        ({"forwards_to": "+13035550100"}, FALSE, "calls_forwarded"),
        ({"forwards_to": "+13035550100", "forwarding_type": "on-failure"}, TRUE, "routed_here"),
        ({"forwards_to": "+13035550100", "call_forwarding_enabled": False}, TRUE, "routed_here"),
        ({"translated_number": "+13035550100"}, FALSE, "number_translated"),
        ({"inbound_call_screening": "reject_calls"}, FALSE, "calls_screened"),
        ({"inbound_call_screening": "flag_calls"}, TRUE, "routed_here"),
        ({"tech_prefix_enabled": True}, OPEN, "tech_prefix"),
        ({"voicemail_enabled": True}, OPEN, "voicemail_on"),
        ({"voicemail_enabled": False}, TRUE, "routed_here"),
        ({"status": "port-out-pending"}, FALSE, "number_not_active"),
    ],
)
def test_what_keeps_calls_away_is_told(
    desk: Any, imported: Any, change: dict[str, Any], outcome: Outcome, code: str
) -> None:
    number = imported[0]
    if change.get("connection_id"):
        change = {"connection_id": desk.connection(change["connection_id"]).id}
    desk.change("numbers", number.phone_number, **change)
    inbound = verified(desk, imported).inbound
    assert (inbound.outcome, inbound.code) == (outcome, code)
    assert inbound.remedy or outcome is TRUE
    assert "5550100" not in inbound.summary


@pytest.mark.parametrize("field", ["default_routing_method", "dnis_number_format"])
def test_what_the_test_and_the_plan_leave_open_is_left_open_here_too(desk: Any, imported: Any, field: str) -> None:
    own = desk.connection("Acme Main")
    give_fqdn(desk.sandbox.carrier.world, desk.held(), own, "pbx.acme.example")
    own.inbound[field] = {"default_routing_method": "round-robin", "dnis_number_format": "e164"}[field]
    tested = desk.engine.test_credentials(desk.account()).inbound
    (warning,) = desk.engine.plan_import(desk.account(), []).warnings
    inbound = verified(desk, imported).inbound
    assert inbound.outcome is tested.outcome is OPEN
    assert inbound.code == tested.code == warning.code
    assert inbound.summary == tested.summary
    assert warning.summary.startswith(inbound.summary)


def test_a_number_that_never_had_voicemail_has_none(desk: Any, imported: Any) -> None:
    desk.switch(voicemail_always_there=False)
    assert verified(desk, imported).inbound.code == "routed_here"


def test_unreadable_voicemail_leaves_it_open(desk: Any, imported: Any) -> None:
    no = {"errors": [{"code": "10010", "title": "No"}]}
    desk.fault("status", path="/voicemail", status=403, json=no, times=None)
    assert verified(desk, imported).inbound.code == "overrides_unreadable"


def test_unreadable_voice_settings_leave_it_open(desk: Any, imported: Any) -> None:
    desk.fault("status", path="/voice", status=403, json={"errors": [{"code": "10010", "title": "No"}]}, times=None)
    inbound = verified(desk, imported).inbound
    assert (inbound.outcome, inbound.code) == (OPEN, "overrides_unreadable")


def test_the_connection_counts_too(desk: Any, imported: Any) -> None:
    own = desk.connection("Acme Main")
    own.active = False
    assert [check.code for check in verified(desk, imported).checks] == ["connection_inactive"] * 2
    own.active = True
    own.profile_id = None
    assert verified(desk, imported).outbound.code == "no_outbound_profile"
    desk.sandbox.carrier.remove("healthy", "connections", own.id)
    assert [check.code for check in verified(desk, imported).checks] == ["connection_deleted"] * 2


def test_without_credit_outbound_is_left_open_as_the_test_leaves_it(desk: Any, imported: Any) -> None:
    desk.change("account", "", balance="-120.00", credit_limit="100.00")
    outbound = verified(desk, imported).outbound
    assert (outbound.outcome, outbound.code) == (OPEN, "no_credit")
    assert outbound.proof[-1].path == "/v2/balance"


def test_a_balance_that_may_not_be_read_is_no_obstacle(desk: Any, imported: Any) -> None:
    desk.fault("status", path="/balance", status=403, json={"errors": [{"code": "10010", "title": "No"}]}, times=None)
    assert verified(desk, imported).outbound.code == "calls_allowed"


def test_the_country_of_the_number_must_be_allowed(desk: Any) -> None:
    number = next(n for n in desk.held().numbers.values() if n.country == "GB")
    for each in desk.held().profiles.values():
        each.whitelisted_destinations = ["US", "CA"]
    route, snapshot = desk.imported(number.phone_number)
    outbound = desk.engine.verify_number(desk.account(), snapshot.number.ref, route).outbound
    assert (outbound.outcome, outbound.code) == (FALSE, "geo_permission_missing")
    assert "GB" in outbound.summary


def test_a_number_that_is_gone_fails_both(desk: Any, imported: Any) -> None:
    desk.sandbox.carrier.remove("healthy", "numbers", imported[0].id)
    assert [check.code for check in verified(desk, imported).checks] == ["number_not_on_account"] * 2


def test_a_suspended_account_fails_both(desk: Any, imported: Any) -> None:
    desk.change("account", "", trouble="20013")
    assert [check.code for check in verified(desk, imported).checks] == ["account_suspended"] * 2


def test_without_a_sip_host_inbound_is_left_open(desk: Any, imported: Any) -> None:
    desk.platform = None
    result = verified(desk, imported)
    assert (result.inbound.code, result.outbound.code) == ("platform_not_set", "calls_allowed")


def test_trouble_is_no_verdict(desk: Any, imported: Any) -> None:
    desk.fault("status", status=503, times=None)
    with pytest.raises(CarrierUnavailable):
        verified(desk, imported)
