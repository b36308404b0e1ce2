"""Runs every benchmark; `python benchmarks/bench.py listing` runs one."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from measure import Figure, report

BENCHMARKS = {
    "start_up": "Start-up",
    "importing": "Import at 40 ms latency",
    "import_jobs": "Import jobs at 40 ms latency",
    "listing": "Listing",
    "serving": "The service",
    "replicas": "One process and three, on PostgreSQL",
    "sip": "SIP over loopback, before Kamailio",
}
TARGET = Path(__file__).parent.parent / "build" / "bench.json"


def main(chosen: list[str]) -> int:
    """Measure, write, print; 1 if a bound was missed."""
    if unknown := set(chosen) - BENCHMARKS.keys():
        print(f"No such benchmark: {', '.join(sorted(unknown))}. There are: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    sections: list[tuple[str, list[Figure]]] = []
    try:
        for name, title in BENCHMARKS.items():
            if not chosen or name in chosen:
                print(f"measuring {name} …", file=sys.stderr)
                sections.append((title, list(importlib.import_module(name).measure())))
    finally:
        # What was measured before one of them failed took minutes.
        report(sections, TARGET)
    return int(any(figure.kept is False for _, figures in sections for figure in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
