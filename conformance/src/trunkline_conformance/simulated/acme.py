"""Accounts on the simulated Acme, which the template's cassettes are recorded on."""

from __future__ import annotations

from typing import Any

from trunkline_conformance.acme import SimulatedAcme
from trunkline_conformance.cassettes import GivenAccount, NumberFact, RoutingFact
from trunkline_conformance.simulated.account import CALLS, LABEL, NAME, ROUTED, TEXTS_ONLY, SimulatedAccount, region_of

_TEXTS = "https://hooks.acme.example/sms?key=77e1"

_ODDITIES: dict[int, dict[str, Any]] = {
    0: {"label": None, "sms_url": _TEXTS},
    ROUTED: {"voice_url": CALLS, "sms_url": _TEXTS},
    2: {"monthly_price": {"amount": "2.005", "currency": "EUR"}},
    TEXTS_ONLY: {"features": ["sms", "mms"]},
    4: {"monthly_price": None},
    5: {"kind": "satellite"},
}
"""What is particular about some of the numbers: no name, no price, a price of half a cent, a kind nobody knows."""


class AcmeAccount(SimulatedAccount[SimulatedAcme]):
    """An account opened by its API key."""

    list_path = r"/v1/numbers$"
    list_key = "numbers"
    page_size_parameter = "per_page"
    ends_otherwise = {"trouble/suspended": {"verify_number": ("not_passed",)}}

    def build(self, now: float) -> SimulatedAcme:
        """Acme has no clock."""
        return SimulatedAcme()

    def open(self, numbers: list[tuple[str, str, int]]) -> None:
        """An account in credit."""
        self._account = self.carrier.open(LABEL, NAME)
        self._places: dict[str, tuple[str, str]] = {}
        for country, kind, count in numbers:
            for row in self.carrier.give(self._account, country, kind, count):
                self._places[row["number"]] = country, kind
        for at, row in enumerate(self._account.numbers.values()):
            row |= _ODDITIES.get(at, {})

    def given(self) -> GivenAccount:
        """The key, and the guided way where nothing is set up yet."""
        method = "guided" if self.kind == "guided" else "api_key"
        return GivenAccount({"apiKey": self._account.key}, method)

    def numbers(self) -> list[NumberFact]:
        """Each with the price that Acme lists, or none."""
        return [
            NumberFact(
                row["number"],
                row["label"],
                self._places[row["number"]][1].replace("-", "_"),
                tuple(row["features"]),
                region_of(row["number"], *self._places[row["number"]]),
                "{amount} {currency}".format(**row["monthly_price"]) if row["monthly_price"] else "unknown",
            )
            for row in self._account.numbers.values()
        ]

    def routing(self) -> RoutingFact:
        """A webhook."""
        return RoutingFact("webhook", CALLS)

    def identity(self) -> str:
        """The account's id."""
        return self._account.id

    def account_name(self) -> str:
        """The account's name."""
        return self._account.name

    def route_elsewhere(self, number: str) -> None:
        """To another webhook, off the trunk."""
        self.carrier.change(LABEL, "numbers", number, {"trunk_id": None, "voice_url": "https://elsewhere.example/"})

    def revoke(self) -> None:
        """The customer makes another key."""
        self._account.key = "rotated"

    def forbid(self) -> None:
        """The customer takes every permission from the key."""
        self._account.permitted = False

    def suspend(self) -> None:
        """For a bill that was not paid."""
        self._account.status = "suspended"
