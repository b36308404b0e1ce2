"""Recording: the same conversation gives the same file, and a live account is left as it was found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from typer.testing import CliRunner

from trunkline.http.dial import SandboxDial
from trunkline_conformance.cassettes import dump, load
from trunkline_conformance.cli import app
from trunkline_conformance.leftovers import InDoubt
from trunkline_conformance.live_recording import MARKER, LiveAccount, NotPutBack, record_live, survey
from trunkline_conformance.record_command import allowed_for
from trunkline_conformance.recording import NOW, NotRecorded, record_simulated
from trunkline_conformance.scenarios import BY_ID
from trunkline_conformance.scrubbing import Allowed
from trunkline_conformance.simulated import Simulation, simulation_of
from trunkline_conformance.subject import Subject, installed

CASSETTES = Path(__file__).resolve().parents[2] / "cassettes"
PROVIDERS = ("signalwire", "telnyx", "twilio", "vonage")


def simulation(provider: str) -> Simulation:
    found = simulation_of(provider)
    assert found
    return found


def warmed(provider: str) -> Subject:
    subject = installed(provider)
    subject.plugin.warm_up()
    return subject


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_conversation_that_is_recorded_again_gives_the_same_file(provider: str) -> None:
    subject, folder = warmed(provider), CASSETTES / provider
    kept = folder / "release" / "restored.yaml"
    day = load(kept, "release/restored").provenance.day
    allowed = allowed_for(subject, folder)
    again = record_simulated(simulation(provider), subject, BY_ID["release/restored"], allowed=allowed, day=day)
    assert dump(again) == kept.read_text("utf-8")


def test_the_cassettes_are_three_and_a_half_megabytes_at_most() -> None:
    assert sum(path.stat().st_size for path in CASSETTES.rglob("*.yaml")) < 3_500_000


def test_without_its_list_a_conversation_is_not_recorded() -> None:
    subject = warmed("vonage")
    with pytest.raises((NotRecorded, InDoubt)):
        record_simulated(simulation("vonage"), subject, BY_ID["release/restored"], allowed=Allowed.of(), day=NOW.date())


def test_the_command_leaves_a_cassette_alone_that_is_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "vonage"
    folder.mkdir()
    (folder / "allowed.toml").write_text((CASSETTES / "vonage" / "allowed.toml").read_text())
    asked = ["record", "vonage", "--cassettes", str(folder), "--scenario", "list-numbers/empty"]
    first, second = CliRunner().invoke(app, asked), CliRunner().invoke(app, asked)
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert "+scenario" not in first.output
    assert "+  origin: sandbox" in first.output
    assert "list-numbers/empty: as it was" in second.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["vonage", "--scenario", "list"], "--scenario knows no 'list'"),
        (["vonage", "--number", "+12012204711"], "--number goes with --live"),
        (["nobody"], "No installed distribution publishes 'nobody'"),
    ],
)
def test_what_cannot_be_recorded_is_said_and_how_it_can(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["record", *arguments])
    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ([], "the folder that is given to `run` as --cassettes"),
        (["--live"], "the folder that is given to `run` as --cassettes"),
        (["--cassettes", str(CASSETTES / "manual")], str(CASSETTES / "manual")),
    ],
)
def test_of_a_trunk_there_is_nothing_to_record_and_one_sentence_says_so(more: list[str], where: str) -> None:
    result = CliRunner().invoke(app, ["record", "manual", *more])
    assert (result.exit_code, result.output) == (
        2,
        "There is nothing to record of manual: it asks over SIP, and its conversations are scripts of a peer that are "
        f"written by hand, one SCENARIO.yaml each in {where}.\n",
    )


@pytest.fixture(autouse=True)
def _no_journal_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


# A live account: one on a simulated carrier, which is held to what a real one would be


@attrs.define
class Live:
    """A live account, and the carrier that it is on."""

    account: LiveAccount
    carrier: Any

    def held(self) -> dict[str, Any]:
        with self.carrier.sandbox.carrier.lock:
            described = next(
                each for each in self.carrier.sandbox.carrier.state().values() if each["label"] == "recorded"
            )
        return dict(described["numbers"])


@pytest.fixture
def live() -> Iterator[Live]:
    carrier = simulation("twilio")("small", NOW)
    with carrier.served() as origins:
        number = carrier.facts().cast["routed"]
        yield Live(
            LiveAccount(
                warmed("twilio"), carrier.given(), (number,), dial=SandboxDial(origins), sleep=lambda seconds: None
            ),
            carrier,
        )


@pytest.mark.parametrize("scenario", ["import/new", "release/restored"])
def test_a_number_that_was_written_to_is_put_back(live: Live, scenario: str) -> None:
    before, now = live.held(), dt.datetime.now(dt.UTC)
    allowed = allowed_for(live.account.subject, CASSETTES / "twilio")
    listed = survey(live.account, now)
    cassette = record_live(live.account, BY_ID[scenario], allowed=allowed, listed=listed, now=now)
    assert live.held() == before
    assert (cassette.provenance.origin, cassette.provenance.marker) == ("live", MARKER)
    assert {each.request["method"] for each in cassette.interactions} >= {"GET", "POST"}
    assert len(cassette.facts.numbers) == len(listed) == 12
    assert live.account.numbers[0] not in dump(cassette)


def test_a_number_is_put_back_where_the_recording_fails(live: Live) -> None:
    before, now = live.held(), dt.datetime.now(dt.UTC)
    with pytest.raises((NotRecorded, InDoubt)):
        record_live(live.account, BY_ID["verify/good"], allowed=Allowed.of(), listed=(), now=now)
    assert live.held() == before


def test_a_number_that_cannot_be_put_back_is_named(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    now, allowed = dt.datetime.now(dt.UTC), allowed_for(live.account.subject, CASSETTES / "twilio")
    monkeypatch.setattr("trunkline_conformance.live_recording._released", lambda *_: False)
    with pytest.raises(NotPutBack, match=f"could be put back.*{live.account.numbers[0][1:]} to webhook calls.acme"):
        record_live(live.account, BY_ID["import/new"], allowed=allowed, listed=(), now=now)


def test_the_plan_says_what_is_written_before_anything_is(live: Live) -> None:
    said = "\n".join(live.account.plan())
    assert live.account.numbers[0] in said
    assert "import/new: writes" in said
    assert "list-numbers/one-page: only reads" in said
    reading = attrs.evolve(live.account, numbers=())
    assert "Nothing is written" in "\n".join(reading.plan())
    assert not {each.id for each in reading.scenarios()} & {"import/new", "release/restored"}
    assert not list(live.carrier.sandbox.requests)


def test_credentials_are_asked_for_hidden_and_nothing_is_asked_of_the_carrier_without_consent() -> None:
    typed = "\n".join(["auth_token", "AC" + "0" * 32, "canary-token-7f3a9b", "", "", "n"])
    result = CliRunner().invoke(app, ["record", "twilio", "--live"], input=typed + "\n")
    assert result.exit_code == 1
    assert "On a real Twilio account" in result.output
    assert "canary-token" not in result.output
