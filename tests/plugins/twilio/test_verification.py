"""Whether an imported number still reaches the platform, and may call out."""

from typing import Any

import attrs
import pytest

from trunkline.checks import Verification
from trunkline.errors import CarrierAnswerUnexpected, CarrierUnavailable, CredentialsRejected, RateLimited

HERE, ALLOWED = ("pass", "routed_here"), ("pass", "calls_allowed")


@pytest.fixture
def number(desk: Any) -> str:
    return str(desk.numbers(count=1)[0])


def verify(desk: Any, route: Any, snapshot: Any, label: str = "healthy", **more: Any) -> Verification:
    result: Verification = desk.engine.verify_number(desk.account(label, **more), snapshot.number.ref, route)
    return result


def told(result: Verification) -> list[tuple[str, str]]:
    return [(check.outcome.value, check.code) for check in result.checks]


def test_an_imported_number_passes_with_five_requests(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    result = verify(desk, route, snapshot)
    assert told(result) == [HERE, ALLOWED]
    assert [len(check.proof) for check in result.checks] == [3, 2]
    assert [entry.method for entry in desk.asked()] == ["GET"] * 5


def test_a_number_pointed_elsewhere_fails(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    desk.change("numbers", number, trunk_sid="", voice_url="https://menu:s3same-0pen@calls.example/voice")
    result = verify(desk, route, snapshot)
    assert told(result) == [("fail", "routed_elsewhere"), ALLOWED]
    assert "s3same" not in repr(result)


def test_a_number_set_to_faxes_fails(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    desk.change("numbers", number, voice_receive_mode="fax")
    assert told(verify(desk, route, snapshot))[0] == ("fail", "receives_fax")


def test_a_number_that_is_not_in_use_is_left_open(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    desk.change("numbers", number, status="pending-review")
    result = verify(desk, route, snapshot)
    assert told(result) == [("unknown", "number_not_active"), ALLOWED]
    assert "pending review" in result.inbound.summary
    desk.change("numbers", number, trunk_sid="")
    assert told(verify(desk, route, snapshot))[0] == ("fail", "routed_elsewhere")


@pytest.mark.parametrize("status", [None, "", "In-Use"])
def test_a_number_without_a_status_or_in_use_in_other_letters_is_in_use(desk: Any, number: str, status: Any) -> None:
    route, snapshot = desk.imported(number)
    desk.change("numbers", number, status=status)
    assert told(verify(desk, route, snapshot))[0] == HERE


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"enabled": False}, "origination_disabled"),
        ({"sip_url": "sip:pbx.acme.example"}, "origination_elsewhere"),
    ],
)
def test_a_trunk_that_sends_calls_elsewhere_fails(desk: Any, number: str, change: dict[str, Any], code: str) -> None:
    route, snapshot = desk.imported(number)
    desk.change("origination_urls", route.data["origination_url"], **change)
    assert told(verify(desk, route, snapshot))[0] == ("fail", code)


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        ({"priority": 0}, ("fail", "another_host_first")),
        ({"priority": 0, "enabled": False}, HERE),
        ({"priority": 10}, ("unknown", "calls_shared")),
        ({"priority": 10, "sip_url": "sip:sip.platform.example:5061;transport=tcp"}, HERE),
        ({"priority": 11}, HERE),
    ],
)
def test_only_the_enabled_urls_of_the_lowest_priority_number_say_where_calls_go(
    desk: Any, number: str, other: dict[str, Any], verdict: tuple[str, str]
) -> None:
    route, snapshot = desk.imported(number)
    trunk = desk.carrier_account().trunks[route.id]
    (ours,) = trunk.origination_urls.values()
    trunk.origination_urls["OU2"] = attrs.evolve(ours, **{"sid": "OU2", "sip_url": "sip:pbx.acme.example", **other})
    result = verify(desk, route, snapshot)
    assert told(result)[0] == verdict
    assert result.inbound.remedy or verdict == HERE


def test_an_origination_url_without_a_priority_is_an_answer_that_makes_no_sense(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    patch = {"origination_urls": {"*": {"priority": None}}}
    desk.fault("patch_json", path="/OriginationUrls", patch=patch, times=None)
    with pytest.raises(CarrierAnswerUnexpected):
        verify(desk, route, snapshot)


@pytest.mark.parametrize("uri", ["sip:SIP.Platform.Example:5061", "sip:any@sip.platform.example:5061;transport=udp"])
def test_the_platforms_host_is_known_by_host_and_port(desk: Any, number: str, uri: str) -> None:
    route, snapshot = desk.imported(number)
    desk.change("origination_urls", route.data["origination_url"], sip_url=uri)
    assert told(verify(desk, route, snapshot))[0] == HERE


def test_a_number_whose_calls_another_region_handles_fails(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=27)
    route, snapshot = desk.imported(number)
    result = verify(desk, route, snapshot)
    assert told(result) == [("fail", "handled_in_another_region"), ALLOWED]
    assert "ie1" in result.inbound.summary
    assert "us1" in (result.inbound.remedy or "")
    assert [(each.host, each.status) for each in result.inbound.proof][1:] == [("routes.twilio.com", 200)]


UNREADABLE: list[dict[str, Any]] = [
    {"kind": "status", "status": 401, "json": {"code": 20003, "status": 401}},
    {"kind": "status", "status": 403, "json": {"code": 70051, "status": 403}},
    {"kind": "status", "status": 400, "json": {"code": 20001, "status": 400}},
    {"kind": "status", "status": 500},
    {"kind": "html", "status": 200},
    *({"kind": "patch_json", "patch": {"voice_region": said}} for said in (None, "", 1, "everywhere")),
]


@pytest.mark.parametrize("fault", UNREADABLE)
def test_a_region_that_is_not_told_leaves_inbound_open(desk: Any, number: str, fault: dict[str, Any]) -> None:
    route, snapshot = desk.imported(number)
    desk.fault(**fault, host="routes.twilio.com", times=None)
    result = verify(desk, route, snapshot)
    assert told(result) == [("unknown", "region_unreadable"), ALLOWED]
    assert "us1" in (result.inbound.remedy or "")


def test_a_number_that_was_never_sent_to_another_region_is_at_home(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    before = told(verify(desk, route, snapshot))
    missing = {"code": 20404, "status": 404}
    desk.fault("status", status=404, json=missing, host="routes.twilio.com", times=None)
    assert told(verify(desk, route, snapshot)) == before
    assert before[0][0] == "pass"


def test_what_fails_inbound_fails_it_where_the_region_is_not_told_too(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    desk.fault("status", status=404, host="routes.twilio.com", times=None)
    desk.change("origination_urls", route.data["origination_url"], enabled=False)
    assert told(verify(desk, route, snapshot))[0] == ("fail", "origination_disabled")


def test_a_region_that_asks_for_a_pause_is_asked_again_later(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    desk.fault("status", status=429, host="routes.twilio.com", times=None)
    with pytest.raises(RateLimited):
        verify(desk, route, snapshot)


def test_a_number_that_is_gone_fails_both(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    desk.sandbox.carrier.remove("healthy", "numbers", number)
    result = verify(desk, route, snapshot)
    assert told(result) == [("fail", "number_not_on_account")] * 2
    assert all(check.remedy and check.proof for check in result.checks)


def test_a_trunk_that_was_deleted_fails(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    desk.fault("status", status=404, json={"code": 20404, "status": 404}, path="/OriginationUrls")
    assert told(verify(desk, route, snapshot))[0] == ("fail", "trunk_deleted")


def test_a_suspended_account_fails_both(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    desk.change("account", "-", status="suspended")
    assert told(verify(desk, route, snapshot)) == [("fail", "account_suspended")] * 2


def test_outbound_goes_by_the_numbers_own_country(desk: Any) -> None:
    (number,) = desk.numbers("geo_blocked", 1)
    route, snapshot = desk.imported(number, "geo_blocked")
    result = verify(desk, route, snapshot, "geo_blocked")
    assert told(result) == [HERE, ("fail", "geo_permission_missing")]
    assert "AU" in result.outbound.summary


def test_canada_is_asked_for_as_the_united_states(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=2400)
    route, snapshot = desk.imported(number)
    assert told(verify(desk, route, snapshot)) == [HERE, ALLOWED]
    assert desk.asked("GET", "DialingPermissions/Countries/US$")


def test_a_trial_account_leaves_outbound_open(desk: Any) -> None:
    (number,) = desk.numbers("trial", 1)
    route, snapshot = desk.imported(number, "trial")
    assert told(verify(desk, route, snapshot, "trial")) == [HERE, ("unknown", "trial_account")]


def test_a_standard_key_leaves_outbound_open(desk: Any) -> None:
    (number,) = desk.numbers("standard_key", 1)
    route, snapshot = desk.imported(number, "standard_key")
    assert told(verify(desk, route, snapshot, "standard_key")) == [HERE, ("unknown", "account_state_unreadable")]


def test_a_domain_that_is_not_there_fails_outbound(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    assert told(verify(desk, route, snapshot, domain="gone.pstn.twilio.com"))[1] == ("fail", "domain_not_found")
    assert told(verify(desk, route, snapshot, domain="acme-head-office.pstn.twilio.com"))[1] == ALLOWED


def test_trunks_that_cannot_be_listed_leave_the_termination_domain_open(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    desk.fault("status", status=403, json={"code": 70051, "status": 403}, path=r"/v1/Trunks$", times=None)
    result = verify(desk, route, snapshot, domain="acme-head-office.pstn.twilio.com")
    assert told(result) == [HERE, ("unknown", "domain_unreadable")]


def test_without_a_platform_host_inbound_is_left_open(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    desk.platform = None
    assert told(verify(desk, route, snapshot)) == [("unknown", "platform_not_set"), ALLOWED]


def test_trunks_that_cannot_be_read_leave_inbound_open(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    desk.fault("status", status=403, json={"code": 70051, "status": 403}, path="/OriginationUrls", times=None)
    assert told(verify(desk, route, snapshot))[0] == ("unknown", "permission_missing")


@pytest.mark.parametrize("path", [r"IncomingPhoneNumbers/PN", "OriginationUrls", r"/Accounts/AC\w+\.json", "Dialing"])
@pytest.mark.parametrize(("status", "error"), [(500, CarrierUnavailable), (429, RateLimited)])
def test_where_no_verdict_is_possible_it_is_an_error(
    desk: Any, number: str, path: str, status: int, error: type[Exception]
) -> None:
    route, snapshot = desk.imported(number)
    desk.fault("status", status=status, path=path, times=None)
    with pytest.raises(error):
        verify(desk, route, snapshot)


def test_rejected_credentials_are_no_verdict_on_the_number(desk: Any, number: str) -> None:
    route, snapshot = desk.imported(number)
    with pytest.raises(CredentialsRejected):
        verify(desk, route, snapshot, "bad_credentials")
