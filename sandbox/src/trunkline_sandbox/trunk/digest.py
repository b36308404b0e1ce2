"""Digest authentication as a server sees it (RFC 7616, RFC 8760): a challenge for each algorithm."""

import hashlib
import re
import secrets
from collections.abc import Callable

_HASHES: dict[str, Callable[[bytes], str]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
    "SHA-512-256": lambda data: hashlib.new("sha512_256", data).hexdigest(),
}
ALGORITHMS = tuple(_HASHES)

_PARAMETER = re.compile(r'([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', re.IGNORECASE)


class Nonces:
    """The nonces that were given out; each is good until it is said to be stale."""

    def __init__(self) -> None:
        self._good: dict[str, bool] = {}

    def new(self, *, stale: bool = False) -> str:
        """A fresh nonce; one that is stale already will be refused as such at its first use."""
        nonce = secrets.token_hex(16)
        self._good[nonce] = not stale
        return nonce

    def knows(self, nonce: str) -> bool:
        """Whether it was given out here."""
        return nonce in self._good

    def is_good(self, nonce: str) -> bool:
        """Whether it may be used."""
        return self._good.get(nonce, False)


def challenge(realm: str, algorithm: str, nonce: str, *, stale: bool) -> str:
    """The value of a WWW-Authenticate or Proxy-Authenticate header."""
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    again = ", stale=true" if stale else ""
    return f'Digest realm="{quoted}", nonce="{nonce}", opaque="{nonce[:8]}", algorithm={algorithm}, qop="auth"{again}'


def parameters(authorization: str) -> dict[str, str]:
    """What an Authorization header says, names in lower case; empty where it is no digest."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != "digest":
        return {}
    return {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted) if quoted else token
        for name, quoted, token in _PARAMETER.findall(rest)
    }


def expected(said: dict[str, str], method: str, username: str, realm: str, password: str) -> str | None:
    """The response that proves the password; None where the algorithm is not known, or what is needed is missing."""
    hashed = _HASHES.get(said.get("algorithm", "MD5"))
    if hashed is None or said.get("qop") != "auth" or not re.fullmatch("[0-9a-f]{8}", said.get("nc", "")):
        return None
    secret = hashed(f"{username}:{realm}:{password}".encode())
    asked = hashed(f"{method}:{said.get('uri', '')}".encode())
    return hashed(":".join((secret, said["nonce"], said["nc"], said.get("cnonce", ""), "auth", asked)).encode())
