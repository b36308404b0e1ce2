"""Where a number's calls go: read, pointed at our trunk, put back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trunkline.addresses import host_of
from trunkline.errors import CarrierRefused, CarrierUnavailable, NumberNotFound, TrunklineError, WriteOutcomeUnknown
from trunkline.numbers import NumberRef, Release, Route, RoutingSnapshot, RoutingView
from trunkline.paging import until_found
from trunkline.refusals import NotThere, unread_write
from trunkline.releases import (
    cannot_restore,
    left_alone,
    no_earlier_routing,
    not_on_account,
    restored,
    restored_before,
)
from trunkline.settling import read_back, settled_import, settled_release
from trunkline_twilio import trunks
from trunkline_twilio.client import Twilio
from trunkline_twilio.numbers import Row, carrier_number, matching, pages_without_repeats
from trunkline_twilio.refusals import CARRIER, TRIAL, unexpected

FEW = 3
"""Up to so many numbers are asked for one by one; more are looked for on the pages of the list."""

_TEXTS = ("trunk_sid", "voice_application_sid", "voice_url", "voice_fallback_url", "status_callback")
_METHODS = ("voice_method", "voice_fallback_method", "status_callback_method")

_HANDLE = re.compile(r"PN[0-9a-fA-F]{32}")


# Reading


def read(twilio: Twilio, numbers: Sequence[str]) -> Iterator[RoutingSnapshot]:
    """The routing of each of these numbers that is on the account."""
    wanted = list(dict.fromkeys(numbers))
    rows: Iterator[Row]
    if len(wanted) <= FEW:
        rows = (row for number in wanted if (row := matching(twilio, number)))
    else:
        rows = until_found(pages_without_repeats(twilio), wanted, lambda row: row.get("phone_number"))
    for row in rows:
        yield snapshot(twilio, row)


def fetch(twilio: Twilio, number: NumberRef) -> RoutingSnapshot:
    """One number's routing now; `NumberNotFound` if it is not on the account, or not under this handle."""
    _check_handle(number)
    try:
        row = twilio.ask(lambda sdk: sdk.api.v2010.account.incoming_phone_numbers(number.handle).fetch())
    except NotThere as missing:
        raise _gone(number, missing) from None
    return _of_this(twilio, number, row)


def snapshot(twilio: Twilio, row: Row) -> RoutingSnapshot:
    """One row as a snapshot: what an import overwrites, unset always written as an empty string."""
    number = carrier_number(row)
    if number is None:
        raise unexpected("a number that is not E.164")
    restore = _routing(row)
    points_at = restore["trunk_sid"] or restore["voice_application_sid"] or None
    return RoutingSnapshot(number, _view(restore), points_at, restore, twilio.call.now())


def _routing(row: Row) -> dict[str, Any]:
    """The fields that an import changes or that depend on those: null and "" are both unset, in one answer even."""
    routing: dict[str, Any] = {}
    for name in _TEXTS:
        value = row.get(name, ...)
        if value is not None and not isinstance(value, str):
            raise unexpected(f"a number whose {name} is not text")
        routing[name] = value or ""
    # What an answer leaves out is not known, and so is never written back.
    for name in _METHODS:
        if name in row:
            routing[name] = str(row[name] or "POST").upper()
    if "voice_receive_mode" in row:
        routing["voice_receive_mode"] = str(row["voice_receive_mode"] or "voice").lower()
    if "voice_caller_id_lookup" in row:
        routing["voice_caller_id_lookup"] = row["voice_caller_id_lookup"] is True
    if status := _status(row):
        routing["status"] = status
    return routing


def _status(row: Row) -> str | None:
    """The number's status in words where it is not in use. `in-use` is the only one that Twilio's documents show."""
    status = row.get("status")
    if status is not None and not isinstance(status, str):
        raise unexpected("a number whose status is not text")
    return None if not status or status.lower() == "in-use" else re.sub(r"[^a-z0-9]+", " ", status.lower())[:40]


def not_in_use(restore: Mapping[str, Any]) -> str | None:
    """The status that a number has in place of being in use, which is not a setting and is never written back."""
    status = restore.get("status")
    return None if status is None else str(status)


def _settings(restore: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in restore.items() if name != "status"}


def _view(routing: Mapping[str, Any]) -> RoutingView:
    if routing.get("voice_receive_mode") == "fax":
        return RoutingView("fax")
    if routing["trunk_sid"]:
        return RoutingView("trunk")
    if routing["voice_application_sid"]:
        return RoutingView("application")
    if routing["voice_url"]:
        return RoutingView("webhook", host_of(routing["voice_url"]))
    return RoutingView("none")


# Importing


def point_at(twilio: Twilio, number: NumberRef, route: Route, before: RoutingSnapshot) -> RoutingSnapshot:
    """Point one number at our trunk with one write, whose answer is the read-back."""
    if before.points_at == route.id:
        # Re-importing changes nothing, and nothing is written to find that out.
        present = fetch(twilio, number)
        if present.points_at == route.id:
            return present
    if before.restore.get("voice_receive_mode") == "fax":
        raise CarrierRefused(
            "This number is set to receive faxes at Twilio. Set it to receive voice calls, then import it again.",
            detail="nothing was written",
        )
    if (status := not_in_use(before.restore)) is not None:
        raise CarrierRefused(
            f"Twilio has this number as {status}, not as in use. Look at it in the Twilio Console, or ask Twilio's "
            "support; import it once it is in use.",
            detail="nothing was written",
        )
    try:
        after = _write(twilio, number, {"trunk_sid": route.id})
    except WriteOutcomeUnknown as unknown:
        return _settled_import(twilio, number, route, before, unknown)
    except CarrierRefused as refused:
        if refused.reply.code != TRIAL:
            raise
        raise CarrierRefused(
            "A Twilio trial account may have one number on a SIP trunk. Upgrade the account, or release the other "
            "number, then import this one again.",
            for_all=True,
            detail=refused.detail,
            reply=refused.reply,
        ) from None
    if after.points_at != route.id:
        return _settled_import(twilio, number, route, before, WriteOutcomeUnknown("", detail="the answer denies it"))
    return after


def _settled_import(
    twilio: Twilio, number: NumberRef, route: Route, before: RoutingSnapshot, unknown: WriteOutcomeUnknown
) -> RoutingSnapshot:
    present = _read_back(twilio, number, unknown)
    return settled_import(CARRIER, present, route, unknown, as_before=_is_as(present, before.restore))


# Releasing


def put_back(twilio: Twilio, number: NumberRef, route: Route, before: RoutingSnapshot) -> Release:
    """Restore what the snapshot holds, with one write, if the number still points at our trunk.

    The number itself is never deleted: that would give it up. The trunk stays too: other numbers may use it, and
    deleting one locks its domain name for 30 days.
    """
    try:
        present = fetch(twilio, number)
    except NumberNotFound as gone:
        return _confirmed_gone(twilio, number, gone)
    if before.points_at == route.id:
        if present.points_at != route.id:
            return left_alone(CARRIER)
        return no_earlier_routing(CARRIER, "this platform's trunk")
    if present.points_at != route.id:
        if _is_as(present, before.restore):
            return restored_before()
        return left_alone(CARRIER)
    try:
        after = _write(twilio, number, _changes(present.restore, before.restore))
    except WriteOutcomeUnknown as unknown:
        after = settled_release(CARRIER, _read_back(twilio, number, unknown), route, unknown)
    except NumberNotFound as gone:
        return _confirmed_gone(twilio, number, gone)
    except CarrierRefused as refused:
        return _missing_pointer(twilio, before, refused)
    if not _is_as(after, before.restore):
        # The answer to a write may be older than the write: what counts is what is read afterwards.
        after = _read_back(twilio, number, WriteOutcomeUnknown("", detail="the answer differs"))
    return _compared(after, before)


def _confirmed_gone(twilio: Twilio, number: NumberRef, gone: NumberNotFound) -> Release:
    """A number is given up for lost, and forgotten, when the list of numbers does not have it either."""
    row = matching(twilio, number.number)
    if row is not None and row.get("sid") == number.handle:
        raise CarrierUnavailable(
            f"Twilio says that {number.number} is not there, and lists it all the same. Nothing was changed: try again "
            "in a moment.",
            detail=gone.detail,
            reply=gone.reply,
        )
    return not_on_account(gone)


def _changes(present: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The fields to write so that the routing becomes what it was; "" clears, and None would be left out by the SDK."""
    changes = {name: value for name, value in _settings(before).items() if name in present and present[name] != value}
    if changes.get("voice_application_sid"):
        # Setting one of the two deletes the other at Twilio; sending both would leave the order to chance.
        changes.pop("trunk_sid", None)
    return changes


def _compared(after: RoutingSnapshot, before: RoutingSnapshot) -> Release:
    if _is_as(after, before.restore):
        return restored()
    differing = [name for name, value in _settings(before.restore).items() if after.restore.get(name, value) != value]
    return cannot_restore(
        "restored_in_part",
        f"Twilio did not take back everything: {', '.join(differing)} differ from what was before. Look at the number "
        "in the Twilio Console.",
    )


def _missing_pointer(twilio: Twilio, before: RoutingSnapshot, refused: CarrierRefused) -> Release:
    """Why Twilio refused to put the routing back: the trunk or the application may be gone."""
    trunk, application = before.restore.get("trunk_sid"), before.restore.get("voice_application_sid")
    if trunk and trunks.is_trunk_sid(trunk) and not trunks.exists(twilio, trunk):
        what, code, sid = "SIP trunk", "earlier_trunk_deleted", trunk
    elif application and not _application_exists(twilio, application):
        what, code, sid = "TwiML application", "earlier_application_deleted", application
    else:
        raise refused
    return cannot_restore(
        code,
        f"The {what} that this number was routed to before (its SID ends in {sid[-4:]}) has "
        "been deleted at Twilio. The number still points at this platform: set where its calls go in the Twilio "
        "Console.",
    )


def _application_exists(twilio: Twilio, sid: str) -> bool:
    try:
        twilio.ask(lambda sdk: sdk.api.v2010.account.applications(sid).fetch())
    except NotThere:
        return False
    return True


# What both share


def _write(twilio: Twilio, number: NumberRef, changes: dict[str, Any]) -> RoutingSnapshot:
    """The one write. A POST to the number, since a region without trunk subresources has this one too."""
    _check_handle(number)
    try:
        row = twilio.ask(lambda sdk: sdk.api.v2010.account.incoming_phone_numbers(number.handle).update(**changes))
    except NotThere as missing:
        raise _gone(number, missing) from None
    try:
        return _of_this(twilio, number, row)
    except TrunklineError as error:
        raise unread_write(CARRIER, error.detail) from None


def _read_back(twilio: Twilio, number: NumberRef, unknown: WriteOutcomeUnknown) -> RoutingSnapshot:
    return read_back(CARRIER, lambda: fetch(twilio, number), unknown)


def _is_as(present: RoutingSnapshot, restore: Mapping[str, Any]) -> bool:
    return all(present.restore.get(name, value) == value for name, value in _settings(restore).items())


def _check_handle(number: NumberRef) -> None:
    if not _HANDLE.fullmatch(number.handle):
        raise NumberNotFound(f"{number.number} is not known by a Twilio number SID.", detail="nothing was asked")


def _of_this(twilio: Twilio, number: NumberRef, row: Row) -> RoutingSnapshot:
    if row.get("phone_number") != number.number or row.get("sid") != number.handle:
        raise unexpected("the answer is about another number")
    return snapshot(twilio, row)


def _gone(number: NumberRef, missing: NotThere) -> NumberNotFound:
    return NumberNotFound(
        f"{number.number} is not on this Twilio account any more.", detail=missing.detail, reply=missing.reply
    )
