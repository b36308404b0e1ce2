"""What a connection is called."""

from typing import Any

import pytest

from trunkline.errors import CredentialsRejected, PermissionMissing


@pytest.mark.parametrize(
    ("label", "name", "requests"),
    [
        ("healthy", "Acme Voice Ltd", 2),
        ("empty", "Hollow Tree Catering", 2),
        ("email_name", "northwind", 2),
        ("no_management", "no-management", 2),
        ("no_numbers", "no-numbers", 3),
        ("no_scopes", "no-scopes", 3),
    ],
)
@pytest.mark.parametrize("status", [401, 403])
def test_the_projects_name_or_else_its_spaces(desk: Any, label: str, name: str, requests: int, status: int) -> None:
    desk.switch(label, missing_scope=status)
    suggested = desk.engine.suggest_name(desk.account(label))
    assert suggested.account_name == name
    has_number = label not in ("empty", "no_numbers", "no_scopes")
    assert (suggested.number in desk.numbers(label, count=1)) is has_number
    assert len(desk.asked()) == requests


@pytest.mark.parametrize("label", ["bad_credentials", "wrong_space"])
def test_bad_credentials_have_no_name(desk: Any, label: str) -> None:
    with pytest.raises(CredentialsRejected):
        desk.engine.suggest_name(desk.account(label))


def test_a_token_that_is_refused_everything_has_no_name(desk: Any) -> None:
    desk.fault("status", status=403, times=None)
    with pytest.raises(PermissionMissing):
        desk.engine.suggest_name(desk.account())


@pytest.mark.parametrize(
    ("given", "shown"),
    [("  Acme\n Main\t", "Acme Main"), ("pat@acme.example", "acme-voice"), ("", "acme-voice"), (None, "acme-voice")],
)
def test_a_name_is_shown_on_one_line_and_never_an_address(desk: Any, given: Any, shown: str) -> None:
    desk.fault("patch_json", path="/api/projects/", patch={"name": given})
    assert desk.engine.suggest_name(desk.account()).account_name == shown
