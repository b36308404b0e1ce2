"""SIP messages: requests as they are written, answers as they are read, strictly."""

from __future__ import annotations

import re
from collections.abc import Iterable

import attrs

_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?")
_REQUEST_LINE = re.compile(rb"[A-Z]{1,32} [^ \r\n]+ SIP/2\.0\r\n")
_NAME = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BRANCH = re.compile(r";\s*branch\s*=\s*([^\s;,]+)", re.IGNORECASE)
_TAG = re.compile(r"[;\s]tag\s*=\s*([^\s;,>]+)", re.IGNORECASE)
_COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "l": "content-length", "m": "contact", "s": "subject"}


class Malformed(ValueError):
    """Bytes that are no SIP answer; the text says where, and quotes nothing."""


class TooLarge(ValueError):
    """A message over the bounds."""


@attrs.frozen
class Request:
    """One request without a body, as it is sent over one transport."""

    method: str
    uri: str
    via: str
    branch: str
    caller: str
    callee: str
    tag: str
    call_id: str
    sequence: int
    authorizations: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)

    def encode(self) -> bytes:
        """The bytes that are sent."""
        lines = [
            f"{self.method} {self.uri} SIP/2.0",
            f"Via: {self.via};branch={self.branch};rport",
            "Max-Forwards: 70",
            f"From: <{self.caller}>;tag={self.tag}",
            f"To: <{self.callee}>",
            f"Call-ID: {self.call_id}",
            f"CSeq: {self.sequence} {self.method}",
            *(f"{name}: {value}" for name, value in self.authorizations),
            "User-Agent: Trunkline",
            "Content-Length: 0",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


@attrs.frozen
class Response:
    """Status, reason and headers of an answer; names in lower case, in order.

    Bytes that are no UTF-8 are kept as they are, since a realm has to be sent back unchanged.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, data: bytes, *, headers: int) -> Response:
        """Read one whole message; raises `Malformed`, or `TooLarge` for more header lines than `headers`."""
        head, blank, body = data.partition(b"\r\n\r\n")
        if not blank:
            raise Malformed("the head does not end")
        if head.count(b"\r\n") > headers:
            raise TooLarge(f"more than {headers} headers")
        first, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        match = _STATUS_LINE.fullmatch(first)
        if match is None:
            raise Malformed("the first line is no SIP status")
        fields = tuple(_fields(lines))
        response = cls(int(match[1]), match[2] or "", fields)
        if response.content_length > len(body):
            raise Malformed("the body is shorter than announced")
        return response

    @property
    def content_length(self) -> int:
        """Bytes of body that the head announces; 0 where it does not say."""
        return _length(self.headers)

    def values(self, name: str) -> tuple[str, ...]:
        """The values of each header of that name, in order."""
        return tuple(value for each, value in self.headers if each == name)

    def value(self, name: str) -> str | None:
        """The first value of a header."""
        return next(iter(self.values(name)), None)

    def answers(self, request: Request) -> bool:
        """Whether this answers that very request: branch, tag, Call-ID and CSeq are its own."""
        vias, origins = self.values("via"), self.values("from")
        if len(vias) != 1 or len(origins) != 1:
            return False
        branch, tag = _BRANCH.search(vias[0]), _TAG.search(origins[0])
        return (
            branch is not None
            and branch[1] == request.branch
            and tag is not None
            and tag[1] == request.tag
            and self.values("call-id") == (request.call_id,)
            and [each.split() for each in self.values("cseq")] == [[str(request.sequence), request.method]]
        )


def is_request(data: bytes) -> bool:
    """Whether the message asks something of us, as a server may on the same road."""
    return _REQUEST_LINE.match(data) is not None


def whole_length(data: bytes, *, most: int) -> int | None:
    """How long the message is that these bytes of a stream begin with, once its head is there.

    Raises `Malformed` for a head without a readable Content-Length, `TooLarge` past `most` bytes.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        if len(data) > most:
            raise TooLarge(f"a head over {most} bytes")
        return None
    lines = data[:end].decode("utf-8", "surrogateescape").split("\r\n")[1:]
    length = end + 4 + _length(_fields(lines))
    if length > most:
        raise TooLarge(f"a message over {most} bytes")
    return length


def _fields(lines: Iterable[str]) -> list[tuple[str, str]]:
    unfolded: list[str] = []
    for line in lines:
        if _CONTROL.search(line):
            raise Malformed("a header holds control characters")
        if line[:1] in (" ", "\t"):
            if not unfolded:
                raise Malformed("the first header continues nothing")
            unfolded[-1] += " " + line.strip(" \t")
        else:
            unfolded.append(line)
    fields = []
    for line in unfolded:
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        if not colon or not _NAME.fullmatch(name):
            raise Malformed("a header has no name")
        name = name.lower()
        fields.append((_COMPACT.get(name, name), value.strip(" \t")))
    return fields


def _length(headers: Iterable[tuple[str, str]]) -> int:
    lengths = {value for name, value in headers if name == "content-length"}
    if not lengths:
        return 0
    length = lengths.pop()
    if lengths or not re.fullmatch("[0-9]{1,9}", length):
        raise Malformed("the content length cannot be read")
    return int(length)
