"""The checks of a trunk: it is asked with OPTIONS, and where a login is to be proven with REGISTER without Contact."""

from __future__ import annotations

import attrs

from trunkline.checks import (
    CREDENTIALS_VALID,
    INBOUND_REACHABLE,
    OUTBOUND_AUTHORIZED,
    PASS,
    TRUNK_REACHABLE,
    UNKNOWN,
    Check,
    CredentialTest,
    Exchange,
    Outcome,
)
from trunkline.errors import CarrierUnavailable
from trunkline.sip.answer import SipAnswer
from trunkline_manual import instructions
from trunkline_manual.descriptor import BY_DIGEST, BY_REGISTRATION
from trunkline_manual.readings import Reading, read
from trunkline_manual.trunk import Trunk


@attrs.frozen
class Asked:
    """One question to the trunk: its answer, what that proves, and the exchanges that prove it."""

    method: str
    answer: SipAnswer
    reading: Reading
    proof: tuple[Exchange, ...]

    @property
    def is_there(self) -> bool:
        """Whether the trunk answered."""
        return self.reading.reachable is PASS

    @property
    def tells_of_login(self) -> bool:
        """Whether it settles if the login is good."""
        return self.reading.credentials is not UNKNOWN


@attrs.frozen
class Verdicts:
    """What is known of a trunk: it is there, it takes the login, it lets calls out."""

    reachable: Check
    credentials: Check
    outbound: Check


def test(trunk: Trunk) -> CredentialTest:
    """One request, or two where the first does not tell whether the login is good."""
    known = examine(trunk)
    return CredentialTest(
        known.credentials, inbound(trunk, INBOUND_REACHABLE), known.outbound, trunk.identity, reachable=known.reachable
    )


def examine(trunk: Trunk) -> Verdicts:
    """Ask the trunk; raises `CarrierUnavailable` where its answer settles nothing of a login that it asked for."""
    first = login = _ask(trunk, "REGISTER" if trunk.authentication == BY_REGISTRATION else "OPTIONS")
    if trunk.authentication == BY_DIGEST and first.is_there and not first.tells_of_login:
        register = _ask(trunk, "REGISTER")
        login = register if register.is_there else first
    # A REGISTER that tells nothing of the login is no reason to doubt what OPTIONS told.
    calls = login if login.tells_of_login else first
    return Verdicts(
        _reachable(trunk, first),
        _check(trunk, CREDENTIALS_VALID, login.reading.credentials, login),
        _check(trunk, OUTBOUND_AUTHORIZED, calls.reading.outbound, calls),
    )


def inbound(trunk: Trunk, name: str, number: str | None = None) -> Check:
    """Whether calls come in cannot be told from here; the remedy is what has to be entered at the carrier for that."""
    platform = trunk.call.platform
    if platform is None:
        summary = "Only a call can prove that calls come in, and this platform has no SIP host to send them to."
        remedy = "The operator of this platform has to set its SIP host."
        return Check(name, UNKNOWN, "platform_not_set", summary, remedy)
    summary = f"Only a call can prove that calls to {number or 'its numbers'} come in here."
    return Check(name, UNKNOWN, "only_a_call_can_prove", summary, instructions.sentence(platform, number))


def _ask(trunk: Trunk, method: str) -> Asked:
    with trunk.call.proving() as proof:
        answer = (trunk.call.sip.register if method == "REGISTER" else trunk.call.sip.options)(trunk.server)
    reading = read(method, answer)
    if reading is None:
        raise CarrierUnavailable(
            "The trunk's host could not be looked up at the moment. Try again later.", detail=answer.detail
        )
    asked = Asked(method, answer, reading, proof())
    if answer.challenged and not asked.tells_of_login:
        raise CarrierUnavailable(
            "The trunk asked for the login, and then had trouble with it. Try again later.",
            detail=f"{method} was challenged, then answered {answer.status or answer.trouble}. {answer.detail}",
        )
    return asked


def _reachable(trunk: Trunk, asked: Asked) -> Check:
    if asked.is_there:
        summary = f"The trunk answers ({asked.answer.status} to {asked.method})."
        return Check(TRUNK_REACHABLE, PASS, "trunk_answers", summary, proof=asked.proof)
    return _check(trunk, TRUNK_REACHABLE, asked.reading.reachable, asked)


def _check(trunk: Trunk, name: str, outcome: Outcome, asked: Asked) -> Check:
    addresses = trunk.call.platform.addresses if trunk.call.platform else ()
    wait = asked.answer.retry_after
    said = {
        "method": asked.method,
        "status": asked.answer.status,
        "wait": f"{wait:.0f} s" if wait else "a moment",
        "addresses": ", ".join(addresses) or "the addresses that the operator of this platform names when asked",
    }
    reading = asked.reading
    remedy = None if outcome is PASS or reading.remedy is None else reading.remedy.format(**said)
    return Check(name, outcome, reading.code, reading.summary.format(**said), remedy, asked.proof)
