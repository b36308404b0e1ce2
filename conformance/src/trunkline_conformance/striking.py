"""A fault at a request of a scenario, whichever road its carrier is asked by."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from trunkline_conformance.cassettes import Cassette
from trunkline_conformance.conversation import Run
from trunkline_conformance.faults import FAULT_BY_ID, FAULTS, Case, Fault, FaultRun, strike_exchange
from trunkline_conformance.scenarios import Scenario
from trunkline_conformance.sip_faults import SIP_FAULT_BY_ID, SIP_FAULTS, strike_trunk
from trunkline_conformance.subject import Subject

EVERY_FAULT: Mapping[str, Fault] = {**FAULT_BY_ID, **SIP_FAULT_BY_ID}
"""Those of HTTP and those of SIP, by id."""


class CannotStrike(Exception):
    """A fault of one road, for a scenario that goes by the other; says so."""


def faults_for(cassette: Cassette) -> Sequence[Fault]:
    """The faults that can strike a scenario."""
    return FAULTS if cassette.peer is None else SIP_FAULTS


def strike(
    subject: Subject, scenario: Scenario, cassette: Cassette, case: Case, clean: Run, rng: random.Random
) -> FaultRun:
    """Go through a scenario with a fault in it; raises `CannotStrike`."""
    if EVERY_FAULT[case.fault] not in faults_for(cassette):
        road = "HTTP" if cassette.peer is None else "SIP"
        raise CannotStrike(f"{case.fault} strikes nothing of {scenario.id}: {subject.id} asks over {road} there.")
    go = strike_exchange if cassette.peer is None else strike_trunk
    return go(subject, scenario, cassette, case, clean, rng)
