"""Records the cassettes of the template: its plugin, with its defaults, before the simulated Acme."""

from __future__ import annotations

import datetime as dt
import importlib
import sys
import tempfile
from pathlib import Path

import attrs

from trunkline_conformance.acme import HOST
from trunkline_conformance.cassettes import dump
from trunkline_conformance.new_provider import TEMPLATE, write_provider
from trunkline_conformance.recording import record_simulated
from trunkline_conformance.replaying import called_for
from trunkline_conformance.scrubbing import Allowed
from trunkline_conformance.simulated.acme import AcmeAccount
from trunkline_conformance.subject import subject_of

PACKAGE = TEMPLATE / "project/src/trunkline_[[ provider ]]"
CASSETTES = PACKAGE / "cassettes"


def main(target: Path) -> None:
    """Write every cassette into this folder, with the host of the new carrier in place of Acme's."""
    with tempfile.TemporaryDirectory() as folder:
        write_provider(Path(folder), {})
        sys.path.insert(0, f"{folder}/src")
        subject = subject_of(importlib.import_module("trunkline_acme").plugin)
        allowed = Allowed.of(CASSETTES / "allowed.toml", hosts=[HOST.replace(".", r"\.")])
        for scenario in called_for(subject):
            cassette = record_simulated(AcmeAccount, subject, scenario, allowed=allowed, day=dt.date(2026, 11, 25))
            # The conversation is an example: the carrier that it was held with does not exist.
            cassette = attrs.evolve(cassette, provenance=attrs.evolve(cassette.provenance, origin="example"))
            path = target / f"{scenario.id}.yaml.jinja"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dump(cassette).replace(HOST, "[[ api_host ]]"), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CASSETTES)
