"""Numbers as a carrier lists them, and where their calls go."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from typing import Any

import attrs
from attrs import validators as v

from trunkline.charges import Money
from trunkline.fields import CODE, read_only

E164 = r"\+[1-9][0-9]{6,14}"
"""A telephone number in international form: plus, country code, at most 15 digits (ITU-T E.164)."""


class NumberType(enum.Enum):
    """What kind of number it is, the same words for every carrier."""

    LOCAL = "local"
    MOBILE = "mobile"
    NATIONAL = "national"
    TOLL_FREE = "toll_free"
    OTHER = "other"


CAPABILITY_NAMES = frozenset({"voice", "sms", "mms", "fax"})


def _known_capabilities(instance: object, attribute: attrs.Attribute[frozenset[str]], value: frozenset[str]) -> None:
    if not isinstance(value, frozenset) or not value <= CAPABILITY_NAMES:
        raise TypeError(f"{attribute.name} must be a frozenset out of {sorted(CAPABILITY_NAMES)}")


def _moment(instance: object, attribute: attrs.Attribute[dt.datetime], value: dt.datetime) -> None:
    if not isinstance(value, dt.datetime) or value.utcoffset() is None:
        raise TypeError(f"{attribute.name} must be a datetime that knows its offset from UTC")


@attrs.frozen
class NumberRef:
    """A number and the carrier's handle of it: enough to find it again."""

    number: str = attrs.field(validator=v.matches_re(E164))
    handle: str = attrs.field(validator=v.instance_of(str))


@attrs.frozen
class CarrierNumber:
    """A number on a carrier account.

    `region` is an ISO 3166-1 country, or an ISO 3166-2 subdivision where the number tells it. `monthly_fee` is
    None where the carrier does not say.
    """

    number: str = attrs.field(validator=v.matches_re(E164))
    handle: str = attrs.field(validator=v.instance_of(str))
    friendly_name: str | None = attrs.field(validator=v.optional(v.instance_of(str)))
    type: NumberType | None = attrs.field(validator=v.optional(v.instance_of(NumberType)))
    capabilities: frozenset[str] = attrs.field(validator=_known_capabilities)
    region: str | None = attrs.field(validator=v.optional(v.instance_of(str)))
    monthly_fee: Money | None = attrs.field(default=None, validator=v.optional(v.instance_of(Money)))

    @property
    def ref(self) -> NumberRef:
        """The number and its handle."""
        return NumberRef(self.number, self.handle)


@attrs.frozen
class RoutingView:
    """Where calls to a number go, fit to be shown: a kind and a host; never user, path, query or pin."""

    kind: str = attrs.field(validator=v.matches_re(CODE))
    host: str | None = attrs.field(default=None, validator=v.optional(v.matches_re(r"[A-Za-z0-9._\-\[\]:]{1,255}")))


@attrs.frozen
class RoutingSnapshot:
    """All that an import will overwrite, as it stood at `read_at`.

    `points_at` is the carrier's id of the object that calls are routed to (a trunk, a script, a connection), None
    where there is none. `restore` is the plugin's own JSON to put everything back: it may hold passwords inside
    addresses, so it is sealed at rest and never shown.
    """

    number: CarrierNumber = attrs.field(validator=v.instance_of(CarrierNumber))
    view: RoutingView = attrs.field(validator=v.instance_of(RoutingView))
    points_at: str | None = attrs.field(validator=v.optional(v.instance_of(str)))
    restore: Mapping[str, Any] = attrs.field(converter=read_only, repr=False)
    read_at: dt.datetime = attrs.field(validator=_moment)


@attrs.frozen
class Route:
    """The carrier-side object that numbers are pointed at, found or made.

    `id` is compared with a snapshot's `points_at`. `data` is the plugin's own JSON to recognise it by.
    """

    id: str = attrs.field(validator=v.matches_re(r"\S+"))
    kind: str = attrs.field(validator=v.matches_re(CODE))
    made: bool = attrs.field(validator=v.instance_of(bool))
    data: Mapping[str, Any] = attrs.field(factory=dict, converter=read_only)


class ReleaseOutcome(enum.Enum):
    """What became of a number's routing when it was released."""

    RESTORED = "restored"
    LEFT_ALONE = "left_alone"
    CANNOT_RESTORE = "cannot_restore"


@attrs.frozen
class Release:
    """How a release ended, with a stable code and a sentence that a customer can follow."""

    outcome: ReleaseOutcome = attrs.field(validator=v.instance_of(ReleaseOutcome))
    code: str = attrs.field(validator=v.matches_re(CODE))
    detail: str = attrs.field(validator=v.instance_of(str))


@attrs.frozen
class SuggestedName:
    """What to call a connection: the account's own name and one of its numbers, where they can be read."""

    account_name: str | None = attrs.field(validator=v.optional(v.instance_of(str)))
    number: str | None = attrs.field(default=None, validator=v.optional(v.matches_re(E164)))

    def text(self, display_name: str, *, with_number: bool = False) -> str:
        """`Twilio: Acme Main`, or `Twilio: Acme Main (+18085550100)`, or just `Twilio`."""
        name = f"{display_name}: {self.account_name}" if self.account_name else display_name
        return f"{name} ({self.number})" if with_number and self.number else name
