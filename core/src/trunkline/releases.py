"""The ends of a release that are the same with every carrier."""

from __future__ import annotations

from trunkline.carrier import Carrier
from trunkline.errors import NumberNotFound
from trunkline.numbers import Release, ReleaseOutcome


def restored() -> Release:
    """The routing was put back."""
    return Release(ReleaseOutcome.RESTORED, "restored", "The number is routed as it was before it was imported.")


def restored_before() -> Release:
    """Somebody put the routing back before us."""
    return Release(ReleaseOutcome.RESTORED, "restored_before", "The number is routed as it was before already.")


def left_alone(carrier: Carrier) -> Release:
    """The routing is not ours any more."""
    return Release(
        ReleaseOutcome.LEFT_ALONE,
        "changed_since",
        f"The number's routing was changed at {carrier.name} after it was imported, so it was left as it is.",
    )


def cannot_restore(code: str, detail: str) -> Release:
    """The routing cannot be put back."""
    return Release(ReleaseOutcome.CANNOT_RESTORE, code, detail)


def not_on_account(gone: NumberNotFound) -> Release:
    """There is no number any more whose routing could be put back."""
    return cannot_restore("number_not_on_account", gone.summary)


def no_earlier_routing(carrier: Carrier, what: str = "this platform") -> Release:
    """The number was ours already when it was imported, so its snapshot holds nothing else."""
    return cannot_restore(
        "no_earlier_routing",
        f"The number was routed to {what} already when it was imported, so what was before is not known. Set where its "
        f"calls go in {carrier.pages}.",
    )
