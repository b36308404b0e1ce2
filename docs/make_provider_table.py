"""Writes the README's table of providers from the descriptors of the installed plugins: `make provider-table`."""

from __future__ import annotations

import sys
from pathlib import Path

from trunkline.descriptor import CAPABILITIES, Can, Capability, ProviderDescriptor
from trunkline.registry import Registry

BEGIN = "<!-- provider table: made by `make provider-table` -->\n"
END = "<!-- end of provider table -->\n"
SAID = {Can.YES: "yes", Can.NO: "no", Can.UNKNOWN: "could not tell"}

# What has been seen, and where. Nothing here has met a live account.
PROVEN = "on its simulated carrier, whose answers are held against the carrier's OpenAPI documents; not live"
PROVEN_OVER_SIP = "on a simulated trunk, and before Kamailio; not on a carrier's trunk"


def table(descriptors: list[ProviderDescriptor]) -> str:
    """One row a capability, one column a provider."""
    header = ["", *(descriptor.display_name for descriptor in descriptors)]
    rows = [["set up by", *(", ".join(f"`{each.id}`" for each in d.setup_methods) for d in descriptors)]]
    for name in CAPABILITIES:
        rows.append([name.replace("_", " "), *(_cell(d.capability(name)) for d in descriptors)])
    rows.append(["proven", *(PROVEN if each.hosts else PROVEN_OVER_SIP for each in descriptors)])
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


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
