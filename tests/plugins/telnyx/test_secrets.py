"""No secret leaves the wire: not in results, errors, causes or logs, and not in what the SDK holds."""

import gc
import logging
from collections.abc import Callable
from typing import Any

import pytest

from trunkline.errors import TrunklineError
from trunkline.numbers import NumberRef, Route

from .conftest import KEY

PIN = "83170264"
SIP_PASSWORD = "sip-canary-91ac77-Xq"
WEBHOOK = "s3same-0pen-w3bhook"
NUMBER, HANDLE, CONNECTION = "+18085550100", "1293384261075731499", "1293384261075731500"

ROW = {
    "id": HANDLE,
    "phone_number": NUMBER,
    "status": "active",
    "phone_number_type": "local",
    "connection_id": None,
    "external_pin": PIN,
    "tags": [],
}
FQDN_CONNECTION = {
    "id": CONNECTION,
    "record_type": "fqdn_connection",
    "connection_name": "Acme",
    "active": True,
    "user_name": "acme",
    "password": SIP_PASSWORD,
    "webhook_event_url": f"https://menu:{WEBHOOK}@calls.example/voice",
    "outbound": {"ip_authentication_token": SIP_PASSWORD, "tech_prefix": PIN, "outbound_voice_profile_id": "1"},
}


def answers(request: Any) -> tuple[int, Any]:
    """A carrier that gives away what it should not, pins and passwords, as Telnyx does."""
    path = request.url.partition("?")[0]
    if path.endswith("/balance"):
        return 200, {"data": {"available_credit": "1.00"}}
    if "/charges_breakdown" in path:
        return 200, {"data": {"user_email": "pat@acme.example", "user_id": "0db0b4aa-a83d", "results": []}}
    if path.endswith("/voice"):
        return 200, {"data": {"call_forwarding": {"forwards_to": "+13035550177", "pin": PIN}}}
    if "/phone_numbers/" in path:
        return 200, {"data": {**ROW, "connection_id": CONNECTION if request.method == "PATCH" else None}}
    if "/phone_numbers" in path:
        return 200, {"data": [ROW], "meta": {"page_number": 1, "total_pages": 1}}
    if "/fqdns" in path:
        return 500, {"errors": [{"code": "1", "title": f"{KEY} {WEBHOOK}@calls.example"}]}
    return 200, {"data": FQDN_CONNECTION}


def run_all(world: Any) -> list[str]:
    """Every hook once; what each gave, as text, with everything that hangs on an error."""
    engine, account = world.engine, world.account
    snapshots: list[Any] = []

    def read() -> Any:
        snapshots.extend(engine.read_routing(account, [NUMBER]).values())
        return [snapshots, [dict(each.restore) for each in snapshots]]

    ref, route = NumberRef(NUMBER, HANDLE), Route(CONNECTION, "connection", False)
    texts = []
    for work in (
        lambda: engine.test_credentials(account),
        lambda: engine.suggest_name(account),
        lambda: list(engine.list_numbers(account)),
        read,
        lambda: engine.plan_import(account, snapshots),
        lambda: engine.prepare_route(account),
        lambda: list(engine.import_numbers(account, route, snapshots)),
        lambda: engine.verify_number(account, ref, route),
        lambda: engine.release_number(account, ref, route, snapshots[0]) if snapshots else None,
    ):
        try:
            texts.append(repr(work()))
        except TrunklineError as error:
            texts += [repr(error), error.detail, repr(error.reply), repr(error.__cause__), repr(error.__context__)]
    return texts


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    import trunkline_telnyx

    trunkline_telnyx.plugin.warm_up()
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


@pytest.mark.parametrize("connection", [{}, {"connectionId": CONNECTION}])
def test_no_secret_is_in_any_result_error_or_log(
    scripted: Callable[..., Any], everything_logged: pytest.LogCaptureFixture, connection: dict[str, str]
) -> None:
    shown = "\n".join([*run_all(scripted(answers, **connection)), everything_logged.text])
    for secret in (KEY, KEY[-12:], PIN, SIP_PASSWORD, WEBHOOK, "pat@acme.example", "5550177"):
        assert secret not in shown


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500])
def test_a_refusal_that_quotes_secrets_gives_none_away(
    scripted: Callable[..., Any], everything_logged: pytest.LogCaptureFixture, status: int
) -> None:
    quoted = f"{KEY} at https://menu:{WEBHOOK}@calls.example and '{SIP_PASSWORD}'"
    refusal = {"errors": [{"code": "99999", "title": quoted, "detail": quoted, "source": {"pointer": KEY}}]}
    world = scripted(lambda request: (status, refusal), connectionId=CONNECTION)
    shown = "\n".join([*run_all(world), everything_logged.text])
    for secret in (KEY, WEBHOOK, SIP_PASSWORD):
        assert secret not in shown


def test_no_secret_is_written_to_the_log_of_a_real_connection(
    desk: Any, everything_logged: pytest.LogCaptureFixture
) -> None:
    for label in ("healthy", "sub_user", "bad_credentials"):
        desk.engine.test_credentials(desk.account(label))
    desk.imported(next(n.phone_number for n in desk.held().numbers.values() if n.external_pin))
    texts = [repr(step) for step in desk.set_up()]
    (own,) = desk.ours("guided")
    shown = "\n".join([*texts, everything_logged.text])
    for secret in (desk.credentials()["apiKey"], desk.credentials("guided")["apiKey"], own.password, '8317"'):
        assert secret
        assert secret not in shown


def test_the_sdk_holds_a_placeholder_and_sees_no_environment(
    scripted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from telnyx import Telnyx

    for name in ("API_KEY", "CLIENT_ID", "CLIENT_SECRET", "PUBLIC_KEY", "WEBHOOK_SECRET"):
        monkeypatch.setenv(f"TELNYX_{name}", "from-the-environment")
    monkeypatch.setenv("TELNYX_BASE_URL", "https://elsewhere.example/v2")
    monkeypatch.setenv("TELNYX_CUSTOM_HEADERS", "X-Odd: from-the-environment")
    made: list[Any] = []
    real = Telnyx.__init__

    def watched(self: Any, *args: Any, **more: Any) -> None:
        real(self, *args, **more)
        made.append(self)

    monkeypatch.setattr(Telnyx, "__init__", watched)
    headers: list[Any] = []

    def answer(request: Any) -> tuple[int, Any]:
        headers.append(dict(request.headers))
        return answers(request)

    world = scripted(answer, connectionId=CONNECTION)
    run_all(world)
    assert made
    for client in made:
        assert (client.api_key, client.client_id, client.client_secret, client.max_retries) == ("trunkline", "", "", 0)
    assert all(url.partition(" ")[2].startswith("https://api.telnyx.com/v2/") for url in world.dial.urls)
    assert "from-the-environment" not in repr(headers)


def test_the_sdk_never_sees_a_pin_or_a_password(scripted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    from trunkline_telnyx.sdk import GuardedTransport

    seen: list[bytes] = []
    real = GuardedTransport.handle_request

    def watched(self: Any, request: httpx.Request) -> httpx.Response:
        response = real(self, request)
        seen.append(response.content)
        return response

    monkeypatch.setattr(GuardedTransport, "handle_request", watched)
    run_all(scripted(answers, connectionId=CONNECTION))
    assert len(seen) > 5
    for secret in (PIN, SIP_PASSWORD):
        assert secret.encode() not in b"".join(seen)


def test_what_was_read_holds_no_pin_afterwards(scripted: Callable[..., Any]) -> None:
    world = scripted(answers)
    list(world.engine.list_numbers(world.account))
    world.engine.test_credentials(world.account)
    gc.collect()
    kept = [each for each in gc.get_objects() if isinstance(each, dict) and each.get("external_pin") == PIN]
    assert all(each is ROW for each in kept)


def test_retries_of_the_sdk_are_off(desk: Any) -> None:
    desk.fault("status", status=500, path="/balance", times=None)
    with pytest.raises(TrunklineError):
        desk.engine.test_credentials(desk.account())
    assert len(desk.asked("GET", "/balance")) == 1
