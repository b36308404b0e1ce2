"""No secret leaves the wire: not in results, errors, causes or logs."""

import base64
import logging
from collections.abc import Callable
from typing import Any

import pytest

from trunkline.errors import TrunklineError
from trunkline.numbers import NumberRef, Route

from .conftest import KEY, ROUTE, SECRET

NUMBER = "+18085550100"
TOKEN = "s3same-0pen-w3bhook"
PRIVATE = (SECRET, TOKEN, "/inbound", base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()[:-3])

ROW = {
    "country": "US",
    "msisdn": NUMBER[1:],
    "type": "mobile-lvn",
    "features": ["VOICE", "SMS"],
    "moHttpUrl": f"https://menu:{TOKEN}@hooks.example/inbound?token={TOKEN}",
    "voiceCallbackType": "sip",
    "voiceCallbackValue": f"sip:desk:{TOKEN}@pbx.example",
}


def answers(request: Any) -> tuple[int, Any]:
    if request.method == "POST":
        return 420, {"error-code": "420", "error-code-label": f"{ROW['moHttpUrl']} {SECRET} hooks.example/inbound"}
    if "get-balance" in request.url:
        return 200, {"value": 1, "autoReload": False}
    if "/account/numbers" in request.url:
        return 200, {"count": 1, "numbers": [ROW]}
    return 403, {"title": SECRET, "detail": f"https://x:{TOKEN}@y.example/inbound"}


def run_all(world: Any) -> list[str]:
    """Every hook once; what each gave, as text, with everything that hangs on an error."""
    engine, account = world.engine, world.account
    snapshots: list[Any] = []

    def read() -> Any:
        snapshots.extend(engine.read_routing(account, [NUMBER]).values())
        return snapshots

    ref, route = NumberRef(NUMBER, f"US-{NUMBER[1:]}"), Route(ROUTE, "sip_address", False)
    texts = []
    for work in (
        lambda: engine.test_credentials(account),
        lambda: engine.suggest_name(account),
        lambda: list(engine.list_numbers(account)),
        read,
        lambda: engine.plan_import(account, snapshots),
        lambda: engine.prepare_route(account),
        lambda: list(engine.import_numbers(account, route, snapshots)),
        lambda: [(o.error.detail, o.error.__context__) for o in engine.import_numbers(account, route, snapshots)],
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
    assert "hooks.example" in shown
    for secret in PRIVATE:
        assert secret not in shown


def test_the_secret_goes_into_the_authorization_header_and_nowhere_else(scripted: Callable[..., Any]) -> None:
    world = scripted(answers)
    run_all(world)
    expected = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    assert world.dial.requests
    for request in world.dial.requests:
        assert request.headers["Authorization"] == expected
        assert SECRET not in request.url
        assert SECRET not in str(request.body)
        assert "api_secret" not in request.url + str(request.body)


def test_nothing_leaves_for_another_host(scripted: Callable[..., Any]) -> None:
    world = scripted(answers)
    run_all(world)
    hosts = {request.url.split("/")[2] for request in world.dial.requests}
    assert hosts == {"rest.nexmo.com", "api.nexmo.com"}
