"""What is set on a number, and what an update has to send again so that nothing of it is lost.

An update is a full replace: a field that is left out is cleared (https://github.com/Nexmo/nexmo-cli/issues/83).
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from trunkline_vonage.client import Row
from trunkline_vonage.refusals import unexpected

Settings = Mapping[str, str]

UNREADABLE = ("voiceStatusCallback", "moSmppSysType")
"""Can be written, and are not in the documented list of numbers: perhaps Vonage never shows them."""

_KEPT = ("app_id", "moHttpUrl", *UNREADABLE)
_MESSAGES = ("messagesCallbackType", "messagesCallbackValue")
_VOICE = ("voiceCallbackType", "voiceCallbackValue")
# An old client of Nexmo's own read it by this name (nexmo-cli, src/response.js).
_OTHER_NAMES = {"voiceStatusCallback": "voiceStatusCallbackUrl"}


@attrs.frozen
class Voice:
    """Where voice calls go: `sip`, `tel` or `app` with its value; both empty where they go nowhere."""

    type: str = ""
    value: str = ""


def of(row: Row) -> dict[str, str]:
    """What is set on a number, by the names an update takes; what is null or empty is not set."""
    found = {
        name: _text(row, name) or _text(row, _OTHER_NAMES.get(name, name)) for name in (*_KEPT, *_MESSAGES, *_VOICE)
    }
    return {name: value for name, value in found.items() if value}


def voice(settings: Settings) -> Voice:
    """Where voice calls go; a number may be listed with its application alone."""
    kind = settings.get("voiceCallbackType", "").lower()
    if kind:
        return Voice(kind, settings.get("voiceCallbackValue", ""))
    return Voice("app", settings["app_id"]) if "app_id" in settings else Voice()


def with_voice(present: Settings, wanted: Voice) -> dict[str, str]:
    """The present settings with calls going where they are wanted: all that an update has to send."""
    form = {name: present[name] for name in _KEPT if name in present}
    now = voice(present)
    if now.type == "app":
        # Listed without `app_id`, the link to the application would be lost with the voice callback.
        form.setdefault("app_id", now.value)
    if present.get("messagesCallbackValue") not in (None, form.get("app_id")):
        form |= {name: present[name] for name in _MESSAGES if name in present}
    if wanted.type != "app":
        return form | ({"voiceCallbackType": wanted.type, "voiceCallbackValue": wanted.value} if wanted.type else {})
    # `app_id` alone links voice and messages; the type `app` is deprecated, and of use only where the two differ.
    if form.setdefault("app_id", wanted.value) != wanted.value:
        form |= {"voiceCallbackType": "app", "voiceCallbackValue": wanted.value}
    return form


def differing(before: Settings, after: Settings) -> list[str]:
    """The names of the settings beside voice that are not as they were."""
    return [name for name in _KEPT if before.get(name) != after.get(name)]


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise unexpected(f"a number whose {name} is not text")
    return value or ""
