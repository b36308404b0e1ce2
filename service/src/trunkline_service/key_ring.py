"""The keys themselves: AES-256-GCM and HMAC-SHA256 by key id, in this process or behind an interface elsewhere."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Protocol

import attrs
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class SealBroken(Exception):
    """A sealed record cannot be opened: its key is not in the ring, or it is not where it was sealed."""


class KeyRing(Protocol):
    """Keys by id, of 1 to 32 letters, digits, `_` and `-`. An external key service can stand behind it.

    Every method raises `SealBroken` for a key that is not in the ring.
    """

    @property
    def primary(self) -> str:
        """The id of the key that seals."""

    @property
    def ids(self) -> Collection[str]:
        """The ids of all keys, the primary's too."""

    def seal(self, id: str, plain: bytes, bound: bytes) -> bytes:
        """Seal under a key, so that it opens only together with `bound`."""

    def open(self, id: str, sealed: bytes, bound: bytes) -> bytes:
        """Open what `seal` made under this key with the same `bound`; else raises `SealBroken`."""

    def mac(self, id: str, purpose: str, data: bytes) -> bytes:
        """32 bytes that only this key gives for this data and purpose: the same each time."""


@attrs.frozen(eq=False)
class LocalKeyRing:
    """Keys that this process holds. The first seals; every one opens."""

    primary: str
    keys: Mapping[str, bytes] = attrs.field(repr=False)
    # Deriving a key costs more than sealing with it.
    _derived: Callable[[str, str], bytes] = attrs.field(
        init=False,
        repr=False,
        default=attrs.Factory(lambda self: lru_cache(maxsize=256)(self._derive), takes_self=True),
    )

    @classmethod
    def parse(cls, text: str) -> LocalKeyRing:
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

    @property
    def ids(self) -> Collection[str]:
        """The ids of all keys."""
        return self.keys.keys()

    def seal(self, id: str, plain: bytes, bound: bytes) -> bytes:
        """A nonce and what AES-256-GCM made."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self._derived(id, "seal")).encrypt(nonce, plain, bound)

    def open(self, id: str, sealed: bytes, bound: bytes) -> bytes:
        """What was sealed; raises `SealBroken`."""
        try:
            return AESGCM(self._derived(id, "seal")).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
        except (InvalidTag, ValueError):
            raise SealBroken(f"not sealed so under key {id}") from None

    def mac(self, id: str, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA256 under a key derived for this purpose."""
        return hmac.new(self._derived(id, purpose), data, hashlib.sha256).digest()

    def _derive(self, id: str, purpose: str) -> bytes:
        if id not in self.keys:
            raise SealBroken(f"key {id} is not in the key ring")
        return HKDF(SHA256(), 32, salt=None, info=f"trunkline {purpose}".encode()).derive(self.keys[id])
