"""A customer's account at a carrier, as the engine hands it to a plugin."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import attrs

from trunkline.descriptor import CredentialForm
from trunkline.fields import read_only
from trunkline.redaction import Scrubber
from trunkline.secret import Secret


def _all_read_only(each: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    return tuple(map(read_only, each))


@attrs.frozen(eq=False)
class CarrierAccount:
    """Provider, set-up method, credentials with each secret as a `Secret`, SIP config, and what set-up made.

    `marker` names what Trunkline makes at the carrier for this owner: installation and organization, since two
    organizations may share a carrier account. `earlier` is what other set-ups of this owner made at the carrier, where
    no identity tells whether it was in this account: what the carrier shows tells that.
    """

    provider: str
    setup_method: str
    form: CredentialForm = attrs.field(repr=lambda form: form.id)
    credentials: Mapping[str, str | Secret] = attrs.field(converter=read_only, repr=False)
    sip_config: Mapping[str, Any] = attrs.field(converter=read_only, repr=False)
    marker: str
    made: Mapping[str, Any] = attrs.field(factory=dict, converter=read_only, repr=False)
    earlier: tuple[Mapping[str, Any], ...] = attrs.field(default=(), converter=_all_read_only, repr=False)

    def credential(self, name: str) -> str | None:
        """A credential that is no secret, or None where it was not given."""
        value = self.credentials.get(name)
        return value if isinstance(value, str) else None

    def secrets(self) -> tuple[Secret, ...]:
        """Every secret of the account: among its credentials, and in what set-ups made, however deep."""
        return tuple(_secrets_in([self.credentials, self.made, self.earlier]))

    @cached_property
    def scrub(self) -> Scrubber:
        """Takes every trace of the account's secrets out of a text."""
        users = [value for value in self.credentials.values() if isinstance(value, str)]
        return Scrubber(self.secrets(), users)

    @cached_property
    def key(self) -> str:
        """A key for limits kept in memory: equal for equal credentials, and nothing can be got back from it."""
        plain = {k: x.reveal() if isinstance(x, Secret) else x for k, x in self.credentials.items()}
        return hashlib.sha256(json.dumps([self.provider, plain], sort_keys=True).encode()).hexdigest()


def _secrets_in(value: object) -> Iterator[Secret]:
    match value:
        case Secret():
            yield value
        case Mapping():
            for each in value.values():
                yield from _secrets_in(each)
        case list() | tuple():
            for each in value:
                yield from _secrets_in(each)
