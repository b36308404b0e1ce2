"""`conformance.toml`, beside the cassettes: what a plugin is exempt from, and why.

```toml
[exempt]         # checks; one that passes all the same fails the run, and essential ones take no exemption
"list-numbers/streams" = "Acme gives all numbers in one answer."

[without]        # scenarios that the carrier has nothing like; one that has a cassette all the same fails the run
"trouble/suspended" = "Acme's API shows every account as active."

[carrier_lacks]  # capabilities that the carrier itself does not have, with the source
balance = "https://acme.example/docs/api: accounts are invoiced"
```
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path

import attrs

from trunkline.converter import structure
from trunkline.descriptor import CAPABILITIES
from trunkline.errors import InvalidFields
from trunkline_conformance.check import Check
from trunkline_conformance.scenarios import BY_ID

FILE = "conformance.toml"


class ExemptionRefused(Exception):
    """The file exempts from what there is not, from what takes no exemption, or without a reason."""


@attrs.frozen
class Exemptions:
    """By check, scenario or capability, the reason."""

    exempt: Mapping[str, str] = attrs.Factory(dict)
    without: Mapping[str, str] = attrs.Factory(dict)
    carrier_lacks: Mapping[str, str] = attrs.Factory(dict)


def read(folder: Path, checks: Collection[Check]) -> Exemptions:
    """The exemptions of the plugin whose cassettes lie in the folder; raises `ExemptionRefused`."""
    path = folder / FILE
    if not path.is_file():
        return Exemptions()
    try:
        said = structure(tomllib.loads(path.read_text("utf-8")), Exemptions)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExemptionRefused(f"{path}: {error}") from None
    except InvalidFields as error:
        raise ExemptionRefused(f"{path}: {error}") from None
    if problems := _problems(said, checks):
        raise ExemptionRefused(f"{path}: {'; '.join(problems)}")
    return said


def _problems(said: Exemptions, checks: Collection[Check]) -> list[str]:
    """What it may not say."""
    known = {check.id: check for check in checks}
    unknown = {
        "exempt": said.exempt.keys() - known.keys(),
        "without": said.without.keys() - BY_ID.keys(),
        "carrier_lacks": said.carrier_lacks.keys() - set(CAPABILITIES),
    }
    essential = sorted(id for id in said.exempt if id in known and known[id].essential)
    whole = {"exempt": said.exempt, "without": said.without, "carrier_lacks": said.carrier_lacks}
    return [
        *(f"[{table}] knows no {name!r}" for table, names in unknown.items() for name in sorted(names)),
        *(f"{id} is essential and takes no exemption" for id in essential),
        *(
            f"{name!r} needs a reason"
            for table in whole.values()
            for name, why in table.items()
            if len(why.split()) < 3
        ),
    ]
