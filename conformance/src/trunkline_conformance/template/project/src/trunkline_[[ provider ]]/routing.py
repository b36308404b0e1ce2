"""Where a number's calls go: read, put on our trunk, put back.

A number is on a trunk or has a voice webhook. Putting it on a trunk deletes the webhook, so both are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trunkline.addresses import host_of
from trunkline.errors import CarrierRefused, NumberNotFound, SnapshotStale, WriteOutcomeUnknown
from trunkline.numbers import NumberRef, Release, Route, RoutingSnapshot, RoutingView
from trunkline.paging import until_found
from trunkline.refusals import NotThere
from trunkline.releases import (
    cannot_restore,
    left_alone,
    no_earlier_routing,
    not_on_account,
    restored,
    restored_before,
)
from trunkline.settling import read_back, settled_import, settled_release

from .client import Client, Row, text
from .numbers import PATH, carrier_number, matching, pages_without_repeats
from .refusals import CARRIER, TRUNK_NOT_FOUND, unexpected

FEW = 3
"""Up to so many numbers are asked for one by one; more are looked for on the pages of the list."""


# Reading


def read(client: Client, numbers: Sequence[str]) -> Iterator[RoutingSnapshot]:
    """The routing of each of these numbers that is on the account."""
    wanted = list(dict.fromkeys(numbers))
    rows: Iterator[Row]
    if len(wanted) <= FEW:
        rows = (row for number in wanted if (row := matching(client, number)))
    else:
        rows = until_found(pages_without_repeats(client), wanted, lambda row: row.get("number"))
    for row in rows:
        yield snapshot(client, row)


def fetch(client: Client, number: NumberRef) -> RoutingSnapshot:
    """One number's routing now; `NumberNotFound` if it is not on the account any more."""
    try:
        row = client.get(f"{PATH}/{number.handle}")
    except NotThere as missing:
        raise NumberNotFound(
            f"{number.number} is not on this {CARRIER.name} account any more.",
            detail=missing.detail,
            reply=missing.reply,
        ) from None
    if row.get("number") != number.number or row.get("id") != number.handle:
        raise unexpected("the answer is about another number")
    return snapshot(client, row)


def snapshot(client: Client, row: Row) -> RoutingSnapshot:
    """One row as a snapshot: the two fields that an import overwrites."""
    number = carrier_number(row)
    if number is None:
        raise unexpected("a number that is not E.164")
    trunk, webhook = text(row, "trunk_id"), text(row, "voice_url")
    restore = {"trunk_id": trunk or None, "voice_url": webhook or None}
    return RoutingSnapshot(number, _view(trunk, webhook), trunk or None, restore, client.call.now())


def _view(trunk: str, webhook: str) -> RoutingView:
    if trunk:
        return RoutingView("trunk")
    return RoutingView("webhook", host_of(webhook)) if webhook else RoutingView("none")


# Importing


def point_at(client: Client, number: NumberRef, route: Route, before: RoutingSnapshot) -> RoutingSnapshot:
    """Put one number on our trunk: read, one write, read back. Nothing is written where it is there already."""
    present = fetch(client, number)
    if present.points_at == route.id:
        return present
    if present.restore != before.restore:
        raise SnapshotStale(
            f"This number's routing was changed at {CARRIER.name} a moment ago, and nothing was overwritten. Import it "
            "again.",
            detail="nothing was written",
        )
    if "voice" not in present.number.capabilities:
        raise CarrierRefused(f"This number takes no voice calls at {CARRIER.name}.", detail="nothing was written")
    try:
        _write(client, number, {"trunk_id": route.id})
    except WriteOutcomeUnknown as unknown:
        after = read_back(CARRIER, lambda: fetch(client, number), unknown)
        return settled_import(CARRIER, after, route, unknown, as_before=after.restore == before.restore)
    return read_back(CARRIER, lambda: fetch(client, number))


# Releasing


def put_back(client: Client, number: NumberRef, route: Route, before: RoutingSnapshot) -> Release:
    """Restore what the snapshot holds, if the number is still on our trunk. The number itself is never given up."""
    try:
        present = fetch(client, number)
        if before.points_at == route.id:
            return no_earlier_routing(CARRIER) if present.points_at == route.id else left_alone(CARRIER)
        if present.points_at != route.id:
            return restored_before() if present.restore == before.restore else left_alone(CARRIER)
        return _restored(client, number, route, before)
    except NumberNotFound as gone:
        return not_on_account(gone)


def _restored(client: Client, number: NumberRef, route: Route, before: RoutingSnapshot) -> Release:
    try:
        _write(client, number, dict(before.restore))
    except WriteOutcomeUnknown as unknown:
        after = settled_release(CARRIER, read_back(CARRIER, lambda: fetch(client, number), unknown), route, unknown)
    except CarrierRefused as refused:
        if refused.reply.code != TRUNK_NOT_FOUND:
            raise
        return cannot_restore(
            "earlier_trunk_deleted",
            f"The trunk that this number was on before has been deleted at {CARRIER.name}. The number is still on this "
            f"platform's: set where its calls go in {CARRIER.pages}.",
        )
    else:
        after = read_back(CARRIER, lambda: fetch(client, number))
    if after.restore == before.restore:
        return restored()
    return cannot_restore(
        "restored_in_part",
        f"{CARRIER.name} accepted the change but did not make all of it. Set where the number's calls go in "
        f"{CARRIER.pages}.",
    )


def _write(client: Client, number: NumberRef, changes: Row) -> None:
    """The one write."""
    try:
        client.patch(f"{PATH}/{number.handle}", changes)
    except NotThere as missing:
        raise NumberNotFound(
            f"{number.number} is not on this {CARRIER.name} account any more.",
            detail=missing.detail,
            reply=missing.reply,
        ) from None
