"""Faults on a scripted SIP peer: each strikes, the law holds for an honest plugin, and a liar is found by itself."""

from __future__ import annotations

import random
from pathlib import Path

import attrs
import pytest
from typer.testing import CliRunner

from trunkline.account import CarrierAccount
from trunkline.call import Call
from trunkline.checks import PASS, CredentialTest
from trunkline.hookspec import hookimpl
from trunkline_conformance.check import About, Finding
from trunkline_conformance.checks import BY_ID, CHECKS
from trunkline_conformance.cli import app
from trunkline_conformance.conversation import Run
from trunkline_conformance.fault_pass import FaultPass, Profile
from trunkline_conformance.faults import FAULTS, Case, FaultRun
from trunkline_conformance.replaying import Library, library, replay
from trunkline_conformance.scenarios import BY_ID as SCENARIOS
from trunkline_conformance.sip_faults import SIP_FAULTS, SipFault
from trunkline_conformance.striking import EVERY_FAULT, strike
from trunkline_conformance.subject import Road, subject_of
from trunkline_manual import checks
from trunkline_manual.hooks import ManualPlugin
from trunkline_manual.trunk import Trunk

CASSETTES = Path(__file__).parents[2] / "cassettes" / "manual"
LAW = [check for check in CHECKS if check.about is About.FAULTS and check.road is not Road.HTTP]
VALID = "test-credentials/valid"


class CallsEveryTrunkReachable(ManualPlugin):
    """It has never seen one that was not."""

    @hookimpl
    def test_credentials(self, account: CarrierAccount, call: Call) -> CredentialTest:
        honest = checks.test(Trunk(account, call))
        return attrs.evolve(honest, reachable=attrs.evolve(honest.reachable, outcome=PASS))


def gone_through(plugin: ManualPlugin, *scenarios: str) -> tuple[Library, dict[str, Run]]:
    found = library(subject_of(plugin), CASSETTES)
    return found, {id: replay(found.subject, SCENARIOS[id], found.cassettes[id], random.Random(7)) for id in scenarios}


def struck(case: Case, plugin: ManualPlugin | None = None) -> FaultRun:
    found, runs = gone_through(plugin or ManualPlugin(), case.scenario)
    cassette, clean = found.cassettes[case.scenario], runs[case.scenario]
    return strike(found.subject, SCENARIOS[case.scenario], cassette, case, clean, random.Random(7))


def wrong(seen: FaultRun) -> dict[str, Finding]:
    return {check.id: each for check in LAW for each in check.judge(seen) if not each.right}


PROVEN, AWAY, UNPROVEN, REFUSED = ("pass", "pass"), ("fail", "unknown"), ("pass", "unknown"), ("pass", "fail")
"""What is said of a trunk, and of the login."""

TOLD: dict[str, tuple[str, str] | None] = {
    "dns-down": None,
    "stale": None,
    **dict.fromkeys(("status-299", "status-699", "moved", "busy-for-years", "quoted-password"), UNPROVEN),
    **dict.fromkeys(("no-challenge", "basic", "unknown-algorithm", "unknown-qop"), REFUSED),
    **dict.fromkeys(("new-headers", "compact-headers", "trying-first"), PROVEN),
}
"""By the fault that strikes every request: None where that ends in an error; `AWAY` for every other."""


@pytest.mark.parametrize("fault", SIP_FAULTS, ids=lambda each: each.id)
def test_a_fault_strikes_every_request_and_proves_what_it_proves(fault: SipFault) -> None:
    seen = struck(Case(VALID, 0, fault.id, lasting=True))
    (step,) = seen.run.steps
    said = {each.name: each.outcome.value for each in step.result.checks} if step.result else {}
    told = (said["trunk_reachable"], said["credentials_valid"]) if said else None
    assert (told, step.ending == "carrier_unavailable") == (TOLD.get(fault.id, AWAY), told is None)
    assert seen.struck == {"test_credentials"}
    assert all(each.fault == fault.id for each in step.asked)
    assert not wrong(seen)


@pytest.mark.parametrize("fault", ["silence", "closed-halfway", "status-699", "busy-for-years"])
def test_a_login_that_no_answer_took_ends_in_an_error(fault: str) -> None:
    seen = struck(Case(VALID, 1, fault))
    (step,) = seen.run.steps
    assert (step.ending, [each.login for each in step.asked]) == ("carrier_unavailable", [None, True])
    assert not wrong(seen)


def test_a_stale_nonce_is_taken_anew_once_and_no_more() -> None:
    for case, requests, ending in (
        (Case(VALID, 1, "stale"), 3, "passed"),
        (Case(VALID, 0, "stale", lasting=True), 3, "carrier_unavailable"),
    ):
        (step,) = struck(case).run.steps
        assert (len(step.asked), step.ending) == (requests, ending)


def test_a_liar_is_found_by_itself_and_the_smallest_case_repeats() -> None:
    found, runs = gone_through(CallsEveryTrunkReachable(), VALID, "trunk/open")
    fault_pass = FaultPass(found, runs, (BY_ID["faults/are-not-hidden"],), random.Random(7))
    (problem,) = fault_pass.by_profile(Profile.FEW).problems["faults/are-not-hidden"]
    words = (problem.again or "").split()
    case = Case(words[4], int(words[6]), words[8], "--lasting" in words)
    assert words[:4] == ["trunkline-conformance", "run", "manual", "--scenario"]
    assert "faults/are-not-hidden" in wrong(struck(case, CallsEveryTrunkReachable()))
    assert not wrong(struck(case))


def test_the_faults_of_both_roads_have_names_of_their_own() -> None:
    assert len(EVERY_FAULT) == len(FAULTS) + len(SIP_FAULTS)


def test_a_fault_of_the_other_road_is_refused_and_not_passed_over() -> None:
    asked = ["run", "manual", "--cassettes", str(CASSETTES), "--scenario", VALID, "--fault", "html-200"]
    result = CliRunner().invoke(app, asked)
    assert (result.exit_code, result.output.strip()) == (
        2,
        f"html-200 strikes nothing of {VALID}: manual asks over SIP there.",
    )


def test_one_case_of_a_trunk_repeats_by_its_command() -> None:
    asked = ["run", "manual", "--cassettes", str(CASSETTES), "--scenario", VALID, "--step", "1", "--fault", "closed"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    assert "1 scenarios, 1 cases with a fault" in " ".join(result.output.split())
