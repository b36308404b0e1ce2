"""What a credential test finds out, and what it asks to know it."""

from typing import Any

import pytest

from trunkline.checks import CredentialTest
from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierTimedOut,
    CarrierUnavailable,
    PermissionMissing,
    RateLimited,
)


def verdicts(test: CredentialTest) -> list[tuple[str, str]]:
    return [(check.outcome.value, check.code) for check in test.checks]


ACCEPTED = ("pass", "credentials_accepted")
REACHABLE = ("pass", "trunks_manageable")
ALLOWED = ("pass", "calls_allowed")
UNASKED = [("unknown", "not_asked"), ("unknown", "not_asked")]


@pytest.mark.parametrize(
    ("label", "expected", "requests"),
    [
        ("healthy", [ACCEPTED, REACHABLE, ALLOWED], 3),
        ("main_key", [ACCEPTED, REACHABLE, ALLOWED], 3),
        ("subaccount", [ACCEPTED, REACHABLE, ALLOWED], 3),
        ("empty", [ACCEPTED, REACHABLE, ALLOWED], 3),
        ("email_name", [ACCEPTED, REACHABLE, ALLOWED], 3),
        ("trial", [ACCEPTED, REACHABLE, ("unknown", "trial_account")], 3),
        ("suspended", [ACCEPTED, ("fail", "account_suspended"), ("fail", "account_suspended")], 1),
        ("standard_key", [ACCEPTED, REACHABLE, ("unknown", "account_state_unreadable")], 4),
        (
            "restricted_key",
            [ACCEPTED, ("fail", "permission_missing"), ("unknown", "geo_permission_unreadable")],
            4,
        ),
        ("restricted_to_trunks", [ACCEPTED, REACHABLE, ("unknown", "account_state_unreadable")], 4),
        ("geo_blocked", [ACCEPTED, REACHABLE, ("fail", "geo_permission_missing")], 5),
        ("test_credentials", [("fail", "test_credentials"), *UNASKED], 1),
        ("bad_credentials", [("fail", "credentials_rejected"), *UNASKED], 2),
        ("closed", [("fail", "credentials_rejected"), *UNASKED], 2),
    ],
)
def test_every_kind_of_account_gets_its_own_verdict(
    desk: Any, label: str, expected: list[tuple[str, str]], requests: int
) -> None:
    test = desk.engine.test_credentials(desk.account(label))
    assert verdicts(test) == expected
    assert len(desk.asked()) == requests
    assert {entry.method for entry in desk.asked()} == {"GET"}


def test_what_was_not_passed_comes_with_a_remedy(desk: Any) -> None:
    for entry in desk.sandbox.carrier.listing():
        test = desk.engine.test_credentials(desk.account(entry.label))
        for check in test.checks:
            if check.outcome.value != "pass" and check.code != "not_asked":
                assert check.remedy, (entry.label, check)


def test_each_check_carries_the_requests_that_prove_it(desk: Any) -> None:
    test = desk.engine.test_credentials(desk.account())
    proofs = [[(each.method, each.host, each.path, each.status) for each in check.proof] for check in test.checks]
    assert proofs == [
        [("GET", "api.twilio.com", "/2010-04-01/Accounts/{accountSid}.json", 200)],
        [("GET", "trunking.twilio.com", "/v1/Trunks", 200)],
        [("GET", "voice.twilio.com", "/v1/DialingPermissions/Countries/US", 200)],
    ]
    assert all(each.request_id for check in test.checks for each in check.proof)


def test_the_identity_is_the_account_sid_with_a_token_as_with_a_key(desk: Any) -> None:
    sids = {desk.engine.test_credentials(desk.account(label)).identity for label in ("healthy", "main_key")}
    assert sids == {desk.credentials()["accountSid"]}


def test_a_single_401_is_not_believed_for_a_token_either(desk: Any) -> None:
    desk.fault("status", status=401, path=r"/Accounts/AC\w+\.json$", json={"code": 20003, "status": 401}, times=None)
    test = desk.engine.test_credentials(desk.account())
    assert verdicts(test) == [ACCEPTED, REACHABLE, ("unknown", "account_state_unreadable")]
    assert [each.status for each in test.credentials.proof] == [401, 200]


@pytest.mark.parametrize("sid", [None, 7, ""])
def test_an_account_without_a_sid_is_an_answer_that_makes_no_sense_and_no_other_account(desk: Any, sid: Any) -> None:
    desk.fault("status", status=200, path=r"/Accounts/AC\w+\.json$", json={"sid": sid, "status": "active"}, times=None)
    with pytest.raises(CarrierAnswerUnexpected) as raised:
        desk.engine.test_credentials(desk.account())
    assert "without a SID" in str(raised.value.detail)


def test_401_at_the_trunks_alone_means_a_missing_permission(desk: Any) -> None:
    desk.fault("status", status=401, host="trunking.twilio.com", json={"code": 20003, "status": 401}, times=None)
    test = desk.engine.test_credentials(desk.account())
    assert verdicts(test) == [ACCEPTED, ("fail", "permission_missing"), ALLOWED]
    with pytest.raises(PermissionMissing):
        desk.engine.prepare_route(desk.account())


@pytest.mark.parametrize("code", [20403, 20005, 10001])
def test_a_suspension_told_by_code_alone_fails_inbound_and_outbound(desk: Any, code: int) -> None:
    for status in (401, 403):
        desk.fault("status", status=status, json={"code": code, "message": "no", "status": status}, times=None)
        test = desk.engine.test_credentials(desk.account())
        assert verdicts(test) == [ACCEPTED, ("fail", "account_suspended"), ("fail", "account_suspended")]
        desk.forget()


def test_a_restricted_key_that_may_use_trunks_goes_the_whole_way(desk: Any) -> None:
    (number,) = desk.numbers("restricted_key", 1)
    before = desk.routing(number, "restricted_key")
    test = desk.engine.test_credentials(desk.account("restricted_to_trunks"))
    assert test.passed
    assert "restricted" in test.credentials.summary
    assert "restricted" in test.outbound.summary
    route, snapshot = desk.imported(number, "restricted_to_trunks")
    account = desk.account("restricted_to_trunks")
    verification = desk.engine.verify_number(account, snapshot.number.ref, route)
    assert verdicts(verification) == [("unknown", "region_unreadable"), ("unknown", "account_state_unreadable")]
    assert desk.engine.release_number(account, snapshot.number.ref, route, snapshot).code == "restored"
    assert desk.routing(number, "restricted_key") == before


def test_a_restricted_key_that_may_read_nothing_is_told_so(desk: Any) -> None:
    refusal = {"code": 70051, "message": "Authorization Failed", "status": 403}
    desk.fault("status", status=403, json=refusal, times=None)
    test = desk.engine.test_credentials(desk.account("restricted_key"))
    assert verdicts(test) == [("fail", "permission_missing"), *UNASKED]


def test_an_account_sid_of_other_credentials_is_named_as_such(desk: Any) -> None:
    credentials = {**desk.credentials("standard_key"), "accountSid": desk.credentials("empty")["accountSid"]}
    test = desk.engine.test_credentials(desk.engine.account("twilio", credentials, marker="m"))
    assert verdicts(test) == [("fail", "credentials_rejected"), *UNASKED]
    assert "account SID" in test.credentials.summary


def test_a_trial_whose_one_trunk_is_in_other_use_fails_inbound(desk: Any) -> None:
    desk.engine.prepare_route(desk.account("trial", marker="somebody else"))
    test = desk.engine.test_credentials(desk.account("trial"))
    assert verdicts(test) == [ACCEPTED, ("fail", "trial_trunk_taken"), ("unknown", "trial_account")]


def test_a_trial_whose_one_trunk_is_ours_passes_inbound(desk: Any) -> None:
    desk.engine.prepare_route(desk.account("trial"))
    assert verdicts(desk.engine.test_credentials(desk.account("trial")))[1] == REACHABLE


def test_outbound_is_judged_by_the_country_of_the_numbers_where_the_united_states_are_off(desk: Any) -> None:
    desk.change("dialing", "AU", "geo_blocked", low_risk_numbers_enabled=True)
    test = desk.engine.test_credentials(desk.account("geo_blocked"))
    assert verdicts(test)[2] == ALLOWED
    assert "AU" in test.outbound.summary


@pytest.mark.parametrize(("trunks", "verdict"), [(99, REACHABLE), (100, ("fail", "trunk_limit"))])
def test_an_account_that_has_all_the_trunks_it_may_have_fails_inbound(
    desk: Any, trunks: int, verdict: tuple[str, str]
) -> None:
    desk.fill_with_trunks(trunks)
    assert verdicts(desk.engine.test_credentials(desk.account())) == [ACCEPTED, verdict, ALLOWED]


def test_an_account_that_has_all_the_trunks_it_may_have_and_ours_among_them_passes_inbound(desk: Any) -> None:
    desk.engine.prepare_route(desk.account())
    desk.fill_with_trunks(100)
    assert verdicts(desk.engine.test_credentials(desk.account()))[1] == REACHABLE


def test_trunks_that_cannot_be_read_leave_the_termination_domain_open(desk: Any) -> None:
    desk.fault("status", status=403, json={"code": 70051, "status": 403}, path=r"/v1/Trunks$", times=None)
    test = desk.engine.test_credentials(desk.account(domain="acme-head-office.pstn.twilio.com"))
    assert verdicts(test) == [ACCEPTED, ("fail", "permission_missing"), ("unknown", "domain_unreadable")]
    assert [each.status for each in test.outbound.proof] == [403, 200]


@pytest.mark.parametrize(
    ("inherits", "verdict"),
    [(True, ("unknown", "geo_permission_inherited")), (False, ("fail", "geo_permission_missing"))],
)
def test_a_subaccounts_own_refusal_counts_only_if_it_inherits_nothing(
    desk: Any, inherits: bool, verdict: tuple[str, str]
) -> None:
    for country in ("US", "GB"):
        desk.change("dialing", country, "subaccount", low_risk_numbers_enabled=False)
    desk.change("account", "-", "subaccount", dialing_inheritance=inherits)
    test = desk.engine.test_credentials(desk.account("subaccount"))
    assert verdicts(test)[2] == verdict
    assert "GB" in test.outbound.summary


def test_inheritance_that_cannot_be_read_leaves_a_subaccounts_own_refusal_open(desk: Any) -> None:
    for country in ("US", "GB"):
        desk.change("dialing", country, "subaccount", low_risk_numbers_enabled=False)
    desk.fault("status", status=403, json={"code": 70051, "status": 403}, path="/v1/Settings", times=None)
    test = desk.engine.test_credentials(desk.account("subaccount"))
    assert verdicts(test)[2] == ("unknown", "geo_permission_inherited")


@pytest.mark.parametrize(
    ("domain", "verdict"),
    [
        ("acme-head-office.pstn.twilio.com", ALLOWED),
        ("ACME-head-office.pstn.dublin.ie1.twilio.com", ALLOWED),
        ("acme-back-office.pstn.twilio.com", ("fail", "domain_not_found")),
    ],
)
def test_a_termination_domain_must_be_a_trunk_of_the_account(desk: Any, domain: str, verdict: tuple[str, str]) -> None:
    test = desk.engine.test_credentials(desk.account(domain=domain))
    assert verdicts(test)[2] == verdict
    assert len(desk.asked()) == 3


def test_a_termination_domain_that_admits_nobody_fails_outbound(desk: Any) -> None:
    (trunk,) = desk.carrier_account().trunks.values()
    trunk.credential_lists.clear()
    test = desk.engine.test_credentials(desk.account(domain="acme-head-office.pstn.twilio.com"))
    assert verdicts(test)[2] == ("fail", "domain_without_authentication")


@pytest.mark.parametrize("host", ["api.twilio.com", "trunking.twilio.com", "voice.twilio.com"])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 429}, RateLimited),
        ({"kind": "status", "status": 500}, CarrierUnavailable),
        ({"kind": "timeout_before"}, CarrierTimedOut),
    ],
)
def test_where_no_verdict_is_possible_it_is_an_error(desk: Any, host: str, fault: Any, error: type[Exception]) -> None:
    desk.fault(**fault, host=host, times=None)
    with pytest.raises(error):
        desk.engine.test_credentials(desk.account())


def test_a_trunk_list_of_another_account_is_not_taken_for_this_ones(desk: Any) -> None:
    desk.fault("patch_json", host="trunking.twilio.com", patch={"trunks": {"*": {"account_sid": "AC" + "9" * 32}}})
    test = desk.engine.test_credentials(desk.account())
    assert verdicts(test)[1] == ("fail", "permission_missing")
