"""What Vonage's answers mean: the JSON of a good one, and which error each refusal is."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from trunkline import refusals
from trunkline.carrier import Carrier
from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierRefused,
    CredentialsRejected,
    PermissionMissing,
    RateLimited,
    TrunklineError,
)
from trunkline.refusals import Meaning, NotThere

if TYPE_CHECKING:
    from requests import Response

SUCCESS = 200
ACTION_FAILED = 420
"""Vonage's own status for an update that it refuses; the label beside it is all the reason it gives."""

SMS_WEBHOOK_UNREACHABLE = "sms_webhook_unreachable"
"""The reason of a refusal: Vonage changes no number while the SMS webhook of that number does not answer 200."""

CARRIER = Carrier("Vonage", "the Vonage API dashboard")

_BY_STATUS = {
    401: Meaning(
        CredentialsRejected,
        "Vonage does not accept these credentials. Check the API key and the API secret; a secret that was revoked or "
        "replaced in the Vonage API dashboard is refused too.",
    ),
    403: Meaning(PermissionMissing, "Vonage does not let these credentials do this."),
    404: Meaning(NotThere, "Vonage knows nothing of what was asked for."),
    420: Meaning(
        CarrierRefused,
        "Vonage refused to change this number and gives no clear reason. Look at the number in the Vonage API "
        "dashboard, then try again.",
    ),
    429: Meaning(RateLimited, "Vonage asks for a pause: too many requests. Try again in a moment."),
}


def json_object(response: Response, *, writes: bool, now: dt.datetime) -> dict[str, Any]:
    """The JSON object of a good answer; amounts in it are `Decimal`.

    The body's `error-code` counts before the HTTP status: a refused update may come with 200 (vonage-numbers checks
    for it). A 5xx, HTML or an unreadable answer to a write is `WriteOutcomeUnknown`: it may have been processed.
    """
    body = refusals.parsed(response, parse_float=Decimal)
    body = body if isinstance(body, dict) else None
    code = _code(body)
    if 200 <= response.status_code < 300 and body is not None and (code == SUCCESS or (code is None and not writes)):
        return body
    raise _refusal(response, body, code, writes, now)


def unexpected(what: str) -> CarrierAnswerUnexpected:
    """An answer that is not as Vonage documents it; `what` is for the operator."""
    return refusals.unexpected(CARRIER, what)


def _code(body: dict[str, Any] | None) -> int | None:
    """The old body form's code, written as a string."""
    code = body.get("error-code") if body else None
    text = str(code) if isinstance(code, int | str) and not isinstance(code, bool) else ""
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None


def _refusal(
    response: Response, body: dict[str, Any] | None, code: int | None, writes: bool, now: dt.datetime
) -> TrunklineError:
    status = response.status_code
    if code not in (None, SUCCESS) and status < 500 and status != 429:
        status = code
    certain = refusals.is_certain(response, body, status)
    said = None if code is None else str(code)
    return refusals.refusal(
        CARRIER,
        _BY_STATUS.get(status) if certain else None,
        response,
        status=status,
        certain=certain,
        writes=writes,
        reason=f"error {status}",
        detail=refusals.detail_of(CARRIER, response, said, _words(body)),
        reply=refusals.reply_of(response, said, _request_id(response, body)),
        now=now,
    )


def _request_id(response: Response, body: dict[str, Any] | None) -> str | None:
    """The request id of an answer; a problem names it as its `instance`."""
    instance = body.get("instance") if body else None
    return response.headers.get("X-Nexmo-Trace-Id") or (instance if isinstance(instance, str) else None)


def _words(body: dict[str, Any] | None) -> str:
    """Vonage's own words, of either body form, without any address in them."""
    said = [body.get(name) for name in ("error-code-label", "title", "detail")] if body else []
    words = ": ".join(text for text in said if isinstance(text, str))
    # A refusal may quote the webhook that it refuses, or a part of it, and a webhook may hold a password.
    return re.sub(r"\S*[/@?=%]\S*", "[address]", words)
