"""The fields of a trunk: what does not fit is named by its field, with what to do."""

from __future__ import annotations

from typing import Any

import pytest

import trunkline_manual
from trunkline.engine import Engine
from trunkline.errors import InvalidFields
from trunkline.registry import Registry
from trunkline_manual.descriptor import MOST_NUMBERS
from trunkline_manual.trunk import host_and_port

ENGINE = Engine(Registry.of(trunkline_manual.plugin))
LOGIN = {"username": "acme", "password": "hush-hush-1"}
TRUNK = {"domain": "sip.carrier.example"}


def problems(credentials: dict[str, Any], config: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    with pytest.raises(InvalidFields) as caught:
        ENGINE.account("manual", credentials, config, marker="m")
    assert "hush-hush-1" not in repr(caught.value.fields)
    return caught.value.fields


@pytest.mark.parametrize(
    ("credentials", "config", "field", "remedy"),
    [
        ({"password": "hush-hush-1"}, {}, "credentials.username", "A password needs it"),
        ({"username": "acme"}, {}, "credentials.password", "A user name needs it"),
        ({}, {"authentication": "digest"}, "credentials.password", "or choose address"),
        ({}, {"authentication": "registration"}, "credentials.username", "or choose address"),
        (LOGIN, {"authentication": "address"}, "sip_config.authentication", "leave user name and password out"),
        (LOGIN, {"authentication": "basic"}, "sip_config.authentication", "address, digest or registration"),
        ({}, {"domain": None}, "sip_config.domain", "required"),
        ({}, {"domain": "sip:carrier.example"}, "sip_config.domain", "without sip:"),
        ({}, {"domain": "sip.carrier.example:5060"}, "sip_config.domain", "without a port"),
        ({}, {"domain": "localhost"}, "sip_config.domain", "host name or IP address"),
        ({}, {"domain": "203.0.113.999"}, "sip_config.domain", "up to 255"),
        ({}, {"domain": "[2001:db8::1::2]"}, "sip_config.domain", "IPv6"),
        ({}, {"port": 0}, "sip_config.port", "From 1 to 65535"),
        ({}, {"port": 65536}, "sip_config.port", "From 1 to 65535"),
        ({}, {"port": "5060"}, "sip_config.port", "whole number"),
        ({}, {"transport": "sctp"}, "sip_config.transport", "auto, udp, tcp or tls"),
        ({}, {"outboundProxy": "proxy.example:70000"}, "sip_config.outboundProxy", "proxy.carrier.example:5080"),
        ({}, {"outboundProxy": "10.0.0.300:5060"}, "sip_config.outboundProxy", "up to 255"),
        ({}, {"mediaEncryption": "yes"}, "sip_config.mediaEncryption", "disable, allow or require"),
        ({}, {"numberFormat": "00"}, "sip_config.numberFormat", "e164_plus"),
        ({}, {"callerIdHeader": "x"}, "sip_config.callerIdHeader", "pai"),
        ({}, {"allowedAddresses": ["203.0.113.0/33"]}, "sip_config.allowedAddresses", "entry 1"),
        ({}, {"allowedAddresses": ["203.0.113.7/28"]}, "sip_config.allowedAddresses", "203.0.113.0/28"),
        ({}, {"allowedAddresses": ["203.0.113.7"] * 101}, "sip_config.allowedAddresses", "at most 100"),
        ({}, {"numbers": ["5550001234"]}, "sip_config.numbers", "E.164"),
        ({}, {"numbers": "+15550001234"}, "sip_config.numbers", "list"),
        ({}, {"numbers": ["+15550001234"] * 2}, "sip_config.numbers", "+15550001234 stands there twice"),
        (
            {},
            {"numbers": [f"+1555{n:07}" for n in range(MOST_NUMBERS + 1)]},
            "sip_config.numbers",
            f"at most {MOST_NUMBERS}",
        ),
        ({}, {"techPrefix": "9"}, "sip_config.techPrefix", "unknown field"),
    ],
)
def test_what_does_not_fit_is_named_with_the_remedy(
    credentials: dict[str, Any], config: dict[str, Any], field: str, remedy: str
) -> None:
    assert remedy in " ".join(problems(credentials, {**TRUNK, **config})[field])


@pytest.mark.parametrize("authentication", [None, "digest", "registration"])
def test_a_login_is_taken_with_every_way_that_needs_one(authentication: str | None) -> None:
    given = {**TRUNK, "authentication": authentication, "numbers": [f"+1555{n:07}" for n in range(MOST_NUMBERS)]}
    account = ENGINE.account("manual", LOGIN, given, marker="m")
    assert (account.setup_method, account.form.id) == ("manual", "login")
    assert (account.sip_config["transport"], account.sip_config["callerIdHeader"]) == ("auto", "from")


@pytest.mark.parametrize("host", ["203.0.113.7", "[2001:db8::7]", "sip.carrier.example", "a-1.b.example"])
def test_a_trunk_needs_nothing_but_its_host(host: str) -> None:
    account = ENGINE.account("manual", {}, {"domain": host, "outboundProxy": host}, marker="m")
    assert account.form.authentication is None


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("proxy.example", "proxy.example", None),
        ("proxy.example:5080", "proxy.example", 5080),
        ("[2001:db8::7]", "2001:db8::7", None),
        ("[2001:db8::7]:5080", "2001:db8::7", 5080),
    ],
)
def test_a_proxy_is_a_host_with_or_without_a_port(text: str, host: str, port: int | None) -> None:
    assert host_and_port(text) == (host, port)


def test_the_sip_config_is_shown_by_allow_list() -> None:
    shown = {**TRUNK, "port": 5061, "allowedAddresses": ["203.0.113.0/28"], "numbers": ["+15550001234"]}
    strange = {"password": "hush-hush-1", "headers": {"X-Key": "hush-hush-1"}, "transport": "sctp hush-hush-1"}
    redacted = ENGINE.redact_sip_config("manual", {**shown, **strange})
    assert redacted == {**shown, "transport": "[redacted]"}
    assert ENGINE.redact_sip_config("manual", redacted) == redacted


def test_every_field_that_steers_where_a_login_is_sent_says_so() -> None:
    fields = ENGINE.descriptor("manual").sip_fields
    assert {field.name for field in fields if field.steers} == {"domain", "port", "transport", "outboundProxy"}
