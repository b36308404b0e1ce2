"""What an answer of a carrier means where carriers do not differ; each plugin adds codes and sentences of its own."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any

import attrs

from trunkline.carrier import Carrier
from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierRefused,
    CarrierReply,
    CarrierUnavailable,
    RateLimited,
    TrunklineError,
    WriteOutcomeUnknown,
)
from trunkline.http.patience import retry_after

if TYPE_CHECKING:
    from requests import Response

_LONGEST_WORDS = 300
_LONGEST_ID = 128


class NotThere(CarrierRefused):
    """404: what was asked for is not there, or not for these credentials; the caller knows what it was."""


@attrs.frozen
class Meaning:
    """Which error a refusal is, and its sentence for the customer."""

    error: type[TrunklineError]
    summary: str


def parsed(response: Response, **how: Any) -> Any:
    """The JSON of an answer, read as `json.loads` is told to; None where it cannot be read."""
    try:
        return json.loads(response.content, **how)
    except (ValueError, ArithmeticError, RecursionError):
        return None


def is_certain(response: Response, body: object, status: int | None = None) -> bool:
    """Whether the carrier itself refused, and so did nothing: a 4xx in JSON, or without a body, or any 429.

    What stands between us and a carrier answers in HTML or in plain text. `status` is the carrier's own, where its
    body has one that says more than HTTP's.
    """
    status = response.status_code if status is None else status
    speaks = body is not None or not response.content.strip()
    return (400 <= status < 500 and status != 408 and speaks) or response.status_code == 429


def refusal(
    carrier: Carrier,
    meaning: Meaning | None,
    response: Response,
    *,
    status: int | None = None,
    certain: bool,
    writes: bool,
    reason: str,
    detail: str,
    reply: CarrierReply,
    now: dt.datetime,
    patience: float | None = None,
) -> TrunklineError:
    """The error for an answer that is no good one.

    A write that was not refused for certain may have been processed: `WriteOutcomeUnknown`. `reason` names a refusal
    without a meaning; `status` is as in `is_certain`; `patience` is how long the carrier asks to wait, where it does
    not say so by `Retry-After`.
    """
    said: dict[str, Any] = {"detail": detail, "reply": reply}
    if writes and not certain:
        return WriteOutcomeUnknown(unreadable_write(carrier), **said)
    if meaning is not None:
        if issubclass(meaning.error, RateLimited):
            asked = retry_after(response, now)
            return meaning.error(meaning.summary, retry_after=patience if asked is None else asked, **said)
        return meaning.error(meaning.summary, **said)
    if certain:
        return CarrierRefused(f"{carrier.name} refused this: {reason}.", **said)
    status = response.status_code if status is None else status
    if status >= 500 or status == 408:
        return CarrierUnavailable(trouble(carrier), **said)
    return CarrierAnswerUnexpected(unreadable(carrier), **said)


def unexpected(carrier: Carrier, what: str) -> CarrierAnswerUnexpected:
    """An answer that is not as the carrier documents it; `what` is for the operator."""
    return CarrierAnswerUnexpected(unreadable(carrier), detail=what)


def unread_write(carrier: Carrier, detail: str) -> WriteOutcomeUnknown:
    """The answer to a write that was accepted, and says nothing that can be relied on."""
    return WriteOutcomeUnknown(unreadable_write(carrier), detail=detail)


def unreadable(carrier: Carrier) -> str:
    """The sentence for an answer that makes no sense."""
    return f"{carrier.name} answered something unreadable. Try again later."


def unreadable_write(carrier: Carrier) -> str:
    """The sentence for an answer to a write that makes no sense."""
    return f"What {carrier.name} answered could not be read; whether the change took effect is not known yet."


def trouble(carrier: Carrier) -> str:
    """The sentence for a carrier that is down."""
    return f"{carrier.name} has trouble at the moment. Try again later."


def reply_of(response: Response, code: str | None, request_id: str | None) -> CarrierReply:
    """Status, code and request id of an answer."""
    return CarrierReply(response.status_code, code, request_id[:_LONGEST_ID] if request_id else None)


def detail_of(carrier: Carrier, response: Response, code: str | None, words: str) -> str:
    """For the operator: status, code and the carrier's own words, from which addresses were taken out before."""
    kind = response.headers.get("Content-Type", "no content type").partition(";")[0]
    named = f"{carrier.name} error {code}" if code else f"{len(response.content)} bytes of {kind}"
    return f"HTTP {response.status_code}, {named}" + (f": {words[:_LONGEST_WORDS]}" if words else "")


def without_addresses(words: str) -> str:
    """A carrier's own words: a refusal may quote the webhook that it refuses, and a webhook may hold a password."""
    return re.sub(r"\S*(?:://|@)\S*", "[address]", words)
