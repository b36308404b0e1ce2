"""What numbers are pointed at: our SWML script or, where SignalWire does not take it for a number, our LaML bin."""

from __future__ import annotations

import hashlib
import threading
from urllib.parse import urlsplit

import attrs

from trunkline.addresses import host_of
from trunkline.errors import CarrierTimedOut, PermissionMissing
from trunkline.numbers import Route
from trunkline.sip_target import SipTarget
from trunkline_signalwire import bins, handlers, scripts
from trunkline_signalwire.bins import Bin
from trunkline_signalwire.client import SignalWire
from trunkline_signalwire.handlers import SCRIPT, WEBHOOK, Routing
from trunkline_signalwire.refusals import NotAccepted, unexpected
from trunkline_signalwire.scripts import Script

SCRIPT_ROUTE, BIN_ROUTE = "swml_script", "laml_bin"

_LOCKS = tuple(threading.Lock() for _ in range(64))
"""One is held while our bin is looked for and made: many numbers are imported at once, and one bin is for all."""


@attrs.frozen
class Found:
    """What is there of ours: the bin wherever there is one, since then the script's address was not accepted once."""

    script: Script | None
    bin: Bin | None

    def needed_change(self, platform: SipTarget) -> str:
        """What has to be done so that calls reach the platform: `found`, `change` or `make`."""
        present = self.bin or self.script
        if present is None:
            return "make"
        return "found" if present.is_right_for(platform) else "change"


def route_id(signalwire: SignalWire) -> str:
    """The one id of our route in this project, whether a number points at the script or at the bin.

    A number shows an address with an id that SignalWire chose, another for the script than for the bin.
    """
    named = f"{signalwire.project.lower()} {signalwire.call.marker}"
    return f"trunkline-{hashlib.sha256(named.encode()).hexdigest()[:32]}"


def find(signalwire: SignalWire) -> Found:
    """Two requests: our bin by its name, and the scripts unless there is one."""
    known = _bin(signalwire)
    script = None if known else scripts.ours(scripts.read_all(signalwire), signalwire.call.marker)
    return Found(script, known)


def prepare(signalwire: SignalWire) -> Route:
    """Our script, found or made, which connects calls to the platform."""
    platform = signalwire.call.require_platform()
    found = find(signalwire)
    if found.bin is not None:
        return _bin_route(signalwire, _mended_bin(signalwire, found.bin, platform), made=False)
    try:
        script, made = _script(signalwire, found.script, platform)
    except NotAccepted:
        return _bin_route(signalwire, bins.make(signalwire, platform), made=True)
    if script.address is None or not _is_hosted(script.address):
        # Without an address of SignalWire's own there is nothing that a number could be pointed at.
        return _bin_route(signalwire, bins.make(signalwire, platform), made=True)
    data = {"id": script.id, "address": script.address, "sip": scripts.sip_uri(platform)}
    return Route(route_id(signalwire), SCRIPT_ROUTE, made, data)


def by_bin(signalwire: SignalWire) -> Route:
    """The same route by our bin, found or made: for where the script's address was not accepted."""
    platform = signalwire.call.require_platform()
    lock = _LOCKS[int(route_id(signalwire)[-8:], 16) % len(_LOCKS)]
    if not lock.acquire(timeout=signalwire.call.deadline.remaining):
        raise CarrierTimedOut("SignalWire did not answer in time. Nothing was changed: import the number again.")
    try:
        known = bins.ours(signalwire)
        made = known is None
        known = bins.make(signalwire, platform) if known is None else _mended_bin(signalwire, known, platform)
    finally:
        lock.release()
    return _bin_route(signalwire, known, made=made)


class Ours:
    """Knows our route by the address that a number's calls are handled by.

    What the route does not tell is looked up, once, where a number is handled at an address of SignalWire's own.
    """

    def __init__(self, signalwire: SignalWire, route: Route | None = None) -> None:
        self._signalwire = signalwire
        self._addresses: dict[str, str | None] = {}
        if route is not None:
            self.learn(route)

    def learn(self, route: Route) -> None:
        """Take a route's address as ours."""
        self._addresses[_handler_of(route)] = str(route.data.get("address", "")) or None

    def points_here(self, routing: Routing) -> bool:
        """Whether calls are handled by our script or our bin."""
        handler, address = str(routing.get("call_handler")), handlers.address(routing)
        if address is None or not _is_hosted(address):
            return False
        if handler not in self._addresses:
            self._addresses[handler] = self._looked_up(handler)
        own = self._addresses[handler]
        return own is not None and _place(own) == _place(address)

    def _looked_up(self, handler: str) -> str | None:
        signalwire = self._signalwire
        if handler == SCRIPT:
            script = scripts.ours(scripts.read_all(signalwire), signalwire.call.marker)
            return script.address if script else None
        known = _bin(signalwire)
        return known.address if known else None


def target(route: Route) -> dict[str, str]:
    """The fields that point a number at a route."""
    handler = _handler_of(route)
    field = handlers.HANDLERS[handler].fields[0]
    return {"call_handler": handler, field: str(route.data.get("address", "")), "call_receive_mode": "voice"}


def _handler_of(route: Route) -> str:
    return WEBHOOK if route.kind == BIN_ROUTE else SCRIPT


def _script(signalwire: SignalWire, present: Script | None, platform: SipTarget) -> tuple[Script, bool]:
    if present is None:
        return scripts.make(signalwire, platform), True
    if present.is_right_for(platform):
        return present, False
    return scripts.mend(signalwire, present, platform), False


def _mended_bin(signalwire: SignalWire, known: Bin, platform: SipTarget) -> Bin:
    return known if known.is_right_for(platform) else bins.mend(signalwire, known, platform)


def _bin_route(signalwire: SignalWire, known: Bin, *, made: bool) -> Route:
    if not _is_hosted(known.address):
        raise unexpected("a LaML bin with an address elsewhere")
    return Route(route_id(signalwire), BIN_ROUTE, made, {"id": known.sid, "address": known.address})


def _bin(signalwire: SignalWire) -> Bin | None:
    """Our bin; none for a token that may not read bins, since it could not have made one either."""
    try:
        return bins.ours(signalwire)
    except PermissionMissing:
        return None


def _is_hosted(address: str) -> bool:
    host = host_of(address) or ""
    return address.lower().startswith("https://") and host.lower().endswith(".signalwire.com")


def _place(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return (parts.hostname or "").lower(), parts.path
