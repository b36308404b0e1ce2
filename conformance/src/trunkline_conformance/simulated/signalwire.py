"""Projects on a simulated SignalWire."""

from __future__ import annotations

from trunkline_conformance.cassettes import NumberFact, RoutingFact
from trunkline_conformance.simulated.account import CALLS, LABEL, NAME, ROUTED, TEXTS_ONLY, SimulatedAccount, region_of
from trunkline_sandbox.signalwire import SimulatedSignalWire
from trunkline_sandbox.signalwire.accounts import give_numbers, open_project


class SignalWireAccount(SimulatedAccount[SimulatedSignalWire]):
    """A project opened by a token with every scope."""

    list_path = r"/phone_numbers$"
    list_key = "data"
    page_size_parameter = "page_size"
    # A token need not have the scope that the project's name is read with.
    ends_otherwise = {"trouble/forbidden": {"suggest_name": ("answered",)}}
    derived = ("calling_handler_resource_id",)
    without = {"trouble/suspended": "SignalWire's API shows every project as active and full"}

    def build(self, now: float) -> SimulatedSignalWire:
        """A SignalWire whose clock stands."""
        carrier = SimulatedSignalWire()
        carrier.clock.stop(now)
        return carrier

    def open(self, numbers: list[tuple[str, str, int]]) -> None:
        """A project on a space of its own."""
        world = self.carrier.world
        self._project = open_project(world, LABEL, NAME, "acme-recorded")
        self._kinds = {}
        for country, kind, count in numbers:
            for number in give_numbers(world, self._project, country, kind, count):
                self._kinds[number.id] = kind
        listed = self._project.listed_numbers()
        if listed:
            listed[TEXTS_ONLY].put({"capabilities": ("sms", "mms")}, listed[TEXTS_ONLY].updated)
            routed = {
                "call_handler": "laml_webhooks",
                "call_request_url": CALLS,
                "call_request_method": "GET",
                "call_status_callback_url": CALLS,
            }
            listed[ROUTED].put(routed, listed[ROUTED].updated)
        world.list_entry(LABEL, self._project, "healthy")

    def numbers(self) -> list[NumberFact]:
        """Each without a price: SignalWire tells none."""
        return [
            NumberFact(
                number.number,
                number.name,
                self._kinds[number.id].replace("-", "_"),
                number.capabilities,
                region_of(number.number, number.country_code or "", self._kinds[number.id]),
                "unknown",
            )
            for number in self._project.listed_numbers()
        ]

    def routing(self) -> RoutingFact:
        """A webhook."""
        return RoutingFact("webhook", CALLS)

    def identity(self) -> str:
        """The project's id."""
        return self._project.id

    def account_name(self) -> str:
        """The project's name."""
        return self._project.name

    def route_elsewhere(self, number: str) -> None:
        """To a topic."""
        fields = {"call_handler": "relay_topic", "call_relay_topic": "elsewhere", "call_relay_script_url": None}
        self.carrier.change(LABEL, "numbers", number, fields)

    def revoke(self) -> None:
        """The customer makes a new token."""
        self._project.token = self.carrier.world.ids.token("rotated")

    def forbid(self) -> None:
        """The token loses its scopes, and SignalWire says so."""
        self.carrier.change(LABEL, "switches", "-", {"missing_scope": 403})
        self.carrier.change(LABEL, "account", "-", {"scopes": []})

    def suspend(self) -> None:
        """No scenario does."""
        raise NotImplementedError(self.without["trouble/suspended"])
