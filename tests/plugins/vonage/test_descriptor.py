"""What the plugin says of itself, and what importing it costs."""

import subprocess
import sys
from importlib.metadata import entry_points
from typing import Any

import pytest

import trunkline_vonage
from trunkline.descriptor import CAPABILITIES, Can
from trunkline.engine import Engine
from trunkline.errors import InvalidFields
from trunkline.registry import Registry

ENGINE = Engine(Registry.of(trunkline_vonage.plugin))
DESCRIPTOR = ENGINE.descriptor("vonage")
GOOD = {"apiKey": "abcd1234", "apiSecret": "Abcdefgh1"}


def test_importing_the_plugin_imports_no_sdk() -> None:
    heavy = ("vonage", "vonage_http_client", "requests", "phonenumbers", "cattrs", "pydantic", "urllib3")
    program = (
        "import sys; from trunkline.registry import Registry; import trunkline_vonage;"
        "Registry.of(trunkline_vonage.plugin).plugin('vonage');"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_plugin_is_found_by_its_entry_point() -> None:
    (point,) = [point for point in entry_points(group="trunkline.providers") if point.name == "vonage"]
    assert point.load() is trunkline_vonage.plugin


def test_warming_up_imports_the_parts_of_the_sdk_in_use() -> None:
    program = (
        "import sys; import trunkline_vonage; trunkline_vonage.plugin.warm_up();"
        "print('vonage_account' in sys.modules, 'vonage_video' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_every_capability_is_spoken_of_and_what_cannot_be_done_says_why() -> None:
    assert {capability.name for capability in DESCRIPTOR.capabilities} == set(CAPABILITIES)
    assert all(capability.why for capability in DESCRIPTOR.capabilities if capability.can is not Can.YES)


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
