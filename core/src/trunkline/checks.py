"""What a test found out: pass, fail or could not tell, each with the requests that prove it."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

import attrs
from attrs import validators as v

from trunkline.fields import CODE, tuple_of


class Outcome(enum.Enum):
    """Pass, fail, or could not tell: never a guess."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    UNKNOWN = "unknown"

    @property
    def as_json(self) -> bool | None:
        """`True`, `False` or `None`."""
        return {Outcome.PASS: True, Outcome.FAIL: False, Outcome.UNKNOWN: None}[self]


PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


@attrs.frozen
class Exchange:
    """One request that the wire sent and how it was answered: no query, no body, identifiers by name."""

    method: str
    host: str
    path: str
    status: int | None
    request_id: str | None
    seconds: float


@attrs.frozen
class Check:
    """One question about a carrier account and its answer.

    `code` is stable, `summary` states the fact, `remedy` says what to do and whose turn it is.
    `proof` is what was asked of the carrier to know it.
    """

    name: str = attrs.field(validator=v.instance_of(str))
    outcome: Outcome = attrs.field(validator=v.instance_of(Outcome))
    code: str = attrs.field(validator=v.matches_re(CODE))
    summary: str = attrs.field(validator=v.instance_of(str))
    remedy: str | None = attrs.field(default=None, validator=v.optional(v.instance_of(str)))
    proof: tuple[Exchange, ...] = attrs.field(default=(), validator=tuple_of(Exchange))


CREDENTIALS_VALID = "credentials_valid"
INBOUND_REACHABLE = "inbound_reachable"
OUTBOUND_AUTHORIZED = "outbound_authorized"
PLATFORM_ANSWERS = "platform_answers"
INBOUND_ROUTED = "inbound_routed"
TRUNK_REACHABLE = "trunk_reachable"


def passes(checks: tuple[Check, ...]) -> bool:
    """True when no check is false and at least one is true."""
    outcomes = {check.outcome for check in checks}
    return Outcome.PASS in outcomes and Outcome.FAIL not in outcomes


def _named(name: str) -> Callable[[object, attrs.Attribute[Any], object], None]:
    def validate(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, Check) or value.name != name:
            raise TypeError(f"{attribute.name} must be a Check named {name}")

    return validate


def _asked(*checks: Check | None) -> tuple[Check, ...]:
    return tuple(check for check in checks if check is not None)


@attrs.frozen
class CredentialTest:
    """The three checks of a credential test, and the carrier's own stable id of the account.

    `reachable` is the check of a provider that has nothing but a trunk to ask: whether it answers at all.
    `platform` is the engine's own: whether the platform's SIP host, where numbers will be routed, answers. No plugin
    sets it.
    """

    credentials: Check = attrs.field(validator=_named(CREDENTIALS_VALID))
    inbound: Check = attrs.field(validator=_named(INBOUND_REACHABLE))
    outbound: Check = attrs.field(validator=_named(OUTBOUND_AUTHORIZED))
    identity: str | None = attrs.field(default=None, validator=v.optional(v.instance_of(str)))
    reachable: Check | None = attrs.field(default=None, validator=v.optional(_named(TRUNK_REACHABLE)))
    platform: Check | None = attrs.field(default=None, validator=v.optional(_named(PLATFORM_ANSWERS)))

    @property
    def checks(self) -> tuple[Check, ...]:
        """Credentials, inbound, outbound, and reachable where it was asked."""
        return _asked(self.credentials, self.inbound, self.outbound, self.reachable)

    @property
    def passed(self) -> bool:
        """True when no check is false and at least one is true."""
        return passes(self.checks)


@attrs.frozen
class Verification:
    """The checks of one imported number: still routed to us, may dial out.

    `credentials` and `reachable` are those of a provider that has nothing but a trunk to ask.
    """

    inbound: Check = attrs.field(validator=_named(INBOUND_ROUTED))
    outbound: Check = attrs.field(validator=_named(OUTBOUND_AUTHORIZED))
    credentials: Check | None = attrs.field(default=None, validator=v.optional(_named(CREDENTIALS_VALID)))
    reachable: Check | None = attrs.field(default=None, validator=v.optional(_named(TRUNK_REACHABLE)))

    @property
    def checks(self) -> tuple[Check, ...]:
        """Inbound, outbound, and credentials and reachable where they were asked."""
        return _asked(self.inbound, self.outbound, self.credentials, self.reachable)

    @property
    def passed(self) -> bool:
        """True when no check is false and at least one is true."""
        return passes(self.checks)
