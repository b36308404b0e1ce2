"""Accounts on a simulated Telnyx."""

from __future__ import annotations

from trunkline_conformance.cassettes import NumberFact, RoutingFact
from trunkline_conformance.simulated.account import LABEL, NAME, ROUTED, SimulatedAccount, region_of
from trunkline_sandbox.telnyx import SimulatedTelnyx
from trunkline_sandbox.telnyx.accounts import (
    give_connection,
    give_fqdn,
    give_numbers,
    give_platform_connection,
    give_profile,
    list_way_in,
    open_account,
)

_OFFICE = "pbx.acme.example"
_ELSEWHERE = "Warehouse"


class TelnyxAccount(SimulatedAccount[SimulatedTelnyx]):
    """An account opened by a key, with the connection that numbers are put on; a guided one has none yet."""

    list_path = r"/phone_numbers$"
    list_key = "data"
    page_size_parameter = "page[size]"
    # A name is the connection's, which a key need not be able to read.
    ends_otherwise = {
        "trouble/forbidden": {"suggest_name": ("answered",)},
        "trouble/suspended": {"suggest_name": ("answered",), "verify_number": ("not_passed",)},
    }

    def build(self, now: float) -> SimulatedTelnyx:
        """A Telnyx whose clock stands."""
        carrier = SimulatedTelnyx()
        carrier.clock.stop(now)
        return carrier

    def open(self, numbers: list[tuple[str, str, int]]) -> None:
        """A verified account."""
        world = self.carrier.world
        self._account = account = open_account(world, LABEL, NAME)
        countries = sorted({"US", "CA", *(country for country, _, _ in numbers)})
        profile = give_profile(world, account, "Outbound calls", whitelisted_destinations=countries)
        office = give_connection(world, account, "Head office", profile=profile)
        give_fqdn(world, account, office, _OFFICE)
        give_fqdn(world, account, give_connection(world, account, _ELSEWHERE, profile=profile), "pbx.elsewhere.example")
        for country, kind, count in numbers:
            give_numbers(world, account, country, kind.replace("-", "_"), count)
        listed = list(account.numbers.values())
        if listed:
            self.carrier.change(LABEL, "numbers", listed[ROUTED].id, {"connection_id": office.id})
            self.carrier.change(LABEL, "numbers", listed[ROUTED + 1].id, {"customer_reference": "Front desk"})
        if self.kind == "guided":
            list_way_in(world, account, guided=True)
        else:
            platform = give_platform_connection(world, account, "Platform line", profile=profile)
            list_way_in(world, account, connection=platform)
            if listed:
                self.carrier.change(LABEL, "numbers", listed[-1].id, {"connection_id": platform.id})

    def numbers(self) -> list[NumberFact]:
        """Each with what was charged for it this month."""
        return [
            NumberFact(
                number.phone_number,
                number.customer_reference or self._account.connection_name(number),
                number.kind,
                ("voice",),
                region_of(number.phone_number, number.country, number.kind.replace("_", "-")),
                f"{number.monthly_cost} USD" if number.monthly_cost else "unknown",
            )
            for number in self._account.numbers.values()
        ]

    def routing(self) -> RoutingFact:
        """A connection to the customer's own equipment."""
        return RoutingFact("fqdn_connection", _OFFICE)

    def identity(self) -> str:
        """The user id."""
        return self._account.user_id

    def route_elsewhere(self, number: str) -> None:
        """To the customer's own equipment."""
        other = next(each for each in self._account.connections.values() if each.name == _ELSEWHERE)
        self.carrier.change(LABEL, "numbers", number, {"connection_id": other.id})

    def revoke(self) -> None:
        """The customer deletes the key."""
        self._account.keys.clear()

    def forbid(self) -> None:
        """The key becomes that of a sub-user who may see nothing."""
        self._account.keys[0].denied = (r"/v2/.*", r"/.*")

    def suspend(self) -> None:
        """The account is blocked."""
        self.carrier.change(LABEL, "account", "-", {"trouble": "20013"})
