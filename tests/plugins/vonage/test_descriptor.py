"""What the plugin says of itself, and what importing it costs."""

from typing import Any

import pytest

import trunkline_vonage
from trunkline.engine import Engine
from trunkline.errors import InvalidFields
from trunkline.registry import Registry

ENGINE = Engine(Registry.of(trunkline_vonage.plugin))
DESCRIPTOR = ENGINE.descriptor("vonage")
GOOD = {"apiKey": "abcd1234", "apiSecret": "Abcdefgh1"}


def test_writes_are_paced_to_one_a_second_and_reads_are_not() -> None:
    assert (DESCRIPTOR.pace.per_second, DESCRIPTOR.pace.writes_per_second) == (None, 1.0)


@pytest.mark.parametrize(
    ("credentials", "field"),
    [
        ({"apiSecret": "Abcdefgh1"}, "credentials.apiKey"),
        ({"apiKey": "abcd1234"}, "credentials.apiSecret"),
        ({**GOOD, "apiKey": "abcd:1234"}, "credentials.apiKey"),
        ({**GOOD, "apiSecret": "with space"}, "credentials.apiSecret"),
        ({**GOOD, "applicationId": "menu"}, "credentials.applicationId"),
        ({**GOOD, "privateKey": "x"}, "credentials.privateKey"),
    ],
)
def test_a_form_names_what_is_wrong_with_it(credentials: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        ENGINE.account("vonage", credentials, marker="m")
    assert set(caught.value.fields) == {field}


@pytest.mark.parametrize("domain", ["acme.sip-us.vonage.com", "sip.nexmo.com", "sip-us-2-1.nexmo.com"])
def test_a_sip_domain_of_vonage_is_accepted_and_shown(domain: str) -> None:
    assert ENGINE.account("vonage", GOOD, {"domain": domain}, marker="m").sip_config == {"domain": domain}
    assert ENGINE.redact_sip_config("vonage", {"domain": domain, "password": "x"}) == {"domain": domain}


@pytest.mark.parametrize("domain", ["example.com", "vonage.com.example", "-a.nexmo.com", "https://sip.nexmo.com"])
def test_another_sip_domain_is_refused(domain: str) -> None:
    with pytest.raises(InvalidFields):
        ENGINE.account("vonage", GOOD, {"domain": domain}, marker="m")
