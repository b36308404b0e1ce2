"""What Vonage's answers mean: the JSON of a good one, and which error each refusal is."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierRefused,
    CarrierReply,
    CarrierUnavailable,
    CredentialsRejected,
    PermissionMissing,
    RateLimited,
    TrunklineError,
    WriteOutcomeUnknown,
)

if TYPE_CHECKING:
    from requests import Response

SUCCESS = 200
ACTION_FAILED = 420
"""Vonage's own status for an update that it refuses; the label beside it is all the reason it gives."""

SMS_WEBHOOK_UNREACHABLE = "sms_webhook_unreachable"
"""The reason of a refusal: Vonage changes no number while the SMS webhook of that number does not answer 200."""

UNREADABLE_WRITE = "Vonage's answer could not be read; whether the change took effect is not known yet."


class NotThere(CarrierRefused):
    """404: what was asked for is not there, or not for these credentials; the caller knows what it was."""


@attrs.frozen
class _Meaning:
    error: type[TrunklineError]
    summary: str


_BY_STATUS = {
    401: _Meaning(
        CredentialsRejected,
        "Vonage does not accept these credentials. Check the API key and the API secret; a secret that was revoked or "
        "replaced in the Vonage API dashboard is refused too.",
    ),
    403: _Meaning(PermissionMissing, "Vonage does not let these credentials do this."),
    404: _Meaning(NotThere, "Vonage knows nothing of what was asked for."),
    420: _Meaning(
        CarrierRefused,
        "Vonage refused to change this number and gives no clear reason. Look at the number in the Vonage API "
        "dashboard, then try again.",
    ),
    429: _Meaning(RateLimited, "Vonage asks for a pause: too many requests. Try again in a moment."),
}


def json_object(response: Response, *, writes: bool, now: dt.datetime) -> dict[str, Any]:
    """The JSON object of a good answer; amounts in it are `Decimal`.

    The body's `error-code` counts before the HTTP status: a refused update may come with 200 (vonage-numbers checks
    for it). A 5xx, HTML or an unreadable answer to a write is `WriteOutcomeUnknown`: it may have been processed.
    """
    body = _parsed(response)
    code = _code(body)
    if 200 <= response.status_code < 300 and body is not None and (code == SUCCESS or (code is None and not writes)):
        return body
    raise _refusal(response, body, code, writes, now)


def reply_of(response: Response, body: dict[str, Any] | None, code: int | None) -> CarrierReply:
    """Status, code and request id of an answer; a problem names the id as its `instance`."""
    request_id = response.headers.get("X-Nexmo-Trace-Id")
    instance = body.get("instance") if body else None
    if not request_id and isinstance(instance, str):
        request_id = instance
    return CarrierReply(response.status_code, None if code is None else str(code), request_id and request_id[:128])


def unexpected(what: str) -> CarrierAnswerUnexpected:
    """An answer that is not as Vonage documents it; `what` is for the operator."""
    return CarrierAnswerUnexpected("Vonage answered something unreadable. Try again later.", detail=what)


def _parsed(response: Response) -> dict[str, Any] | None:
    try:
        body = json.loads(response.content, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _code(body: dict[str, Any] | None) -> int | None:
    """The old body form's code, written as a string."""
    code = body.get("error-code") if body else None
    text = str(code) if isinstance(code, int | str) and not isinstance(code, bool) else ""
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None


def _refusal(
    response: Response, body: dict[str, Any] | None, code: int | None, writes: bool, now: dt.datetime
) -> TrunklineError:
    status, reply, detail = response.status_code, reply_of(response, body, code), _detail(response, body, code)
    # What stands between us and Vonage answers in HTML or in plain text; Vonage itself in JSON, or not at all.
    speaks = body is not None or not response.content.strip()
    effective = code if code not in (None, SUCCESS) and status < 500 else status
    if effective is not None and 400 <= effective < 500 and effective != 408 and speaks:
        meaning = _BY_STATUS.get(effective)
        if meaning is None:
            return CarrierRefused(f"Vonage refused this: error {effective}.", detail=detail, reply=reply)
        if meaning.error is RateLimited:
            return _rate_limited(response, meaning, now, detail, reply)
        return meaning.error(meaning.summary, detail=detail, reply=reply)
    if status == 429:
        return _rate_limited(response, _BY_STATUS[429], now, detail, reply)
    if writes:
        return WriteOutcomeUnknown(UNREADABLE_WRITE, detail=detail, reply=reply)
    if effective is not None and (effective >= 500 or effective == 408):
        return CarrierUnavailable("Vonage has trouble at the moment. Try again later.", detail=detail, reply=reply)
    return CarrierAnswerUnexpected("Vonage answered something unreadable. Try again later.", detail=detail, reply=reply)


def _rate_limited(
    response: Response, meaning: _Meaning, now: dt.datetime, detail: str, reply: CarrierReply
) -> RateLimited:
    from trunkline.http.guard import retry_after

    return RateLimited(meaning.summary, retry_after=retry_after(response, now), detail=detail, reply=reply)


def _detail(response: Response, body: dict[str, Any] | None, code: int | None) -> str:
    """Status, code and Vonage's own words, of either body form, without any address in them."""
    words = ""
    if body is not None:
        said = [body.get(name) for name in ("error-code-label", "title", "detail")]
        words = ": ".join(text for text in said if isinstance(text, str))
    # A refusal may quote the webhook that it refuses, and a webhook may hold a password.
    words = re.sub(r"\S*[/@?=%]\S*", "[address]", words)[:300]
    kind = response.headers.get("Content-Type", "no content type").partition(";")[0]
    named = f"Vonage code {code}" if code is not None else f"{len(response.content)} bytes of {kind}"
    return f"HTTP {response.status_code}, {named}" + (f": {words}" if words else "")
