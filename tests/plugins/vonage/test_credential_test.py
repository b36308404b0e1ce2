"""What a credential test says of each kind of account, and on what grounds."""

from typing import Any

import pytest

from trunkline.errors import CarrierUnavailable

WRONG_ID = "00000000-0000-4000-8000-000000000000"


def codes(test: Any) -> list[tuple[bool | None, str]]:
    return [(check.outcome.as_json, check.code) for check in test.checks]


def test_a_healthy_account_passes_by_three_requests(desk: Any) -> None:
    test = desk.engine.test_credentials(desk.account())
    assert codes(test) == [(True, "credentials_accepted"), (True, "numbers_routable"), (True, "calls_allowed")]
    assert test.identity == desk.credentials()["apiKey"]
    assert [entry.path.rpartition("/")[2] for entry in desk.asked()] == ["get-balance", "subaccounts", "numbers"]
    for check in test.checks:
        assert check.proof
        assert all(exchange.request_id for exchange in check.proof)
    paths = {exchange.path for check in test.checks for exchange in check.proof}
    assert paths == {"/account/get-balance", "/account/numbers", "/accounts/{apiKey}/subaccounts"}


@pytest.mark.parametrize("label", ["bad_credentials", "revoked_secret"])
@pytest.mark.parametrize("form", ["old", "problem"])
def test_a_wrong_or_revoked_secret_is_told_in_either_form_of_a_401_and_nothing_else_is_asked(
    desk: Any, label: str, form: str
) -> None:
    desk.switch(unauthorized=form)
    test = desk.engine.test_credentials(desk.account(label))
    assert codes(test) == [(False, "credentials_rejected"), (None, "not_asked"), (None, "not_asked")]
    assert "dashboard" in test.credentials.remedy
    assert len(desk.asked()) == 1
    assert test.identity is None


@pytest.mark.parametrize("form", ["nothing", "zero"])
def test_an_account_without_numbers_leaves_calls_open(desk: Any, form: str) -> None:
    desk.switch("empty", empty=form)
    test = desk.engine.test_credentials(desk.account("empty"))
    assert codes(test) == [(True, "credentials_accepted"), (None, "no_voice_numbers"), (None, "no_voice_numbers")]
    assert test.passed


def test_a_suspended_account_fails_both_ways(desk: Any) -> None:
    test = desk.engine.test_credentials(desk.account("suspended"))
    assert codes(test) == [(True, "credentials_accepted"), (False, "account_suspended"), (False, "account_suspended")]


@pytest.mark.parametrize(
    ("label", "outcome"),
    [("no_credit", (None, "no_credit")), ("overdrawn", (False, "no_credit")), ("auto_reload", (True, "calls_allowed"))],
)
def test_an_account_without_credit_is_told_that_its_numbers_may_be_lost(
    desk: Any, label: str, outcome: tuple[bool | None, str]
) -> None:
    test = desk.engine.test_credentials(desk.account(label))
    assert codes(test)[2] == outcome
    if outcome[1] == "no_credit":
        assert "release the numbers" in test.outbound.remedy


def test_a_credit_line_that_is_read_counts_as_credit(desk: Any) -> None:
    assert codes(desk.engine.test_credentials(desk.account("on_credit")))[2] == (True, "calls_allowed")


def test_a_wrong_application_id_fails_inbound_and_a_right_one_costs_one_request(desk: Any) -> None:
    test = desk.engine.test_credentials(desk.account(applicationId=WRONG_ID))
    assert codes(test)[1] == (False, "application_not_found")
    desk.forget()
    application = next(iter(desk.carrier_account().applications))
    test = desk.engine.test_credentials(desk.account(applicationId=application))
    assert codes(test)[1] == (True, "numbers_routable")
    assert len(desk.asked()) == 4
    assert "{applicationId}" in test.inbound.proof[-1].path


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_what_only_some_accounts_may_read_is_never_a_failure(desk: Any, status: int) -> None:
    desk.fault("status", status=status, path="subaccounts", times=None)
    assert desk.engine.test_credentials(desk.account()).passed


@pytest.mark.parametrize(
    ("limits", "outcome"),
    [
        (["DOMESTIC"], (None, "outbound_limited")),
        (["INTERNATIONAL"], (None, "outbound_limited")),
        (["DOMESTIC", "INTERNATIONAL"], (False, "outbound_limited")),
        (["ELSEWHERE"], (False, "outbound_limited")),
    ],
)
def test_limitations_of_every_number_decide_outbound(
    desk: Any, limits: list[str], outcome: tuple[bool | None, str]
) -> None:
    said = [{"feature": "VOICE", "type": "OUTBOUND", "reach": reach} for reach in limits]
    said.append({"feature": "VOICE", "type": "INBOUND", "reach": "DOMESTIC"})
    for number in desk.numbers("provisioned", 6):
        desk.change(number, "provisioned", limitations=said)
    assert codes(desk.engine.test_credentials(desk.account("provisioned")))[2] == outcome


def test_credentials_that_may_not_read_the_balance_are_tried_on_numbers(desk: Any) -> None:
    desk.fault("status", status=403, path="get-balance", times=None)
    test = desk.engine.test_credentials(desk.account())
    assert codes(test) == [(True, "credentials_accepted"), (True, "numbers_routable"), (None, "balance_unreadable")]
    desk.fault("status", status=403, path="numbers", times=None)
    assert codes(desk.engine.test_credentials(desk.account()))[0] == (False, "permission_missing")


def test_credentials_that_may_not_read_numbers_fail_inbound(desk: Any) -> None:
    desk.fault("status", status=403, path="/account/numbers", times=None)
    test = desk.engine.test_credentials(desk.account())
    assert codes(test)[1:] == [(False, "permission_missing"), (None, "permission_missing")]


@pytest.mark.parametrize("patch", [{"value": None}, {"value": "much"}, {"value": True}, {"$remove": ["value"]}])
def test_a_balance_that_cannot_be_read_is_not_taken_for_one(desk: Any, patch: dict[str, Any]) -> None:
    desk.fault("patch_json", path="get-balance", patch=patch)
    test = desk.engine.test_credentials(desk.account())
    assert codes(test) == [(True, "credentials_accepted"), (True, "numbers_routable"), (None, "balance_unreadable")]


def test_a_standing_of_another_account_is_not_believed(desk: Any) -> None:
    patch = {"_embedded": {"primary_account": {"api_key": "ffffffff"}}}
    desk.fault("patch_json", path="subaccounts", patch=patch)
    assert desk.engine.test_credentials(desk.account("suspended")).passed


def test_a_carrier_that_is_down_gives_no_verdict(desk: Any) -> None:
    desk.fault("status", status=503, path="get-balance", times=None)
    with pytest.raises(CarrierUnavailable):
        desk.engine.test_credentials(desk.account())


def test_a_401_in_the_body_of_a_200_is_a_401(desk: Any) -> None:
    desk.fault("status", status=200, json={"error-code": "401", "error-code-label": "authentication failed"})
    assert codes(desk.engine.test_credentials(desk.account()))[0] == (False, "credentials_rejected")
