"""An asker, and the servers it asks."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from sip_servers.kamailio import kamailio
from trunkline.checks import Exchange
from trunkline.deadline import Deadline
from trunkline.secret import Secret
from trunkline.sip.answer import SipAnswer
from trunkline.sip.asking import Asker, DigestCredentials, Question
from trunkline.sip.dial import NetworkSipDial, SipDial
from trunkline.sip.limits import SipLimits
from trunkline.sip.server import SipServer

__all__ = ["kamailio"]

QUICK = SipLimits(t1=0.05, t2=0.2, answer_seconds=0.6, connect_seconds=2.0)
"""For tests in which no answer comes."""

PATIENT = SipLimits(t1=0.5, answer_seconds=20, question_seconds=30)


@attrs.define
class Asked:
    """How a question ended, and what was recorded of it."""

    answer: SipAnswer
    exchanges: list[Exchange]


@pytest.fixture
def ask() -> Callable[..., Asked]:
    """Ask a server on loopback, with `acme` and a password unless told otherwise."""

    def ask(
        server: SipServer,
        method: str = "OPTIONS",
        *,
        user: str | None = "acme",
        password: str = "S3cret-of-acme",
        dial: SipDial | None = None,
        limits: SipLimits = PATIENT,
        **more: Any,
    ) -> Asked:
        exchanges: list[Exchange] = []
        dial = dial or NetworkSipDial(allowed_hosts=["127.0.0.1"])
        asker = Asker(dial, limits, random.Random(7), record=exchanges.append, scrub=str)
        credentials = DigestCredentials(user, Secret(password)) if user else None
        answer = asker.ask(Question(method, server, credentials), Deadline.after(60), **more)
        return Asked(answer, exchanges)

    return ask
