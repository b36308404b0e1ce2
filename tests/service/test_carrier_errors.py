"""What a carrier's trouble looks like in an answer, on every route that asks one."""

from __future__ import annotations

import pytest
from acme import ACME, KEY, Plugin
from harness import CONNECTIONS, NUMBERS, PHONE_NUMBERS, World, draft

from trunkline.engine import Engine
from trunkline.errors import (
    AccountSuspended,
    CarrierAnswerUnexpected,
    CarrierRefused,
    CarrierReply,
    CarrierTimedOut,
    CarrierUnavailable,
    CredentialsRejected,
    PermissionMissing,
    RateLimited,
    TrunklineError,
    Unsupported,
)
from trunkline.registry import Registry
from trunkline_service.errors import CODES

ONE, TWO, _ = NUMBERS
REPLY = CarrierReply(503, "20503", "RQ1")

FAMILIES: list[tuple[Exception, int, str]] = [
    (CredentialsRejected("Not accepted.", reply=REPLY), 422, "credentials_rejected"),
    (PermissionMissing("Not allowed.", reply=REPLY), 422, "permission_missing"),
    (AccountSuspended("Suspended.", reply=REPLY), 422, "account_suspended"),
    (CarrierRefused("No.", reply=REPLY), 422, "carrier_refused"),
    (RateLimited("Wait.", retry_after=7.4, reply=REPLY), 429, "rate_limited"),
    (RateLimited("Wait.", reply=REPLY), 429, "rate_limited"),
    (CarrierAnswerUnexpected("Nonsense.", reply=REPLY), 502, "carrier_answer_unexpected"),
    (CarrierUnavailable("Down.", reply=REPLY), 503, "carrier_unavailable"),
    (CarrierTimedOut("Slow.", reply=REPLY), 504, "carrier_timed_out"),
    (Unsupported("this", "it cannot"), 422, "unsupported"),
    (RuntimeError(f"a bug that tells {KEY}"), 502, "plugin_broken"),
    (SystemExit(3), 502, "plugin_broken"),  # type: ignore[list-item]
]
ROUTES = {
    "test_credentials": ("POST", f"{CONNECTIONS}/test", draft()),
    "suggest_name": ("POST", f"{CONNECTIONS}/suggest-name", draft()),
    "list_numbers": ("GET", CONNECTIONS + "/{connection}/available-numbers", None),
    "list_numbers.each": ("GET", CONNECTIONS + "/{connection}/available-numbers", None),
    "read_routing": ("POST", CONNECTIONS + "/{connection}/import-numbers", {"numbers": [TWO]}),
    "plan_import": ("POST", CONNECTIONS + "/{connection}/import-numbers?dry_run=true", {"numbers": [TWO]}),
    "prepare_route": ("POST", CONNECTIONS + "/{connection}/import-numbers", {"numbers": [TWO]}),
    "verify_number": ("POST", PHONE_NUMBERS + "/{number}/verify-voip", None),
    "release_number": ("DELETE", PHONE_NUMBERS + "/{number}", None),
}


@pytest.mark.parametrize("hook", ROUTES)
def test_each_family_of_errors_is_told_in_its_own_way(world: World, hook: str) -> None:
    connection = world.connect()["id"]
    number = world.import_(connection, ONE)["results"][0]["id"]
    method, path, body = ROUTES[hook]
    for error, status, code in FAMILIES:
        world.carrier.fail[hook] = error
        answer = world.call(method, path.format(connection=connection, number=number), body)
        told = answer.json()
        assert (answer.status_code, told["code"]) == (status, code)
        assert KEY not in answer.text
        if isinstance(error, TrunklineError) and not isinstance(error, Unsupported):
            assert told["retryable"] is error.retryable
            assert told["carrier"] == {"status": 503, "code": "20503", "request_id": "RQ1"}
            assert told["detail"] == error.summary
        if isinstance(error, RateLimited):
            assert answer.headers["retry-after"] == ("8" if error.retry_after else "10")
        if hook == "release_number" and code in ("carrier_answer_unexpected", "plugin_broken"):
            from trunkline_service import recovery

            world.carrier.fail.clear()
            assert recovery.sweep(world.service) == 1
            number = world.import_(connection, ONE)["results"][0]["id"]


@pytest.mark.parametrize(
    ("installed", "status", "code"), [("other", 503, "provider_unavailable"), (ACME, 409, "connection_outdated")]
)
def test_a_connection_whose_provider_is_gone_or_asks_for_more_by_now_says_so(
    world: World, installed: str, status: int, code: str
) -> None:
    connection = world.connect()
    number = world.import_(connection["id"], ONE)["results"][0]["id"]
    registry = Registry.of(Plugin(world.carrier, installed, named=True))
    world.service.engines["live"] = Engine(registry)  # type: ignore[index]
    world.carrier.calls.clear()
    for hook in ("list_numbers", "read_routing", "plan_import", "verify_number", "release_number"):
        method, path, body = ROUTES[hook]
        answer = world.call(method, path.format(connection=connection["id"], number=number), body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), hook
    assert world.carrier.calls == []
    assert world.get(f"{CONNECTIONS}/{connection['id']}").json()["name"] == connection["name"]


def test_every_error_of_the_engine_has_a_code_in_the_table() -> None:
    def families(kind: type[TrunklineError]) -> set[str]:
        core = [each for each in kind.__subclasses__() if each.__module__ == TrunklineError.__module__]
        return {kind.code}.union(*(families(each) for each in core))

    # Evidence tells its reason; a stale snapshot and the family itself never leave the service by themselves.
    assert families(TrunklineError) - {"evidence_refused"} <= set(CODES)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1/voip-connections/1/nothing", 404, "not_found"),
        ("PUT", CONNECTIONS, 405, "method_not_allowed"),
        ("DELETE", CONNECTIONS, 405, "method_not_allowed"),
        ("POST", PHONE_NUMBERS, 405, "method_not_allowed"),
        ("GET", "/v1/phone-numbers/1/verify-voip", 405, "method_not_allowed"),
    ],
)
def test_unknown_routes_and_methods_answer_in_the_same_shape(
    world: World, method: str, path: str, status: int, code: str
) -> None:
    answer = world.call(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"detail", "code"}
    if status == 405:
        assert answer.headers["allow"]


def test_a_request_that_cannot_be_understood_is_a_bad_request(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.key}", "Content-Type": "application/json", "Content-Length": "many"}
    answer = world.http.request("POST", f"{CONNECTIONS}/test", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert "many" not in answer.text


def test_head_is_a_get_without_a_body_and_options_tells_the_methods(world: World) -> None:
    assert world.call("HEAD", CONNECTIONS).status_code == 200
    assert world.http.request("HEAD", CONNECTIONS).status_code == 401
    options = world.call("OPTIONS", CONNECTIONS)
    assert options.status_code == 204
    assert {"GET", "POST"} <= {each.strip() for each in options.headers["allow"].split(",")}


def test_a_fault_of_our_own_tells_nothing_but_that(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object) -> None:
        raise ValueError(f"holds {KEY}")

    monkeypatch.setattr("trunkline_service.routes.providers.provider_view", fault)
    answer = world.get("/v1/voip-providers")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert KEY not in answer.text


def test_a_request_keeps_its_id(world: World) -> None:
    assert world.get(CONNECTIONS, X_Request_Id="my-request-1").headers["x-request-id"] == "my-request-1"
    for bad in ("short", "with space here", "x" * 65):
        assert world.get(CONNECTIONS, X_Request_Id=bad).headers["x-request-id"] != bad
