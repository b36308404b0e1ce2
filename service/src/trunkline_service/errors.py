"""Everything that can go wrong, in the one shape that every error answer has, and the one table of its codes."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import msgspec
from litestar import MediaType, Response
from litestar.exceptions import HTTPException
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from trunkline.errors import CarrierReply, EvidenceRefused, InvalidFields, RateLimited, TrunklineError
from trunkline_service.storage.locks import LockTimeout


@attrs.frozen
class Meaning:
    """What a code means: its HTTP status, and when it is answered."""

    status: int
    when: str


CODES: Mapping[str, Meaning] = {
    # The request
    "invalid_json": Meaning(400, "The body is not JSON, not an object, or has an object of too many fields."),
    "duplicate_field": Meaning(400, "A field stands in the body twice; `errors` names it."),
    "invalid_fields": Meaning(400, "Fields are missing, unknown or of the wrong form; `errors` names each."),
    "invalid_parameter": Meaning(400, "A query parameter is unknown or not acceptable; `errors` names it."),
    "invalid_idempotency_key": Meaning(400, "`Idempotency-Key` is not 1 to 255 printable ASCII characters."),
    "bad_request": Meaning(400, "The request cannot be understood."),
    "unknown_provider": Meaning(400, "No such provider is installed."),
    "too_many_numbers": Meaning(400, "More numbers than one import takes."),
    "evidence_required": Meaning(400, "Fresh verification evidence is needed, and the credentials with it."),
    "evidence_unknown": Meaning(400, "There is no such verification evidence."),
    "evidence_wrong_provider": Meaning(400, "The evidence was made for a different provider."),
    "evidence_spent": Meaning(400, "The evidence was used already."),
    "evidence_reserved": Meaning(400, "A guided set-up with this evidence is under way."),
    "evidence_stale": Meaning(400, "The evidence is too old."),
    "missing_key": Meaning(401, "No API key was given."),
    "unknown_key": Meaning(401, "The API key is unknown or revoked."),
    "read_only_key": Meaning(403, "A read-only key may only read."),
    "not_found": Meaning(404, "There is nothing here that this key can see."),
    "method_not_allowed": Meaning(405, "This address does not take this method; `Allow` names those it takes."),
    "body_too_large": Meaning(413, "The body is larger than 256 KiB."),
    "too_many_requests": Meaning(429, "This key, or tests of this account, come too often; `Retry-After` says when."),
    "unsupported_media_type": Meaning(415, "The body is not declared as `application/json`."),
    # The state of things
    "too_many_endpoints": Meaning(409, "The organization has as many webhook endpoints as it may have."),
    "different_account": Meaning(409, "The new credentials belong to another carrier account than the numbers."),
    "connection_deleted": Meaning(409, "The number's connection is deleted, and its credentials with it."),
    "connection_not_ready": Meaning(409, "The connection is being set up at the carrier, or that failed."),
    "connection_busy": Meaning(409, "Numbers of this connection are being imported or released just now."),
    "connection_outdated": Meaning(409, "The stored credentials no longer fit the provider's form."),
    "account_busy": Meaning(409, "Another import or set-up on this carrier account is under way."),
    "number_busy": Meaning(409, "The number is being imported or released just now."),
    "number_released": Meaning(409, "The number is released; import it again first."),
    "number_not_found": Meaning(409, "The number is not on the carrier account any more."),
    "idempotency_key_reused": Meaning(409, "The idempotency key was used for another request."),
    "idempotency_key_running": Meaning(409, "The first request with this idempotency key is still running."),
    "evidence_wrong_credentials": Meaning(422, "The evidence does not cover these credentials."),
    "credentials_rejected": Meaning(422, "The carrier does not accept the credentials."),
    "permission_missing": Meaning(422, "The credentials are genuine, but may not do this."),
    "account_suspended": Meaning(422, "The carrier account is suspended or closed."),
    "carrier_refused": Meaning(422, "The carrier understood and said no."),
    "unsupported": Meaning(422, "This provider cannot do this."),
    # The carrier
    "rate_limited": Meaning(429, "The carrier asks for patience; `Retry-After` says how much."),
    "carrier_answer_unexpected": Meaning(502, "The carrier answered nonsense."),
    "plugin_broken": Meaning(502, "The provider's plugin failed."),
    "provider_unavailable": Meaning(503, "The connection's provider is not installed here any more."),
    "carrier_unavailable": Meaning(503, "The carrier is down or cannot be reached; nothing was changed there."),
    "snapshot_stale": Meaning(503, "The carrier took too long for a safe change; nothing was changed there."),
    "carrier_timed_out": Meaning(504, "The carrier took too long; nothing was changed there."),
    "plugin_timed_out": Meaning(504, "The provider's plugin took too long."),
    "unverified_write": Meaning(504, "The carrier's answer to a change was lost; it is looked into by itself."),
    # Ourselves
    "internal": Meaning(500, "Something is wrong on our side; the request id names it in our logs."),
    "overloaded": Meaning(503, "Too much is going on just now; try again."),
    "not_ready": Meaning(503, "This process is about to stop, or cannot use its database."),
}
"""Every code that an error answer can carry."""


class ErrorView(msgspec.Struct, omit_defaults=True):
    """Every error answer.

    `detail` is one sentence that a customer can act on, `code` is stable. `errors` names the fields that are wrong.
    `retryable` and `carrier` stand where a carrier was involved.
    """

    detail: str
    code: str
    errors: dict[str, list[str]] | msgspec.UnsetType = msgspec.UNSET
    retryable: bool | msgspec.UnsetType = msgspec.UNSET
    carrier: CarrierReplyView | msgspec.UnsetType = msgspec.UNSET


class CarrierReplyView(msgspec.Struct):
    """How the carrier named its refusal."""

    status: int | None
    code: str | None
    request_id: str | None


@attrs.define(eq=False)
class ApiError(Exception):
    """An error answer, by its code. Its texts are ours and free of secrets."""

    code: str
    detail: str
    errors: Mapping[str, Sequence[str]] = attrs.field(factory=dict)
    retry_after: int | None = None
    retryable: bool | None = None
    carrier: CarrierReply | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        Exception.__init__(self, self.detail)

    @property
    def status(self) -> int:
        """The HTTP status of the code."""
        return CODES[self.code].status


def field_error(field: str, problem: str, *, code: str = "invalid_fields", detail: str | None = None) -> ApiError:
    """One wrong field."""
    return ApiError(code, detail or f"{field}: {problem}", errors={field: [problem]})


def not_found() -> ApiError:
    """Nothing that this key can see."""
    return ApiError("not_found", "There is nothing here that this key can see.")


def as_api_error(error: Exception) -> ApiError:
    """What is answered to anything that was raised; only texts that are known to be free of secrets get through."""
    match error:
        case ApiError():
            return error
        case InvalidFields():
            return ApiError("invalid_fields", error.summary, errors=error.fields)
        case EvidenceRefused():
            return ApiError(f"evidence_{error.reason}", error.summary)
        case TrunklineError():
            return _carrier_error(error)
        case LockTimeout():
            busy = "Another import or set-up on this carrier account is under way. Try again in a moment."
            return ApiError("account_busy", busy, retry_after=5)
        case OperationalError() | sqlite3.OperationalError() | PoolTimeout():
            return ApiError("overloaded", "Too much is going on just now. Try again in a moment.", retry_after=2)
        case HTTPException():
            return _of_framework(error)
    return ApiError("internal", "Something is wrong on our side. Tell us the X-Request-Id of this answer.")


def answer_error(error: ApiError) -> Response[Any]:
    """The error in its one shape."""
    view = ErrorView(detail=error.detail, code=error.code)
    if error.errors:
        view.errors = {field: list(problems) for field, problems in error.errors.items()}
    if error.retryable is not None:
        view.retryable = error.retryable
    if error.carrier is not None:
        view.carrier = CarrierReplyView(error.carrier.status, error.carrier.code, error.carrier.request_id)
    headers = dict(error.headers)
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return Response(
        content=msgspec.json.encode(view), status_code=error.status, media_type=MediaType.JSON, headers=headers
    )


def _carrier_error(error: TrunklineError) -> ApiError:
    code = error.code if error.code in CODES else "internal"
    if code in ("unknown_provider", "unsupported"):
        return ApiError(code, error.summary)
    retry_after = None
    if isinstance(error, RateLimited):
        retry_after = max(1, math.ceil(error.retry_after)) if error.retry_after is not None else 10
    answered = error.reply != CarrierReply()
    return ApiError(
        code,
        error.summary,
        retry_after=retry_after,
        retryable=error.retryable,
        carrier=error.reply if answered else None,
    )


def _of_framework(error: HTTPException) -> ApiError:
    """The framework's own refusals; its texts may repeat the request, so ours stand in for them."""
    match error.status_code:
        case 404:
            return not_found()
        case 405:
            headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
            return ApiError("method_not_allowed", "This address does not take this method.", headers=headers)
        case 413:
            return ApiError("body_too_large", "The body is larger than 256 KiB.", headers={"Connection": "close"})
        case 415:
            return ApiError("unsupported_media_type", "Send the body as application/json.")
        case status if 400 <= status < 500:
            return ApiError("bad_request", "The request cannot be understood.")
    return ApiError("internal", "Something is wrong on our side. Tell us the X-Request-Id of this answer.")
