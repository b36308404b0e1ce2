"""Our SWML script: SignalWire runs it for each call, and it connects the call to the platform."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import attrs

from trunkline.errors import CarrierAnswerUnexpected, TrunklineError, WriteOutcomeUnknown
from trunkline.sip_target import SipTarget
from trunkline_signalwire.client import PAGE_SIZE, Row, SignalWire
from trunkline_signalwire.refusals import unexpected

PATH = "/api/fabric/resources/swml_scripts"

_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@attrs.frozen
class Script:
    """One SWML script of the project; `address` is where SignalWire serves it, None where it does not say."""

    id: str
    name: str
    address: str | None
    contents: Row
    made_at: str

    def connects_to(self) -> Iterator[str]:
        """The SIP URIs that its main section connects calls to."""
        sections = self.contents.get("sections")
        steps = sections.get("main") if isinstance(sections, dict) else None
        for step in steps if isinstance(steps, list) else []:
            connect = step.get("connect") if isinstance(step, dict) else None
            to = connect.get("to") if isinstance(connect, dict) else None
            if isinstance(to, str):
                yield to

    def leads_to(self, platform: SipTarget) -> bool:
        """Whether it connects calls to the platform."""
        return any(platform.same_place(to) for to in self.connects_to())

    def is_right_for(self, platform: SipTarget) -> bool:
        """Whether it connects calls to the platform in just our way, transport and all."""
        return sip_uri(platform) in self.connects_to()


def sip_uri(platform: SipTarget) -> str:
    """The SIP URI for one call: the number that was dialled, at the platform's host."""
    # `%{call.to}` is the number that was dialled: https://developer.signalwire.com/swml/methods/connect
    return platform.uri.replace("sip:", "sip:%{call.to}@", 1)


def contents(platform: SipTarget) -> Row:
    """Our script: one step, which connects the call."""
    return {"version": "1.0.0", "sections": {"main": [{"connect": {"to": sip_uri(platform)}}]}}


def read_all(signalwire: SignalWire) -> list[Script]:
    """Every SWML script of the project: the list has no filter by name (list_swml_scripts)."""
    pages = signalwire.pages(PATH, "data", {"page_size": str(PAGE_SIZE)})
    return [_script(row) for rows in pages for row in rows]


def ours(scripts: list[Script], marker: str) -> Script | None:
    """The script that carries our name; the oldest of several, since every caller must choose the same one."""
    return min((s for s in scripts if s.name == marker), key=lambda s: (s.made_at, s.id), default=None)


def can_be_read(signalwire: SignalWire) -> None:
    """Ask for scripts as cheaply as it can be asked; raises `PermissionMissing` where the token may not."""
    next(signalwire.pages(PATH, "data", {"page_size": "1"}), None)


def fetch(signalwire: SignalWire, id: str) -> Script:
    """One script; `NotThere` without it."""
    return _script(signalwire.ask(lambda sdk: sdk.fabric.swml_scripts.get(id)))


def make(signalwire: SignalWire, platform: SipTarget) -> Script:
    """Make our script. Where the answer is lost it is looked for, and not made a second time."""
    body = {"name": signalwire.call.marker, "script_type": "calling", "contents": contents(platform)}
    try:
        return _script(signalwire.write("POST", PATH, json=body))
    except (WriteOutcomeUnknown, CarrierAnswerUnexpected) as unknown:
        # Names need not be unique, so a second POST might make a second script.
        found = _looked_up(signalwire)
        if found is None:
            raise _not_known("made", unknown) from None
        return found


def mend(signalwire: SignalWire, script: Script, platform: SipTarget) -> Script:
    """Have our script lead to the platform again."""
    try:
        mended = _script(signalwire.write("PUT", f"{PATH}/{script.id}", json={"contents": contents(platform)}))
    except (WriteOutcomeUnknown, CarrierAnswerUnexpected) as unknown:
        found = _looked_up(signalwire)
        if found is None or not found.is_right_for(platform):
            raise _not_known("changed", unknown) from None
        return found
    if not mended.is_right_for(platform):
        raise unexpected("the script is not as it was written")
    return mended


def _looked_up(signalwire: SignalWire) -> Script | None:
    try:
        return ours(read_all(signalwire), signalwire.call.marker)
    except TrunklineError:
        return None


def _not_known(what: str, error: TrunklineError) -> WriteOutcomeUnknown:
    return WriteOutcomeUnknown(
        f"SignalWire did not confirm the change; whether the script was {what} is not known yet. Try again in a "
        "moment.",
        detail=error.detail,
        reply=error.reply,
    )


def _script(row: Row) -> Script:
    id, inner = row.get("id"), row.get("swml_script")
    if not isinstance(id, str) or not _ID.fullmatch(id):
        raise unexpected("a script without an id")
    inner = inner if isinstance(inner, dict) else {}
    address = inner.get("request_url")
    return Script(
        id,
        _text(row, "display_name") or _text(inner, "display_name"),
        address if isinstance(address, str) and address else None,
        _object(inner.get("contents")),
        _text(row, "created_at"),
    )


def _object(said: Any) -> Row:
    # The document has an object, the SDK a text.
    if isinstance(said, str):
        try:
            said = json.loads(said)
        except (ValueError, RecursionError):
            return {}
    return said if isinstance(said, dict) else {}


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
