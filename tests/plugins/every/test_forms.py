"""The credential forms of every provider: what does not fit is named by its field, and never repeated."""

from typing import Any

import pytest

from trunkline.descriptor import CredentialForm, Field
from trunkline.engine import Engine
from trunkline.errors import InvalidFields
from trunkline.registry import Registry

from .conftest import Desk
from .providers import PROVIDERS, Provider

CANARY = "canary7f3a9b1c5d"
ENGINES = {provider.id: Engine(Registry.of(provider.plugin)) for provider in PROVIDERS}
FIELDS = [
    pytest.param(provider, form, field, id=f"{provider}-{form.id}-{field.name}")
    for provider in PROVIDERS
    for form in ENGINES[provider.id].descriptor(provider.id).credential_forms
    for field in form.fields
]
MALFORMED: dict[str, Any] = {
    "a number": 7133,
    "a truth": True,
    "a list": [CANARY],
    "an object": {CANARY: CANARY},
    "nothing in it": "",
    "too long": CANARY * 1000,
    "a line break": f"{CANARY}\r\nX-Odd: {CANARY}",
    "a null character": f"{CANARY}\x00",
    "a space around it": f" {CANARY} ",
    "an escape": f"{CANARY}\x1b[2J",
    "an invisible letter": f"{CANARY}\u200b",
    "half a surrogate": f"{CANARY}\ud800",
}


def good(desk: Desk, form: CredentialForm) -> dict[str, Any]:
    """Credentials of this form that are accepted."""
    names = {field.name for field in form.fields}
    required = {field.name for field in form.fields if field.required}
    every = (dict(each.credentials) for each in desk.sandbox.carrier.listing())
    return next(each for each in every if required <= each.keys() <= names)


def problems(provider: Provider, credentials: Any, sip_config: Any = None) -> InvalidFields:
    with pytest.raises(InvalidFields) as caught:
        ENGINES[provider.id].account(provider.id, credentials, sip_config, marker="m")
    assert caught.value.__cause__ is None
    return caught.value


def shown(error: InvalidFields) -> str:
    return "\n".join((repr(error), str(error), error.detail, repr(error.fields)))


@pytest.mark.parametrize(("provider", "form", "field"), FIELDS)
@pytest.mark.parametrize("malformed", MALFORMED)
def test_a_malformed_field_is_named_and_its_value_is_not(
    desk: Desk, provider: Provider, form: CredentialForm, field: Field, malformed: str
) -> None:
    error = problems(provider, {**good(desk, form), field.name: MALFORMED[malformed]})
    assert set(error.fields) == {f"credentials.{field.name}"}
    assert CANARY not in shown(error)
    assert "7133" not in shown(error)
    assert not desk.asked()


@pytest.mark.parametrize(("provider", "form", "field"), FIELDS)
@pytest.mark.parametrize("how", ["left out", "null"])
def test_a_field_that_is_left_out_is_named_where_it_is_needed(
    desk: Desk, provider: Provider, form: CredentialForm, field: Field, how: str
) -> None:
    given = {name: value for name, value in good(desk, form).items() if name != field.name}
    if how == "null":
        given[field.name] = None
    if field.required:
        error = problems(provider, given)
        secrets = [each.name for each in form.fields if each.secret]
        assert all(name.startswith("credentials.") for name in error.fields)
        assert not [given[name] for name in secrets if given.get(name) and given[name] in shown(error)]
    else:
        assert ENGINES[provider.id].account(provider.id, given, marker="m").provider == provider.id


def test_an_unknown_field_is_named_and_its_value_is_not(desk: Desk, provider: Provider) -> None:
    for entry in desk.sandbox.carrier.listing():
        error = problems(provider, {**entry.credentials, "extra": CANARY})
        assert set(error.fields) == {"credentials.extra"}
        assert not [value for value in (CANARY, *entry.credentials.values()) if value in shown(error)]


@pytest.mark.parametrize(
    "name", [CANARY * 99, f"{CANARY}\n", 7, "", f"<b>{CANARY}"], ids=["long", "break", "7", "empty", "markup"]
)
def test_an_unreadable_name_of_a_field_is_not_repeated(desk: Desk, provider: Provider, name: Any) -> None:
    given: dict[Any, Any] = dict(desk.credentials("healthy"))
    error = problems(provider, {**given, name: CANARY})
    assert CANARY not in shown(error)


@pytest.mark.parametrize("given", [None, [], "x", 7, [["apiKey", CANARY]]], ids=str)
def test_credentials_that_are_no_object_are_refused(provider: Provider, given: Any) -> None:
    error = problems(provider, given)
    assert all(name == "credentials" or name.startswith("credentials.") for name in error.fields)
    assert CANARY not in shown(error)


STRANGE_HOSTS = ("example.com", "https://evil.example", f"-{CANARY}.example")


@pytest.mark.parametrize("value", [*MALFORMED.values(), *STRANGE_HOSTS], ids=lambda value: ascii(value)[:20])
def test_a_malformed_sip_domain_is_named_and_not_repeated(desk: Desk, provider: Provider, value: Any) -> None:
    error = problems(provider, desk.credentials("healthy"), {"domain": value})
    assert set(error.fields) == {"sip_config.domain"}
    assert CANARY not in shown(error)


def test_of_a_sip_config_only_what_the_form_shows_is_shown(provider: Provider) -> None:
    engine = ENGINES[provider.id]
    given = {"domain": "sip.example", "password": CANARY, "nested": {"a": [CANARY]}, "user": CANARY}
    once = engine.redact_sip_config(provider.id, given)
    assert CANARY not in repr(once)
    assert engine.redact_sip_config(provider.id, once) == once


def test_credentials_do_not_show_in_an_account(desk: Desk, provider: Provider) -> None:
    for entry in desk.sandbox.carrier.listing():
        account = ENGINES[provider.id].account(provider.id, entry.credentials, marker="m")
        secret = {field.name for form in engine_forms(provider) for field in form.fields if field.secret}
        hidden = [value for name, value in entry.credentials.items() if name in secret]
        assert hidden
        assert not [value for value in hidden if value in f"{account!r} {account}"]


def engine_forms(provider: Provider) -> tuple[CredentialForm, ...]:
    return ENGINES[provider.id].descriptor(provider.id).credential_forms
