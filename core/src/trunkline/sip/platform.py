"""Whether the platform's own SIP host answers: calls to imported numbers end there, whatever the carrier."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import Future

import attrs

from trunkline.checks import INBOUND_REACHABLE, PLATFORM_ANSWERS, Check, CredentialTest, Exchange, Outcome
from trunkline.deadline import Deadline
from trunkline.errors import Unsupported
from trunkline.sip.answer import CERTIFICATE_TROUBLES, SipAnswer, SipTrouble
from trunkline.sip.asking import Asker, Question
from trunkline.sip.dial import SipDial
from trunkline.sip.limits import SipLimits
from trunkline.sip.server import SipServer
from trunkline.sip_target import SipTarget
from trunkline.threads import DaemonThreads

ASKED_EVERY = 60.0
"""Seconds between two questions."""

ANSWER_SECONDS = 1.8
"""How long one question may take: tests wait for it."""

_REMEDY = "Nothing is wrong at your carrier. The operator of this platform has to mend its SIP host."
_BROKEN = {
    SipTrouble.NO_SUCH_NAME: "the name of the platform's SIP host leads nowhere",
    SipTrouble.REFUSED: "nobody listens at the platform's SIP host",
    SipTrouble.TLS_VERSION: "the platform's SIP host speaks no TLS from 1.2 on",
    **dict.fromkeys(CERTIFICATE_TROUBLES, "the platform's SIP host shows a certificate that is not accepted"),
}
"""What leaves no doubt. A server that stays silent may only be dropping what strangers ask."""


class PlatformHost:
    """Asks with OPTIONS at most once in `ASKED_EVERY` seconds; all who want to know meanwhile share the answer."""

    def __init__(
        self, target: SipTarget, dial: SipDial, limits: SipLimits, rng: random.Random, threads: DaemonThreads
    ) -> None:
        self._target = target
        self._dial = dial
        self._limits = limits
        self._rng = rng
        self._threads = threads
        self._lock = threading.Lock()
        self._asked: Future[Check] | None = None
        self._asked_at = 0.0

    def answers(self) -> Future[Check]:
        """The check, or the promise of it: begun now where the last one is too old."""
        with self._lock:
            if self._asked is None or (self._asked.done() and time.monotonic() - self._asked_at >= ASKED_EVERY):
                self._asked_at = time.monotonic()
                self._asked = self._threads.start(self._ask)
            return self._asked

    def _ask(self) -> Check:
        exchanges: list[Exchange] = []
        asker = Asker(self._dial, self._limits, self._rng, record=exchanges.append, scrub=str)
        try:
            server = SipServer(self._target.host, self._target.port, self._target.transport or "auto")
            # The operator named it, so it may stand in a private network.
            answer = asker.ask(Question("OPTIONS", server), Deadline.after(ANSWER_SECONDS), trusted=True)
        except Unsupported:
            return could_not_tell("platform_not_in_sandbox", "The platform's SIP host has no sandbox here.")
        except ValueError:
            return could_not_tell("platform_not_asked", "The platform's SIP host is not a name that can be asked.")
        return attrs.evolve(_read(answer), proof=tuple(exchanges))


def could_not_tell(code: str, summary: str) -> Check:
    """The check where nothing is known of the platform's SIP host."""
    return Check(PLATFORM_ANSWERS, Outcome.UNKNOWN, code, summary)


def with_platform(test: CredentialTest, platform: Check) -> CredentialTest:
    """The test with the platform's own line: where the platform cannot be reached, no call can come in."""
    inbound = test.inbound
    if platform.outcome is Outcome.FAIL and inbound.outcome is not Outcome.FAIL:
        inbound = attrs.evolve(platform, name=INBOUND_REACHABLE)
    return attrs.evolve(test, inbound=inbound, platform=platform)


def _read(answer: SipAnswer) -> Check:
    if answer.status is not None:
        return Check(
            PLATFORM_ANSWERS,
            Outcome.PASS,
            "platform_answers",
            f"The platform's SIP host answers over {answer.transport}.",
        )
    if broken := _BROKEN.get(answer.trouble) if answer.trouble else None:
        return Check(
            PLATFORM_ANSWERS, Outcome.FAIL, "platform_unreachable", f"No call can come in: {broken}.", remedy=_REMEDY
        )
    if answer.trouble is SipTrouble.NOT_LOOKED_UP:
        return could_not_tell("platform_not_looked_up", "The platform's SIP host could not be looked up.")
    return could_not_tell(
        "platform_silent", "The platform's SIP host gave no answer; it may only be dropping questions from strangers."
    )
