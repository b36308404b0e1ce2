"""The Elastic SIP trunk that numbers are pointed at, and where it sends their calls."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import attrs

from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierRefused,
    PermissionMissing,
    TrunklineError,
    WriteOutcomeUnknown,
)
from trunkline.numbers import Route
from trunkline.refusals import NotThere
from trunkline.sip_target import SipTarget
from trunkline_twilio.client import PAGE_SIZE, Twilio
from trunkline_twilio.refusals import TRIAL, unexpected

LIMIT = 100
"""Trunks that an account may have (https://www.twilio.com/docs/sip-trunking/scale-and-limits)."""

_NAME_LIMIT = 64
_SID = re.compile(r"TK[0-9a-fA-F]{32}")
_TRANSPORT = re.compile(r";transport=([a-z]+)", re.IGNORECASE)


@attrs.frozen
class Trunk:
    """One trunk: who may send calls out through it is in `auth_type`, empty for nobody."""

    sid: str
    name: str
    domain: str
    auth_type: str
    made_at: str


@attrs.frozen
class Origination:
    """One place that a trunk sends calls to, before those of a higher `priority` number."""

    sid: str
    name: str
    sip_url: str
    enabled: bool
    priority: int


def name_for(marker: str) -> str:
    """The FriendlyName of our trunk: the marker, cut to what Twilio takes without becoming another's."""
    if len(marker) <= _NAME_LIMIT:
        return marker
    return f"{marker[: _NAME_LIMIT - 17]}-{hashlib.sha256(marker.encode()).hexdigest()[:16]}"


def is_trunk_sid(text: str) -> bool:
    """Whether it has the form of a trunk's SID."""
    return _SID.fullmatch(text) is not None


def read_all(twilio: Twilio) -> list[Trunk]:
    """Every trunk of the account."""
    pages = twilio.pages("trunking", "/v1/Trunks", "trunks", {"PageSize": str(PAGE_SIZE)})
    return [_trunk(twilio, row) for rows in pages for row in rows]


def ours(trunks: list[Trunk], marker: str) -> Trunk | None:
    """The trunk that carries our name; the oldest of several, since every caller must choose the same one."""
    found = [trunk for trunk in trunks if trunk.name == name_for(marker)]
    return min(found, key=lambda trunk: (trunk.made_at, trunk.sid), default=None)


def with_domain(trunks: list[Trunk], domain: str) -> Trunk | None:
    """The trunk that owns a termination domain; `acme.pstn.dublin.ie1.twilio.com` is `acme.pstn.twilio.com` too."""
    own = domain.lower().partition(".")[0] + ".pstn.twilio.com"
    return next((trunk for trunk in trunks if trunk.domain.lower() == own), None)


def originations(twilio: Twilio, trunk_sid: str) -> list[Origination]:
    """Where a trunk sends calls; `NotThere` without the trunk."""
    path = f"/v1/Trunks/{trunk_sid}/OriginationUrls"
    pages = twilio.pages("trunking", path, "origination_urls", {"PageSize": str(PAGE_SIZE)})
    return [_origination(row) for rows in pages for row in rows]


def leads_to(origination: Origination, platform: SipTarget) -> bool:
    """Whether it sends calls to the platform now."""
    return origination.enabled and platform.same_place(origination.sip_url)


def first_tried(originations: list[Origination]) -> list[Origination]:
    """Those that calls are sent to: enabled, and of the lowest priority number, by their weights.

    The others are tried where these fail (https://www.twilio.com/docs/sip-trunking/api/originationurl-resource).
    """
    enabled = [each for each in originations if each.enabled]
    first = min((each.priority for each in enabled), default=0)
    return [each for each in enabled if each.priority == first]


def needed_change(present: list[Origination], platform: SipTarget, marker: str) -> tuple[str, Origination | None]:
    """What has to be done so that calls reach the platform: `found`, `change` which one, or `make`."""
    there = [each for each in present if _is_exactly(each.sip_url, platform)]
    good = next((each for each in there if each.enabled), None)
    if good is not None:
        return "found", good
    named = [each for each in present if each.name == name_for(marker)]
    same = [each for each in present if platform.same_place(each.sip_url)]
    # Ours that was switched off, or that leads to where the platform was: changed, since a second one beside it would
    # share the calls with it. One that the customer added stays.
    repaired = next(iter([*there, *named, *same]), None)
    return ("make", None) if repaired is None else ("change", repaired)


def prepare(twilio: Twilio) -> Route:
    """Our trunk, found or made, with one enabled origination URL that leads to the platform."""
    platform = twilio.call.require_platform()
    every = read_all(twilio)
    trunk = ours(every, twilio.call.marker)
    made = trunk is None
    if trunk is None:
        trunk = _make(twilio, len(every))
    origination = _mend(twilio, trunk, [] if made else originations(twilio, trunk.sid), platform)
    data = {"origination_url": origination.sid, "sip_url": origination.sip_url}
    return Route(trunk.sid, "trunk", made, data)


def _make(twilio: Twilio, present: int) -> Trunk:
    name = name_for(twilio.call.marker)
    try:
        return _trunk(twilio, twilio.ask(lambda sdk: sdk.trunking.v1.trunks.create(friendly_name=name)))
    except (WriteOutcomeUnknown, CarrierAnswerUnexpected) as unclear:
        # Names need not be unique, so a second POST might make a second trunk: look first, then leave it.
        return _looked_up(twilio, _unknown(unclear))
    except CarrierRefused as refused:
        if refused.reply.code == TRIAL:
            why = (
                "A Twilio trial account may have one SIP trunk, and this one is in other use. Upgrade the account, or "
                "delete that trunk in the Twilio Console, then try again."
            )
        elif present >= LIMIT:
            why = (
                f"The account has {present} SIP trunks, and Twilio allows {LIMIT}. Delete a trunk that is not used any "
                "more in the Twilio Console, then try again."
            )
        else:
            raise
        raise CarrierRefused(why, detail=refused.detail, reply=refused.reply) from None


def _looked_up(twilio: Twilio, unknown: WriteOutcomeUnknown) -> Trunk:
    try:
        found = ours(read_all(twilio), twilio.call.marker)
    except TrunklineError:
        raise unknown from None
    if found is None:
        raise unknown
    return found


def _mend(twilio: Twilio, trunk: Trunk, present: list[Origination], platform: SipTarget) -> Origination:
    action, which = needed_change(present, platform, twilio.call.marker)
    if action == "found" and which is not None:
        return which
    try:
        written = _origination(_write_origination(twilio, trunk, which, platform))
        if not leads_to(written, platform):
            raise unexpected("the origination URL is not as it was written")
    except (WriteOutcomeUnknown, CarrierAnswerUnexpected) as unclear:
        return _origination_looked_up(twilio, trunk, platform, _unknown(unclear))
    return written


def _origination_looked_up(
    twilio: Twilio, trunk: Trunk, platform: SipTarget, unknown: WriteOutcomeUnknown
) -> Origination:
    try:
        action, found = needed_change(originations(twilio, trunk.sid), platform, twilio.call.marker)
    except TrunklineError:
        raise unknown from None
    if action != "found" or found is None:
        raise unknown
    return found


def _unknown(unclear: TrunklineError) -> WriteOutcomeUnknown:
    return WriteOutcomeUnknown(
        "Twilio did not confirm the change; whether it took effect is not known yet. Try again in a moment.",
        detail=unclear.detail,
        reply=unclear.reply,
    )


def _write_origination(twilio: Twilio, trunk: Trunk, which: Origination | None, platform: SipTarget) -> dict[str, Any]:
    if which is not None:
        return twilio.ask(
            lambda sdk: (
                sdk.trunking.v1.trunks(trunk.sid).origination_urls(which.sid).update(sip_url=platform.uri, enabled=True)
            )
        )
    return twilio.ask(
        lambda sdk: sdk.trunking.v1.trunks(trunk.sid).origination_urls.create(
            friendly_name=name_for(twilio.call.marker), sip_url=platform.uri, priority=10, weight=10, enabled=True
        )
    )


def exists(twilio: Twilio, trunk_sid: str) -> bool:
    """Whether the account has this trunk."""
    try:
        twilio.ask(lambda sdk: sdk.trunking.v1.trunks(trunk_sid).fetch())
    except NotThere:
        return False
    return True


def _is_exactly(sip_url: str, platform: SipTarget) -> bool:
    transport = _TRANSPORT.search(sip_url)
    return platform.same_place(sip_url) and (transport[1].lower() if transport else None) == platform.transport


def _trunk(twilio: Twilio, row: dict[str, Any]) -> Trunk:
    sid, owner = row.get("sid"), row.get("account_sid")
    if not isinstance(sid, str) or not is_trunk_sid(sid):
        raise unexpected("a trunk without a sid")
    # Outside api.twilio.com no path names the account: a parent's credentials speak for the parent there.
    if isinstance(owner, str) and owner and owner != twilio.sid:
        raise PermissionMissing(
            "These credentials speak for another Twilio account where SIP trunks are concerned. For a subaccount, use "
            "its own auth token or API key.",
        )
    return Trunk(sid, *(_text(row, name) for name in ("friendly_name", "domain_name", "auth_type", "date_created")))


def _origination(row: dict[str, Any]) -> Origination:
    sid, priority = row.get("sid"), row.get("priority")
    if not isinstance(sid, str):
        raise unexpected("an origination URL without a sid")
    if not isinstance(priority, int):
        raise unexpected("an origination URL without a priority")
    return Origination(sid, _text(row, "friendly_name"), _text(row, "sip_url"), row.get("enabled") is True, priority)


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
