"""Where a number's calls go: read, put on the connection, put back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from trunkline.addresses import shown_host
from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierRefused,
    NumberNotFound,
    PermissionMissing,
    TrunklineError,
    WriteOutcomeUnknown,
)
from trunkline.numbers import NumberRef, Release, ReleaseOutcome, Route, RoutingSnapshot, RoutingView
from trunkline.refusals import NotThere, unread_write
from trunkline.releases import (
    cannot_restore,
    left_alone,
    no_earlier_routing,
    not_on_account,
    restored,
    restored_before,
)
from trunkline.settling import not_released, read_back, settled_import
from trunkline_telnyx import connections, overrides
from trunkline_telnyx.client import Row, Telnyx, text
from trunkline_telnyx.connections import FQDN, KINDS
from trunkline_telnyx.descriptor import ID
from trunkline_telnyx.findings import IN_PORTAL, PORTAL
from trunkline_telnyx.numbers import PATH, carrier_number, matching, pages_without_repeats
from trunkline_telnyx.refusals import CARRIER, unexpected

FEW = 3
"""Up to so many numbers are asked for one by one; more are looked for on the pages of the lists."""

_READS_BACK = 3
"""How often a number is read again where the answer to the write and what is read contradict each other."""


# Reading


def read(telnyx: Telnyx, numbers: Sequence[str]) -> Iterator[RoutingSnapshot]:
    """The routing of each of these numbers that is on the account, and what would override it."""
    wanted = list(dict.fromkeys(numbers))
    rows, pages = _rows(telnyx, wanted)
    settings = _overrides(telnyx, rows, pages)
    views = _Views(telnyx, {id for row in rows if (id := text(row, "connection_id"))})
    for row in rows:
        yield snapshot(telnyx, row, settings.get(text(row, "id")), views)


def _rows(telnyx: Telnyx, wanted: Sequence[str]) -> tuple[list[Row], int]:
    """The rows of these numbers, and how many pages all numbers have."""
    if len(wanted) <= FEW:
        return [row for number in wanted if (row := matching(telnyx, number))], 0
    missing, found, pages = dict.fromkeys(wanted), [], 0
    for read, page in enumerate(pages_without_repeats(telnyx), start=1):
        pages = max(pages, page.total_pages or 0)
        for row in page.rows:
            number = row.get("phone_number")
            if isinstance(number, str) and number in missing:
                del missing[number]
                found.append(row)
        if not missing:
            break
        if pages - read > len(missing):
            # More pages are left than numbers to look for.
            found += [row for number in list(missing) if (row := matching(telnyx, number))]
            break
    return found, pages


def _overrides(telnyx: Telnyx, rows: Sequence[Row], pages: int) -> dict[str, dict[str, Any] | None]:
    """The voice settings that override routing, by the id of the number; None where they may not be read."""
    ids = [text(row, "id") for row in rows]
    if len(ids) <= max(FEW, pages):
        return {id: overrides.fetch(telnyx, id) for id in ids}
    missing = dict.fromkeys(ids)
    found: dict[str, dict[str, Any] | None] = {}
    try:
        for page in telnyx.pages(f"{PATH}/voice", {"sort": "phone_number"}):
            for row in page.rows:
                id = text(row, "id")
                if id in missing:
                    del missing[id]
                    found[id] = overrides.of_row(row)
            if not missing:
                break
    except (NotThere, PermissionMissing):
        return found
    return found


class _Views:
    """Kind and host of the connections that numbers are on: two requests, for however many numbers."""

    def __init__(self, telnyx: Telnyx, ids: set[str]) -> None:
        self._kinds: dict[str, str] = {}
        self._hosts: dict[str, str] = {}
        try:
            self._kinds = self._read_kinds(telnyx, ids)
            if any(kind == FQDN for kind in self._kinds.values()):
                query = {"filter[connection_id]": next(iter(ids))} if len(ids) == 1 else {}
                for row in telnyx.rows("/fqdns", query):
                    if text(row, "connection_id") in ids:
                        self._hosts.setdefault(text(row, "connection_id"), text(row, "fqdn"))
        except (NotThere, PermissionMissing):
            # A view is for people to look at: without the right to read connections it says less.
            return

    @staticmethod
    def _read_kinds(telnyx: Telnyx, ids: set[str]) -> dict[str, str]:
        if len(ids) == 1:
            (id,) = ids
            return {id: text(telnyx.ask(lambda sdk: sdk.connections.retrieve(id)), "record_type")}
        rows = telnyx.rows("/connections", {"sort": "created_at"}) if ids else iter(())
        return {id: text(row, "record_type") for row in rows if (id := text(row, "id")) in ids}

    def of(self, connection_id: str, settings: Mapping[str, Any] | None) -> RoutingView:
        """Where calls go, as far as it may be shown."""
        if overrides.forwards_always(settings):
            return RoutingView("forwarding")
        if not connection_id:
            return RoutingView("none")
        kind, host = self._kinds.get(connection_id, ""), self._hosts.get(connection_id, "")
        return RoutingView(kind if kind in KINDS else "connection", shown_host(host))


def fetch(telnyx: Telnyx, number: NumberRef) -> RoutingSnapshot:
    """One number's routing now; `NumberNotFound` if it is not on the account, or not under this handle."""
    _check_handle(number)
    try:
        row = telnyx.get(f"{PATH}/{number.handle}")
    except NotThere as missing:
        raise _gone(number, missing) from None
    return _of_this(telnyx, number, row)


def snapshot(
    telnyx: Telnyx, row: Row, settings: Mapping[str, Any] | None = None, views: _Views | None = None
) -> RoutingSnapshot:
    """One row as a snapshot. An import changes connection_id and nothing else; no number and no pin is kept."""
    number = carrier_number(row)
    if number is None:
        raise unexpected("a number that is not E.164")
    connection_id = text(row, "connection_id")
    if row.get("connection_id") not in (None, "") and not connection_id:
        raise unexpected("a number whose connection_id is not text")
    view = views.of(connection_id, settings) if views else RoutingView("connection" if connection_id else "none")
    restore = {
        "connection_id": connection_id,
        "connection_name": text(row, "connection_name"),
        "status": text(row, "status"),
        "overrides": dict(settings) if settings is not None else None,
    }
    return RoutingSnapshot(number, view, connection_id or None, restore, telnyx.call.now())


# Importing


def point_at(telnyx: Telnyx, number: NumberRef, route: Route, before: RoutingSnapshot) -> RoutingSnapshot:
    """Put one number on the connection with one write, and read it back: Telnyx answers 200 to what it ignores."""
    if before.points_at == route.id:
        # Re-importing changes nothing, and nothing is written to find that out.
        present = fetch(telnyx, number)
        if present.points_at == route.id:
            return _seen(present, route)
    try:
        answered = _write(telnyx, number, route.id)
    except WriteOutcomeUnknown as unknown:
        return _settled_import(telnyx, number, route, before, unknown)
    present = _read_back_as(telnyx, number, answered)
    if present.points_at == route.id:
        return _seen(present, route)
    if answered.points_at == route.id:
        raise WriteOutcomeUnknown(
            "Telnyx accepted the change, and still shows the number as it was. Look at it again in a minute.",
            detail="the answer to the change and what was read back contradict each other",
        )
    raise CarrierAnswerUnexpected(
        "Telnyx accepted the change but did not make it: the number is not routed here. Try again later.",
        detail="connection_id was passed over in silence",
    )


def _settled_import(
    telnyx: Telnyx, number: NumberRef, route: Route, before: RoutingSnapshot, unknown: WriteOutcomeUnknown
) -> RoutingSnapshot:
    present = _read_back(telnyx, number, unknown)
    as_before = present.points_at == before.points_at
    return _seen(settled_import(CARRIER, present, route, unknown, as_before=as_before), route)


def _seen(present: RoutingSnapshot, route: Route) -> RoutingSnapshot:
    """The read-back with what is known of the connection."""
    kind, host = str(route.data.get("kind") or "connection"), str(route.data.get("host") or "")
    view = RoutingView(kind if kind in KINDS else "connection", shown_host(host))
    return attrs.evolve(present, view=view)


# Releasing


def put_back(telnyx: Telnyx, number: NumberRef, route: Route, before: RoutingSnapshot) -> Release:
    """Restore the connection that the snapshot holds, with one write, if the number is still on ours.

    The number itself is never deleted: that would give it up. The connection stays too, since other numbers may be on
    it.
    """
    try:
        present = fetch(telnyx, number)
    except NumberNotFound as gone:
        return not_on_account(gone)
    if before.points_at == route.id:
        return _ours_before(present, route)
    if present.points_at != route.id:
        if present.points_at == before.points_at:
            return restored_before()
        return left_alone(CARRIER)
    try:
        return _taken_off(telnyx, number) if before.points_at is None else _put_on(telnyx, number, before.points_at)
    except NumberNotFound as gone:
        return not_on_account(gone)


def _ours_before(present: RoutingSnapshot, route: Route) -> Release:
    if present.points_at != route.id:
        return left_alone(CARRIER)
    if route.data.get("own") is False:
        return Release(
            ReleaseOutcome.RESTORED,
            "restored_before",
            "The number is on your own connection, as it was before it was imported.",
        )
    return no_earlier_routing(CARRIER, "this platform's connection")


def _put_on(telnyx: Telnyx, number: NumberRef, earlier: str) -> Release:
    try:
        present = _written(telnyx, number, earlier)
    except CarrierRefused as refused:
        if connections.exists(telnyx, earlier):
            raise
        return _earlier_deleted(earlier, refused)
    if present.points_at == earlier:
        return restored()
    if not connections.exists(telnyx, earlier):
        return _earlier_deleted(earlier, None)
    return _not_taken_back()


def _earlier_deleted(earlier: str, refused: CarrierRefused | None) -> Release:
    return cannot_restore(
        "earlier_connection_deleted",
        f"The connection that this number was on before ({earlier[-4:]} at the end of its ID) has been deleted at "
        f"Telnyx. The number is still on this platform's: set where its calls go {IN_PORTAL}.",
    )


def _taken_off(telnyx: Telnyx, number: NumberRef) -> Release:
    """The number was on no connection. Whether null or "" takes it off is not documented: both, until it is off."""
    for nothing in (None, ""):
        try:
            present = _written(telnyx, number, nothing)
        except CarrierRefused:
            continue
        if present.points_at is None:
            return restored()
    return cannot_restore(
        "cannot_detach",
        "The number was on no connection before, and Telnyx did not let it be taken off this platform's. "
        f"{PORTAL}, open its Voice settings and choose None as its connection.",
    )


def _not_taken_back() -> Release:
    return cannot_restore(
        "restored_in_part",
        "Telnyx accepted the change but did not make it: the number is not on the connection it was on before. "
        f"{PORTAL}, set where its calls go.",
    )


def _written(telnyx: Telnyx, number: NumberRef, connection_id: str | None) -> RoutingSnapshot:
    """Write, and read back; what a lost answer leaves open is settled by reading."""
    try:
        answered = _write(telnyx, number, connection_id)
    except WriteOutcomeUnknown as unknown:
        present = _read_back(telnyx, number, unknown)
        if present.points_at == (connection_id or None):
            return present
        raise not_released(CARRIER, unknown) from None
    return _read_back_as(telnyx, number, answered)


# What both share


def _write(telnyx: Telnyx, number: NumberRef, connection_id: str | None) -> RoutingSnapshot:
    """The one write: to the number itself, since /phone_numbers/{id}/voice answers 200 and ignores connection_id."""
    _check_handle(number)
    try:
        row = telnyx.send("PATCH", f"{PATH}/{number.handle}", {"connection_id": connection_id})
    except NotThere as missing:
        if connection_id and not connections.exists(telnyx, connection_id):
            raise CarrierRefused(
                "The connection that the number is to be put on is not at Telnyx any more.",
                detail=missing.detail,
                reply=missing.reply,
            ) from None
        raise _gone(number, missing) from None
    try:
        return _of_this(telnyx, number, row)
    except TrunklineError as error:
        raise unread_write(CARRIER, error.detail) from None


def _read_back_as(telnyx: Telnyx, number: NumberRef, answered: RoutingSnapshot) -> RoutingSnapshot:
    """The number as read after a write; read again while it contradicts what the write was answered with."""

    def is_as_answered(present: RoutingSnapshot) -> bool:
        return present.points_at == answered.points_at

    return read_back(CARRIER, lambda: fetch(telnyx, number), until=is_as_answered, times=_READS_BACK)


def _read_back(telnyx: Telnyx, number: NumberRef, unknown: WriteOutcomeUnknown) -> RoutingSnapshot:
    return read_back(CARRIER, lambda: fetch(telnyx, number), unknown)


def _check_handle(number: NumberRef) -> None:
    if not re.fullmatch(ID, number.handle):
        raise NumberNotFound(f"{number.number} is not known by a Telnyx number ID.", detail="nothing was asked")


def _of_this(telnyx: Telnyx, number: NumberRef, row: Row) -> RoutingSnapshot:
    if row.get("phone_number") != number.number or text(row, "id") != number.handle:
        raise unexpected("the answer is about another number")
    return snapshot(telnyx, row)


def _gone(number: NumberRef, missing: NotThere) -> NumberNotFound:
    return NumberNotFound(
        f"{number.number} is not on this Telnyx account any more.", detail=missing.detail, reply=missing.reply
    )
