"""Where a number's calls go: read, and pointed at our route."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trunkline.errors import CarrierRefused, NumberNotFound, TrunklineError, WriteOutcomeUnknown
from trunkline.numbers import NumberRef, Route, RoutingSnapshot
from trunkline.paging import until_found
from trunkline.refusals import NotThere, unread_write
from trunkline.settling import read_back, settled_import
from trunkline_signalwire import handlers, routes
from trunkline_signalwire.client import Row, SignalWire
from trunkline_signalwire.handlers import DERIVED
from trunkline_signalwire.numbers import carrier_number, matching, pages_without_repeats
from trunkline_signalwire.refusals import CARRIER, NotAccepted, unexpected
from trunkline_signalwire.routes import Ours

FEW = 3
"""Up to so many numbers are asked for one by one; more are looked for on the pages of the list."""

_HANDLE = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_RECORDED = ("call_", "calling_")


# Reading


def read(signalwire: SignalWire, numbers: Sequence[str]) -> Iterator[RoutingSnapshot]:
    """The routing of each of these numbers that is in the project."""
    wanted = list(dict.fromkeys(numbers))
    rows: Iterator[Row]
    if len(wanted) <= FEW:
        rows = (row for number in wanted if (row := matching(signalwire, number)))
    else:
        rows = until_found(pages_without_repeats(signalwire), wanted, lambda row: row.get("number"))
    ours = Ours(signalwire)
    for row in rows:
        yield snapshot(signalwire, row, ours)


def fetch(signalwire: SignalWire, number: NumberRef, ours: Ours) -> RoutingSnapshot:
    """One number's routing now; `NumberNotFound` if it is not in the project, or not under this handle."""
    _check_handle(number)
    try:
        row = signalwire.ask(lambda sdk: sdk.phone_numbers.get(number.handle))
    except NotThere as missing:
        raise _gone(number, missing) from None
    return _of_this(signalwire, number, row, ours)


def snapshot(signalwire: SignalWire, row: Row, ours: Ours) -> RoutingSnapshot:
    """One row as a snapshot: all of its fields for calls, and none of those for messages."""
    number = carrier_number(row)
    if number is None:
        raise unexpected("a number that is not E.164")
    restore = _routing(row)
    resource = restore.get(DERIVED)
    points_at = routes.route_id(signalwire) if ours.points_here(restore) else resource or None
    return RoutingSnapshot(number, handlers.view(restore), points_at, restore, signalwire.call.now())


def _routing(row: Row) -> dict[str, Any]:
    if "call_handler" not in row:
        raise unexpected("a number without a call_handler")
    restore = {name: value for name, value in row.items() if name.startswith(_RECORDED)}
    for name in ("call_handler", DERIVED, "call_receive_mode", *sorted(handlers.SETTABLE)):
        if not isinstance(restore.get(name), str | None):
            raise unexpected(f"a number whose {name} is not text")
    return restore


# Importing


def point_at(signalwire: SignalWire, number: NumberRef, route: Route, before: RoutingSnapshot) -> RoutingSnapshot:
    """Point one number at our route with one write, whose answer is the read-back.

    Where the script's address is not accepted for a number, a second write points it at our LaML bin.
    """
    ours = Ours(signalwire, route)
    if before.points_at == route.id:
        # Re-importing changes nothing, and nothing is written to find that out.
        present = fetch(signalwire, number, ours)
        if present.points_at == route.id:
            return present
    if handlers.receives_fax(before.restore):
        raise CarrierRefused(
            "This number is set to receive faxes at SignalWire. Set it to receive voice calls, then import it again.",
            detail="nothing was written",
        )
    try:
        present = _pointed(signalwire, number, route, before, ours)
    except NotAccepted as refused:
        if route.kind == routes.BIN_ROUTE or not refused.may_concern_the_address:
            raise
        return _pointed_at_bin(signalwire, number, before, ours)
    if present.points_at != route.id and route.kind == routes.SCRIPT_ROUTE:
        # Accepted, and not done: the address was let fall in silence.
        return _pointed_at_bin(signalwire, number, before, ours)
    return present


def _pointed_at_bin(signalwire: SignalWire, number: NumberRef, before: RoutingSnapshot, ours: Ours) -> RoutingSnapshot:
    # That a number takes the `request_url` of a script is implied by its document, and not said.
    route = routes.by_bin(signalwire)
    ours.learn(route)
    return _pointed(signalwire, number, route, before, ours)


def _pointed(
    signalwire: SignalWire, number: NumberRef, route: Route, before: RoutingSnapshot, ours: Ours
) -> RoutingSnapshot:
    try:
        return write(signalwire, number, routes.target(route), ours)
    except WriteOutcomeUnknown as unknown:
        return _settled_import(signalwire, number, route, before, ours, unknown)


def _settled_import(
    signalwire: SignalWire,
    number: NumberRef,
    route: Route,
    before: RoutingSnapshot,
    ours: Ours,
    unknown: WriteOutcomeUnknown,
) -> RoutingSnapshot:
    present = looked_at(signalwire, number, ours, unknown)
    return settled_import(CARRIER, present, route, unknown, as_before=is_as(present, before.restore))


# What importing and releasing share


def write(signalwire: SignalWire, number: NumberRef, changes: Mapping[str, Any], ours: Ours) -> RoutingSnapshot:
    """One PUT to one number, which answers the whole number (update_phone_number)."""
    _check_handle(number)
    try:
        row = signalwire.write("PUT", f"/api/relay/rest/phone_numbers/{number.handle}", json=dict(changes))
    except NotThere as missing:
        raise _gone(number, missing) from None
    try:
        return _of_this(signalwire, number, row, ours)
    except TrunklineError as error:
        raise unread_write(CARRIER, error.detail) from None


def looked_at(signalwire: SignalWire, number: NumberRef, ours: Ours, unknown: WriteOutcomeUnknown) -> RoutingSnapshot:
    """The number's routing after a write whose answer was lost; `WriteOutcomeUnknown` if that cannot be read."""
    return read_back(CARRIER, lambda: fetch(signalwire, number, ours), unknown)


def differing(present: RoutingSnapshot, restore: Mapping[str, Any]) -> list[str]:
    """The fields that are not as they were; what SignalWire derives, or does not show now, counts for nothing."""
    now = present.restore
    return [
        name
        for name, value in restore.items()
        if name != DERIVED and name in now and not handlers.same(now[name], value, name)
    ]


def is_as(present: RoutingSnapshot, restore: Mapping[str, Any]) -> bool:
    """Whether calls go where they went, by the same fields; a handler without a field of its own by its resource."""
    by_resource = handlers.of(restore) is not None and not handlers.can_be_set(restore)
    if by_resource and present.restore.get(DERIVED) != restore.get(DERIVED):
        return False
    return not differing(present, restore)


def _check_handle(number: NumberRef) -> None:
    if not _HANDLE.fullmatch(number.handle):
        raise NumberNotFound(f"{number.number} is not known by a SignalWire number ID.", detail="nothing was asked")


def _of_this(signalwire: SignalWire, number: NumberRef, row: Row, ours: Ours) -> RoutingSnapshot:
    if row.get("number") != number.number or row.get("id") != number.handle:
        raise unexpected("the answer is about another number")
    return snapshot(signalwire, row, ours)


def _gone(number: NumberRef, missing: NotThere) -> NumberNotFound:
    return NumberNotFound(
        f"{number.number} is not in this SignalWire project any more.", detail=missing.detail, reply=missing.reply
    )
