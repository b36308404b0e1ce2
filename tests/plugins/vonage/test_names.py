"""What a connection is called."""

from typing import Any

import pytest

from trunkline.errors import CredentialsRejected


def test_an_account_that_may_read_its_name_is_called_by_it(desk: Any) -> None:
    name = desk.engine.suggest_name(desk.account("provisioned"))
    assert name.text("Vonage", with_number=True) == f"Vonage: Cedar Dental Group ({desk.numbers('provisioned')[0]})"
    assert len(desk.asked()) == 2


def test_another_is_called_by_its_api_key(desk: Any) -> None:
    key = desk.credentials()["apiKey"]
    assert desk.engine.suggest_name(desk.account()).text("Vonage") == f"Vonage: account {key}"
    assert len(desk.asked()) == 3


def test_the_application_that_was_given_names_it(desk: Any) -> None:
    application = list(desk.carrier_account().applications.values())[1]
    assert desk.engine.suggest_name(desk.account(applicationId=application.id)).account_name == application.name


def test_an_only_application_names_it(desk: Any) -> None:
    desk.sandbox.carrier.remove("healthy", "applications", list(desk.carrier_account().applications)[1])
    assert desk.engine.suggest_name(desk.account()).account_name == "Call menu"


@pytest.mark.parametrize("name", ["pat@northwind.example", " \n ", None, 7])
def test_a_name_that_may_not_be_shown_is_not_shown(desk: Any, name: Any) -> None:
    patch = {"_embedded": {"primary_account": {"name": name}}}
    desk.fault("patch_json", path="subaccounts", patch=patch)
    key = desk.credentials("provisioned")["apiKey"]
    assert desk.engine.suggest_name(desk.account("provisioned")).account_name == f"account {key}"


def test_an_empty_account_has_no_number_in_its_name(desk: Any) -> None:
    assert desk.engine.suggest_name(desk.account("empty")).number is None


def test_wrong_credentials_have_no_name(desk: Any) -> None:
    with pytest.raises(CredentialsRejected):
        desk.engine.suggest_name(desk.account("bad_credentials"))


@pytest.mark.parametrize("status", [403, 500])
def test_a_host_that_does_not_tell_names_spoils_nothing(desk: Any, status: int) -> None:
    desk.fault("status", status=status, host="api.nexmo.com", times=None)
    assert desk.engine.suggest_name(desk.account()).number
