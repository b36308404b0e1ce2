"""Where a number's calls go: read, pointed at the platform, put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs

from trunkline.addresses import host_of
from trunkline.errors import CarrierRefused, NumberNotFound, SnapshotStale, WriteOutcomeUnknown
from trunkline.numbers import NumberRef, Release, Route, RoutingSnapshot, RoutingView
from trunkline.releases import (
    cannot_restore,
    left_alone,
    no_earlier_routing,
    not_on_account,
    restored,
    restored_before,
)
from trunkline.settling import read_back, settled_import, settled_release
from trunkline_vonage import accounts, settings, target
from trunkline_vonage.client import PAGE_SIZE, Row, Vonage
from trunkline_vonage.numbers import (
    carrier_number,
    country_in,
    key_of,
    matching,
    outbound_limits,
    pages_without_repeats,
)
from trunkline_vonage.refusals import ACTION_FAILED, CARRIER, SMS_WEBHOOK_UNREACHABLE, unexpected
from trunkline_vonage.settings import Voice

FEW = 3
"""Up to so many numbers are asked for one by one from the start."""

READ_BACKS = 3
"""How often an accepted write is looked for: nothing says that the list shows it at once."""


# Reading


def read(vonage: Vonage, numbers: Sequence[str]) -> Iterator[RoutingSnapshot]:
    """The routing of each of these numbers that is on the account."""
    missing = dict.fromkeys(numbers)
    if len(missing) > FEW:
        for page in pages_without_repeats(vonage):
            for row in page.rows:
                number = f"+{key_of(row)[1]}"
                if number in missing:
                    del missing[number]
                    yield snapshot(vonage, row)
            if page.left == 0:
                return
            if page.left is not None and len(missing) <= -(-page.left // PAGE_SIZE):
                break
        else:
            return
    for number in missing:
        found = matching(vonage, number)
        if found is not None:
            yield snapshot(vonage, found)


def fetch(vonage: Vonage, number: NumberRef) -> RoutingSnapshot:
    """One number's routing now; `NumberNotFound` if it is not on the account, or not in this country."""
    row = matching(vonage, number.number, country_in(number.handle))
    if row is None:
        raise NumberNotFound(f"{number.number} is not on this Vonage account any more.")
    return snapshot(vonage, row)


def snapshot(vonage: Vonage, row: Row) -> RoutingSnapshot:
    """One row as a snapshot: all that is set on the number, since an update replaces all of it."""
    number = carrier_number(row)
    if number is None:
        raise unexpected("a number that is not E.164")
    present = settings.of(row)
    restore: dict[str, Any] = {"settings": present, "outbound_limits": outbound_limits(row)}
    voice = settings.voice(present)
    return RoutingSnapshot(number, view(voice), _points_at(voice, number.number), restore, vonage.call.now())


def view(voice: Voice) -> RoutingView:
    """Where calls go, fit to be shown."""
    match voice.type:
        case "":
            return RoutingView("none")
        case "sip":
            return RoutingView("sip", target.host_of(voice.value))
        case "tel":
            return RoutingView("phone")
        case "app":
            return RoutingView("application")
        case _:
            return RoutingView("other")


def voice_of(present: RoutingSnapshot) -> Voice:
    """Where a snapshot's calls go."""
    return settings.voice(present.restore["settings"])


def _points_at(voice: Voice, number: str) -> str | None:
    if voice.type == "sip":
        return target.route_of(voice.value, number)
    return voice.value if voice.type == "app" else None


# Importing


def point_at(vonage: Vonage, number: NumberRef, route: Route, before: RoutingSnapshot) -> RoutingSnapshot:
    """Point one number at the platform: read what is set, write all of it with a new voice callback, read back."""
    present = fetch(vonage, number)
    if present.points_at == route.id:
        return present
    _refuse_what_changed(present, before)
    wanted = Voice("sip", target.address(route.id, number.number))
    try:
        _write(vonage, number, settings.with_voice(present.restore["settings"], wanted))
    except WriteOutcomeUnknown as unknown:
        return _settled_import(vonage, number, route, present, unknown)
    after = _looked_for(vonage, number, lambda read: read.points_at == route.id)
    if after.points_at == route.id:
        return after
    raise _not_shown(after, present)


def _refuse_what_changed(present: RoutingSnapshot, before: RoutingSnapshot) -> None:
    if voice_of(present) != voice_of(before):
        raise SnapshotStale(
            "This number's routing was changed at Vonage a moment ago, and nothing was overwritten. Import it again.",
            detail="nothing was written",
        )
    if "voice" not in present.number.capabilities:
        raise CarrierRefused("This number takes no voice calls at Vonage.", detail="nothing was written")


def _settled_import(
    vonage: Vonage, number: NumberRef, route: Route, before: RoutingSnapshot, unknown: WriteOutcomeUnknown
) -> RoutingSnapshot:
    present = _read_back(vonage, number, unknown)
    return settled_import(CARRIER, present, route, unknown, as_before=voice_of(present) == voice_of(before))


def _not_shown(after: RoutingSnapshot, before: RoutingSnapshot) -> WriteOutcomeUnknown:
    how = "as before" if voice_of(after) == voice_of(before) else "neither as before nor ours"
    return WriteOutcomeUnknown(
        f"Vonage accepted the change, but lists the number {how}. Look at it again in a moment, then import it again.",
        detail=f"read back {READ_BACKS} times",
    )


# Releasing


def put_back(vonage: Vonage, number: NumberRef, route: Route, before: RoutingSnapshot) -> Release:
    """Restore the snapshot's voice routing beside what is set otherwise now, if calls still go to the platform.

    The number itself is never cancelled: that would end its rental.
    """
    try:
        present = fetch(vonage, number)
        if before.points_at == route.id:
            return no_earlier_routing(CARRIER) if present.points_at == route.id else left_alone(CARRIER)
        if present.points_at != route.id:
            return _not_ours(present, before)
        return _restored(vonage, number, route, present, before)
    except NumberNotFound as gone:
        return not_on_account(gone)


def _not_ours(present: RoutingSnapshot, before: RoutingSnapshot) -> Release:
    if voice_of(present) == voice_of(before):
        return restored_before()
    return left_alone(CARRIER)


def _restored(
    vonage: Vonage, number: NumberRef, route: Route, present: RoutingSnapshot, before: RoutingSnapshot
) -> Release:
    wanted = voice_of(before)
    form = settings.with_voice(present.restore["settings"], wanted)
    try:
        after = _released(vonage, number, route, form)
    except CarrierRefused:
        if wanted.type == "app" and not accounts.application_exists(vonage, wanted.value):
            return _application_deleted(wanted.value)
        raise
    if after.points_at == route.id and "voiceCallbackType" not in form:
        after = _emptied(vonage, number, route, form, after)
    return _with_what_was_cleared(_compared(after, before, route, form), before, present, after)


def _released(vonage: Vonage, number: NumberRef, route: Route, form: dict[str, str]) -> RoutingSnapshot:
    """The routing after a write that takes the number off the platform."""
    try:
        _write(vonage, number, form)
    except WriteOutcomeUnknown as unknown:
        return settled_release(CARRIER, _read_back(vonage, number, unknown), route, unknown)
    return _looked_for(vonage, number, lambda read: read.points_at != route.id)


def _emptied(
    vonage: Vonage, number: NumberRef, route: Route, form: dict[str, str], after: RoutingSnapshot
) -> RoutingSnapshot:
    """The routing where leaving the voice callback out did not clear it, but sending it empty may.

    That an empty value removes a setting is documented of `moHttpUrl` alone.
    """
    try:
        return _released(vonage, number, route, form | {"voiceCallbackType": "", "voiceCallbackValue": ""})
    except CarrierRefused:
        return after


def _compared(after: RoutingSnapshot, before: RoutingSnapshot, route: Route, form: dict[str, str]) -> Release:
    if voice_of(after) == voice_of(before):
        if changed := settings.differing(before.restore["settings"], after.restore["settings"]):
            also = f" Other settings of it were changed at Vonage since, and left alone: {', '.join(changed)}."
            return attrs.evolve(restored(), detail=restored().detail + also)
        return restored()
    if after.points_at == route.id and "voiceCallbackType" in form:
        raise WriteOutcomeUnknown(
            "Vonage accepted the change, but still lists the number as routed to this platform. Release it again in a "
            "moment.",
            detail=f"read back {READ_BACKS} times",
        )
    where = "still routed to this platform" if after.points_at == route.id else "routed differently from before"
    return cannot_restore(
        "restored_in_part",
        f"Vonage accepted the change, but lists the number as {where}. Set where its calls go in the Vonage API "
        "dashboard.",
    )


def _with_what_was_cleared(release: Release, *shown: RoutingSnapshot) -> Release:
    """The release of a number that was written to: what no list shows was not sent again, and is cleared."""
    if any(name in each.restore["settings"] for each in shown for name in settings.UNREADABLE):
        return release
    cleared = (
        "Vonage does not show a number's call status webhook and SMPP system type, and a change clears them: if they "
        "were set, set them again in the Vonage API dashboard."
    )
    return attrs.evolve(release, detail=f"{release.detail} {cleared}")


def _application_deleted(application: str) -> Release:
    return cannot_restore(
        "earlier_application_deleted",
        f"The application that this number was linked to before (its ID ends in {application[-4:]}) has been "
        "deleted at Vonage. The number still points at this platform: set where its calls go in the Vonage API "
        "dashboard.",
    )


# What both share


def _write(vonage: Vonage, number: NumberRef, wanted: dict[str, str]) -> None:
    """The one write; a refusal of a number with an SMS webhook is explained by the webhook."""
    place = {"country": country_in(number.handle), "msisdn": number.number.removeprefix("+")}
    try:
        vonage.update(place | wanted)
    except CarrierRefused as refused:
        webhook = wanted.get("moHttpUrl")
        if webhook is None or str(ACTION_FAILED) not in (refused.reply.code, str(refused.reply.status)):
            raise
        raise _webhook_unreachable(webhook, refused) from None


def _webhook_unreachable(webhook: str, refused: CarrierRefused) -> CarrierRefused:
    # The exact words of this refusal are not documented, so it cannot be told from others for certain.
    host = host_of(webhook)
    named = f" at {host}" if host else ""
    return CarrierRefused(
        "Vonage refused to change this number, and nothing was changed. Most likely its SMS webhook does not answer: "
        f"Vonage calls it{named} at every change and wants 200 OK. Mend it, or remove it from the number in the Vonage "
        "API dashboard, then try again.",
        reason=SMS_WEBHOOK_UNREACHABLE,
        detail=refused.detail,
        reply=refused.reply,
    )


def _read_back(vonage: Vonage, number: NumberRef, unknown: WriteOutcomeUnknown) -> RoutingSnapshot:
    return read_back(CARRIER, lambda: fetch(vonage, number), unknown)


def _looked_for(vonage: Vonage, number: NumberRef, until: Callable[[RoutingSnapshot], bool]) -> RoutingSnapshot:
    """The routing after an accepted write, looked at until it is as expected."""
    return read_back(CARRIER, lambda: fetch(vonage, number), until=until, times=READ_BACKS)
