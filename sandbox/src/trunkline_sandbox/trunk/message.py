"""SIP requests as they come, and the responses that go back: as much of RFC 3261 as OPTIONS and REGISTER take."""

import re
import secrets
from collections.abc import Iterator, Sequence

import attrs

from trunkline_sandbox.carrier import Response

LARGEST = 64 * 1024

_START = re.compile(r"(?P<method>[A-Z]+) (?P<uri>sips?:\S+) SIP/2\.0")
_HEADER = re.compile(r"(?P<name>[A-Za-z0-9.!%*_+`'~-]+)[ \t]*:[ \t]*(?P<value>.*)")
_URI = re.compile(r"sips?:(?:[^@]*@)?(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]+)?(?:[;?].*)?", re.IGNORECASE)
_COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "l": "content-length", "m": "contact"}
_NEEDED = ("via", "from", "to", "call-id", "cseq")

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}


class NotSip(ValueError):
    """What came is no SIP request."""


@attrs.frozen
class SipRequest:
    """One request; header names are long and in lower case."""

    method: str
    uri: str
    headers: Sequence[tuple[str, str]]

    @property
    def host(self) -> str:
        """The host of the Request-URI, in lower case."""
        match = _URI.fullmatch(self.uri)
        if match is None:
            raise NotSip("no host in the Request-URI")
        return match["host"].lower()

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for each, value in self.headers if each == name]

    def first(self, name: str) -> str:
        """The first value of a header; empty where there is none."""
        return next(iter(self.all(name)), "")


def parse(data: bytes) -> SipRequest:
    """Read one whole request; raises `NotSip`."""
    head, end, _ = data.partition(b"\r\n\r\n")
    if not end or len(data) > LARGEST:
        raise NotSip("no end of the headers")
    try:
        first, *lines = re.sub(r"\r\n[ \t]+", " ", head.decode()).split("\r\n")
    except UnicodeDecodeError:
        raise NotSip("not UTF-8") from None
    start = _START.fullmatch(first)
    if start is None:
        raise NotSip("no request line")
    request = SipRequest(start["method"], start["uri"], [_header(line) for line in lines])
    if missing := [name for name in _NEEDED if not request.first(name)]:
        raise NotSip(f"without {missing[0]}")
    if request.first("cseq").split()[1:] != [request.method]:
        raise NotSip("CSeq is for another method")
    return request


def split(buffer: bytearray) -> Iterator[bytes]:
    """Take every whole request off a stream's buffer; raises `NotSip` where no request will come of it."""
    while True:
        while buffer[:2] == b"\r\n":
            del buffer[:2]
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > LARGEST:
                raise NotSip("too long")
            return
        length = re.search(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,6})[ \t]*\r\n", buffer[: end + 2], re.I)
        whole = end + 4 + (int(length[1]) if length else 0)
        if whole > LARGEST:
            raise NotSip("too long")
        if len(buffer) < whole:
            return
        yield bytes(buffer[:whole])
        del buffer[:whole]


def respond(request: SipRequest, response: Response, source: tuple[str, int]) -> bytes:
    """The response as it goes out: what has to be copied from the request, and what the trunk has to say."""
    top, *others = request.all("via")
    tagged = request.first("to")
    if ";tag=" not in tagged:
        tagged += f";tag={secrets.token_hex(4)}"
    lines = [
        f"SIP/2.0 {response.status} {_REASONS.get(response.status, 'Other')}",
        # RFC 3581: a client behind a NAT learns from where it was heard.
        f"Via: {re.sub(r';rport(?=;|$)', f';rport={source[1]};received={source[0]}', top)}",
        *(f"Via: {via}" for via in others),
        f"From: {request.first('from')}",
        f"To: {tagged}",
        f"Call-ID: {request.first('call-id')}",
        f"CSeq: {request.first('cseq')}",
        *(f"{name}: {value}" for name, value in response.headers),
        *([f"Content-Type: {response.content_type}"] if response.body else []),
        f"Content-Length: {len(response.body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + response.body


def _header(line: str) -> tuple[str, str]:
    match = _HEADER.fullmatch(line)
    if match is None:
        raise NotSip("a line that is no header")
    name = match["name"].lower()
    return _COMPACT.get(name, name), match["value"].strip()
