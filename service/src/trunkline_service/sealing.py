"""What is kept secret at rest: JSON sealed under a ring of keys, each record bound to its place."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import attrs

from trunkline.secret import Secret
from trunkline_service.key_ring import KeyRing, SealBroken

_FORMAT = b"\x01"


@attrs.frozen
class Place:
    """Where a sealed value belongs; it opens nowhere else."""

    organization: int
    record: str
    id: int
    purpose: str

    def bound(self) -> bytes:
        """The associated data."""
        return json.dumps(["trunkline", self.organization, self.record, self.id, self.purpose]).encode()


class Sealer:
    """Seals and opens JSON values, and gives MACs; each seal tells the id of its key."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    @property
    def primary(self) -> str:
        """The id of the key that seals."""
        return self._ring.primary

    @property
    def key_ids(self) -> Collection[str]:
        """The ids of all keys of the ring."""
        return self._ring.ids

    def seal(self, value: Any, place: Place, key_id: str | None = None) -> bytes:
        """Seal a JSON value, under the first key or the one named; a `Secret` in it is sealed by its value."""
        return self._seal(json.dumps(value, separators=(",", ":"), default=_for_json).encode(), place, key_id)

    def open(self, sealed: bytes, place: Place) -> Any:
        """Open what `seal` made for this place; raises `SealBroken`."""
        return json.loads(self._open(sealed, place))

    def reseal(self, sealed: bytes, place: Place) -> bytes:
        """The same value under the first key; raises `SealBroken`."""
        return self._seal(self._open(sealed, place), place, None)

    def mac(self, purpose: str, data: bytes, key_id: str | None = None) -> tuple[str, bytes]:
        """HMAC-SHA256 for one purpose, under the first key or the one named; the key's id stands with it."""
        id = key_id or self._ring.primary
        return id, self._ring.mac(id, purpose, data)

    def _seal(self, plain: bytes, place: Place, key_id: str | None) -> bytes:
        id = key_id or self._ring.primary
        return envelope(id) + self._ring.seal(id, plain, place.bound())

    def _open(self, sealed: bytes, place: Place) -> bytes:
        try:
            if sealed[:1] != _FORMAT:
                raise SealBroken("not a sealed record")
            end = 2 + sealed[1]
            return self._ring.open(sealed[2:end].decode(), sealed[end:], place.bound())
        except (IndexError, UnicodeDecodeError, SealBroken):
            raise SealBroken(f"the sealed {place.purpose} of {place.record} {place.id} cannot be opened") from None


def envelope(key_id: str) -> bytes:
    """What every seal under a key begins with."""
    id = key_id.encode()
    return _FORMAT + bytes([len(id)]) + id


def _for_json(value: object) -> object:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be sealed")
