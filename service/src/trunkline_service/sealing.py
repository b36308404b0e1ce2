"""What is kept secret at rest: AES-256-GCM under a ring of keys, each record bound to its place."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import attrs
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from trunkline.secret import Secret

_FORMAT = b"\x01"
_NONCE = 12
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class SealBroken(Exception):
    """A sealed record cannot be opened: its key is not in the ring, or it is not where it was sealed."""


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


@attrs.frozen(eq=False)
class KeyRing:
    """Keys by id. The first seals; every one opens."""

    primary: str
    keys: Mapping[str, bytes] = attrs.field(repr=False)

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Read `id:base64,id:base64`; ValueError says what is wrong and shows no key."""
        keys: dict[str, bytes] = {}
        for position, entry in enumerate(part.strip() for part in text.strip().split(",")):
            id, separator, encoded = entry.partition(":")
            if not separator or not _KEY_ID.fullmatch(id):
                raise ValueError(f"key {position + 1} is not written as id:base64")
            if id in keys:
                raise ValueError(f"key id {id} stands there twice")
            try:
                keys[id] = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                raise ValueError(f"key {id} is not base64") from None
            if len(keys[id]) != 32:
                raise ValueError(f"key {id} has {len(keys[id])} bytes, not 32")
        return cls(next(iter(keys)), keys)

    @staticmethod
    def generate() -> str:
        """A new ring of one key, as text."""
        return f"k{os.urandom(4).hex()}:{base64.b64encode(os.urandom(32)).decode()}"


class Sealer:
    """Seals and opens JSON values, and gives the keys for fingerprints."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        # Deriving a key costs more than sealing with it.
        self._derived = lru_cache(maxsize=256)(self._derive)

    @property
    def primary(self) -> str:
        """The id of the key that seals."""
        return self._ring.primary

    def seal(self, value: Any, place: Place) -> bytes:
        """Seal a JSON value; a `Secret` in it is sealed by its value."""
        plain = json.dumps(value, separators=(",", ":"), default=_for_json).encode()
        id = self._ring.primary.encode()
        nonce = os.urandom(_NONCE)
        sealed = AESGCM(self._derived(self._ring.primary, "seal")).encrypt(nonce, plain, place.bound())
        return _FORMAT + bytes([len(id)]) + id + nonce + sealed

    def open(self, sealed: bytes, place: Place) -> Any:
        """Open what `seal` made for this place; raises `SealBroken`."""
        try:
            if sealed[:1] != _FORMAT:
                raise SealBroken("not a sealed record")
            end = 2 + sealed[1]
            id, nonce, rest = sealed[2:end].decode(), sealed[end : end + _NONCE], sealed[end + _NONCE :]
            return json.loads(AESGCM(self._derived(id, "seal")).decrypt(nonce, rest, place.bound()))
        except (IndexError, UnicodeDecodeError, InvalidTag, ValueError):
            raise SealBroken(f"the sealed {place.purpose} of {place.record} {place.id} cannot be opened") from None

    def key(self, id: str, purpose: str) -> bytes | None:
        """A key derived for one purpose, or None where the ring does not hold that id any more."""
        return self._derived(id, purpose) if id in self._ring.keys else None

    def mac(self, purpose: str, data: bytes, key_id: str | None = None) -> tuple[str, bytes]:
        """HMAC-SHA256 for one purpose, under the sealing key or the one named; the key's id stands with it."""
        id = key_id or self._ring.primary
        return id, hmac.new(self._derived(id, purpose), data, hashlib.sha256).digest()

    def _derive(self, id: str, purpose: str) -> bytes:
        if id not in self._ring.keys:
            raise SealBroken(f"key {id} is not in the key ring")
        return HKDF(SHA256(), 32, salt=None, info=f"trunkline {purpose}".encode()).derive(self._ring.keys[id])


def _for_json(value: object) -> object:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be sealed")
