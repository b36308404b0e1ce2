"""Bytes that fit together badly, against all that reads what a SIP server sends; `make fuzz SECONDS=600` for long."""

from __future__ import annotations

import random
import sys
import time

from trunkline.sip.digest import challenges
from trunkline.sip.message import Malformed, Request, Response, TooLarge, is_request, whole_length

REQUEST = Request(
    method="OPTIONS",
    uri="sip:trunk.example",
    via="SIP/2.0/UDP 127.0.0.1:5060",
    branch="z9hG4bKbranch",
    caller="sip:acme@trunk.example",
    callee="sip:trunk.example",
    tag="tag",
    call_id="call",
    sequence=2,
)
GOOD = (
    b"SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKbranch;rport=5060\r\n"
    b"From: <sip:acme@trunk.example>;tag=tag\r\nTo: <sip:trunk.example>;tag=theirs\r\nCall-ID: call\r\n"
    b"CSeq: 2 OPTIONS\r\nRetry-After: 17 (soon)\r\nAllow: INVITE,\r\n ACK\r\n"
    b'WWW-Authenticate: Digest realm="a \\"quoted\\" realm", nonce="n", qop="auth,auth-int", algorithm=SHA-256, '
    b'Digest realm="r", nonce="m", stale=true\r\nContent-Length: 4\r\n\r\nbody'
)
PIECES = (
    *(b"\r\n", b"\r\n\r\n", b"\n", b"\0", b'"', b"\\", b",", b"=", b";", b":", b" ", b"\t", b"\xff\xfe", b"x" * 5000),
    *(b"SIP/2.0 ", b"l: 99999999999", b"Content-Length: -1\r\n", b"Via: a\r\n", b"Digest ", b"realm="),
)
SLOWEST = 2.0
"""Seconds that reading one message may take on a busy machine; one is a matter of microseconds."""


def spoilt(rng: random.Random) -> bytes:
    """A good answer with a few bytes lost, doubled, or put in."""
    data = bytearray(GOOD)
    for _ in range(rng.randint(0, 8)):
        at = rng.randint(0, len(data))
        match rng.randrange(4):
            case 0:
                del data[at : at + rng.randint(1, 40)]
            case 1:
                data[at:at] = rng.choice(PIECES)
            case 2:
                data[at:at] = rng.randbytes(rng.randint(1, 12))
            case 3:
                data[at:at] = data[at : at + rng.randint(1, 200)] * rng.randint(1, 5)
    return bytes(data)


def read(data: bytes) -> bool:
    """Read it as the wire does; whether it was an answer. Anything but a clear error comes out as it is."""
    is_request(data)
    try:
        whole_length(data, most=64 * 1024)
        response = Response.parse(data, headers=128)
    except (Malformed, TooLarge):
        return False
    response.answers(REQUEST)
    if response.status in (401, 407):
        for challenge in challenges(response):
            challenge.answer(method="M", uri="u", username="u", password="p", cnonce="c", count=1)
    return True


def fuzz(rng: random.Random, *, times: int | None = None, seconds: float = float("inf")) -> tuple[int, int]:
    """How many messages were read, and how many of them were answers."""
    until, count, answers = time.monotonic() + seconds, 0, 0
    while (times is None or count < times) and time.monotonic() < until:
        data = spoilt(rng)
        started = time.process_time()
        answers += read(data)
        count += 1
        if time.process_time() - started > SLOWEST:
            raise AssertionError(f"reading took {time.process_time() - started:.1f} s: {data!r}")
    return count, answers


if __name__ == "__main__":
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}", flush=True)
    print("{} messages read, {} of them answers".format(*fuzz(random.Random(seed), seconds=float(sys.argv[1]))))
