"""A plugin's cassettes, and its way through each of them."""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping
from pathlib import Path

import attrs

from trunkline.sip.dial import SandboxSipDial
from trunkline_conformance import canaries
from trunkline_conformance.cassettes import Cassette, CassetteUnreadable, load, path_of
from trunkline_conformance.conversation import Run
from trunkline_conformance.peer import served
from trunkline_conformance.replay import CassetteDial
from trunkline_conformance.scenarios import SCENARIOS, Scenario, perform
from trunkline_conformance.stage import Stage
from trunkline_conformance.subject import Road, Subject


class NoCassettes(Exception):
    """A folder holds no recorded conversation at all; says which, and what to do."""


@attrs.frozen
class Library:
    """The cassettes of one plugin: those that its capabilities call for, and what is wrong with the others."""

    subject: Subject
    folder: Path
    cassettes: Mapping[str, Cassette]
    unreadable: Mapping[str, str]
    missing: tuple[str, ...]
    without: Mapping[str, str]
    """Scenarios that the carrier has nothing like, each with the reason."""


def called_for(subject: Subject) -> tuple[Scenario, ...]:
    """The scenarios that the plugin's capabilities, and the way it asks, call for."""
    return tuple(scenario for scenario in SCENARIOS if _calls_for(subject, scenario))


def _calls_for(subject: Subject, scenario: Scenario) -> bool:
    return subject.takes(scenario.road) and all(subject.can(name) for name in scenario.needs)


def library(subject: Subject, folder: Path, without: Mapping[str, str] | None = None) -> Library:
    """Every cassette that is called for, and is not among those that the carrier has nothing like.

    Raises `NoCassettes` where there is none.
    """
    without = without or {}
    cassettes: dict[str, Cassette] = {}
    unreadable: dict[str, str] = {}
    missing: list[str] = []
    for scenario in called_for(subject):
        path = path_of(folder, scenario.id)
        if not path.is_file():
            if scenario.id not in without:
                missing.append(scenario.id)
            continue
        try:
            cassettes[scenario.id] = load(path, scenario.id)
        except CassetteUnreadable as error:
            unreadable[scenario.id] = str(error)
    if missing and not (cassettes or unreadable):
        made = f"`trunkline-conformance record {subject.id}` makes them"
        if not subject.takes(Road.HTTP):
            made = "they are scripts of a peer, written by hand"
        raise NoCassettes(
            f"{folder} holds no cassettes, and nothing can be said of {subject.id} without. Say where they lie with "
            f"--cassettes FOLDER, or put them into the folder `cassettes` of the plugin's package; {made}."
        )
    return Library(subject, folder, cassettes, unreadable, tuple(missing), without)


def replay(subject: Subject, scenario: Scenario, cassette: Cassette, rng: random.Random) -> Run:
    """Go through one scenario on its cassette, with fresh credentials; no HTTP request is let out beside a peer."""
    credentials = canaries.fresh(subject.descriptor, cassette.account.credentials, rng)
    dial = CassetteDial(cassette, credentials, reads_in_any_order=scenario.reads_in_any_order)
    facts = cassette.facts_with(credentials)
    stage_with = functools.partial(
        Stage,
        subject,
        dial,
        given=cassette.account,
        credentials=credentials,
        facts=facts,
        provenance=cassette.provenance,
    )
    script = cassette.peer_with(credentials)
    if script is None:
        stage = stage_with()
        stuck, unplayed = perform(stage, scenario), dial.unplayed()
    else:
        with served(script, dial.note) as peer:
            sip = SandboxSipDial({script.host: peer.address})
            stage = stage_with(sip=sip, sip_limits=script.limits)
            stuck, unplayed = perform(stage, scenario), peer.unplayed()
    return Run(subject, scenario.id, cassette, facts, credentials, stage.steps, unplayed, stuck)
