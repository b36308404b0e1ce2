"""What Twilio's answers mean: the JSON of a good one, and which error each refusal is."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from trunkline import refusals
from trunkline.carrier import Carrier
from trunkline.errors import (
    AccountSuspended,
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

TEST_CREDENTIALS = "20008"
TRIAL = "10002"


CARRIER = Carrier("Twilio", "the Twilio Console")

_SUSPENDED = Meaning(
    AccountSuspended,
    "Twilio has suspended or closed this account. Look at its status and its balance in the Twilio Console; "
    "a paid-up account works again after about ten minutes.",
)
_REJECTED = Meaning(
    CredentialsRejected,
    "Twilio does not accept these credentials. Check the account SID with its auth token or API key, and the region "
    "they belong to.",
)
_FORBIDDEN = Meaning(
    PermissionMissing,
    "Twilio does not let these credentials do this. Use the account's auth token, or a Main or Standard API key.",
)
_NOT_THERE = Meaning(NotThere, "Twilio knows nothing of what was asked for.")

# https://www.twilio.com/docs/errors/<code>. A code says more than the HTTP status, which several of them share and
# which for 70051, 20005 and 10001 is not documented: so codes come first.
_BY_CODE = {
    "10001": _SUSPENDED,
    TRIAL: Meaning(
        CarrierRefused,
        "Twilio does not allow this on a trial account. Upgrade the account in the Twilio Console, then try again.",
    ),
    "20003": _REJECTED,
    "20005": _SUSPENDED,
    TEST_CREDENTIALS: Meaning(
        PermissionMissing,
        "These are Twilio test credentials, which can read and change nothing. Use the account's live credentials.",
    ),
    "20403": _SUSPENDED,
    "20404": _NOT_THERE,
    "20429": Meaning(RateLimited, "Twilio asks for a pause: too many requests at once. Try again in a moment."),
    "21248": Meaning(CarrierRefused, "This trunk domain is taken at Twilio. Choose another one."),
    "70051": Meaning(
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
    body = refusals.parsed(response)
    body = body if isinstance(body, dict) else None
    if body is not None:
        body.pop("auth_token", None)
    if 200 <= response.status_code < 300 and body is not None:
        return body
    raise _refusal(response, body, writes, now)


def unexpected(what: str) -> CarrierAnswerUnexpected:
    """An answer that is not as Twilio documents it; `what` is for the operator."""
    return refusals.unexpected(CARRIER, what)


def _refusal(response: Response, body: dict[str, Any] | None, writes: bool, now: dt.datetime) -> TrunklineError:
    status = response.status_code
    code = str(body["code"]) if body and isinstance(body.get("code"), int | str) else None
    certain = refusals.is_certain(response, body)
    meaning = (_BY_CODE.get(code) if code else None) or _BY_STATUS.get(status)
    return refusals.refusal(
        CARRIER,
        meaning if certain else None,
        response,
        certain=certain,
        writes=writes,
        reason=f"error {code}, see https://www.twilio.com/docs/errors/{code}" if code else f"HTTP {status}",
        detail=refusals.detail_of(CARRIER, response, code, _words(body)),
        reply=refusals.reply_of(response, code, response.headers.get("Twilio-Request-Id")),
        now=now,
    )


def _words(body: dict[str, Any] | None) -> str:
    """Twilio's own words, of either body shape (classic, RFC 9457), without any address in them."""
    said = [body.get(name) for name in ("message", "title", "detail")] if body else []
    return refusals.without_addresses(": ".join(text for text in said if isinstance(text, str)))
