"""Giving a number's earlier routing back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from trunkline.errors import CarrierRefused, NumberNotFound, WriteOutcomeUnknown
from trunkline.numbers import NumberRef, Release, Route, RoutingSnapshot
from trunkline.releases import (
    cannot_restore,
    left_alone,
    no_earlier_routing,
    not_on_account,
    restored,
    restored_before,
)
from trunkline.settling import settled_release
from trunkline_signalwire import handlers
from trunkline_signalwire.client import SignalWire
from trunkline_signalwire.handlers import DERIVED, WEBHOOK, Handler
from trunkline_signalwire.refusals import CARRIER, NotAccepted
from trunkline_signalwire.routes import Ours
from trunkline_signalwire.routing import differing, fetch, is_as, looked_at, write

_DASHBOARD = "Set where its calls go in the SignalWire Dashboard, under Phone Numbers."


def put_back(signalwire: SignalWire, number: NumberRef, route: Route, before: RoutingSnapshot) -> Release:
    """Restore what the snapshot holds, with one write, if the number still points at our route.

    The number itself is never deleted: that would give it up. The script stays too: other numbers may use it.
    """
    ours = Ours(signalwire, route)
    try:
        present = fetch(signalwire, number, ours)
        if before.points_at == route.id:
            if present.points_at != route.id:
                return left_alone(CARRIER)
            return no_earlier_routing(CARRIER, "this platform's script")
        if present.points_at != route.id:
            return _not_ours(present, before)
        handler = handlers.of(before.restore)
        if handler is None:
            return _take_off(signalwire, number, route, before, ours)
        if not handlers.can_be_set(before.restore):
            return _by_hand(handler, before)
        return _restore(signalwire, number, route, before, present, handler, ours)
    except NumberNotFound as gone:
        return not_on_account(gone)


def _not_ours(present: RoutingSnapshot, before: RoutingSnapshot) -> Release:
    if is_as(present, before.restore):
        return restored_before()
    return left_alone(CARRIER)


def _by_hand(handler: Handler, before: RoutingSnapshot) -> Release:
    """Handlers "that can only be set via Fabric API", of which nobody has seen which ones it takes."""
    resource = before.restore.get(DERIVED)
    named = f" with the resource ID {resource}" if isinstance(resource, str) and resource else ""
    return cannot_restore(
        "cannot_be_restored_by_api",
        f"Before the import {handler.words}{named} took this number's calls, and SignalWire's API cannot set that. The "
        "number still points at this platform: open it in the SignalWire Dashboard, under Phone Numbers, and assign it "
        "to that resource again.",
    )


# A handler that can be set


def _restore(
    signalwire: SignalWire,
    number: NumberRef,
    route: Route,
    before: RoutingSnapshot,
    present: RoutingSnapshot,
    handler: Handler,
    ours: Ours,
) -> Release:
    needed = _needed(before.restore, handler)
    cleared = {
        name: before.restore.get(name) or ""
        for name in differing(present, before.restore)
        if name in handlers.SETTABLE and name not in needed
    }
    try:
        return _written(signalwire, number, route, before, {**needed, **cleared}, ours)
    except NotAccepted as refused:
        if not cleared:
            return _refused(handler, refused)
    # Nothing was changed. Whether a field of a handler that is not in force may be emptied is not documented.
    try:
        return _written(signalwire, number, route, before, needed, ours)
    except NotAccepted as refused:
        return _refused(handler, refused)


def _needed(restore: Mapping[str, Any], handler: Handler) -> dict[str, Any]:
    """The handler with its fields: those of it that were unset are left out, the first one never."""
    names = ("call_handler", *handler.fields, "call_receive_mode")
    needed = {name: restore[name] for name in names if restore.get(name)}
    needed.setdefault(handler.fields[0], "")
    return needed


def _written(
    signalwire: SignalWire,
    number: NumberRef,
    route: Route,
    before: RoutingSnapshot,
    changes: Mapping[str, Any],
    ours: Ours,
) -> Release:
    try:
        after = write(signalwire, number, changes, ours)
    except WriteOutcomeUnknown as unknown:
        after = settled_release(CARRIER, looked_at(signalwire, number, ours, unknown), route, unknown)
    return _compared(after, before)


def _compared(after: RoutingSnapshot, before: RoutingSnapshot) -> Release:
    left = differing(after, before.restore)
    if not left:
        return restored()
    handler = handlers.of(before.restore)
    in_force = {"call_handler", "call_receive_mode", *(handler.fields if handler else ())}
    if not in_force & set(left):
        kept = f" SignalWire kept what is of no effect now: {', '.join(left)}."
        return attrs.evolve(restored(), detail=restored().detail + kept)
    return cannot_restore(
        "restored_in_part",
        f"SignalWire did not take back everything: {', '.join(left)} differ from what was before. Look at the number "
        "in the SignalWire Dashboard.",
    )


def _refused(handler: Handler, refused: CarrierRefused) -> Release:
    return cannot_restore(
        "earlier_routing_refused",
        f"SignalWire did not take back {handler.words} that took this number's calls before: it may have been deleted. "
        f"The number still points at this platform. {_DASHBOARD}",
    )


# No handler


def _take_off(signalwire: SignalWire, number: NumberRef, route: Route, before: RoutingSnapshot, ours: Ours) -> Release:
    """Put back that nothing took the number's calls.

    Whether the API can unset a handler is not known: null is tried and, if that is not taken, a webhook without an
    address, so that calls at least do not come here any more.
    """
    after = _attempt(signalwire, number, {"call_handler": None}, ours)
    if after is not None and after.points_at != route.id:
        return _compared(after, before)
    after = _attempt(signalwire, number, {"call_handler": WEBHOOK, "call_request_url": ""}, ours)
    if after is None or after.points_at == route.id:
        return cannot_restore(
            "handler_cannot_be_cleared",
            "Before the import nothing took this number's calls, and SignalWire's API does not let that be set. The "
            f"number still points at this platform. {_DASHBOARD}",
        )
    if is_as(after, before.restore):
        return _compared(after, before)
    return cannot_restore(
        "handler_cannot_be_cleared",
        "Before the import nothing took this number's calls, and SignalWire's API does not let that be set. Its calls "
        "no longer come to this platform: the number has a LaML webhook without an address now, which answers no call.",
    )


def _attempt(
    signalwire: SignalWire, number: NumberRef, changes: Mapping[str, Any], ours: Ours
) -> RoutingSnapshot | None:
    """The routing after one write, read back if its answer was lost; None where it was not accepted."""
    try:
        return write(signalwire, number, changes, ours)
    except NotAccepted:
        return None
    except WriteOutcomeUnknown as unknown:
        return looked_at(signalwire, number, ours, unknown)
