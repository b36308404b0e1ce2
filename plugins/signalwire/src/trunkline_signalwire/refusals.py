"""What SignalWire's answers mean: the JSON of a good one, and which error each refusal is."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
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

CARRIER = Carrier("SignalWire", "the SignalWire Dashboard")


class NotAccepted(CarrierRefused):
    """400 or 422 without a code of its own: SignalWire does not take a value that was sent, and changed nothing."""

    @property
    def may_concern_the_address(self) -> bool:
        """Whether it names the script, its address or the handler, or says nothing of what it is about."""
        words = self.detail.partition(": ")[2]
        return not words or words in _EMPTY_WORDS or re.search(r"script|url|address|handler", words, re.I) is not None


class NoApi(CarrierAnswerUnexpected):
    """A 404 in HTML, or a redirect: no API answers here, as where the space does not exist."""


_EMPTY_WORDS = ("Bad Request", "Unprocessable Entity", "Unprocessable Content")

_REJECTED = Meaning(
    CredentialsRejected,
    "SignalWire does not accept these credentials. Check the project ID, the API token and the space URL: all three "
    "belong together.",
)
_FORBIDDEN = Meaning(
    PermissionMissing,
    "SignalWire does not let this API token do this. Give it the scopes Numbers and Voice in the SignalWire Dashboard.",
)
_NOT_THERE = Meaning(NotThere, "SignalWire knows nothing of what was asked for.")
_PAUSE = Meaning(RateLimited, "SignalWire asks for a pause: too many requests. Try again in a moment.")
_BALANCE = Meaning(
    CarrierRefused, "SignalWire refused this: the balance is too low. Add credit in the SignalWire Dashboard."
)

# https://signalwire.com/docs/apis/error-codes, and of the compatibility API
# https://signalwire.com/docs/compatibility-api/reference/errors. A code says more than a status that many share.
_BY_CODE = {
    "account_limit_exceeded": Meaning(
        CarrierRefused,
        "SignalWire refused this: the project has reached a limit. Upgrade it in the SignalWire Dashboard.",
    ),
    "already_assigned": Meaning(CarrierRefused, "SignalWire refused this: the number is assigned to something else."),
    "insufficient_balance": _BALANCE,
    "not_routable": Meaning(
        CarrierRefused, "SignalWire refused this: its geographic permissions do not allow the country."
    ),
    "number_not_supported": Meaning(CarrierRefused, "SignalWire refused this: it does not support the number."),
    "number_not_verified": Meaning(
        CarrierRefused, "SignalWire refused this: in trial mode only verified numbers can be used."
    ),
    "rate_limit_exceeded": _PAUSE,
    "20003": _REJECTED,
    "20010": Meaning(
        CarrierRefused, "SignalWire has switched this off for the account. Ask SignalWire's support to allow it."
    ),
    "20404": _NOT_THERE,
    "20429": _PAUSE,
    "10001": Meaning(CarrierRefused, "This is not enabled on the space. Ask SignalWire's support to enable it."),
    "4001": _BALANCE,
}
_NOT_ACCEPTED = Meaning(
    NotAccepted,
    "SignalWire did not accept this change, and changed nothing. Look at the number in the SignalWire Dashboard, or "
    "ask SignalWire's support.",
)
_BY_STATUS = {
    400: _NOT_ACCEPTED,
    401: _REJECTED,
    403: _FORBIDDEN,
    404: _NOT_THERE,
    422: _NOT_ACCEPTED,
    429: _PAUSE,
}


def json_answer(response: Response, *, writes: bool, now: dt.datetime) -> dict[str, Any] | list[Any]:
    """The JSON object, or array, of an answer.

    A 5xx, HTML or an unreadable answer to a write is `WriteOutcomeUnknown`: the write may have been processed.
    """
    body = refusals.parsed(response)
    body = body if isinstance(body, dict | list) else None
    if 200 <= response.status_code < 300 and body is not None:
        return body
    raise _refusal(response, body, writes, now)


def unexpected(what: str) -> CarrierAnswerUnexpected:
    """An answer that is not as SignalWire documents it; `what` is for the operator."""
    return refusals.unexpected(CARRIER, what)


def _refusal(
    response: Response, body: dict[str, Any] | list[Any] | None, writes: bool, now: dt.datetime
) -> TrunklineError:
    status = response.status_code
    items = list(_items(body))
    codes = [code for item in items if (code := _code(item, status))]
    code = next((code for code in codes if code in _BY_CODE), codes[0] if codes else None)
    certain = refusals.is_certain(response, body)
    meaning = ((_BY_CODE.get(code) if code else None) or _BY_STATUS.get(status)) if certain else None
    if not certain and (status == 404 or 300 <= status < 400):
        meaning = Meaning(NoApi, refusals.unreadable(CARRIER))
    return refusals.refusal(
        CARRIER,
        meaning,
        response,
        certain=certain,
        writes=writes,
        reason=f"error {code}" if code else f"HTTP {status}",
        detail=refusals.detail_of(CARRIER, response, code, _words(items)),
        reply=refusals.reply_of(response, code, response.headers.get("X-Request-Id")),
        now=now,
    )


def _items(body: object) -> Iterator[dict[str, Any]]:
    """What a refusal says, of any of its shapes: `{"errors": […]}`, `{"error": …}`, `{"code": …, "message": …}`."""
    if not isinstance(body, dict):
        return
    listed = body.get("errors")
    for item in listed if isinstance(listed, list) else [body]:
        if isinstance(item, dict):
            yield item


def _code(item: dict[str, Any], status: int) -> str | None:
    code = item.get("code")
    # On relay/rest the code of a failed validation is the HTTP status once more.
    if isinstance(code, bool) or not isinstance(code, int | str) or str(code) in ("", str(status)):
        return None
    return str(code)[:64]


def _words(items: list[dict[str, Any]]) -> str:
    """SignalWire's own words, without any address in them."""
    said = [item.get(name) for item in items for name in ("error", "title", "detail", "message", "attribute")]
    return refusals.without_addresses("; ".join(text for text in said if isinstance(text, str)))
