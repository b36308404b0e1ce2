"""What can go wrong, as types that carry the caller's decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import attrs


@attrs.frozen
class CarrierReply:
    """How a carrier named its refusal: HTTP status, its own code, its request id."""

    status: int | None = None
    code: str | None = None
    request_id: str | None = None


class TrunklineError(Exception):
    """Every error of the engine: one sentence for the customer, detail for the operator.

    `str()` is the sentence. `retryable` says whether the same call may succeed later with nothing changed.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    def __init__(self, summary: str, *, detail: str = "", reply: CarrierReply | None = None) -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail
        self.reply = reply or CarrierReply()

    def scrubbed(self, scrub: Callable[[str], str]) -> Self:
        """The same error in texts that went through `scrub`, without traceback, cause, context or notes."""
        clean = type(self).__new__(type(self))
        clean.__dict__.update(
            {name: _scrubbed(value, scrub) for name, value in self.__dict__.items() if name != "__notes__"}
        )
        clean.summary, clean.detail = str(clean.summary), str(clean.detail)
        clean.reply = clean.reply if isinstance(clean.reply, CarrierReply) else CarrierReply()
        clean.args = (clean.summary,)
        return clean


def _scrubbed(value: object, scrub: Callable[[str], str]) -> Any:
    match value:
        case str():
            return scrub(str(value))
        case CarrierReply(status, code, request_id):
            return CarrierReply(
                status if isinstance(status, int) else None, _scrubbed(code, scrub), _scrubbed(request_id, scrub)
            )
        case Mapping():
            return {_scrubbed(name, scrub): _scrubbed(each, scrub) for name, each in value.items()}
        case list() | tuple():
            return tuple(_scrubbed(each, scrub) for each in value)
        case None | bool() | int() | float():
            return value
    return scrub(repr(value))


class InvalidFields(TrunklineError):
    """Credentials or SIP config do not have the form the provider asks for; `fields` says where."""

    code = "invalid_fields"

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self.fields = {name: tuple(problems) for name, problems in fields.items()}
        first, problems = next(iter(self.fields.items()), ("body", ()))
        super().__init__(f"{first}: {next(iter(problems), 'not acceptable')}")


class UnknownProvider(TrunklineError):
    """No working plugin answers to this provider id."""

    code = "unknown_provider"


class CredentialsRejected(TrunklineError):
    """The carrier does not accept these credentials."""

    code = "credentials_rejected"


class PermissionMissing(TrunklineError):
    """The credentials are genuine, but may not do this."""

    code = "permission_missing"


class AccountSuspended(TrunklineError):
    """The carrier account is suspended or closed."""

    code = "account_suspended"


class NumberNotFound(TrunklineError):
    """The number is not on the carrier account any more."""

    code = "number_not_found"


class CarrierRefused(TrunklineError):
    """The carrier understood and said no, for a reason of its own that retrying does not change.

    `reason` is a stable word where the provider knows what stands in the way, as `sms_webhook_unreachable`.
    `for_all` is true where the account stands in the way: every other number of it would be refused alike.
    """

    code = "carrier_refused"
    for_all: bool = False

    def __init__(
        self,
        summary: str,
        *,
        reason: str | None = None,
        for_all: bool = False,
        detail: str = "",
        reply: CarrierReply | None = None,
    ) -> None:
        super().__init__(summary, detail=detail, reply=reply)
        self.reason = reason
        self.for_all = for_all


class RateLimited(TrunklineError):
    """The carrier asks for patience; `retry_after` in seconds where it said how much."""

    code = "rate_limited"
    retryable = True

    def __init__(
        self,
        summary: str,
        *,
        retry_after: float | None = None,
        detail: str = "",
        reply: CarrierReply | None = None,
    ) -> None:
        super().__init__(summary, detail=detail, reply=reply)
        self.retry_after = retry_after if retry_after is not None and 0 <= retry_after < float("inf") else None


class CarrierUnavailable(TrunklineError):
    """The carrier could not be reached or is down; nothing was changed there."""

    code = "carrier_unavailable"
    retryable = True


class CarrierTimedOut(CarrierUnavailable):
    """The carrier did not answer in time; nothing was changed there."""

    code = "carrier_timed_out"


class CarrierAnswerUnexpected(TrunklineError):
    """The carrier answered something that its own documentation does not allow."""

    code = "carrier_answer_unexpected"
    retryable = True


class WriteOutcomeUnknown(TrunklineError):
    """A write left, its answer was lost, and reading back did not settle whether it took effect.

    With `may_come` nobody hung up but we: the carrier may still be at it, and what is not to be seen may yet come.
    """

    code = "unverified_write"
    retryable = True

    def __init__(
        self, summary: str, *, detail: str = "", reply: CarrierReply | None = None, may_come: bool = False
    ) -> None:
        super().__init__(summary, detail=detail, reply=reply)
        self.may_come = may_come


class SnapshotStale(TrunklineError):
    """The routing was read too long ago to be overwritten; nothing was changed."""

    code = "snapshot_stale"
    retryable = True


class Unsupported(TrunklineError):
    """This provider cannot do this; `why` says for what reason."""

    code = "unsupported"

    def __init__(self, capability: str, why: str) -> None:
        super().__init__(f"This provider does not support {capability.replace('_', ' ')}: {why}")
        self.capability = capability
        self.why = why


class PluginBroken(TrunklineError):
    """A plugin crashed, hung, answered the wrong type or broke a rule of the wire."""

    code = "plugin_broken"


class PluginHung(PluginBroken):
    """A plugin did not come back by its deadline."""

    code = "plugin_timed_out"


class EvidenceRefused(TrunklineError):
    """The evidence does not prove what it is presented for; `reason` is a stable word."""

    code = "evidence_refused"

    def __init__(self, reason: str, summary: str) -> None:
        super().__init__(summary)
        self.reason = reason
