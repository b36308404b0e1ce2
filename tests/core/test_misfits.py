"""Fields that are each right and do not fit together: the plugin says which, and the engine passes it on safely."""

import pytest

from trunkline.errors import InvalidFields, PluginBroken
from trunkline.hookspec import hookimpl

TOKEN = "tok-S3cret-4711"
GIVEN = {"account": "AC12", "token": TOKEN}


@pytest.fixture
def refusing(engine, acme):
    """An engine on a plugin that says this of every account."""

    def refusing(said):
        class Picky(acme):
            @hookimpl
            def check_fields(self, account):
                return said(account)

        return engine(Picky())

    return refusing


def test_what_a_plugin_says_of_fields_names_them_and_shows_no_secret(refusing):
    said = {"credentials.token": [f"{TOKEN} does not fit: copy it anew"], "sip_config.domain": ["leave it out"]}
    with pytest.raises(InvalidFields) as caught:
        refusing(lambda account: said).account("acme", GIVEN, marker="m")
    assert caught.value.fields == {
        "credentials.token": ("[redacted] does not fit: copy it anew",),
        "sip_config.domain": ("leave it out",),
    }


def test_fields_that_fit_make_an_account(refusing):
    assert refusing(lambda account: {}).account("acme", GIVEN, marker="m").credential("account") == "AC12"


def test_a_plugin_is_asked_only_about_fields_that_are_each_right(refusing):
    asked = []
    with pytest.raises(InvalidFields) as caught:
        refusing(asked.append).account("acme", {"account": "AC12"}, marker="m")
    assert set(caught.value.fields) == {"credentials.token"}
    assert asked == []


@pytest.mark.parametrize("said", [lambda account: [account], lambda account: 1 / 0, lambda account: None])
def test_a_plugin_that_answers_nonsense_is_broken_and_tells_nothing(refusing, said):
    with pytest.raises(PluginBroken) as caught:
        refusing(said).account("acme", GIVEN, marker="m")
    assert "check_fields" in caught.value.detail
    assert TOKEN not in repr(vars(caught.value))
