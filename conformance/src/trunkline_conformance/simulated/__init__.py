"""Accounts on simulated carriers, as the recorder plays its scenarios on them: one module a carrier.

A distribution publishes the account of a carrier under its provider's name in the group `trunkline.simulations`.
Acme's is not published: it is nobody's carrier, and a stranger's first provider may bear its name.
"""

from __future__ import annotations

import inspect
from importlib.metadata import entry_points
from typing import Any

from trunkline_conformance.simulated.account import SimulatedAccount

SIMULATIONS = "trunkline.simulations"
"""The group of the entry points."""

Simulation = type[SimulatedAccount[Any]]


class SimulationRefused(Exception):
    """What is published as a provider's simulation cannot be taken for one; says why."""


def simulation_of(provider: str) -> Simulation | None:
    """The simulation that an installed distribution publishes for a provider, if one does.

    Raises `SimulationRefused` where several do, where it does not load, and where it is none.
    """
    points = entry_points(group=SIMULATIONS, name=provider)
    if not points:
        return None
    if len(points) > 1:
        values = " and ".join(sorted(point.value for point in points))
        raise SimulationRefused(f"{provider!r} is simulated by {values}: uninstall one of them.")
    (point,) = points
    try:
        found = point.load()
    except BaseException as error:
        raise SimulationRefused(f"{point.value} does not load: {type(error).__name__}: {error}") from error
    if not (inspect.isclass(found) and issubclass(found, SimulatedAccount)) or inspect.isabstract(found):
        raise SimulationRefused(f"{point.value} is no SimulatedAccount, or does not have all of its methods.")
    return found


__all__ = ["SIMULATIONS", "SimulatedAccount", "Simulation", "SimulationRefused", "simulation_of"]
