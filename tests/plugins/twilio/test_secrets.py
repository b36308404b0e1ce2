"""No secret leaves the wire: not in results, errors, causes or logs, and not in what the SDK holds."""

import gc
import logging
from collections.abc import Callable
from typing import Any

import pytest

from trunkline.errors import TrunklineError

from .conftest import SID, TOKEN

LEAKED = "leaked-auth-token-91ac77"
WEBHOOK = "s3same-0pen-w3bhook"
NUMBER = "+18085550100"
TRUNK = "TK" + "1" * 32
HANDLE = "PN" + "1" * 32

ROW = {
    "sid": HANDLE,
    "phone_number": NUMBER,
    "capabilities": {"voice": True},
    "trunk_sid": None,
    "voice_application_sid": "",
    "voice_url": f"https://menu:{WEBHOOK}@calls.example/voice",
    "voice_fallback_url": None,
    "status_callback": "",
}


def answers(request: Any) -> tuple[int, Any]:
    """A carrier that gives away what it should not: the token in the account's body."""
    if request.url.endswith(f"/Accounts/{SID}.json"):
        account = {"sid": SID, "status": "active", "type": "Full", "friendly_name": "Acme", "auth_token": LEAKED}
        return 200, account
    if "IncomingPhoneNumbers/" in request.url:
        return 200, {**ROW, "auth_token": LEAKED, **({"trunk_sid": TRUNK} if request.method == "POST" else {})}
    if "IncomingPhoneNumbers" in request.url:
        return 200, {"incoming_phone_numbers": [ROW]}
    if request.url.endswith("OriginationUrls") or request.method == "POST":
        return 500, {"code": 1, "message": f"{TOKEN} {WEBHOOK}@calls.example"}
    if "/v1/Trunks" in request.url:
        return 200, {"trunks": []}
    return 200, {"low_risk_numbers_enabled": True, "price_unit": "USD", "phone_number_prices": []}


def run_all(world: Any) -> list[str]:
    """Every hook once; what each gave, as text, with everything that hangs on an error."""
    engine, account = world.engine, world.account
    snapshots: list[Any] = []

    def read() -> Any:
        snapshots.extend(engine.read_routing(account, [NUMBER]).values())
        return snapshots

    from trunkline.numbers import NumberRef, Route

    ref, route = NumberRef(NUMBER, HANDLE), Route(TRUNK, "trunk", False)
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
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def test_no_secret_is_in_any_result_error_or_log(
    scripted: Callable[..., Any], everything_logged: pytest.LogCaptureFixture
) -> None:
    shown = "\n".join([*run_all(scripted(answers)), everything_logged.text])
    for secret in (TOKEN, LEAKED, WEBHOOK):
        assert secret not in shown


def test_the_sdk_holds_placeholders_only(scripted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from twilio.rest import Client

    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "from the environment")
    made: list[Any] = []
    real = Client.__init__

    def watched(self: Any, *args: Any, **more: Any) -> None:
        real(self, *args, **more)
        made.append(self)

    monkeypatch.setattr(Client, "__init__", watched)
    run_all(scripted(answers))
    assert made
    for client in made:
        assert client.auth == ("trunkline", "trunkline")
        assert client.account_sid == SID


def test_what_was_read_of_an_account_holds_no_token_afterwards(scripted: Callable[..., Any]) -> None:
    world = scripted(answers)
    world.engine.test_credentials(world.account)
    gc.collect()
    holders = [held for held in gc.get_objects() if isinstance(held, dict) and held.get("auth_token") == LEAKED]
    assert not holders
