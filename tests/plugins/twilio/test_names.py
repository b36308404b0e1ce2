"""What a connection is called."""

from typing import Any

import pytest

from trunkline.errors import CredentialsRejected, PermissionMissing


def test_the_account_and_its_first_number_make_the_name(desk: Any) -> None:
    name = desk.engine.suggest_name(desk.account())
    assert (name.account_name, name.number) == ("Acme Voice Ltd", desk.numbers()[0])
    assert len(desk.asked()) == 2


def test_an_account_named_by_an_e_mail_address_is_named_by_its_sid(desk: Any) -> None:
    name = desk.engine.suggest_name(desk.account("email_name"))
    assert name.account_name == f"account …{desk.credentials('email_name')['accountSid'][-4:]}"


@pytest.mark.parametrize("name", ["Pat <pat@northwind.example>", "", "  ", "ask pat@northwind.example"])
def test_no_part_of_an_e_mail_address_and_no_empty_name_is_suggested(desk: Any, name: str) -> None:
    desk.change("account", "-", friendly_name=name)
    assert desk.engine.suggest_name(desk.account()).account_name.startswith("account …")


def test_control_characters_are_left_out_of_a_name(desk: Any) -> None:
    desk.change("account", "-", friendly_name="Acme\x00\n\u202eVoice  Ltd")
    assert desk.engine.suggest_name(desk.account()).account_name == "Acme Voice Ltd"


def test_a_standard_key_names_the_account_by_its_sid(desk: Any) -> None:
    name = desk.engine.suggest_name(desk.account("standard_key"))
    assert name.account_name.startswith("account …")
    assert name.number == desk.numbers("standard_key")[0]


def test_a_suspended_account_still_has_a_name(desk: Any) -> None:
    name = desk.engine.suggest_name(desk.account("suspended"))
    assert (name.account_name, name.number) == ("Late Payer Logistics", None)


@pytest.mark.parametrize(
    ("label", "error"), [("bad_credentials", CredentialsRejected), ("test_credentials", PermissionMissing)]
)
def test_wrong_credentials_suggest_nothing(desk: Any, label: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        desk.engine.suggest_name(desk.account(label))
