"""What Telnyx' answers mean: the JSON of a good one, and which error each refusal is."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from trunkline import refusals
from trunkline.carrier import Carrier
from trunkline.errors import (
    AccountSuspended,
    CarrierAnswerUnexpected,
    CarrierRefused,
    CarrierUnavailable,
    CredentialsRejected,
    PermissionMissing,
    RateLimited,
    TrunklineError,
)
from trunkline.refusals import Meaning, NotThere

if TYPE_CHECKING:
    from requests import Response

DOCS = "https://developers.telnyx.com/docs/overview/errors/"

CARRIER = Carrier("Telnyx", "the Telnyx Mission Control Portal")

PINS = frozenset({"external_pin", "pin", "password", "ip_authentication_token", "tech_prefix", "user_email"})
"""What answers carry in clear and nobody here may keep."""


class Taken(CarrierRefused):
    """10012: something of this name is there already."""


class InUse(CarrierRefused):
    """10021: something else still depends on it."""


class LevelTooLow(PermissionMissing):
    """The account's level, trial or paid or verified, does not allow this, or no more of this."""


_REJECTED = Meaning(
    CredentialsRejected,
    "Telnyx does not accept this API key. Copy an active one from API Keys in the Telnyx Mission Control Portal.",
)
_SUSPENDED = Meaning(
    AccountSuspended,
    "Telnyx has blocked this account or has it as out of funds. Look at its billing and its status in the Telnyx "
    "Mission Control Portal.",
)
_FORBIDDEN = Meaning(
    PermissionMissing,
    "Telnyx does not let this API key do this. Use a key of the account's owner, or of a user who may.",
)
_LEVEL = Meaning(
    LevelTooLow,
    "Telnyx does not allow this at the account's present level. Upgrade or verify the account in the Telnyx Mission "
    "Control Portal.",
)
_NOT_THERE = Meaning(NotThere, "Telnyx knows nothing of what was asked for under this API key.")
_PAUSE = Meaning(RateLimited, "Telnyx asks for a pause: too many requests at once. Try again in a moment.")
_TROUBLE = Meaning(CarrierUnavailable, refusals.trouble(CARRIER))

# https://developers.telnyx.com/docs/overview/errors/<code>. The HTTP status of the 20xxx codes is not documented, and
# 403 is shared by permissions, levels and money: so codes come first.
_BY_CODE = {
    "10005": _NOT_THERE,
    "10007": _TROUBLE,
    "10008": _TROUBLE,
    "10009": _REJECTED,
    "10010": _FORBIDDEN,
    "10011": _PAUSE,
    "10012": Meaning(Taken, "Telnyx has something of this name in the account already."),
    "10021": Meaning(InUse, "Telnyx refuses this while something else in the account still uses it."),
    "10035": Meaning(CarrierRefused, "Telnyx has locked this. Look at it in the Telnyx Mission Control Portal."),
    "10036": Meaning(CarrierUnavailable, "Telnyx is still busy with an earlier change of this. Try again in a minute."),
    "10037": _TROUBLE,
    "10038": _LEVEL,
    "10039": _LEVEL,
    "20001": _REJECTED,
    "20002": _REJECTED,
    "20003": _REJECTED,
    "20006": _REJECTED,
    "20008": _REJECTED,
    "20012": _SUSPENDED,
    "20013": _SUSPENDED,
    "20014": _LEVEL,
    "20015": _LEVEL,
    "20016": _LEVEL,
    "20017": _LEVEL,
    "20100": _SUSPENDED,
}
_BY_STATUS = {401: _REJECTED, 402: _SUSPENDED, 403: _FORBIDDEN, 404: _NOT_THERE, 429: _PAUSE}


def json_object(response: Response, *, writes: bool, now: dt.datetime) -> dict[str, Any]:
    """The JSON object of an answer, without pins, passwords and e-mail addresses.

    A 5xx, HTML or an unreadable answer to a write is `WriteOutcomeUnknown`: the write may have been processed.
    """
    body = refusals.parsed(response, object_pairs_hook=without_pins)
    body = body if isinstance(body, dict) else None
    if 200 <= response.status_code < 300 and body is not None and body.get("data") is not None:
        return body
    raise _refusal(response, body, writes, now)


def unexpected(what: str) -> CarrierAnswerUnexpected:
    """An answer that is not as Telnyx documents it; `what` is for the operator."""
    return refusals.unexpected(CARRIER, what)


def without_pins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of an answer, as `json` hands it over, without what nobody may keep."""
    return {name: value for name, value in pairs if name not in PINS}


def _refusal(response: Response, body: dict[str, Any] | None, writes: bool, now: dt.datetime) -> TrunklineError:
    status = response.status_code
    errors = list(_errors(body))
    code = _telling(errors)
    certain = refusals.is_certain(response, body)
    meaning = (_BY_CODE.get(code) if code else None) or (_BY_STATUS.get(status) if certain else None)
    if code == "10006":
        # "Invalid ID" in the catalogue of codes, "not authorized" where bulk jobs are documented.
        meaning = _FORBIDDEN if status in (401, 403) else _NOT_THERE
    return refusals.refusal(
        CARRIER,
        meaning if status >= 400 else None,
        response,
        certain=certain and meaning is not _TROUBLE,
        writes=writes,
        reason=f"error {code}, see {DOCS}{code}" if code and code.isalnum() else f"HTTP {status}",
        detail=refusals.detail_of(CARRIER, response, code, _words(errors)),
        reply=refusals.reply_of(response, code, response.headers.get("x-request-id")),
        now=now,
        patience=_patience(response, now),
    )


def _errors(body: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    found = body.get("errors") if body else None
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, dict):
            yield each


def _telling(errors: list[dict[str, Any]]) -> str | None:
    """The first code whose meaning is known, else the first code; a string, but numbers have been seen elsewhere."""
    codes = [str(each["code"])[:32] for each in errors if isinstance(each.get("code"), str | int)]
    return next((code for code in codes if code in _BY_CODE), codes[0] if codes else None)


def _patience(response: Response, now: dt.datetime) -> float | None:
    """Seconds to wait, by `x-ratelimit-reset`, which is shown as seconds and as an epoch."""
    written = (response.headers.get("x-ratelimit-reset") or "").strip()
    if not re.fullmatch(r"[0-9]{1,12}(?:\.[0-9]{1,6})?", written):
        return None
    seconds = float(written)
    return max(0.0, seconds - now.timestamp()) if seconds > 1e9 else seconds


def _words(errors: list[dict[str, Any]]) -> str:
    """Telnyx' own words, without any address or any quoted value in them."""
    said: list[str] = []
    for each in errors[:3]:
        source = each.get("source")
        texts = [each.get("title"), each.get("detail"), source.get("pointer") if isinstance(source, dict) else None]
        said.append(": ".join(text for text in texts if isinstance(text, str)))
    # A refusal may quote the password that it refuses, too.
    return re.sub(r"'[^']*'|\"[^\"]*\"", "[value]", refusals.without_addresses("; ".join(said)))
