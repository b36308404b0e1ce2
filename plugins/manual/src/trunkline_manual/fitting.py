"""What is wrong with fields that are each right but do not fit together, or that no pattern can tell."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from trunkline.account import CarrierAccount
from trunkline_manual.descriptor import BY_ADDRESS, MOST_NETWORKS, MOST_NUMBERS
from trunkline_manual.trunk import host_and_port


def problems(account: CarrierAccount) -> dict[str, list[str]]:
    """Each field that is in the way, with what to do."""
    found: dict[str, list[str]] = {}
    for name, sentence in (*_authentication(account), *_hosts(account), *_networks(account), *_numbers(account)):
        found.setdefault(name, []).append(sentence)
    return found


def _authentication(account: CarrierAccount) -> Iterator[tuple[str, str]]:
    chosen = account.sip_config.get("authentication")
    if chosen == BY_ADDRESS and account.credentials:
        yield (
            "sip_config.authentication",
            "a trunk that knows its customers by address takes no login: choose digest or registration, or leave user "
            "name and password out",
        )
    elif chosen not in (None, BY_ADDRESS) and not account.credentials:
        yield "credentials.username", f"required for authentication by {chosen}, or choose address"
        yield "credentials.password", f"required for authentication by {chosen}, or choose address"


def _hosts(account: CarrierAccount) -> Iterator[tuple[str, str]]:
    for name in ("domain", "outboundProxy"):
        if name in account.sip_config and not _is_host(host_and_port(account.sip_config[name])[0]):
            yield f"sip_config.{name}", "not an IP address: write four numbers up to 255, or IPv6 in brackets"


def _is_host(host: str) -> bool:
    """A name, or a complete address; what is all digits at the end is no name (RFC 3696, 2)."""
    if ":" not in host and not host.rpartition(".")[2].isdigit():
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _networks(account: CarrierAccount) -> Iterator[tuple[str, str]]:
    networks = account.sip_config.get("allowedAddresses", [])
    name = "sip_config.allowedAddresses"
    if len(networks) > MOST_NETWORKS:
        yield name, f"at most {MOST_NETWORKS} are possible: give networks, as 203.0.113.0/28"
    for at, network in enumerate(networks):
        try:
            ipaddress.ip_network(network)
        except ValueError:
            yield name, f"entry {at + 1} is no address and no network: write 203.0.113.7 or 203.0.113.0/28"


def _numbers(account: CarrierAccount) -> Iterator[tuple[str, str]]:
    numbers = account.sip_config.get("numbers", [])
    name = "sip_config.numbers"
    if len(numbers) > MOST_NUMBERS:
        yield name, f"at most {MOST_NUMBERS} are possible: make another connection for the others"
    elif len(set(numbers)) < len(numbers):
        twice = next(number for at, number in enumerate(numbers) if number in numbers[:at])
        yield name, f"{twice} stands there twice: enter each number once"
