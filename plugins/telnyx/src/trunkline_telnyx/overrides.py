"""Voice settings that keep calls from where a number's connection sends them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trunkline.checks import FAIL, UNKNOWN
from trunkline.errors import PermissionMissing
from trunkline.plan import PlanWarning
from trunkline.refusals import NotThere
from trunkline_telnyx.client import Row, Telnyx, part, text
from trunkline_telnyx.findings import PORTAL, Finding
from trunkline_telnyx.refusals import LevelTooLow

ALWAYS, ON_FAILURE = "always", "on-failure"


def fetch(telnyx: Telnyx, handle: str) -> dict[str, Any] | None:
    """The overrides of one number, in two requests; None where they may not be read."""
    try:
        found = of_row(telnyx.ask(lambda sdk: sdk.phone_numbers.voice.retrieve(handle)))
        return {**found, "voicemail": _has_voicemail(telnyx, handle)}
    except (NotThere, PermissionMissing):
        return None


def _has_voicemail(telnyx: Telnyx, handle: str) -> bool:
    """Whether voicemail is on; a number that never had any may have no settings of it, or no right to it."""
    try:
        return telnyx.ask(lambda sdk: sdk.phone_numbers.voicemail.retrieve(handle)).get("enabled") is True
    except (NotThere, LevelTooLow):
        return False


def of_row(row: Row) -> dict[str, Any]:
    """What of the voice settings overrides routing, without any number in it. Of voicemail they do not tell.

    call_forwarding_enabled is true by default and means nothing until forwards_to is set (OpenAPI, voice settings).
    """
    forwarding = part(row, "call_forwarding")
    on = bool(text(forwarding, "forwards_to")) and forwarding.get("call_forwarding_enabled") is not False
    return {
        "forwarding": (text(forwarding, "forwarding_type") or ALWAYS) if on else "",
        "translated": bool(text(row, "translated_number")),
        "screening": text(row, "inbound_call_screening") or "disabled",
        "tech_prefix": row.get("tech_prefix_enabled") is True,
    }


def forwards_always(overrides: Mapping[str, Any] | None) -> bool:
    """Whether no call ever reaches the connection."""
    return bool(overrides) and (overrides or {}).get("forwarding") == ALWAYS


def judge(overrides: Mapping[str, Any] | None) -> Finding | None:
    """What keeps calls from the platform though the connection leads there; None where nothing does."""
    if overrides is None:
        summary = "The number's voice settings could not be read, so whether they forward its calls is not known."
        return Finding(UNKNOWN, "overrides_unreadable", summary, f"{PORTAL}, look at the number's Voice settings.")
    settings = f"{PORTAL}, open the number's Voice settings"
    if overrides["forwarding"] == ALWAYS:
        summary = "Telnyx forwards every call to this number to another one, before its connection is asked."
        return Finding(FAIL, "calls_forwarded", summary, f"{settings} and switch call forwarding off.")
    if overrides["screening"] == "reject_calls":
        summary = "Telnyx' call screening rejects calls to this number before its connection is asked."
        return Finding(FAIL, "calls_screened", summary, f"{settings} and set inbound call screening to flag, or off.")
    if overrides["translated"]:
        summary = "Telnyx passes calls to this number on under another one, which the platform does not know."
        return Finding(FAIL, "number_translated", summary, f"{settings} and clear the translated number.")
    if overrides["tech_prefix"]:
        summary = "Telnyx puts a prefix before this number, so the platform may not recognise it."
        return Finding(UNKNOWN, "tech_prefix", summary, f"{settings} and switch the tech prefix off.")
    # That of a list, or of a snapshot from before it was read, is not known.
    if overrides.get("voicemail"):
        summary = "Voicemail is on for this number, and may take its calls before the platform does."
        return Finding(UNKNOWN, "voicemail_on", summary, f"{settings} and switch voicemail off.")
    return None


_WARNINGS = {
    "calls_forwarded": "Telnyx forwards every call to these numbers elsewhere, whatever connection they are on. Switch "
    "call forwarding off in their Voice settings.",
    "forwarded_on_failure": "Telnyx forwards calls to these numbers elsewhere when they fail here.",
    "calls_screened": "Telnyx' call screening rejects calls to these numbers before they are routed.",
    "number_translated": "Telnyx passes calls to these numbers on under other ones, which this platform does not know. "
    "Clear the translated number in their Voice settings.",
    "tech_prefix": "Telnyx puts a prefix before these numbers, so that this platform may not recognise them.",
    "voicemail_on": "Voicemail is on for these numbers, and may take their calls before this platform does. Switch it "
    "off in their Voice settings.",
    "overrides_unreadable": "The voice settings of these numbers could not be read, so whether calls to them are "
    "forwarded is not known.",
}


def warnings(numbers: Sequence[tuple[str, Mapping[str, Any] | None]]) -> list[PlanWarning]:
    """What an import cannot change about these numbers, one warning for each kind."""
    found: dict[str, list[str]] = {}
    for number, overrides in numbers:
        finding = judge(overrides)
        if finding is not None:
            found.setdefault(finding.code, []).append(number)
        elif overrides and overrides["forwarding"]:
            found.setdefault("forwarded_on_failure", []).append(number)
    return [PlanWarning(code, _WARNINGS[code], tuple(found[code])) for code in _WARNINGS if code in found]
