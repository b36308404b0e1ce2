"""None of the known defects of the official SDK reaches a user; each is named where it is tested."""

import logging
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from trunkline.errors import CarrierTimedOut, CarrierUnavailable, RateLimited
from trunkline.http.guard import PLACEHOLDER

from .conftest import KEY, SECRET


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every SDK client that is made."""
    from trunkline_vonage import sdk

    made: list[Any] = []
    connect = sdk.connect

    def noting(vonage: Any) -> Any:
        parts, client = connect(vonage)
        made.append(client)
        return parts, client

    monkeypatch.setattr(sdk, "connect", noting)
    return made


def test_a_form_after_a_json_call_is_still_a_form() -> None:
    # The SDK sets Content-Type in a dictionary that all its requests share.
    from trunkline_vonage.sdk import GuardedHttpClient

    sent: list[dict[str, Any]] = []
    http = SimpleNamespace(request=lambda method, url, **given: sent.append(given))
    vonage: Any = SimpleNamespace(api_key=KEY, call=SimpleNamespace(http=http), received=lambda response: {})
    client = GuardedHttpClient(vonage)
    for kind in ("json", "form"):
        client.post("rest.nexmo.com", "/number/update", {"country": "US"}, "basic", kind)
    first, second = sent
    assert first["json"] == second["data"] == {"country": "US"}
    assert "json" not in second
    assert "Content-Type" not in second["headers"]


def test_no_header_of_one_request_is_kept_for_the_next(scripted: Callable[..., Any], clients: list[Any]) -> None:
    # The SDK writes Authorization and Content-Type into one dictionary, whichever thread asks.
    world = scripted(lambda request: (200, {"value": 1, "autoReload": False}))
    world.engine.test_credentials(world.account)
    (client,) = clients
    assert set(client._headers) == {"User-Agent", "Accept"}


def test_every_call_has_a_client_of_its_own(scripted: Callable[..., Any], clients: list[Any]) -> None:
    world = scripted(lambda request: (200, {"value": 1, "autoReload": False}))
    threads = [threading.Thread(target=world.engine.test_credentials, args=[world.account]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(client) for client in clients}) == 6


def test_no_authorization_and_no_body_is_logged(
    scripted: Callable[..., Any], clients: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    # The SDK logs the headers of every request at DEBUG, and the bodies of refusals at WARNING.
    caplog.set_level(logging.DEBUG)
    world = scripted(lambda request: (403, {"title": "quoted-body", "detail": SECRET}))
    world.engine.test_credentials(world.account)
    world.engine.account("vonage", {"apiKey": "abcd1234", "apiSecret": SECRET}, marker="m")
    assert clients
    assert [record.name for record in caplog.records if record.name.startswith("vonage")] == []
    for leak in ("Authorization", "Basic ", "quoted-body", SECRET):
        assert leak not in caplog.text


def test_the_sdk_holds_a_placeholder_for_the_secret(scripted: Callable[..., Any], clients: list[Any]) -> None:
    world = scripted(lambda request: (200, {"value": 1, "autoReload": False}))
    world.engine.test_credentials(world.account)
    (client,) = clients
    assert client.auth.api_secret == PLACEHOLDER
    assert SECRET not in repr(vars(client)) + repr(vars(client.auth))
    assert world.dial.requests[0].headers["Authorization"] != client.auth.create_basic_auth_string()


def test_a_carrier_that_says_nothing_is_not_waited_for_without_end(desk: Any, clients: list[Any]) -> None:
    # The SDK's own timeout is none at all.
    desk.fault("timeout_before", path="get-balance", times=None)
    started = time.monotonic()
    with pytest.raises(CarrierTimedOut):
        desk.engine.test_credentials(desk.account())
    assert time.monotonic() - started < 3
    assert clients[0].http_client_options.timeout


def test_the_sdk_neither_retries_nor_sleeps_by_itself(desk: Any) -> None:
    # urllib3 inside the SDK sleeps for any Retry-After, three times, without bound.
    desk.fault("status", status=429, headers={"Retry-After": "3600"}, path="get-balance", times=None)
    with pytest.raises(RateLimited) as caught:
        desk.engine.test_credentials(desk.account())
    assert caught.value.retry_after == 3600
    assert (len(desk.asked()), desk.sleeps) == (1, [])


def test_a_broken_connection_is_not_repeated_by_the_sdk(desk: Any) -> None:
    # The SDK repeats what ends in RemoteDisconnected ten times, writes too.
    desk.fault("reset_before", path="get-balance", times=None)
    with pytest.raises(CarrierUnavailable):
        desk.engine.test_credentials(desk.account())
    assert len(desk.asked()) == 4


def test_a_redirect_is_not_followed(desk: Any) -> None:
    desk.fault("status", status=302, headers={"Location": "https://api.nexmo.com/v2/applications"}, times=None)
    with pytest.raises(Exception, match="unreadable"):
        desk.engine.test_credentials(desk.account())
    assert len(desk.asked()) == 1


def test_fields_that_the_sdk_drops_are_read(desk: Any) -> None:
    # OwnedNumber has no `limitations` and no status webhook.
    desk.switch(hidden_fields="listed_as_url")
    limited, hidden = desk.snapshots([*desk.numbers(start=5, count=1), *desk.numbers(start=19, count=1)])
    assert limited.restore["outbound_limits"] == ["INTERNATIONAL"]
    assert hidden.restore["settings"]["voiceStatusCallback"] == "https://hooks.acme.example/status"


def test_a_balance_keeps_every_digit(scripted: Callable[..., Any]) -> None:
    # The SDK makes a float of it: 0.1 + 0.2 would be 0.30000000000000004.
    from decimal import Decimal

    from trunkline_vonage import accounts

    seen: list[Any] = []
    real = accounts.balance

    def noting(vonage: Any) -> Any:
        seen.append(real(vonage))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "balance", noting)
        world = scripted(lambda request: (200, b'{"value": 0.30000000000000000001, "autoReload": false}'))
        world.engine.test_credentials(world.account)
    assert seen[0].value == Decimal("0.30000000000000000001")


def test_the_accounts_environment_is_not_looked_at(
    scripted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    world = scripted(lambda request: (200, {"value": 1, "autoReload": False}))
    assert world.engine.test_credentials(world.account).credentials.outcome.as_json
