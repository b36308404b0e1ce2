"""What Telnyx says of itself, and what importing it costs."""

import re
from typing import Any

import pytest

import trunkline_telnyx
from trunkline.descriptor import CAPABILITIES, Can
from trunkline.errors import InvalidFields

descriptor = trunkline_telnyx.plugin.describe_provider()


def test_it_answers_for_every_capability_and_says_why_not() -> None:
    assert {capability.name for capability in descriptor.capabilities} == set(CAPABILITIES)
    open_ = {capability.name: capability.can for capability in descriptor.capabilities if capability.can is not Can.YES}
    assert open_ == {"account_state": Can.UNKNOWN}


def test_one_set_up_is_guided_and_it_is_not_the_first() -> None:
    assert [(each.id, each.guided) for each in descriptor.setup_methods] == [
        ("api_key", False),
        ("guided_telnyx", True),
    ]


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("api.telnyx.com", True),
        ("apiXtelnyx.com", False),
        ("api.telnyx.com.evil.example", False),
        ("sip.telnyx.com", False),
        ("telnyx.com", False),
    ],
)
def test_it_may_speak_to_one_host(host: str, allowed: bool) -> None:
    assert any(re.fullmatch(each.pattern, host) for each in descriptor.hosts) is allowed


def problems(desk: Any, credentials: dict[str, Any], sip_config: dict[str, Any] | None = None) -> set[str]:
    try:
        desk.engine.account("telnyx", credentials, sip_config, marker="m")
    except InvalidFields as error:
        return set(error.fields)
    return set()


@pytest.mark.parametrize(
    ("credentials", "wrong"),
    [
        ({"apiKey": "KEY0123_abc"}, set()),
        ({"apiKey": "KEY0123_abc", "connectionId": "1293384261075731499"}, set()),
        ({"apiKey": "KEY0123_abc", "connectionId": "6a09cdc3-8948-47f0-aa62-74ac943d6c58"}, set()),
        ({"apiKey": "KEY0123_abc", "connectionId": "1/../2"}, {"credentials.connectionId"}),
        ({"apiKey": "KEY 0123"}, {"credentials.apiKey"}),
        ({"connectionId": "1"}, {"credentials.apiKey"}),
        ({"apiKey": "KEY0123", "password": "x"}, {"credentials.password"}),
    ],
)
def test_credentials_have_one_form(desk: Any, credentials: dict[str, str], wrong: set[str]) -> None:
    assert problems(desk, credentials) == wrong


@pytest.mark.parametrize(
    ("domain", "good"),
    [
        ("acme.sip.telnyx.com", True),
        ("Acme-1.SIP.telnyx.com", True),
        ("sip.telnyx.com", True),
        ("sip-eu.telnyx.com", True),
        ("acme.pstn.twilio.com", False),
        ("acme.sip.telnyx.com.evil.example", False),
        ("-acme.sip.telnyx.com", False),
    ],
)
def test_the_sip_domain_is_one_of_telnyx(desk: Any, domain: str, good: bool) -> None:
    assert problems(desk, {"apiKey": "KEY0"}, {"domain": domain}) == (set() if good else {"sip_config.domain"})


def test_a_sip_config_shows_what_is_known_only(desk: Any) -> None:
    given = {"domain": "acme.sip.telnyx.com", "password": "x", "other": 1}
    shown = desk.engine.redact_sip_config("telnyx", given)
    assert shown == {"domain": "acme.sip.telnyx.com"}
    assert desk.engine.redact_sip_config("telnyx", shown) == shown
