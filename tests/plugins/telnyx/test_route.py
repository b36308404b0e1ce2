"""The connection that numbers are put on: the customer's own, or one of ours, found or made; and what is told first."""

from typing import Any

import pytest

from trunkline.charges import ChargeSource
from trunkline.errors import CarrierRefused, CarrierUnavailable, TrunklineError, WriteOutcomeUnknown

from .conftest import MARKER


def prepared(desk: Any, label: str = "healthy", **more: Any) -> Any:
    return desk.engine.prepare_route(desk.account(label, **more))


def test_a_customers_connection_that_leads_here_is_used_as_it_is(desk: Any) -> None:
    route = prepared(desk)
    assert (route.id, route.kind, route.made) == (desk.connection("Acme Main").id, "connection", False)
    assert dict(route.data) == {"own": False, "kind": "fqdn_connection", "host": "sip.platform.example"}
    assert len(desk.asked()) == 2
    assert not desk.writes()


def test_one_without_any_record_gets_one(desk: Any) -> None:
    plan = desk.engine.plan_import(desk.account("empty_connection"), [])
    assert [(each.kind, each.action) for each in plan.objects] == [("connection", "found"), ("fqdn", "make")]
    route = prepared(desk, "empty_connection")
    (record,) = [each for each in desk.held("empty_connection").fqdns.values() if each.connection_id == route.id]
    assert (record.fqdn, record.port, record.dns_record_type) == ("sip.platform.example", 5060, "a")
    assert len(desk.writes()) == 1
    assert prepared(desk, "empty_connection").id == route.id
    assert len(desk.writes()) == 1


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("elsewhere", "sends calls elsewhere"),
        ("inactive_connection", "switched off"),
        ("application", "does not send calls to a SIP host"),
        ("registration", "registered"),
        ("addresses", "cannot be compared"),
        ("foreign_connection", "not in the account"),
    ],
)
def test_what_does_not_lead_here_is_refused_in_the_plan_already(desk: Any, label: str, words: str) -> None:
    for work in (
        lambda: desk.engine.plan_import(desk.account(label), []),
        lambda: desk.engine.prepare_route(desk.account(label)),
    ):
        with pytest.raises(CarrierRefused, match=words):
            work()
    assert not desk.writes()


def test_without_a_connection_id_one_of_ours_is_made_once(desk: Any) -> None:
    plan = desk.engine.plan_import(desk.account("no_connection"), [])
    assert [(each.kind, each.action) for each in plan.objects] == [("connection", "make"), ("fqdn", "make")]
    assert not desk.writes()
    route = prepared(desk, "no_connection")
    assert route.made
    made = desk.held().connections[route.id]
    assert (made.name, made.active, made.transport_protocol) == (MARKER, True, "UDP")
    assert made.inbound["dnis_number_format"] == "+e164"
    again = prepared(desk, "no_connection")
    assert (again.id, again.made) == (route.id, False)
    assert len(desk.writes()) == 2


def test_another_marker_has_another_connection(desk: Any) -> None:
    first = prepared(desk, "no_connection")
    desk.marker = MARKER + "8"
    assert prepared(desk, "no_connection").id != first.id
    desk.marker = "m" * 90
    assert prepared(desk, "no_connection").made
    assert not prepared(desk, "no_connection").made
    desk.marker = "m" * 89 + "x"
    assert prepared(desk, "no_connection").made


def test_of_several_of_ours_the_oldest_is_taken(desk: Any) -> None:
    first = prepared(desk, "no_connection").id
    held = desk.held()
    copy = type(held.connections[first])("99", "fqdn_connection", MARKER, 0.0, 0.0)
    held.connections = {"99": copy, **held.connections}
    assert prepared(desk, "no_connection").id == "99"
    copy.created = 9e9
    assert prepared(desk, "no_connection").id == first


def test_ours_follows_the_platform_when_it_moves(desk: Any) -> None:
    route = prepared(desk, "no_connection")
    desk.platform = "new.platform.example:5061;transport=tls"
    plan = desk.engine.plan_import(desk.account("no_connection"), [])
    assert [(each.kind, each.action) for each in plan.objects] == [("connection", "found"), ("fqdn", "change")]
    assert prepared(desk, "no_connection").id == route.id
    (record,) = [each for each in desk.held().fqdns.values() if each.connection_id == route.id]
    assert (record.fqdn, record.port) == ("new.platform.example", 5061)


@pytest.mark.parametrize("label", ["healthy", "no_connection", "guided"])
def test_without_a_sip_host_nothing_is_asked(desk: Any, label: str) -> None:
    desk.platform = None
    for work in (
        lambda: desk.engine.plan_import(desk.account(label), []),
        lambda: desk.engine.prepare_route(desk.account(label)),
    ):
        with pytest.raises(CarrierRefused, match="SIP host is not set"):
            work()
    assert not desk.asked()


def test_a_trial_account_whose_connection_is_another_is_told_so(desk: Any) -> None:
    desk.held().level = "trial"
    with pytest.raises(CarrierRefused, match="Upgrade"):
        prepared(desk, "no_connection")


def test_guided_set_up_that_is_gone_is_told(desk: Any) -> None:
    with pytest.raises(CarrierRefused, match="Connect this account anew"):
        prepared(desk, "guided")
    desk.set_up()
    (own,) = desk.ours("guided")
    assert prepared(desk, "guided").id == own.id
    own.name = "renamed by the customer"
    assert prepared(desk, "guided", made={"connection_id": own.id}).id == own.id


@pytest.mark.parametrize("path", ["/fqdn_connections$", "/fqdns$"])
@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "truncated_json", "cut_short"])
def test_a_lost_answer_is_looked_up_and_nothing_made_twice(desk: Any, path: str, kind: str) -> None:
    desk.fault(kind, method="POST", path=path)
    route = prepared(desk, "no_connection")
    assert [each.id for each in desk.ours("healthy")] == [route.id]
    assert len([each for each in desk.held().fqdns.values() if each.connection_id == route.id]) == 1
    assert len(desk.asked("POST", path)) == 1


@pytest.mark.parametrize("path", ["/fqdn_connections$", "/fqdns$"])
@pytest.mark.parametrize("kind", ["timeout_before", "reset_before", "html", "empty", "status"])
def test_a_write_that_may_not_have_happened_is_not_repeated(desk: Any, path: str, kind: str) -> None:
    desk.fault(kind, method="POST", path=path)
    with pytest.raises(WriteOutcomeUnknown):
        prepared(desk, "no_connection")
    assert len(desk.asked("POST", path)) == 1
    assert prepared(desk, "no_connection").id
    assert len(desk.ours("healthy")) == 1


def test_a_name_that_was_taken_meanwhile_is_found(desk: Any) -> None:
    desk.switch(names_unique=True)
    taken = {"errors": [{"code": "10012", "title": "Conflict", "source": {"pointer": "/connection_name"}}]}
    desk.fault("status", method="POST", path="/fqdn_connections$", status=422, json=taken)
    with pytest.raises(TrunklineError):
        prepared(desk, "no_connection")
    assert prepared(desk, "no_connection").made


def test_a_pause_is_asked_for_and_kept(desk: Any) -> None:
    desk.fault("status", method="POST", path="/fqdn_connections$", status=429, headers={"Retry-After": "2"})
    assert prepared(desk, "no_connection").made
    assert any(seconds >= 2 for seconds in desk.sleeps)


@pytest.mark.parametrize("label", ["no_connection", "empty_connection", "guided"])
def test_an_address_is_no_name_for_a_record(desk: Any, label: str) -> None:
    desk.platform = "198.51.100.20"
    work = desk.set_up if label == "guided" else lambda: prepared(desk, label)
    with pytest.raises(CarrierRefused, match="needs a name"):
        work()
    assert not desk.writes()


def test_an_ip_connection_with_the_platforms_address_is_used(desk: Any) -> None:
    desk.platform = "198.51.100.20"
    route = prepared(desk, "addresses")
    assert route.data["kind"] == "ip_connection"
    assert not desk.writes()


def test_an_ip_connection_that_leaves_out_the_plus_is_warned_of(desk: Any) -> None:
    desk.platform = "198.51.100.20"
    office = desk.connection("Office", "addresses")
    assert not desk.engine.plan_import(desk.account("addresses"), []).warnings
    office.inbound["dnis_number_format"] = "e164"
    (warning,) = desk.engine.plan_import(desk.account("addresses"), []).warnings
    assert warning.code == "number_format"


def test_a_sip_subdomain_that_is_not_its_own_is_no_obstacle_to_an_import(desk: Any) -> None:
    assert prepared(desk, domain="acme.sip.telnyx.com").id == desk.connection("Acme Main").id


# The plan


def test_a_plan_tells_before_and_after_and_what_it_costs(desk: Any) -> None:
    office = desk.number(connection_id=desk.connection("Head office").id)
    here = desk.number(connection_id=desk.connection("Acme Main").id)
    snapshots = desk.snapshots([office.phone_number, here.phone_number])
    desk.forget()
    plan = desk.engine.plan_import(desk.account(), snapshots)
    assert len(desk.asked()) == 2
    first, second = plan.numbers
    assert (first.before.kind, first.before.host, first.already_ours) == ("fqdn_connection", "pbx.acme.example", False)
    assert (first.after.kind, first.after.host) == ("fqdn_connection", "sip.platform.example")
    assert second.already_ours
    (charge,) = plan.charges
    assert charge.money is not None
    assert charge.money.amount == 0
    assert charge.source is ChargeSource.NO_FEE_LISTED
    assert [(each.code, each.numbers) for each in plan.warnings] == [("taken_off_connection", (office.phone_number,))]


def test_a_connection_without_an_outbound_profile_is_warned_of(desk: Any) -> None:
    (warning,) = desk.engine.plan_import(desk.account("no_outbound_profile"), []).warnings
    assert warning.code == "no_outbound_profile"
    assert "D38" in warning.summary
    assert "Outbound Voice Profiles" in warning.summary


def test_a_connection_that_will_be_made_without_an_outbound_profile_is_warned_of(desk: Any) -> None:
    planned = desk.engine.plan_import(desk.account("no_connection"), [])
    desk.engine.prepare_route(desk.account("no_connection"))
    made = desk.engine.plan_import(desk.account("no_connection"), [])
    assert [[each.code for each in plan.warnings] for plan in (planned, made)] == [["no_outbound_profile"]] * 2


def test_an_account_that_was_set_up_has_its_outbound_profile(desk: Any) -> None:
    desk.set_up()
    assert not desk.engine.plan_import(desk.account("guided"), []).warnings


def test_what_overrides_routing_is_warned_of(desk: Any) -> None:
    odd = [n for n in desk.held().numbers.values() if n.voice]
    snapshots = desk.snapshots([n.phone_number for n in odd])
    plan = desk.engine.plan_import(desk.account(), snapshots)
    told = {each.code: len(each.numbers) for each in plan.warnings}
    # Forwarding that is switched off is none.
    assert told == {
        "taken_off_connection": 1,
        "calls_forwarded": 1,
        "forwarded_on_failure": 1,
        "calls_screened": 1,
        "number_translated": 1,
        "tech_prefix": 1,
    }


def test_voicemail_that_is_on_is_warned_of(desk: Any) -> None:
    number = desk.number()
    number.voicemail_enabled = True
    plan = desk.engine.plan_import(desk.account(), desk.snapshots([number.phone_number]))
    assert [(each.code, each.numbers) for each in plan.warnings] == [("voicemail_on", (number.phone_number,))]


def test_unreadable_voice_settings_a_missing_plus_and_another_transport_are_warned_of(desk: Any) -> None:
    desk.fault("status", path="/voice", status=403, json={"errors": [{"code": "10010", "title": "No"}]}, times=None)
    snapshots = desk.snapshots([desk.number().phone_number])
    desk.connection("Acme Main").inbound = {}
    desk.platform = "sip.platform.example:5060;transport=tcp"
    plan = desk.engine.plan_import(desk.account(), snapshots)
    assert {each.code for each in plan.warnings} == {"overrides_unreadable", "number_format", "other_transport"}


def test_trouble_while_planning_is_an_error(desk: Any) -> None:
    desk.fault("status", path="/fqdns", status=503, times=None)
    with pytest.raises(CarrierUnavailable):
        desk.engine.plan_import(desk.account(), [])
