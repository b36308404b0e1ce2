"""What a credential test finds out, and what it asks to know it."""

from typing import Any

import pytest

from trunkline.checks import CredentialTest
from trunkline.errors import CarrierTimedOut, CarrierUnavailable, RateLimited


def verdicts(test: CredentialTest) -> list[tuple[str, str]]:
    return [(check.outcome.value, check.code) for check in test.checks]


ACCEPTED = ("pass", "credentials_accepted")
REACHABLE = ("pass", "scripts_manageable")
MISSING = ("fail", "permission_missing")
OPEN = ("unknown", "account_state_unreadable")
UNASKED = [("unknown", "not_asked"), ("unknown", "not_asked")]
REJECTED = [("fail", "credentials_rejected"), *UNASKED]

NUMBERS, LOOKUP = "/phone_numbers", "/lookup/phone_number"


@pytest.mark.parametrize(
    ("label", "expected", "requests"),
    [
        ("healthy", [ACCEPTED, REACHABLE, OPEN], 2),
        ("empty", [ACCEPTED, REACHABLE, OPEN], 2),
        ("trial", [ACCEPTED, REACHABLE, OPEN], 2),
        ("email_name", [ACCEPTED, REACHABLE, OPEN], 2),
        ("no_management", [ACCEPTED, REACHABLE, OPEN], 2),
        ("video_only", [ACCEPTED, REACHABLE, OPEN], 2),
        ("no_voice", [ACCEPTED, MISSING, OPEN], 2),
        ("no_numbers", [ACCEPTED, MISSING, OPEN], 2),
        ("no_scopes", [ACCEPTED, MISSING, OPEN], 2),
        ("bad_credentials", REJECTED, 2),
        ("wrong_space", REJECTED, 1),
    ],
)
@pytest.mark.parametrize("status", [401, 403])
def test_every_kind_of_project_gets_its_own_verdict(
    desk: Any, label: str, expected: list[tuple[str, str]], requests: int, status: int
) -> None:
    if label in desk.sandbox.carrier.accounts:
        desk.switch(label, missing_scope=status)
    test = desk.engine.test_credentials(desk.account(label))
    assert verdicts(test) == expected
    assert len(desk.asked()) == requests
    assert set(desk.methods()) == {"GET"}


@pytest.mark.parametrize("answer", ["401", "404", "404_html", "redirect"])
def test_a_space_that_is_not_the_projects_is_told_however_it_answers(desk: Any, answer: str) -> None:
    desk.switch(unknown_space=answer)
    test = desk.engine.test_credentials(desk.account("wrong_space"))
    assert verdicts(test) == REJECTED
    assert "space" in test.credentials.summary


@pytest.mark.parametrize("label", ["no_numbers", "no_scopes"])
@pytest.mark.parametrize("status", [401, 403])
def test_without_a_working_lookup_a_missing_scope_still_fails_and_names_the_scopes(
    desk: Any, label: str, status: int
) -> None:
    desk.switch(label, lookup="not_found", missing_scope=status)
    test = desk.engine.test_credentials(desk.account(label))
    assert verdicts(test) == [MISSING, *UNASKED]
    assert "Numbers and Voice" in test.credentials.remedy


def test_a_lookup_that_needs_a_scope_after_all_leaves_a_rejection_that_names_the_scopes(desk: Any) -> None:
    desk.switch("no_scopes", lookup="scoped")
    test = desk.engine.test_credentials(desk.account("no_scopes"))
    assert verdicts(test) == REJECTED
    assert "scopes" in test.credentials.remedy


@pytest.mark.parametrize("lookup", ["open", "not_found", "scoped"])
def test_good_credentials_pass_whatever_the_lookup_answers(desk: Any, lookup: str) -> None:
    desk.switch(lookup=lookup)
    assert verdicts(desk.engine.test_credentials(desk.account())) == [ACCEPTED, REACHABLE, OPEN]
    assert not desk.asked(path=LOOKUP)


def test_the_lookup_never_asks_for_what_is_billed(desk: Any) -> None:
    desk.engine.test_credentials(desk.account("no_numbers"))
    (asked,) = desk.asked(path=LOOKUP)
    assert asked.query == {}


def test_what_was_not_passed_comes_with_a_remedy(desk: Any) -> None:
    for entry in desk.sandbox.carrier.listing():
        test = desk.engine.test_credentials(desk.account(entry.label))
        for check in test.checks:
            if check.outcome.value != "pass" and check.code != "not_asked":
                assert check.remedy, (entry.label, check)


def test_each_pass_carries_the_requests_that_prove_it(desk: Any) -> None:
    test = desk.engine.test_credentials(desk.account())
    proofs = [[(each.method, each.host, each.path, each.status) for each in check.proof] for check in test.checks]
    numbers = ("GET", "{spaceUrl}", "/api/relay/rest/phone_numbers", 200)
    numbers = ("GET", desk.credentials()["spaceUrl"], *numbers[2:])
    scripts = (*numbers[:2], "/api/fabric/resources/swml_scripts", 200)
    assert proofs == [[numbers], [numbers, scripts], []]
    assert all(each.request_id for check in test.checks for each in check.proof)


def test_the_proof_of_a_missing_scope_is_the_refusal_and_the_lookup(desk: Any) -> None:
    test = desk.engine.test_credentials(desk.account("no_numbers"))
    assert [(each.path.rpartition("/")[2], each.status) for each in test.credentials.proof] == [
        ("phone_numbers", 401),
        ("+15551234567", 200),
    ]


def test_the_identity_is_the_project_in_lower_case(desk: Any) -> None:
    given = desk.credentials()
    account = desk.engine.account("signalwire", {**given, "projectId": given["projectId"].upper()}, marker="m")
    assert desk.engine.test_credentials(account).identity == given["projectId"]
    assert desk.engine.test_credentials(desk.account("bad_credentials")).identity is None


def test_without_a_platform_host_inbound_is_left_open(desk: Any) -> None:
    desk.platform = None
    test = desk.engine.test_credentials(desk.account())
    assert verdicts(test) == [ACCEPTED, ("unknown", "platform_not_set"), OPEN]


def test_the_projects_own_sip_domain_is_recognised_and_proves_nothing_more(desk: Any) -> None:
    own = desk.project().sip_domain
    test = desk.engine.test_credentials(desk.account(domain=own.upper().replace("SIGNALWIRE.COM", "signalwire.com")))
    assert verdicts(test)[2] == OPEN
    assert own in test.outbound.summary
    assert [each.path for each in test.outbound.proof] == ["/api/relay/rest/sip_profile"]


def test_another_sip_domain_is_left_open(desk: Any) -> None:
    test = desk.engine.test_credentials(desk.account(domain="other.dapp.signalwire.com"))
    assert verdicts(test)[2] == ("unknown", "domain_not_confirmed")


def test_a_sip_domain_that_may_not_be_read_is_left_open(desk: Any) -> None:
    test = desk.engine.test_credentials(desk.account("no_voice", domain="other.sip.signalwire.com"))
    assert verdicts(test)[2] == ("unknown", "domain_unreadable")


@pytest.mark.parametrize("path", [NUMBERS, "/swml_scripts"])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 429}, RateLimited),
        ({"kind": "status", "status": 500}, CarrierUnavailable),
        ({"kind": "timeout_before"}, CarrierTimedOut),
    ],
)
def test_where_no_verdict_is_possible_it_is_an_error(desk: Any, path: str, fault: Any, error: type[Exception]) -> None:
    desk.fault(**fault, path=path, times=None)
    with pytest.raises(error):
        desk.engine.test_credentials(desk.account())


def test_a_space_that_cannot_be_reached_is_named(desk: Any) -> None:
    desk.sandbox.carrier.world.spaces.clear()
    desk.fault("reset_before", times=None)
    engine = desk.engine
    account = desk.account()
    from trunkline.http.dial import SandboxDial

    engine._roads().dial = SandboxDial({f"https://{account.credential('spaceUrl')}": "http://127.0.0.1:9"})
    with pytest.raises(CarrierUnavailable, match=account.credential("spaceUrl")):
        engine.test_credentials(account)
