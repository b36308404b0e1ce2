"""Digest authentication: challenges as servers write them, and answers to them (RFC 3261 22, RFC 7616, RFC 8760)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

import attrs

from trunkline.sip.message import Response

_CHALLENGED_IN = {401: "www-authenticate", 407: "proxy-authenticate"}
_ANSWERED_IN = {401: "Authorization", 407: "Proxy-Authorization"}
_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105
_PARAMETER = re.compile(rf'({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?=,|$)')
_SCHEME = re.compile(rf"({_TOKEN})(?=\s|$)")
_BETWEEN = re.compile(r"[\s,]*")


@attrs.frozen
class Challenge:
    """One Digest challenge that the wire can answer.

    Quoted values are kept as the text between the quotes, escapes and all: so SIP servers hash and compare them.
    """

    status: int
    realm: str
    nonce: str
    algorithm: str | None = None
    qop: str | None = None
    opaque: str | None = None
    stale: bool = False

    @property
    def hash_name(self) -> str:
        """The algorithm in capitals, MD5 where the challenge names none."""
        return (self.algorithm or "MD5").upper()

    def answer(
        self, *, method: str, uri: str, username: str, password: str, cnonce: str, count: int
    ) -> tuple[str, str]:
        """The header that answers it in the `count`th request under its nonce."""
        name = self.hash_name.removesuffix("-SESS")
        shared = _hash(name, f"{username}:{self.realm}:{password}")
        if name != self.hash_name:
            shared = _hash(name, f"{shared}:{self.nonce}:{cnonce}")
        times = f"{count:08x}"
        middle = f"{self.nonce}:{times}:{cnonce}:{self.qop}" if self.qop else self.nonce
        response = _hash(name, f"{shared}:{middle}:{_hash(name, f'{method}:{uri}')}")
        parts = [
            f'username="{_quotable(username)}"',
            f'realm="{self.realm}"',
            f'nonce="{self.nonce}"',
            f'uri="{uri}"',
            f'response="{response}"',
        ]
        if self.algorithm is not None:
            parts.append(f"algorithm={self.algorithm}")
        if self.qop or name != self.hash_name:
            parts.append(f'cnonce="{cnonce}"')
        if self.qop:
            parts += [f"qop={self.qop}", f"nc={times}"]
        if self.opaque is not None:
            parts.append(f'opaque="{self.opaque}"')
        return _ANSWERED_IN[self.status], "Digest " + ", ".join(parts)


def challenges(response: Response) -> tuple[Challenge, ...]:
    """What a 401 or 407 offers and the wire can answer, topmost first: servers put first what they prefer.

    A header that cannot be read offers nothing.
    """
    values = response.values(_CHALLENGED_IN[response.status])
    found = (_challenge(response.status, parameters) for value in values for parameters in _digests(value))
    return tuple(each for each in found if each is not None)


def _challenge(status: int, parameters: dict[str, str]) -> Challenge | None:
    algorithm = parameters.get("algorithm")
    if (algorithm or "MD5").upper().removesuffix("-SESS") not in _HASHES:
        return None
    offered = parameters.get("qop")
    if offered is not None and "auth" not in [each.strip().lower() for each in offered.split(",")]:
        return None
    if "realm" not in parameters or "nonce" not in parameters:
        return None
    return Challenge(
        status,
        parameters["realm"],
        parameters["nonce"],
        algorithm,
        None if offered is None else "auth",
        parameters.get("opaque"),
        parameters.get("stale", "").lower() == "true",
    )


def _digests(value: str) -> Iterable[dict[str, str]]:
    """The parameters of each Digest challenge in one header, where several may be joined with commas."""
    try:
        return [parameters for scheme, parameters in _schemes(value) if scheme.lower() == "digest"]
    except ValueError:
        return []


def _schemes(value: str) -> Iterator[tuple[str, dict[str, str]]]:
    scheme: str | None = None
    parameters: dict[str, str] = {}
    at = _end(_BETWEEN, value, 0)
    while at < len(value):
        if parameter := _PARAMETER.match(value, at):
            name = parameter[1].lower()
            if scheme is None or name in parameters:
                raise ValueError("a parameter without a scheme, or twice")
            parameters[name] = parameter[3] if parameter[2] is None else parameter[2]
            at = parameter.end()
        elif begun := _SCHEME.match(value, at):
            if scheme is not None:
                yield scheme, parameters
            scheme, parameters = begun[1], {}
            at = begun.end()
        else:
            raise ValueError("neither a scheme nor a parameter")
        at = _end(_BETWEEN, value, at)
    if scheme is not None:
        yield scheme, parameters


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _hash(name: str, text: str) -> str:
    return hashlib.new(_HASHES[name], text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def _quotable(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
