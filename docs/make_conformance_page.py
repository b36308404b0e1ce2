"""Writes docs/conformance.md from the suite's own checks and scenarios: `make conformance-page`."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

from trunkline_conformance.check import Check
from trunkline_conformance.checks import CHECKS
from trunkline_conformance.faults import FAULTS
from trunkline_conformance.levels import LIVE_DAYS
from trunkline_conformance.scenarios import SCENARIOS, Scenario
from trunkline_conformance.sip_faults import SIP_FAULTS

INTRODUCTION = """# Conformance

What the suite asks of a provider. This page is made from the checks and scenarios themselves (`make conformance-page`).

```
trunkline-conformance run acme                      # every check, and faults as Hypothesis picks them
trunkline-conformance run acme --faults none        # replays only
trunkline-conformance run acme --html report.html   # one page to look at
pytest --pyargs trunkline_conformance --provider acme
```

The plugin is found by its entry point, and its cassettes in its own package or in `--cassettes FOLDER`, one
`SCENARIO.yaml` each. It runs behind the real engine on the real guarded wire, whose far end plays the cassette: method,
scheme, host, path, query and body must be the recorded ones, each exchange is played once and in order, and all of them
must be played. Credentials are fresh in each run. Time and chance come from the cassette; no time is spent waiting.

A trunk without an API is asked over SIP: its cassettes hold the script of a peer, which listens on loopback, answers
OPTIONS and REGISTER, and checks the digest itself. A request that is not in the script, a login that is wrong, and an
answer that was never asked for fail the run, and so does any HTTP request. What only HTTP can show is not called for.
Under faults the peer is struck as any carrier is.

A check that finds nothing to look at fails. What a plugin is exempt from, and why, stands in `conformance.toml` beside
its cassettes; an exemption from a check that passes fails the run, and essential checks take none.

## Levels

Computed from a run, never claimed.

| level | reached when |
| --- | --- |
| replays | every check of the conversations, the descriptor and the installation passes |
| robust | and the law under faults holds in every case that was tried |
| complete | and it can do everything, but for what `conformance.toml` shows that the carrier lacks, with the source |
| live | it replays, and every cassette was recorded on a real account within {days} days |
"""

FAULTS_INTRODUCTION = """## Faults

Each strikes one request of a scenario, or every request from there on; `null` and `unknown-word` strike one field of
its answer, and the two of pages a later page of a list of numbers. After it the cassette goes on where it can: a
read that was not recorded gets 503, and a write that was not recorded fails the check. A case that goes wrong shrinks
to the smallest one, and the report prints the command that repeats it.
"""

SIP_FAULTS_INTRODUCTION = """\
Those of a trunk strike its scripted peer, at a request with the login as at one without, over UDP or over TCP; with
some the request never leaves for want of an address. `moved` points to a host that asks everybody for the login, and
that nobody may ask. A verdict is held against what the peer really answered: a trunk is reachable where an answer came,
and not where none did; a login is good only where an answer took it, and bad only where one refused it.
"""


def page() -> str:
    """The whole page."""
    checks = [_group(list(group)) for _, group in groupby(CHECKS, lambda check: check.id.partition("/")[0])]
    return "\n".join(
        [
            INTRODUCTION.format(days=LIVE_DAYS),
            f"## Checks\n\n{len(CHECKS)} of them; **bold** is essential.\n",
            *checks,
            f"## Scenarios\n\n{len(SCENARIOS)} of them; each that a plugin is able to needs a cassette.\n",
            "| scenario | story | needs | account |\n| --- | --- | --- | --- |",
            *map(_row, SCENARIOS),
            "",
            FAULTS_INTRODUCTION,
            "| fault | may become |\n| --- | --- |",
            *(f"| `{fault.id}` | {_codes(fault.families)} |" for fault in FAULTS),
            "",
            SIP_FAULTS_INTRODUCTION,
            "| fault of a trunk | may become |\n| --- | --- |",
            *(f"| `{fault.id}` | {_codes(fault.families)} |" for fault in SIP_FAULTS),
            "",
        ]
    )


def _group(checks: list[Check]) -> str:
    name = checks[0].id.partition("/")[0]
    rows = [f"| {_name(check)} | {check.rule} | {check.why} | {check.remedy} |" for check in checks]
    return "\n".join([f"### {name}\n", "| check | rule | why | remedy |\n| --- | --- | --- | --- |", *rows, ""])


def _name(check: Check) -> str:
    return f"**`{check.id}`**" if check.essential else f"`{check.id}`"


def _row(scenario: Scenario) -> str:
    road = (f"to be asked over {scenario.road.value.upper()}",) if scenario.road else ()
    needs = ", ".join((*scenario.needs, *road)) or "nothing"
    return f"| `{scenario.id}` | {scenario.story} | {needs} | {scenario.account} |"


def _codes(families: tuple[str, ...]) -> str:
    return ", ".join(f"`{code}`" for code in families) or "nothing: it is harmless"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
