"""What to call a connection."""

from __future__ import annotations

from trunkline import names
from trunkline.errors import PermissionMissing
from trunkline.numbers import SuggestedName
from trunkline.refusals import NotThere
from trunkline_signalwire import numbers
from trunkline_signalwire.client import SignalWire


def suggest(signalwire: SignalWire) -> SuggestedName:
    """The project's name, unless it is an e-mail address, or else the space's; and the newest number.

    Most tokens may not read the project, which takes the scope Management (get_project).
    """
    number: str | None = None
    try:
        number = numbers.first(signalwire)
    except PermissionMissing as missing:
        signalwire.prove(missing)
    return SuggestedName(_name(signalwire), number)


def shown(name: str, signalwire: SignalWire) -> str:
    """The name if it may be shown, else the space's."""
    return names.shown(name) or signalwire.space.partition(".")[0]


def _name(signalwire: SignalWire) -> str:
    try:
        project = signalwire.ask(lambda sdk: sdk.projects.get(signalwire.project))
    except (PermissionMissing, NotThere):
        return shown("", signalwire)
    name = project.get("name")
    return shown(name if isinstance(name, str) else "", signalwire)
