"""Bounds of one question to a SIP server."""

from __future__ import annotations

import attrs


@attrs.frozen
class SipLimits:
    """Seconds, bytes and counts; `t1` and `t2` are RFC 3261's retransmission timers over UDP.

    `answer_seconds` is how long one destination may take to answer, `question_seconds` all of them together.
    """

    t1: float = 0.5
    t2: float = 4.0
    answer_seconds: float = 5.0
    connect_seconds: float = 3.0
    question_seconds: float = 11.0
    message_bytes: int = 64 * 1024
    headers: int = 128
    destinations: int = 4
    questions_per_call: int = 16
