"""What Twilio says of itself, and what importing it costs."""

import re
from typing import Any

import pytest

import trunkline_twilio
from trunkline.descriptor import CAPABILITIES, Can
from trunkline.errors import InvalidFields
from trunkline.evidence import fingerprint

descriptor = trunkline_twilio.plugin.describe_provider()

SID, KEY = "AC" + "a1" * 16, "SK" + "b2" * 16


def test_it_answers_for_every_capability_and_says_why_not() -> None:
    assert {capability.name for capability in descriptor.capabilities} == set(CAPABILITIES)
    refused = {capability.name for capability in descriptor.capabilities if capability.can is not Can.YES}
    assert refused == {"balance", "guided_setup"}


@pytest.mark.parametrize(
    "host",
    [
        *(f"{product}.twilio.com" for product in ("api", "trunking", "voice", "pricing", "routes")),
        "api.ie1.twilio.com",
        "trunking.dublin.ie1.twilio.com",
        "voice.sao-paulo.us1.twilio.com",
    ],
)
def test_it_may_speak_to_twilio_by_region_and_edge(host: str) -> None:
    assert any(re.fullmatch(allowed.pattern, host) for allowed in descriptor.hosts)


@pytest.mark.parametrize(
    "host",
    [
        "twilio.com",
        "api.twilio.com.evil.example",
        "api.evil.example",
        "apiXtwilio.com",
        "www.twilio.com",
        "api.a.b.c.twilio.com",
        "evil.example/api.twilio.com",
        "api.twilio.com\n",
    ],
)
def test_it_may_speak_to_nobody_else(host: str) -> None:
    assert not any(re.fullmatch(allowed.pattern, host) for allowed in descriptor.hosts)


def problems(desk: Any, credentials: dict[str, Any], sip_config: dict[str, Any] | None = None) -> set[str]:
    try:
        desk.engine.account("twilio", credentials, sip_config, marker="m")
    except InvalidFields as error:
        return set(error.fields)
    return set()


@pytest.mark.parametrize(
    ("credentials", "wrong"),
    [
        ({"accountSid": SID, "authToken": "any printable: ~!#"}, {"credentials.authToken"}),
        ({"accountSid": SID, "authToken": "~!#-any_length"}, set()),
        ({"accountSid": SID, "apiKeySid": KEY, "apiKeySecret": "x"}, set()),
        ({"accountSid": KEY, "authToken": "x"}, {"credentials.accountSid"}),
        ({"accountSid": SID + "0", "authToken": "x"}, {"credentials.accountSid"}),
        ({"accountSid": SID, "apiKeySid": SID, "apiKeySecret": "x"}, {"credentials.apiKeySid"}),
        ({"accountSid": SID}, {"credentials.authToken"}),
        ({"accountSid": SID, "authToken": "x", "region": "ie1", "edge": "dublin"}, set()),
        ({"accountSid": SID, "authToken": "x", "region": "ie1.evil.example/"}, {"credentials.region"}),
        ({"accountSid": SID, "authToken": "x", "edge": "dublin.evil"}, {"credentials.edge"}),
    ],
)
def test_credentials_have_one_of_two_forms(desk: Any, credentials: dict[str, str], wrong: set[str]) -> None:
    assert problems(desk, credentials) == wrong


@pytest.mark.parametrize(
    ("domain", "good"),
    [
        ("acme.pstn.twilio.com", True),
        ("Acme-1.pstn.twilio.com", True),
        ("acme.pstn.dublin.ie1.twilio.com", True),
        ("acme.pstn.ashburn.twilio.com", True),
        ("acme.sip.twilio.com", False),
        ("pstn.twilio.com", False),
        ("-acme.pstn.twilio.com", False),
        ("acme.pstn.twilio.com.evil.example", False),
    ],
)
def test_the_termination_domain_is_one_of_twilios(desk: Any, domain: str, good: bool) -> None:
    wrong = problems(desk, {"accountSid": SID, "authToken": "x"}, {"domain": domain})
    assert wrong == (set() if good else {"sip_config.domain"})


def test_evidence_covers_the_termination_domain_that_was_tested(desk: Any) -> None:
    domains = (None, "acme-head-office.pstn.twilio.com", "other.pstn.twilio.com")
    accounts = [desk.account(domain=domain) for domain in domains]
    assert len({fingerprint(lambda said: said, descriptor, account) for account in accounts}) == 3


def test_of_a_sip_config_only_the_domain_is_shown(desk: Any) -> None:
    shown = desk.engine.redact_sip_config("twilio", {"domain": "acme.pstn.twilio.com", "password": "hunter2"})
    assert shown == {"domain": "acme.pstn.twilio.com"}
    assert desk.engine.redact_sip_config("twilio", shown) == shown
