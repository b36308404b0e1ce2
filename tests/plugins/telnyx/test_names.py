"""What a connection is called."""

from typing import Any

import pytest

from trunkline.errors import CredentialsRejected


def test_the_connections_name_and_its_first_number(desk: Any) -> None:
    suggested = desk.engine.suggest_name(desk.account())
    (number,) = [
        n.phone_number for n in desk.held().numbers.values() if n.connection_id == desk.connection("Acme Main").id
    ]
    assert suggested.text("Telnyx", with_number=True) == f"Telnyx: Acme Main ({number})"
    assert len(desk.asked()) == 2


def test_without_a_connection_it_is_the_carrier_and_the_first_number(desk: Any) -> None:
    suggested = desk.engine.suggest_name(desk.account("no_connection"))
    assert suggested.account_name is None
    assert suggested.number == min(n.phone_number for n in desk.held().numbers.values() if n.status == "active")


@pytest.mark.parametrize(
    ("name", "shown"), [("pat@acme.example", None), ("  \n", None), ("Tab\there", "Tab here"), ("Köln ☎", "Köln ☎")]
)
def test_an_e_mail_address_is_no_name(desk: Any, name: str, shown: str | None) -> None:
    desk.connection("Acme Main").name = name
    assert desk.engine.suggest_name(desk.account()).account_name == shown


@pytest.mark.parametrize("label", ["permission_missing", "out_of_funds", "foreign_connection"])
def test_what_may_not_be_read_is_left_out(desk: Any, label: str) -> None:
    assert desk.engine.suggest_name(desk.account(label)).text("Telnyx", with_number=True) == "Telnyx"


def test_a_bad_key_is_said(desk: Any) -> None:
    with pytest.raises(CredentialsRejected):
        desk.engine.suggest_name(desk.account("bad_credentials"))
