"""A live recording that is killed or stopped, on a simulated account: no number stays routed to the platform."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest
from typer.testing import CliRunner

from trunkline.http.dial import SandboxDial
from trunkline.numbers import CarrierNumber, Route, RoutingSnapshot, RoutingView
from trunkline_conformance.cli import app
from trunkline_conformance.live_journal import Journal, JournalClosed, alone, path_of
from trunkline_conformance.live_recording import LiveAccount
from trunkline_conformance.recording import NOW
from trunkline_conformance.simulated.account import CALLS
from trunkline_conformance.simulated.vonage import VonageAccount
from trunkline_conformance.subject import installed

RECORDING = """
import datetime as dt, json, sys
from trunkline.http.dial import SandboxDial
from trunkline_conformance.cassettes import GivenAccount
from trunkline_conformance.live_recording import LiveAccount, record_live
from trunkline_conformance.scenarios import BY_ID
from trunkline_conformance.scrubbing import Allowed
from trunkline_conformance.stopping import Stopped
from trunkline_conformance.subject import installed


class Halting(SandboxDial):
    'Stands still behind the first write to a number, until somebody says to go on.'

    halted = False

    def send(self, request, timeout):
        answer = super().send(request, timeout)
        if request.url.endswith("/number/update") and not self.halted:
            self.halted = True
            print("written", file=sys.__stdout__, flush=True)
            sys.stdin.readline()
        return answer


told = json.load(open(sys.argv[1]))
dial = Halting(told["origins"])
account = LiveAccount(installed("vonage"), GivenAccount(told["credentials"]), (told["number"],), dial=dial)
try:
    record_live(account, BY_ID["import/new"], allowed=Allowed.of(), listed=(), now=dt.datetime.now(dt.UTC))
except Stopped as stopped:
    sys.exit(stopped.status)
"""


@attrs.define
class Live:
    """A live account on a simulated carrier, and the folder of what a recording needs to know of it."""

    carrier: VonageAccount
    origins: Any
    number: str
    folder: Path

    @property
    def credentials(self) -> dict[str, str]:
        return {name: value for name, value in self.carrier.given().credentials.items() if value is not None}

    @property
    def typed(self) -> list[str]:
        return [
            self.credentials.get(field.name, "") for field in installed("vonage").descriptor.credential_forms[0].fields
        ]

    def recording(self) -> subprocess.Popen[str]:
        """A recording in a process of its own, that has just written to the number."""
        told = {"origins": dict(self.origins), "credentials": self.credentials, "number": self.number}
        (self.folder / "told.json").write_text(json.dumps(told))
        process = subprocess.Popen(  # A step's own output is caught: it speaks past that.
            [sys.executable, "-c", RECORDING, str(self.folder / "told.json")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        assert process.stdout.readline() == "written\n"
        return process


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    carrier = VonageAccount("small", NOW)
    with carrier.served() as origins:
        yield Live(carrier, origins, carrier.facts().cast["routed"], tmp_path)


def recorded_again(live: Live, monkeypatch: pytest.MonkeyPatch, typed: list[str]) -> Any:
    account = partial(LiveAccount, dial=SandboxDial(live.origins), sleep=lambda seconds: None)
    monkeypatch.setattr("trunkline_conformance.record_command.LiveAccount", account)
    return CliRunner().invoke(app, ["record", "vonage", "--live"], input="\n".join(typed) + "\n")


def test_what_a_kill_left_is_shown_and_put_back_by_the_next_recording(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = live.carrier.held()
    with live.recording() as process:
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert live.carrier.held() != before

    journal = path_of("vonage")
    text = journal.read_text()
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    assert live.number in text
    assert not [secret for secret in (*live.credentials.values(), CALLS, "s3same") if secret in text]

    result = recorded_again(live, monkeypatch, [*live.typed, "y", "n"])
    said = result.output
    assert live.carrier.held() == before
    assert f"{live.number} to " in said.partition("Put it back now?")[0]
    assert "All of it is put back." in said.partition("Go ahead?")[0]
    assert result.exit_code == 1  # It was not to go ahead.
    assert not journal.exists()


def test_two_recordings_of_one_provider_do_not_meet(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    before = live.carrier.held()
    with alone("vonage"):
        result = recorded_again(live, monkeypatch, [])
    assert (result.exit_code, live.carrier.held()) == (1, before)
    assert result.output == "Another live recording of vonage is under way. Wait until it has ended.\n"
    assert "Go ahead?" in recorded_again(live, monkeypatch, [*live.typed, "n"]).output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_recording_and_the_number_is_put_back(live: Live, number: signal.Signals) -> None:
    before = live.carrier.held()
    with live.recording() as process:
        assert live.carrier.held() != before
        process.send_signal(number)
        process.communicate("go on\n", timeout=30)
    assert process.returncode == 128 + number
    assert live.carrier.held() == before
    assert not path_of("vonage").exists()


def test_with_other_credentials_nothing_is_put_back_and_the_journal_stays(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = live.carrier.held()
    with live.recording() as process:
        process.kill()
    left = live.carrier.held()
    _, *others = live.typed
    result = recorded_again(live, monkeypatch, ["another1", *others])
    assert result.exit_code == 1
    assert f"{path_of('vonage')} is of another account, or of other credentials" in result.output
    assert live.carrier.held() == left != before
    assert Journal.opened("vonage", live.credentials).kept[0].snapshot.number.number == live.number


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"began": "", "numbers": [], "sealed": "?"}'])
def test_a_journal_that_cannot_be_read_is_not_passed_over(
    live: Live, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    path_of("vonage").parent.mkdir(parents=True)
    path_of("vonage").write_text(text)
    result = recorded_again(live, monkeypatch, live.typed)
    assert result.exit_code == 1
    assert "cannot be read" in result.output
    assert path_of("vonage").exists()
    with pytest.raises(JournalClosed, match="cannot be read"):
        Journal.opened("vonage", live.credentials)


def test_what_is_kept_first_stays_and_what_is_forgotten_leaves_no_file(live: Live) -> None:
    number = CarrierNumber("+12015550123", "a", None, None, frozenset({"voice"}), None)
    first = RoutingSnapshot(number, RoutingView("webhook", "calls.example"), None, {"url": "https://u:p4ss@calls"}, NOW)
    second = attrs.evolve(first, points_at="trunk-1", restore={})
    route = Route("trunk-1", "trunk", made=True, data={"name": "ours"})
    journal = Journal("vonage", live.credentials)
    journal.keep(route, first)
    journal.keep(route, second)
    (kept,) = Journal.opened("vonage", live.credentials).kept
    assert (kept.route, kept.snapshot) == (route, first)
    assert "p4ss" not in path_of("vonage").read_text()
    journal.forget(number.number)
    assert list(path_of("vonage").parent.iterdir()) == []
