"""The hooks that reach a carrier, as functions of a desk, a route and a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierTimedOut,
    CarrierUnavailable,
    CredentialsRejected,
    PermissionMissing,
    RateLimited,
    TrunklineError,
)

from .providers import FaultTable, Provider, status

Hook = Callable[[Any, Any, Any], Any]

READS: dict[str, Hook] = {
    "test_credentials": lambda desk, route, snapshot: desk.engine.test_credentials(desk.account()),
    "suggest_name": lambda desk, route, snapshot: desk.engine.suggest_name(desk.account()),
    "list_numbers": lambda desk, route, snapshot: desk.listed(),
    "read_routing": lambda desk, route, snapshot: desk.engine.read_routing(desk.account(), [snapshot.number.number]),
    "read_routing_of_many": lambda desk, route, snapshot: desk.engine.read_routing(desk.account(), many(snapshot)),
    "plan_import": lambda desk, route, snapshot: desk.engine.plan_import(desk.account(), [snapshot]),
    "verify_number": lambda desk, route, snapshot: desk.engine.verify_number(
        desk.account(), snapshot.number.ref, route
    ),
}
WRITES: dict[str, Hook] = {
    "prepare_route": lambda desk, route, snapshot: desk.engine.prepare_route(desk.account(making=True)),
    "import_number": lambda desk, route, snapshot: desk.put(route, snapshot),
    "release_number": lambda desk, route, snapshot: desk.release(route, snapshot),
}
HOOKS = READS | WRITES
VERDICTS = ("test_credentials",)
"""Hooks whose answer to a refusal is a verdict."""


def many(snapshot: Any) -> list[str]:
    """The number among eight others, most of which are on no account."""
    return [snapshot.number.number, *(f"+1808555{n:04}" for n in range(100, 108))]


def outcome_of(hook: str, desk: Any, ready: tuple[Any, Any]) -> Any:
    """What a hook gives, or the error that it raises."""
    try:
        return HOOKS[hook](desk, *ready)
    except TrunklineError as error:
        return error


def error_of(outcome: Any) -> TrunklineError | None:
    """The error of an outcome, if it is one or has one."""
    if isinstance(outcome, TrunklineError):
        return outcome
    error: TrunklineError | None = getattr(outcome, "error", None)
    return error


COMMON: FaultTable = {
    "401": (status(401), CredentialsRejected),
    "403": (status(403), PermissionMissing),
    "429": (status(429), RateLimited),
    "429 and how long": (status(429, headers={"Retry-After": "5"}), RateLimited),
    "429 and absurdly long": (status(429, headers={"Retry-After": "999999999"}), RateLimited),
    "429 and nonsense": (status(429, headers={"Retry-After": "soon"}), RateLimited),
    "429 html": ({"kind": "html", "status": 429}, RateLimited),
    "500": (status(500), CarrierUnavailable),
    "503": (status(503), CarrierUnavailable),
    "408": (status(408), CarrierUnavailable),
    "html": ({"kind": "html", "status": 200}, CarrierAnswerUnexpected),
    "html 403": ({"kind": "html", "status": 403}, CarrierAnswerUnexpected),
    "html 502": ({"kind": "html", "status": 502}, CarrierUnavailable),
    "empty": ({"kind": "empty"}, CarrierAnswerUnexpected),
    "no object": (status(200, body="[1, 2]"), CarrierAnswerUnexpected),
    "null": (status(200, body="null"), CarrierAnswerUnexpected),
    "deep": (status(200, body="[" * 100_000), CarrierAnswerUnexpected),
    "truncated": ({"kind": "truncated_json"}, CarrierAnswerUnexpected),
    "cut short": ({"kind": "cut_short"}, CarrierUnavailable),
    "oversized": ({"kind": "oversized", "size": 5 * 1024 * 1024}, CarrierAnswerUnexpected),
    "timeout": ({"kind": "timeout_before"}, CarrierTimedOut),
    "reset": ({"kind": "reset_before"}, CarrierUnavailable),
}
LOST_ANSWERS: FaultTable = {
    "timeout after": ({"kind": "timeout_after"}, CarrierTimedOut),
    "reset after": ({"kind": "reset_after"}, CarrierUnavailable),
}


def faults_of(provider: Provider) -> FaultTable:
    """Every fault this carrier, or what stands before it, can have, with the family of error that it is."""
    redirect = status(302, headers={"Location": "https://x.example/"})
    return {
        **COMMON,
        "302": (redirect, provider.redirected or CarrierAnswerUnexpected),
        "404": (status(404), provider.not_found),
        **provider.faults,
    }
