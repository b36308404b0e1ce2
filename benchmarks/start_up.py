"""Start-up: discovering and describing every installed provider, against importing the carriers' SDKs."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator

from measure import Figure, at_most, shown

DISCOVER = """
from trunkline.engine import Engine
from trunkline.registry import Registry
engine = Engine(Registry.discover())
assert engine.providers() and not engine.problems(), engine.problems()
"""
IMPORT_SDKS = "import twilio.rest, telnyx, vonage, signalwire.rest"
RUNS = 7


def measure() -> Iterator[Figure]:
    """Both in fresh interpreters, by turns; the median of each."""
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(_seconds(DISCOVER))
        theirs.append(_seconds(IMPORT_SDKS))
    discover, sdks = statistics.median(ours), statistics.median(theirs)
    yield shown("discover and describe every provider", discover * 1000, "ms")
    yield shown("import the four SDKs", sdks * 1000, "ms")
    yield at_most("discover / import", discover / sdks, 1 / 8)


def _seconds(code: str) -> float:
    timed = f"import time; start = time.perf_counter()\n{code}\nprint(time.perf_counter() - start)"
    return float(subprocess.run([sys.executable, "-c", timed], check=True, capture_output=True, text=True).stdout)
