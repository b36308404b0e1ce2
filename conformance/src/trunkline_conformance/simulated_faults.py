"""A fault on a simulated carrier, which holds a state: what became of its numbers is read there, and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import attrs
import requests

from trunkline.http.dial import Dial, SandboxDial
from trunkline_conformance.cassettes import Cassette, Provenance
from trunkline_conformance.conversation import Asked, Run
from trunkline_conformance.faults import FAULT_BY_ID, Answer, Case, FaultRun, Held, spoilt
from trunkline_conformance.recording import MARKER, NOW, PLATFORM, SEED
from trunkline_conformance.replay import answer, asked_with
from trunkline_conformance.scenarios import Scenario, perform
from trunkline_conformance.simulated import SimulatedAccount, Simulation
from trunkline_conformance.stage import Stage
from trunkline_conformance.subject import Subject

STRUCK = frozenset({"import/new", "release/restored"})
"""The scenarios that are struck on a simulated carrier: between them they write all that an import and a release do."""

_PROVENANCE = Provenance("sandbox", NOW.date().isoformat(), "", SEED, NOW.isoformat(), MARKER, PLATFORM)


class FaultySandboxDial:
    """Lets everything through to a simulated carrier but for the fault; notes what the carrier holds at each step."""

    def __init__(self, dial: Dial, account: SimulatedAccount[Any], case: Case | None) -> None:
        self.asked: list[Asked] = []
        self.struck: list[str] = []
        """The steps that the fault struck."""
        self._dial = dial
        self._account = account
        self._case = case
        self._step = ""
        self._held: list[tuple[str, Mapping[str, Any]]] = []
        self._count = 0
        self._lock = threading.Lock()

    def begin(self, step: str) -> None:
        """Requests from now on belong to this step."""
        self._step = step
        self._held.append((step, self._account.held()))

    def held(self) -> dict[str, Held]:
        """By step, what the carrier held of each number before and after it."""
        ends = [*(held for _, held in self._held[1:]), self._account.held()]
        return {step: Held(before, after) for (step, before), after in zip(self._held, ends, strict=True)}

    def send(self, request: requests.PreparedRequest, timeout: tuple[float, float]) -> requests.Response:
        """Send it, unless the fault comes instead, and give the answer, or what the fault makes of it."""
        with self._lock:
            at, self._count = self._count, self._count + 1
            case = self._case
            fault = FAULT_BY_ID[case.fault] if case and (at == case.at or (case.lasting and at > case.at)) else None
            if fault and fault.instead:
                played, response = None, fault.instead(NOW)
            else:
                played, real = at, self._sent(request, timeout)
                # No pages before: the accounts of these scenarios list their numbers on one.
                changed = spoilt(case, real, ()) if case and fault else None
                fault, response = fault if changed else None, changed or real
            if fault:
                self.struck.append(self._step)
            status = None if response["lost"] else response["status"]["code"]
            sent = asked_with(request, self._step)
            self.asked.append(
                Asked(
                    self._step,
                    sent.method,
                    sent.uri,
                    dict(sent.headers),
                    sent.body,
                    status,
                    played,
                    fault=fault.id if fault else None,
                )
            )
        return answer(response, request)

    def close(self) -> None:
        """Give up idle connections."""
        self._dial.close()

    def _sent(self, request: requests.PreparedRequest, timeout: tuple[float, float]) -> Answer:
        response = self._dial.send(request, timeout)
        return {
            "status": {"code": response.status_code, "message": response.reason or ""},
            "headers": {name: [value] for name, value in response.headers.items()},
            "body": {"string": response.content},
            "lost": None,
        }


def without_fault(simulation: Simulation, subject: Subject, scenario: Scenario, cassette: Cassette) -> Run:
    """Go through a scenario on a carrier that was just built."""
    return _gone_through(simulation, subject, scenario, cassette, None)[0]


def strike_simulated(
    simulation: Simulation, subject: Subject, scenario: Scenario, cassette: Cassette, case: Case, clean: Run
) -> FaultRun:
    """Go through a scenario on a carrier that was just built, with a fault in it."""
    run, dial = _gone_through(simulation, subject, scenario, cassette, case)
    struck = frozenset(dial.struck)
    return FaultRun(case, FAULT_BY_ID[case.fault], run, clean, struck, frozenset(), dial.held())


def _gone_through(
    simulation: Simulation, subject: Subject, scenario: Scenario, cassette: Cassette, case: Case | None
) -> tuple[Run, FaultySandboxDial]:
    account = simulation(scenario.account, NOW)
    with account.served() as origins:
        dial = FaultySandboxDial(SandboxDial(origins), account, case)
        given = account.given()
        facts = attrs.evolve(account.facts(), endings=account.endings(scenario.id))
        credentials = {name: value for name, value in given.credentials.items() if value is not None}
        stage = Stage(subject, dial, given=given, credentials=credentials, facts=facts, provenance=_PROVENANCE)
        stuck = perform(stage, scenario)
    return Run(subject, scenario.id, cassette, facts, credentials, stage.steps, stuck=stuck), dial
