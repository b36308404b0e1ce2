"""No secret leaves the wire: not in results, errors, causes or logs, and not in what the SDK holds."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from trunkline.errors import TrunklineError
from trunkline.numbers import NumberRef, Route

from .conftest import SPACE, TOKEN, row

WEBHOOK = "s3same-0pen-w3bhook"
SECRET_PATH = "secret-path-5f2c9e"
NUMBER = "+18085550100"
HANDLE = "1deeadfb-79c3-4ad9-93d1-1c24456412ac"
SCRIPT = "2deeadfb-79c3-4ad9-93d1-1c24456412ac"
ADDRESS = f"https://{SPACE}/relay-bins/{SCRIPT}"
URL = f"https://menu:{WEBHOOK}@calls.example/{SECRET_PATH}?key={SECRET_PATH}"
ROW = row(HANDLE, NUMBER, call_handler="laml_webhooks", call_request_url=URL, call_status_callback_url=URL)


def answers(request: Any) -> tuple[int, Any]:
    """A carrier whose numbers have passwords in their webhooks, and whose refusals quote them."""
    if request.method == "PUT":
        return 422, {"errors": [{"detail": f"{URL} {TOKEN}", "status": "422", "title": "Script", "code": "422"}]}
    if request.method == "POST":
        return 500, {"error": f"{TOKEN} {URL}"}
    if HANDLE in request.url:
        return 200, ROW
    return 200, {"data": [ROW], "laml_bins": []} if "phone_numbers" in request.url else {"data": [], "laml_bins": []}


def run_all(world: Any) -> list[str]:
    """Every hook once; what each gave, as text, with everything that hangs on an error."""
    engine, account = world.engine, world.account
    snapshots: list[Any] = []

    def read() -> Any:
        snapshots.extend(engine.read_routing(account, [NUMBER]).values())
        return snapshots

    ref = NumberRef(NUMBER, HANDLE)
    route = Route("trunkline-x", "swml_script", False, {"id": SCRIPT, "address": ADDRESS})
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
            got = work()
            texts.append(repr(got))
            texts += [repr(each.error and each.error.detail) for each in got if hasattr(each, "error")] if got else []
        except TrunklineError as error:
            texts += [repr(error), error.detail, repr(error.reply), repr(error.__cause__), repr(error.__context__)]
        except TypeError:
            pass
    return texts


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def test_no_secret_is_in_any_result_error_or_log(
    scripted: Callable[..., Any], everything_logged: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = run_all(scripted(answers))
    captured = capsys.readouterr()
    shown = "\n".join([*texts, everything_logged.text, captured.out, captured.err])
    assert NUMBER in shown
    for secret in (TOKEN, WEBHOOK, SECRET_PATH):
        assert secret not in shown


def test_the_sdk_holds_placeholders_only_and_reads_no_environment(
    scripted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from signalwire.rest import RestClient

    for name in ("PROJECT_ID", "API_TOKEN", "SPACE"):
        monkeypatch.setenv(f"SIGNALWIRE_{name}", "evil.example")
    monkeypatch.setenv("SIGNALWIRE_REST_CA_FILE", "/nowhere.pem")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    made: list[Any] = []
    real = RestClient.__init__

    def watched(self: Any, *args: Any, **more: Any) -> None:
        real(self, *args, **more)
        made.append((self, args, more))

    monkeypatch.setattr(RestClient, "__init__", watched)
    world = scripted(answers)
    run_all(world)
    assert made
    for client, args, more in made:
        assert (args, more["project"], more["token"], more["host"]) == ((), "trunkline", "trunkline", SPACE)
        assert more["request_options"].retries == 0
        assert type(client._http._session).__name__ == "GuardedSdkSession"
    assert all(url.partition(" ")[2].startswith(f"https://{SPACE}/") for url in world.dial.urls)


def test_the_customers_address_is_in_no_plan(desk: Any) -> None:
    (number,) = desk.numbers(count=1, start=7)
    plan = desk.engine.plan_import(desk.account(), desk.snapshots([number]))
    for part in ("s3same", "menu:", "example/", "line=1"):
        assert part not in repr(plan)
