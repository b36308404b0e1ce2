"""What Twilio's answers mean: the JSON of a good one, and which error each refusal is."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any

import attrs

from trunkline.errors import (
    AccountSuspended,
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

TEST_CREDENTIALS = "20008"
TRIAL = "10002"


class NotThere(CarrierRefused):
    """404: what was asked for is not there, or not for these credentials; the caller knows what it was."""


@attrs.frozen
class _Meaning:
    error: type[TrunklineError]
    summary: str


_SUSPENDED = _Meaning(
    AccountSuspended,
    "Twilio has suspended or closed this account. Look at its status and its balance in the Twilio Console; "
    "a paid-up account works again after about ten minutes.",
)
_REJECTED = _Meaning(
    CredentialsRejected,
    "Twilio does not accept these credentials. Check the account SID with its auth token or API key, and the region "
    "they belong to.",
)
_FORBIDDEN = _Meaning(
    PermissionMissing,
    "Twilio does not let these credentials do this. Use the account's auth token, or a Main or Standard API key.",
)
_NOT_THERE = _Meaning(NotThere, "Twilio knows nothing of what was asked for.")

# https://www.twilio.com/docs/errors/<code>. A code says more than the HTTP status, which several of them share and
# which for 70051, 20005 and 10001 is not documented: so codes come first.
_BY_CODE = {
    "10001": _SUSPENDED,
    TRIAL: _Meaning(
        CarrierRefused,
        "Twilio does not allow this on a trial account. Upgrade the account in the Twilio Console, then try again.",
    ),
    "20003": _REJECTED,
    "20005": _SUSPENDED,
    TEST_CREDENTIALS: _Meaning(
        PermissionMissing,
        "These are Twilio test credentials, which can read and change nothing. Use the account's live credentials.",
    ),
    "20403": _SUSPENDED,
    "20404": _NOT_THERE,
    "20429": _Meaning(RateLimited, "Twilio asks for a pause: too many requests at once. Try again in a moment."),
    "21248": _Meaning(CarrierRefused, "This trunk domain is taken at Twilio. Choose another one."),
    "70051": _Meaning(
        PermissionMissing,
        "Twilio does not let this API key do this: it lacks the permission, or was suspended. Use a Main or Standard "
        "API key, or the auth token.",
    ),
}
_BY_STATUS = {401: _REJECTED, 403: _FORBIDDEN, 404: _NOT_THERE, 429: _BY_CODE["20429"]}


def json_object(response: Response, *, writes: bool, now: dt.datetime) -> dict[str, Any]:
    """The JSON object of an answer, without the `auth_token` that the Account body carries.

    A 5xx, HTML or an unreadable answer to a write is `WriteOutcomeUnknown`: the write may have been processed.
    """
    body = _parsed(response)
    if 200 <= response.status_code < 300 and body is not None:
        return body
    raise _refusal(response, body, writes, now)


def reply_of(response: Response, code: str | None = None) -> CarrierReply:
    """Status, code and request id of an answer."""
    request_id = response.headers.get("Twilio-Request-Id")
    return CarrierReply(response.status_code, code, request_id[:128] if request_id else None)


def unexpected(what: str) -> CarrierAnswerUnexpected:
    """An answer that is not as Twilio documents it; `what` is for the operator."""
    return CarrierAnswerUnexpected("Twilio answered something unreadable. Try again later.", detail=what)


def _parsed(response: Response) -> dict[str, Any] | None:
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    body.pop("auth_token", None)
    return body


def _refusal(response: Response, body: dict[str, Any] | None, writes: bool, now: dt.datetime) -> TrunklineError:
    status = response.status_code
    code = str(body["code"]) if body and isinstance(body.get("code"), int | str) else None
    reply, detail = reply_of(response, code), _detail(response, body, code)
    # What stands between us and Twilio answers in HTML or in plain text; Twilio itself in JSON, or not at all.
    speaks = body is not None or not response.content.strip()
    if 400 <= status < 500 and status != 408 and speaks:
        meaning = (_BY_CODE.get(code) if code else None) or _BY_STATUS.get(status)
        if meaning is None:
            reason = f"error {code}, see https://www.twilio.com/docs/errors/{code}" if code else f"HTTP {status}"
            return CarrierRefused(f"Twilio refused this: {reason}.", detail=detail, reply=reply)
        if meaning.error is RateLimited:
            return _rate_limited(response, meaning, now, detail, reply)
        return meaning.error(meaning.summary, detail=detail, reply=reply)
    if status == 429:
        return _rate_limited(response, _BY_STATUS[429], now, detail, reply)
    if writes:
        return WriteOutcomeUnknown(
            "Twilio's answer could not be read; whether the change took effect is not known yet.",
            detail=detail,
            reply=reply,
        )
    if status >= 500 or status == 408:
        return CarrierUnavailable("Twilio has trouble at the moment. Try again later.", detail=detail, reply=reply)
    return CarrierAnswerUnexpected("Twilio answered something unreadable. Try again later.", detail=detail, reply=reply)


def _rate_limited(
    response: Response, meaning: _Meaning, now: dt.datetime, detail: str, reply: CarrierReply
) -> RateLimited:
    from trunkline.http.guard import retry_after

    # Twilio's documentation promises no Retry-After; one that comes is honoured.
    return RateLimited(meaning.summary, retry_after=retry_after(response, now), detail=detail, reply=reply)


def _detail(response: Response, body: dict[str, Any] | None, code: str | None) -> str:
    """Status, code and Twilio's own words, of either body shape (classic, RFC 9457), without any address in them."""
    words = ""
    if body is not None:
        said = [body.get(name) for name in ("message", "title", "detail")]
        words = ": ".join(text for text in said if isinstance(text, str))
    # A refusal may quote the webhook that it refuses, and a webhook may hold a password.
    words = re.sub(r"\S*(?:://|@)\S*", "[address]", words)[:300]
    kind = response.headers.get("Content-Type", "no content type").partition(";")[0]
    named = f"Twilio error {code}" if code else f"{len(response.content)} bytes of {kind}"
    return f"HTTP {response.status_code}, {named}" + (f": {words}" if words else "")
