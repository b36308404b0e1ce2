"""Of addresses their host, of names what is no e-mail address; and secrets wherever an account holds them."""

import pytest

from trunkline import names
from trunkline.account import CarrierAccount
from trunkline.addresses import host_of, shown_host
from trunkline.descriptor import BearerAuth, CredentialForm, Field
from trunkline.redaction import Scrubber
from trunkline.secret import Secret


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://user:pw@calls.acme.example:8443/voice?pin=1#x", "calls.acme.example"),
        ("https://Müller.example/voice", "xn--mller-kva.example"),
        ("https://198.51.100.7/", "198.51.100.7"),
        ("https://[::1]/", None),
        ("https://[::1/", None),
        ("https://" + "ä" * 300, None),
        ("https://a b/", None),
        ("https:///voice", None),
        ("calls.acme.example", None),
        ("", None),
    ],
)
def test_of_an_address_the_host_is_shown(url, host):
    assert host_of(url) == host


def test_a_host_is_shown_as_it_stands_or_not_at_all():
    assert (shown_host("Acme.example"), shown_host("a/b"), shown_host("")) == ("Acme.example", None, None)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("  Acme\tVoice\u202e\n Ltd ", "Acme Voice Ltd"),
        ("Störung @ Köln", "Störung @ Köln"),
        ("pat@acme.example's account", None),
        (" \x00 ", None),
        ("", None),
    ],
)
def test_of_a_name_what_is_no_address_is_shown(name, shown):
    assert names.shown(name) == shown


def test_what_set_up_made_is_scrubbed_too():
    key, password, pin = Secret("key-4711-canary"), Secret("password-4711-canary"), Secret("pin-4711-canary")
    account = CarrierAccount(
        provider="acme",
        setup_method="guided",
        form=CredentialForm("key", "Key", (Field("key", "Key", "", secret=True),), BearerAuth("key")),
        credentials={"key": key, "label": "main"},
        sip_config={},
        marker="trunkline",
        made={"trunk": "t1", "sip": {"user": "u1", "password": password, "more": [{"pins": (pin,)}]}},
    )
    assert account.secrets() == (key, password, pin)
    clean = Scrubber(account.secrets())("key-4711-canary password-4711-canary pin-4711-canary t1 u1")
    assert clean == "[redacted] [redacted] [redacted] t1 u1"
