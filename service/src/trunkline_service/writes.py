"""What is certain after a write failed."""

from __future__ import annotations

import math

from trunkline.errors import (
    AccountSuspended,
    CarrierRefused,
    CarrierUnavailable,
    CredentialsRejected,
    InvalidFields,
    NumberNotFound,
    PermissionMissing,
    RateLimited,
    SnapshotStale,
    TrunklineError,
    Unsupported,
)

_NOTHING_WRITTEN = (
    CredentialsRejected,
    PermissionMissing,
    AccountSuspended,
    NumberNotFound,
    CarrierRefused,
    RateLimited,
    CarrierUnavailable,
    SnapshotStale,
    Unsupported,
    InvalidFields,
)


def nothing_was_written(error: Exception) -> bool:
    """True where the routing at the carrier is certainly as it was; after any other error it may have changed."""
    return isinstance(error, _NOTHING_WRITTEN)


def refusal_of(error: TrunklineError) -> str:
    """The word for a number whose write failed; where the carrier's refusal has a reason of its own, that."""
    if isinstance(error, NumberNotFound):
        return "not_on_account"
    if isinstance(error, RateLimited | CarrierUnavailable | SnapshotStale):
        return "carrier_unavailable"
    if isinstance(error, CarrierRefused) and error.reason:
        return error.reason
    return "carrier_refused" if nothing_was_written(error) else "unverified_write"


def sentence_of(error: TrunklineError) -> str:
    """The error's own sentence; after one that passes, also that nothing was changed, and how long to wait."""
    said = error.summary
    if error.retryable and nothing_was_written(error) and "nothing was changed" not in said.lower():
        said += " Nothing was changed."
    if isinstance(error, RateLimited) and error.retry_after:
        said += f" Import the number again in {math.ceil(error.retry_after)} s."
    return said
