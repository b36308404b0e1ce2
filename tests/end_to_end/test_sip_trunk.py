"""SIP trunks in the demo: each kind of trunk gives its verdict, and the platform's own host is asked too."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from .conftest import Demo
from .test_every_carrier import Client, accounts, client, codes, given

__all__ = ["client"]

YES, NO, NULL = "pass", "fail", "unknown"

# By what to expect of a trunk: it is there, it takes the login, it lets calls out, and what says so of the login.
VERDICTS = {
    "healthy": (YES, YES, NULL, {"credentials_accepted"}),
    "bad_credentials": (YES, NO, None, {"credentials_rejected", "credentials_or_permission_refused"}),
    "credentials_missing": (YES, NO, NULL, {"credentials_missing"}),
    "other_realm": (YES, NO, NULL, {"other_realm"}),
    "open": (YES, NULL, NULL, {"not_challenged"}),
    "not_challenged": (YES, NULL, NULL, {"registration_not_served"}),
    "address_refused": (YES, NULL, NO, {"address_not_allowed"}),
    "not_served": (YES, NULL, NULL, {"not_served"}),
    "overloaded": (YES, NULL, NULL, {"overloaded"}),
    "silent": (NO, NULL, NULL, {"trunk_silent"}),
}


def test_every_kind_of_trunk_is_among_the_accounts(demo: Demo) -> None:
    assert {each["expect"] for each in demo.said["accounts"] if each["provider"] == "manual"} == VERDICTS.keys()


@pytest.mark.parametrize("expect", VERDICTS)
def test_a_trunk_gives_the_verdict_that_its_kind_expects(demo: Demo, client: Client, expect: str) -> None:
    reachable, credentials, outbound, why = VERDICTS[expect]
    for account in accounts(demo, "manual", expect):
        tested = client.ask("POST", "/voip-connections/test", given(account), status=201)
        said = codes(tested)
        assert said["trunk_reachable"][0] == reachable
        assert said["credentials_valid"][0] == credentials
        assert said["credentials_valid"][1] in why
        assert outbound in (None, said["outbound_authorized"][0])
        assert said["inbound_reachable"] == (NULL, "only_a_call_can_prove")
        assert said["platform_answers"][0] == YES
        assert tested["status"] == ("fail" if NO in (reachable, credentials, outbound) else "pass")
        assert tested["checks"].keys() == tested["check_details"].keys() - {"platform_answers"}


def test_a_refused_address_is_told_with_the_platform_s_own(demo: Demo, client: Client) -> None:
    (account,) = accounts(demo, "manual", "address_refused")
    tested = client.ask("POST", "/voip-connections/test", given(account), status=201)
    assert "198.51.100.7" in tested["check_details"]["outbound_authorized"]["remedy"]


def test_a_trunk_that_misbehaves_on_demand_is_told_from_one_that_does_not(demo: Demo, client: Client) -> None:
    (account,) = accounts(demo, "manual", "open")
    control = f"{demo.said['sandbox']['manual']}/_sandbox"

    def login() -> Any:
        tested = client.ask("POST", "/voip-connections/test", given(account), status=201)
        return codes(tested)["credentials_valid"][1]

    assert requests.post(f"{control}/faults", json={"kind": "status", "status": 503, "account": "open"}, timeout=5).ok
    assert (login(), login()) == ("overloaded", "not_challenged")
