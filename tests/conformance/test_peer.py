"""The scripted SIP peer on trial: it takes no login but its own, and no trunk for another."""

from __future__ import annotations

import random
from pathlib import Path

import attrs
import pytest

from trunkline.deadline import Deadline
from trunkline.secret import Secret
from trunkline.sip.asking import Asker, DigestCredentials, Question
from trunkline.sip.dial import SandboxSipDial
from trunkline.sip.limits import SipLimits
from trunkline.sip.server import SipServer
from trunkline_conformance.cassettes import CassetteUnreadable, load, path_of
from trunkline_conformance.checks import BY_ID
from trunkline_conformance.conversation import Asked
from trunkline_conformance.peer import served
from trunkline_conformance.peer_script import Challenge, PeerAnswer, PeerScript
from trunkline_conformance.replaying import replay
from trunkline_conformance.scenarios import BY_ID as SCENARIOS
from trunkline_conformance.subject import subject_of
from trunkline_manual.hooks import ManualPlugin

CASSETTES = Path(__file__).parents[2] / "cassettes" / "manual"


@pytest.mark.parametrize("check", ["wire/authorizes-every-request", "replay/asks-what-was-recorded"])
def test_a_login_that_the_peer_does_not_know_is_caught(check: str) -> None:
    kept = load(path_of(CASSETTES, "test-credentials/valid"), "test-credentials/valid")
    assert kept.peer
    cassette = attrs.evolve(kept, peer=attrs.evolve(kept.peer, password="another than the account's"))
    run = replay(subject_of(ManualPlugin()), SCENARIOS[kept.scenario], cassette, random.Random(7))
    assert not all(finding.right for finding in BY_ID[check].judge(run))


def test_no_trunk_stands_in_for_another() -> None:
    trunks = [id for id in SCENARIOS if id.startswith("trunk/")]
    for script in trunks:
        cassette = load(path_of(CASSETTES, script), script)
        assert [id for id in trunks if SCENARIOS[id].contains(cassette) is None] == [script]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("", "either interactions or a peer"),
        ("interactions: []\npeer: {host: sip.trunk.example}\n", "either interactions or a peer"),
        (
            "peer: {host: a.example, answers: [{method: OPTIONS, status: 200, challenge: {realm: a}}]}\n",
            r"answers\[0\]",
        ),
        (
            "peer: {host: a.example, answers: [{method: INVITE}]}\n",
            r"answers\[0\].method: must be one of: OPTIONS, REGISTER",
        ),
    ],
)
def test_a_cassette_that_no_peer_can_play_is_refused(tmp_path: Path, given: str, told: str) -> None:
    head, _, _ = path_of(CASSETTES, "trunk/open").read_text("utf-8").partition("peer:")
    path = tmp_path / "open.yaml"
    path.write_text(head + given, "utf-8")
    with pytest.raises(CassetteUnreadable, match=told):
        load(path, "trunk/open")


@pytest.mark.parametrize(
    "challenge",
    [Challenge("acme", "MD5"), Challenge("acme", "MD5", "auth"), Challenge("acme", "SHA-256", "auth")],
    ids=lambda each: f"{each.algorithm}-{each.qop}",
)
@pytest.mark.parametrize(("password", "right"), [("S3cret-of-acme", True), ("another", False)])
def test_the_peer_takes_no_login_but_its_own(challenge: Challenge, password: str, right: bool) -> None:
    answers = (PeerAnswer("OPTIONS", 407, challenge=challenge), PeerAnswer("OPTIONS", 200, login=True))
    script = PeerScript("sip.trunk.example", "acme", "S3cret-of-acme", answers)
    asked: list[Asked] = []
    with served(script, asked.append) as peer:
        dial = SandboxSipDial({script.host: peer.address})
        asker = Asker(dial, SipLimits(), random.Random(7), record=lambda exchange: None, scrub=str)
        login = DigestCredentials("acme", Secret(password))
        asker.ask(Question("OPTIONS", SipServer(script.host), login), Deadline.after(20))
        unplayed = peer.unplayed()
    assert [each.login for each in asked] == [None, right]
    assert [each.played for each in asked] == [0, 1 if right else None]
    assert bool(unplayed) is not right
