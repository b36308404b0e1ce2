"""Writes the README's table of providers: `make provider-table`.

What each can do is from the descriptors of the installed plugins, where it was proven from its cassettes' provenance.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from trunkline.descriptor import CAPABILITIES, Can, Capability, ProviderDescriptor
from trunkline.registry import Registry
from trunkline_conformance.cassettes import load

BEGIN = "<!-- provider table: made by `make provider-table` -->\n"
END = "<!-- end of provider table -->\n"
SAID = {Can.YES: "yes", Can.NO: "no", Can.UNKNOWN: "could not tell"}

CASSETTES = Path(__file__).parents[1] / "cassettes"

# What it proves that a conversation is of this origin. A trunk's cassettes are scripts of what a trunk answers; the
# tests play them by a simulated trunk, and hold the same against Kamailio.
OVER_HTTP = {
    "live": "live",
    "sandbox": "on its simulated carrier, whose answers are held against the carrier's OpenAPI documents",
    "example": "in conversations written by hand",
}
OVER_SIP = {
    "live": "on a carrier's trunk",
    "sandbox": "on a simulated trunk, and before Kamailio",
    "example": "on a simulated trunk, and before Kamailio",
}


def table(descriptors: list[ProviderDescriptor], cassettes: Path = CASSETTES) -> str:
    """One row a capability, one column a provider."""
    header = ["", *(descriptor.display_name for descriptor in descriptors)]
    rows = [["set up by", *(", ".join(f"`{each.id}`" for each in d.setup_methods) for d in descriptors)]]
    for name in CAPABILITIES:
        rows.append([name.replace("_", " "), *(_cell(d.capability(name)) for d in descriptors)])
    rows.append(["proven", *(proven(each, cassettes) for each in descriptors)])
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def proven(descriptor: ProviderDescriptor, cassettes: Path) -> str:
    """Where a provider's conversations come from, and whether any was recorded on a real account."""
    recorded = sorted((cassettes / descriptor.id).rglob("*.yaml"))
    origins: Counter[str] = Counter(load(path, path.stem).provenance.origin for path in recorded)
    words = OVER_HTTP if descriptor.hosts else OVER_SIP
    simulated = list(dict.fromkeys(words[origin] for origin in words if origin != "live" and origins[origin]))
    if not origins["live"]:
        return "; ".join([*simulated, f"not {words['live']}"])
    return "; ".join([f"{words['live']} ({origins['live']} of {len(recorded)} recorded conversations)", *simulated])


def written_into(readme: str) -> str:
    """The README with the table of what is installed now."""
    before, rest = readme.split(BEGIN)
    after = rest.split(END)[1]
    descriptors = sorted(
        (plugin.descriptor for plugin in Registry.discover().plugins.values()), key=lambda d: d.display_name
    )
    return before + BEGIN + table(descriptors) + END + after


def _cell(capability: Capability) -> str:
    return f"{SAID[capability.can]} ({capability.why})" if capability.why else SAID[capability.can]


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(written_into(path.read_text()))
