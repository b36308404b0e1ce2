"""What SignalWire says of itself, and what importing it costs."""

import re
from typing import Any

import pytest

import trunkline_signalwire
from trunkline.descriptor import CAPABILITIES, Can
from trunkline.errors import InvalidFields

from .conftest import PROJECT, SPACE

descriptor = trunkline_signalwire.plugin.describe_provider()


def test_it_answers_for_every_capability_and_says_why_not() -> None:
    assert {capability.name for capability in descriptor.capabilities} == set(CAPABILITIES)
    said = {capability.name: capability.can for capability in descriptor.capabilities}
    assert {name for name, can in said.items() if can is Can.NO} == {
        "monthly_fee",
        "account_state",
        "balance",
        "guided_setup",
    }
    assert {name for name, can in said.items() if can is Can.UNKNOWN} == {"check_outbound"}


def problems(desk: Any, credentials: dict[str, Any]) -> set[str]:
    try:
        desk.engine.account("signalwire", credentials, marker="m")
    except InvalidFields as error:
        return set(error.fields)
    return set()


ODD_SPACES = [
    "signalwire.com",
    ".signalwire.com",
    "http://acme.signalwire.com",
    "https://acme",
    "https://acme.signalwire.com/api",
    "https://acme.signalwire.com//",
    "https://acme.signalwire.com/?x",
    "https://acme.signalwire.com:443/",
    "https://user@acme.signalwire.com/",
    "https://evil.example/acme.signalwire.com",
    "acme/",
    "acme.signalwire.com/api",
    "acme.signalwire.com:443",
    "user@acme.signalwire.com",
    "user:pass@acme.signalwire.com",
    "acme.signalwire.com.evil.example",
    "evil.example/.signalwire.com",
    "evil.example#.signalwire.com",
    "evil.example?.signalwire.com",
    "evil.example\\.signalwire.com",
    "a.b.signalwire.com",
    "acme.signalwire.com.",
    "acme_.signalwire.com",
    "-acme.signalwire.com",
    "acme-.signalwire.com",
    "acmesignalwire.com",
    "acme.signalwire,com",
    "acme.signalwireXcom",
    "acmé.signalwire.com",
    "\u212ame.signalwire.com",
    "acme.\u017fignalwire.com",
    "acme。signalwire.com",
    "xn--.signalwire.com\n",
    " acme.signalwire.com",
    "127.0.0.1",
    "[::1].signalwire.com",
    "a" * 64 + ".signalwire.com",
]


@pytest.mark.parametrize("space", ODD_SPACES)
def test_what_is_no_space_is_refused_before_anything_is_sent(desk: Any, space: str) -> None:
    assert not any(re.fullmatch(allowed.pattern, space) for allowed in descriptor.hosts)
    assert problems(desk, {**desk.credentials(), "spaceUrl": space}) == {"credentials.spaceUrl"}
    assert not desk.asked()


@pytest.mark.parametrize("label", ["acme", "a", "acme-1", "9"])
def test_a_space_is_a_label_in_front_of_signalwire_com(desk: Any, label: str) -> None:
    space = f"{label}.signalwire.com"
    account = desk.engine.account("signalwire", {**desk.credentials(), "spaceUrl": space}, marker="m")
    assert account.credential("spaceUrl") == space


def test_the_wire_speaks_to_the_accounts_own_space_only(scripted: Any) -> None:
    seen: list[Any] = []
    world = scripted(lambda request: (seen.append(request), (200, {"data": [], "links": {}}))[1])
    list(world.engine.list_numbers(world.account))
    (request,) = seen
    assert request.url.startswith(f"https://{SPACE}/")
    (host,) = descriptor.hosts
    assert host.field == "spaceUrl"


@pytest.mark.parametrize(
    ("credentials", "wrong"),
    [
        ({"projectId": PROJECT, "apiToken": "x", "spaceUrl": SPACE}, set()),
        ({"projectId": PROJECT.upper(), "apiToken": "x", "spaceUrl": SPACE}, set()),
        ({"projectId": PROJECT[:-1], "apiToken": "x", "spaceUrl": SPACE}, {"credentials.projectId"}),
        ({"projectId": PROJECT + "/", "apiToken": "x", "spaceUrl": SPACE}, {"credentials.projectId"}),
        ({"projectId": PROJECT, "apiToken": "a b", "spaceUrl": SPACE}, {"credentials.apiToken"}),
        ({"projectId": PROJECT, "apiToken": "x"}, {"credentials.spaceUrl"}),
        ({}, {"credentials.projectId", "credentials.apiToken", "credentials.spaceUrl"}),
        ({"projectId": PROJECT, "apiToken": "x", "spaceUrl": SPACE, "region": "us"}, {"credentials.region"}),
    ],
)
def test_credentials_have_one_form(desk: Any, credentials: dict[str, str], wrong: set[str]) -> None:
    assert problems(desk, credentials) == wrong


def test_the_token_is_the_secret_and_the_space_steers_it() -> None:
    (form,) = descriptor.credential_forms
    assert [field.name for field in form.fields if field.secret] == ["apiToken"]
    assert [field.name for field in form.fields if field.steers] == ["spaceUrl"]


def test_of_a_sip_config_only_the_domain_is_shown(desk: Any) -> None:
    given = {"domain": "acme-1a2b.sip.signalwire.com", "password": "hunter2"}
    shown = desk.engine.redact_sip_config("signalwire", given)
    assert shown == {"domain": "acme-1a2b.sip.signalwire.com"}
    assert desk.engine.redact_sip_config("signalwire", shown) == shown
