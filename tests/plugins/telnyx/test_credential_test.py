"""What a credential test finds out, for every way an account can be."""

from typing import Any

import pytest

from trunkline.checks import Outcome
from trunkline.errors import CarrierAnswerUnexpected, CarrierTimedOut, CarrierUnavailable, RateLimited, TrunklineError
from trunkline_sandbox.telnyx.accounts import give_connection, give_fqdn, give_numbers
from trunkline_sandbox.telnyx.model import Ip

from .conftest import MARKER

TRUE, FALSE, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
OK, REJECTED, LEFT = (TRUE, "credentials_accepted"), (FALSE, "credentials_rejected"), (OPEN, "not_asked")
HERE, CALLS = (TRUE, "routed_here"), (TRUE, "calls_allowed")
BLOCKED, MAKES = (FALSE, "account_suspended"), (OPEN, "guided_setup_will_create")
HIDDEN = (OPEN, "permission_missing")

VERDICTS: dict[str, tuple[Any, Any, Any, int]] = {
    "healthy": (OK, HERE, CALLS, 6),
    "empty": (OK, HERE, CALLS, 6),
    "no_connection": (OK, (OPEN, "connection_not_given"), (OPEN, "connection_not_given"), 2),
    "foreign_connection": (OK, (FALSE, "connection_not_found"), (FALSE, "connection_not_found"), 9),
    "bad_credentials": (REJECTED, LEFT, LEFT, 1),
    "inactive_connection": (OK, (FALSE, "connection_inactive"), (FALSE, "connection_inactive"), 5),
    "elsewhere": (OK, (FALSE, "connection_elsewhere"), CALLS, 6),
    "empty_connection": (OK, (OPEN, "fqdn_will_be_added"), CALLS, 6),
    "application": (OK, (FALSE, "connection_kind"), (FALSE, "no_outbound_profile"), 4),
    "registration": (OK, (FALSE, "connection_kind"), CALLS, 6),
    "addresses": (OK, (OPEN, "addresses_not_comparable"), CALLS, 8),
    "no_outbound_profile": (OK, HERE, (FALSE, "no_outbound_profile"), 4),
    "profile_disabled": (OK, HERE, (FALSE, "profile_disabled"), 5),
    "profile_full": (OK, HERE, (FALSE, "no_channels"), 5),
    "destinations": (OK, HERE, (FALSE, "geo_permission_missing"), 6),
    "out_of_funds": (OK, BLOCKED, BLOCKED, 3),
    "blocked": (OK, BLOCKED, BLOCKED, 3),
    "unverified": (OK, HIDDEN, HIDDEN, 3),
    "sub_user": (OK, HERE, CALLS, 7),
    "permission_missing": ((FALSE, "permission_missing"), LEFT, LEFT, 2),
    "guided": (OK, MAKES, MAKES, 4),
    "trial": (OK, MAKES, MAKES, 4),
    "trial_taken": (OK, MAKES, MAKES, 4),
}


@pytest.mark.parametrize("label", VERDICTS)
def test_each_account_gets_its_verdict(desk: Any, label: str) -> None:
    result = desk.engine.test_credentials(desk.account(label))
    *expected, requests = VERDICTS[label]
    assert [(check.outcome, check.code) for check in result.checks] == expected
    assert len(desk.asked()) == requests
    assert not desk.writes()
    for check in result.checks:
        assert check.summary.endswith((".", ")."))
        assert check.remedy or check.outcome is TRUE or check.code == "not_asked"
        assert check.proof or check.outcome is OPEN
        assert check.outcome is not TRUE or any(each.status == 200 for each in check.proof)


def test_a_missing_outbound_profile_is_named_with_its_remedy(desk: Any) -> None:
    check = desk.engine.test_credentials(desk.account("no_outbound_profile")).outbound
    assert "D38" in check.summary
    assert "Outbound Voice Profiles" in check.remedy


def test_the_identity_stays_whatever_key_and_connection(desk: Any) -> None:
    found = {desk.engine.test_credentials(desk.account(label)).identity for label in ("healthy", "no_connection")}
    assert found == {desk.held().user_id}


@pytest.mark.parametrize("charges", ["forbidden", "unknown_user"])
def test_an_identity_that_telnyx_will_not_tell_is_unknown(desk: Any, charges: str) -> None:
    desk.switch(charges=charges)
    tested = desk.engine.test_credentials(desk.account())
    assert (tested.passed, tested.identity) == (True, None)


PASSING: list[tuple[dict[str, Any], type[TrunklineError]]] = [
    ({"kind": "status", "status": 429}, RateLimited),
    ({"kind": "status", "status": 500}, CarrierUnavailable),
    ({"kind": "status", "status": 503}, CarrierUnavailable),
    ({"kind": "html", "status": 200}, CarrierAnswerUnexpected),
    ({"kind": "truncated_json"}, CarrierAnswerUnexpected),
    ({"kind": "timeout_before"}, CarrierTimedOut),
    ({"kind": "reset_before"}, CarrierUnavailable),
]


@pytest.mark.parametrize(("fault", "error"), PASSING)
def test_trouble_that_passes_forgets_no_identity(desk: Any, fault: dict[str, Any], error: type[TrunklineError]) -> None:
    desk.fault(path="/charges_breakdown", times=None, **fault)
    with pytest.raises(error):
        desk.engine.test_credentials(desk.account())
    desk.forget()
    assert desk.engine.test_credentials(desk.account()).identity == desk.held().user_id


@pytest.mark.parametrize("status", [400, 401, 402, 403, 422])
@pytest.mark.parametrize("label", ["out_of_funds", "blocked", "unverified"])
def test_the_code_decides_whatever_its_status(desk: Any, label: str, status: int) -> None:
    desk.switch(label, trouble_status=status)
    result = desk.engine.test_credentials(desk.account(label))
    assert [(check.outcome, check.code) for check in result.checks] == list(VERDICTS[label][:3])


def test_a_suspended_account_whose_balance_is_refused_too_has_a_good_key(desk: Any) -> None:
    desk.fault("status", status=403, json={"errors": [{"code": "20013", "title": "Blocked"}]}, times=None)
    result = desk.engine.test_credentials(desk.account())
    assert [(check.outcome, check.code) for check in result.checks] == [OK, BLOCKED, BLOCKED]


def test_without_credit_calls_are_left_open(desk: Any) -> None:
    desk.change("account", "", balance="-100.00", credit_limit="100.00")
    result = desk.engine.test_credentials(desk.account())
    assert (result.outbound.outcome, result.outbound.code) == (OPEN, "no_credit")
    desk.change("account", "", balance="-2.53", credit_limit="5.00")
    assert desk.engine.test_credentials(desk.account()).outbound.code == "calls_allowed"


def outbound_of(desk: Any, **more: Any) -> Any:
    return desk.engine.test_credentials(desk.account(**more)).outbound


@pytest.mark.parametrize(
    ("enabled", "limit", "code"),
    [
        (True, "0.00", "no_daily_spend"),
        (True, "100.00", "calls_allowed"),
        (True, None, "calls_allowed"),
        (False, "0.00", "calls_allowed"),
    ],
)
def test_a_daily_spend_limit_of_nothing_leaves_calls_open(
    desk: Any, enabled: bool, limit: str | None, code: str
) -> None:
    for each in desk.held().profiles.values():
        each.daily_spend_limit_enabled, each.daily_spend_limit = enabled, limit
    outbound = outbound_of(desk)
    assert outbound.code == code
    assert outbound.outcome is (TRUE if code == "calls_allowed" else OPEN)


@pytest.mark.parametrize("method", [None, "ip-authentication"])
def test_calls_out_that_telnyx_cannot_tell_whose_they_are_are_left_open(desk: Any, method: str | None) -> None:
    own = desk.connection("Acme Main")
    own.authentication = method
    outbound = outbound_of(desk)
    assert (outbound.outcome, outbound.code) == (OPEN, "no_outbound_authentication")
    desk.held().ips["2"] = Ip("2", own.id, "198.51.100.8", 5060, 0.0, 0.0)
    assert outbound_of(desk).code == "calls_allowed"


def test_an_ip_connection_needs_an_address_for_calls_out(desk: Any) -> None:
    desk.held("addresses").ips.clear()
    assert outbound_of(desk, label="addresses").code == "no_outbound_authentication"


def test_whether_calls_go_out_through_an_application_is_left_open(desk: Any) -> None:
    menu = desk.connection("Call menu")
    menu.profile_id = next(iter(desk.held().profiles))
    outbound = outbound_of(desk, connectionId=menu.id)
    assert (outbound.outcome, outbound.code) == (OPEN, "connection_kind")


@pytest.mark.parametrize("status", [500, 503])
def test_trouble_at_telnyx_is_no_verdict(desk: Any, status: int) -> None:
    desk.fault("status", path="/balance", status=status, times=None)
    with pytest.raises(CarrierUnavailable):
        desk.engine.test_credentials(desk.account())


def test_a_balance_that_telnyx_does_not_know_is_no_bad_key(desk: Any) -> None:
    desk.fault("status", path="/balance", status=422, json={"errors": [{"code": "10015", "title": "x"}]})
    assert desk.engine.test_credentials(desk.account()).passed


@pytest.mark.parametrize("known", [True, False])
def test_an_application_is_recognised_whether_connections_know_it_or_not(desk: Any, known: bool) -> None:
    desk.switch(applications_are_connections=known)
    for name, words in (("Call menu", "Voice API"), ("Old menu", "TeXML")):
        account = desk.account(connectionId=desk.connection(name).id)
        inbound = desk.engine.test_credentials(account).inbound
        assert inbound.code == "connection_kind"
        assert words.lower() in inbound.summary.lower()


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("fax_application", "A fax application"),
        ("external_connection", "An external connection"),
        ("uac_connection", "A uac connection"),
    ],
)
def test_a_kind_that_connections_may_not_know_is_not_called_missing(
    desk: Any, kind: str, words: str, known: bool
) -> None:
    desk.switch(applications_are_connections=known)
    other = give_connection(desk.sandbox.carrier.world, desk.held(), "Other", kind)
    inbound = desk.engine.test_credentials(desk.account(connectionId=other.id)).inbound
    assert inbound.code == "connection_kind"
    assert inbound.summary.startswith(words)


# Where a connection leads


def inbound_of(desk: Any, **more: Any) -> Any:
    return desk.engine.test_credentials(desk.account(**more)).inbound


@pytest.mark.parametrize(
    ("platform", "record", "code"),
    [
        ("sip.platform.example", {"port": 5060}, "routed_here"),
        ("sip.platform.example", {"port": 5061}, "routed_here"),
        ("sip.platform.example", {"port": None, "dns_record_type": "srv"}, "routed_here"),
        ("sip.platform.example", {"port": 5080}, "wrong_port"),
        ("SIP.Platform.example", {"fqdn": "sip.PLATFORM.example."}, "routed_here"),
        ("sip.platform.example:5080", {"port": 5080}, "routed_here"),
        ("sip.platform.example:5080", {"port": 5060}, "wrong_port"),
        ("sip.platform.example:5080", {"port": None, "dns_record_type": "srv"}, "wrong_port"),
        ("other.platform.example", {"port": 5060}, "connection_elsewhere"),
        ("sip.platform.example:5060;transport=tls", {}, "other_transport"),
    ],
)
def test_host_and_port_decide_where_a_connection_leads(
    desk: Any, platform: str, record: dict[str, Any], code: str
) -> None:
    desk.platform = platform
    own = desk.connection("Acme Main").id
    (fqdn,) = [each for each in desk.held().fqdns.values() if each.connection_id == own]
    desk.change("fqdns", fqdn.id, **record)
    assert inbound_of(desk).code == code


@pytest.mark.parametrize("numeric", [True, False])
def test_a_connection_id_is_a_number_or_a_string(desk: Any, numeric: bool) -> None:
    desk.switch(numeric_connection_id=numeric)
    assert inbound_of(desk).code == "routed_here"


def test_an_address_is_compared_with_an_address(desk: Any) -> None:
    desk.platform = "198.51.100.20"
    assert inbound_of(desk, label="addresses").code == "routed_here"
    desk.platform = "198.51.100.21"
    assert inbound_of(desk, label="addresses").code == "connection_elsewhere"


def by_address(desk: Any) -> Any:
    """The IP connection of an account, on a platform that has that address."""
    desk.platform = "198.51.100.20"
    return desk.connection("Office", "addresses")


def test_an_ip_connections_own_subdomain_is_known(desk: Any) -> None:
    office = by_address(desk)
    office.inbound["sip_subdomain"] = "fern"
    assert inbound_of(desk, label="addresses", domain="fern.sip.telnyx.com").code == "routed_here"
    office.inbound["sip_subdomain_receive_settings"] = "only_my_connections"
    assert inbound_of(desk, label="addresses", domain="fern.sip.telnyx.com").code == "domain_closed"
    assert inbound_of(desk, label="addresses", domain="other.sip.telnyx.com").code == "domain_not_found"


def test_an_ip_connection_without_inbound_channels_fails(desk: Any) -> None:
    by_address(desk).inbound["channel_limit"] = 0
    assert inbound_of(desk, label="addresses").code == "no_channels"


@pytest.mark.parametrize("primary", ["1", "198.51.100.20"])
def test_an_ip_connections_primary_address_is_named_by_id_or_address(desk: Any, primary: str) -> None:
    office = by_address(desk)
    office.inbound["default_primary_ip_id"] = primary
    assert inbound_of(desk, label="addresses").code == "routed_here"
    office.inbound["default_primary_ip_id"] = "2"
    assert inbound_of(desk, label="addresses").code == "another_host_first"


def test_another_host_as_primary_comes_first(desk: Any) -> None:
    own = desk.connection("Acme Main")
    own.inbound["default_primary_fqdn_id"] = "1"
    assert inbound_of(desk).code == "another_host_first"
    (fqdn,) = [each for each in desk.held().fqdns.values() if each.connection_id == own.id]
    own.inbound["default_primary_fqdn_id"] = fqdn.id
    assert inbound_of(desk).code == "routed_here"


def test_calls_that_are_shared_out_with_another_host_are_left_open(desk: Any) -> None:
    own = desk.connection("Acme Main")
    own.inbound["default_routing_method"] = "round-robin"
    assert inbound_of(desk).code == "routed_here"
    give_fqdn(desk.sandbox.carrier.world, desk.held(), own, "pbx.acme.example")
    inbound = inbound_of(desk)
    assert (inbound.outcome, inbound.code) == (OPEN, "calls_shared")
    assert inbound_of(desk, domain="acme.sip.telnyx.com").code == "domain_not_found"
    own.inbound["default_routing_method"] = "sequential"
    assert inbound_of(desk).code == "routed_here"


def test_a_connection_that_leaves_out_the_plus_is_left_open(desk: Any) -> None:
    desk.connection("Acme Main").inbound["dnis_number_format"] = "e164"
    inbound = inbound_of(desk)
    assert (inbound.outcome, inbound.code) == (OPEN, "number_format")


def test_no_inbound_channel_is_a_failure(desk: Any) -> None:
    desk.connection("Acme Main").inbound["channel_limit"] = 0
    assert inbound_of(desk).code == "no_channels"


def test_a_sip_subdomain_must_be_the_connections_own_and_open(desk: Any) -> None:
    own = desk.connection("Acme Main")
    assert inbound_of(desk, domain="acme.sip.telnyx.com").code == "domain_not_found"
    own.inbound["sip_subdomain"] = "Acme"
    assert inbound_of(desk, domain="acme.sip.telnyx.com").code == "routed_here"
    own.inbound["sip_subdomain_receive_settings"] = "only_my_connections"
    assert inbound_of(desk, domain="acme.sip.telnyx.com").code == "domain_closed"
    assert inbound_of(desk, domain="sip.telnyx.com").code == "routed_here"


@pytest.mark.parametrize(
    ("allowed", "countries", "outcome", "code"),
    [
        (["FR"], ["FR"], TRUE, "calls_allowed"),
        (["US", "CA"], ["GB"], FALSE, "geo_permission_missing"),
        (["US", "CA"], ["GB", "US"], OPEN, "geo_permission_partial"),
        (["US", "CA", "GB"], ["GB", "US"], TRUE, "calls_allowed"),
    ],
)
def test_calls_must_be_allowed_to_the_countries_of_the_numbers(
    desk: Any, allowed: list[str], countries: list[str], outcome: Outcome, code: str
) -> None:
    held = desk.held("destinations")
    for each in held.profiles.values():
        each.whitelisted_destinations = allowed
    held.numbers.clear()
    for country in countries:
        give_numbers(desk.sandbox.carrier.world, held, country, "local" if country != "FR" else "national", 1)
    outbound = outbound_of(desk, label="destinations")
    assert (outbound.outcome, outbound.code) == (outcome, code)
    assert outcome is TRUE or "GB" in outbound.summary


def test_numbers_that_may_not_be_read_leave_the_united_states(desk: Any) -> None:
    no = {"errors": [{"code": "10010", "title": "No"}]}
    desk.fault("status", path="/slim", status=403, json=no, times=None)
    assert outbound_of(desk).summary.endswith("calls to US.")


def test_a_test_after_guided_set_up_judges_what_was_made(desk: Any) -> None:
    desk.set_up()
    result = desk.engine.test_credentials(desk.account("guided"))
    assert [(check.outcome, check.code) for check in result.checks] == [OK, HERE, CALLS]


def test_what_guided_set_up_would_mend_is_no_failure(desk: Any) -> None:
    desk.set_up()
    (own,) = desk.ours("guided")
    own.profile_id = None
    desk.platform = "new.platform.example"
    result = desk.engine.test_credentials(desk.account("guided"))
    assert [(check.outcome, check.code) for check in result.checks] == [OK, MAKES, MAKES]
    own.active = False
    assert not desk.engine.test_credentials(desk.account("guided")).passed


def begun(desk: Any, steps: int) -> None:
    """Guided set-up that was broken off after so many records."""
    running = desk.engine.set_up_account(desk.account("guided"))
    for _ in range(steps):
        next(running)
    running.close()


def guided(desk: Any) -> Any:
    desk.forget()
    return desk.engine.test_credentials(desk.account("guided"))


def test_what_guided_set_up_would_make_and_what_it_finds_is_told(desk: Any) -> None:
    result = guided(desk)
    assert "will make an FQDN connection" in result.inbound.summary
    assert "will make an outbound voice profile" in result.outbound.summary
    begun(desk, 2)
    result = guided(desk)
    assert [(check.outcome, check.code) for check in result.checks] == [OK, MAKES, MAKES]
    assert "will use the outbound voice profile" in result.outbound.summary
    begun(desk, 4)
    result = guided(desk)
    assert [(check.outcome, check.code) for check in result.checks] == [OK, MAKES, MAKES]
    assert "will use the connection" in result.inbound.summary
    assert "will use the outbound voice profile" in result.outbound.summary


@pytest.mark.parametrize("steps", [2, 4])
def test_a_profile_of_ours_that_is_switched_off_fails_before_set_up_fails(desk: Any, steps: int) -> None:
    begun(desk, steps)
    (profile,) = [each for each in desk.held("guided").profiles.values() if each.name == MARKER]
    profile.enabled = False
    outbound = guided(desk).outbound
    assert (outbound.outcome, outbound.code) == (FALSE, "profile_disabled")
    with pytest.raises(CarrierAnswerUnexpected, match="switched off"):
        desk.set_up()


def test_guided_set_up_of_a_platform_that_is_an_address_fails_in_the_test(desk: Any) -> None:
    desk.platform = "198.51.100.20"
    result = guided(desk)
    assert [(check.outcome, check.code) for check in result.checks] == [OK, *[(FALSE, "platform_is_address")] * 2]


@pytest.mark.parametrize("path", ["/fqdn_connections", "/outbound_voice_profiles"])
def test_guided_set_up_without_the_right_to_what_it_needs_fails_in_the_test(desk: Any, path: str) -> None:
    no = {"errors": [{"code": "10010", "title": "No"}]}
    desk.fault("status", path=path, status=403, json=no, times=None)
    result = desk.engine.test_credentials(desk.account("guided"))
    assert [check.code for check in result.checks][1:] == ["permission_missing"] * 2
    assert not result.passed


def test_a_profile_that_is_there_is_named_to_whom_a_trial_account_belongs(desk: Any) -> None:
    assert "“Theirs”" in outbound_of(desk, label="trial_taken").remedy
    assert outbound_of(desk, label="trial").remedy == "Nothing has to be done."
