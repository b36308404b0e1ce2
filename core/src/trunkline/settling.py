"""What became of a write whose outcome is not known: the number is read, and never written again."""

from __future__ import annotations

from collections.abc import Callable

from trunkline.carrier import Carrier
from trunkline.errors import CarrierUnavailable, TrunklineError, WriteOutcomeUnknown
from trunkline.numbers import Route, RoutingSnapshot


def read_back(
    carrier: Carrier,
    fetch: Callable[[], RoutingSnapshot],
    unknown: WriteOutcomeUnknown | None = None,
    *,
    until: Callable[[RoutingSnapshot], bool] = lambda present: True,
    times: int = 1,
) -> RoutingSnapshot:
    """The number's routing after a write, read up to so many times until it is as expected.

    `WriteOutcomeUnknown` where it cannot be read. `unknown` is what the write raised, None where it was
    accepted.
    """
    try:
        present = fetch()
        while times > 1 and not until(present):
            times -= 1
            present = fetch()
    except TrunklineError as error:
        # Not found, too: a number that was there a moment ago may be there still, and may be routed here.
        raise _unread(carrier, unknown, error) from None
    return present


def _unread(carrier: Carrier, unknown: WriteOutcomeUnknown | None, error: TrunklineError) -> WriteOutcomeUnknown:
    if unknown is None:
        return WriteOutcomeUnknown(
            f"{carrier.name} accepted the change, but reading the number back failed. Look at it again in a moment.",
            detail=f"the write was accepted; reading back: {error.code} {error.detail}",
        )
    return WriteOutcomeUnknown(
        f"{carrier.name} did not confirm the change, and reading the number back failed too. Look at it again in a "
        "moment.",
        detail=f"{unknown.detail}; reading back: {error.code} {error.detail}",
        reply=unknown.reply,
        may_come=unknown.may_come,
    )


def settled_import(
    carrier: Carrier, present: RoutingSnapshot, route: Route, unknown: WriteOutcomeUnknown, *, as_before: bool
) -> RoutingSnapshot:
    """The routing as it was read back, if the import took effect; otherwise the error that says how it is."""
    if present.points_at == route.id:
        return present
    if as_before and unknown.may_come:
        raise _may_come(carrier, "as before", unknown)
    if as_before:
        raise CarrierUnavailable(
            f"{carrier.name} did not confirm the change, and the number is routed as before. Nothing was changed: "
            "import it again.",
            detail=unknown.detail,
            reply=unknown.reply,
        )
    raise WriteOutcomeUnknown(
        f"{carrier.name} did not confirm the change, and the number's routing is neither as before nor ours. Look at "
        f"it in {carrier.pages}, then import it again.",
        detail=unknown.detail,
        reply=unknown.reply,
    )


def settled_release(
    carrier: Carrier, present: RoutingSnapshot, route: Route, unknown: WriteOutcomeUnknown
) -> RoutingSnapshot:
    """The routing as it was read back, if the release took effect; otherwise the error that says how it is."""
    if present.points_at != route.id:
        return present
    raise not_released(carrier, unknown)


def not_released(carrier: Carrier, unknown: WriteOutcomeUnknown) -> CarrierUnavailable | WriteOutcomeUnknown:
    """The error for a release that was not confirmed, and whose number was read back as still routed here."""
    if unknown.may_come:
        return _may_come(carrier, "to this platform", unknown)
    return CarrierUnavailable(
        f"{carrier.name} did not confirm the change, and the number is still routed to this platform. Release it "
        "again.",
        detail=unknown.detail,
        reply=unknown.reply,
    )


def _may_come(carrier: Carrier, routed: str, unknown: WriteOutcomeUnknown) -> WriteOutcomeUnknown:
    return WriteOutcomeUnknown(
        f"{carrier.name} did not answer in time. The number is still routed {routed}, and the change may come yet. "
        "Look at it again in a minute.",
        detail=unknown.detail,
        reply=unknown.reply,
        may_come=True,
    )
