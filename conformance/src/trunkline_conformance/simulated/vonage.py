"""Accounts on a simulated Vonage."""

from __future__ import annotations

from trunkline_conformance.cassettes import NumberFact, RoutingFact
from trunkline_conformance.simulated.account import CALLS, LABEL, NAME, ROUTED, TEXTS_ONLY, SimulatedAccount, region_of
from trunkline_sandbox.vonage import SimulatedVonage
from trunkline_sandbox.vonage.rest import SUCCESS

_DESK = "sip:desk:s3same-0pen@pbx.acme.example;transport=tls"


class VonageAccount(SimulatedAccount[SimulatedVonage]):
    """An account opened by key and secret, with the Subaccounts product, which alone tells names and suspension."""

    list_path = r"/account/numbers$"
    list_key = "numbers"
    page_size_parameter = "size"
    accepts_with = SUCCESS
    # There is nothing to prepare, so nothing is asked.
    ends_otherwise = {"trouble/": {"prepare_route 2": ("answered",)}}
    without = {
        "trouble/suspended": "what a suspended account is answered is not known, but for one API that tells of it"
    }

    def build(self, now: float) -> SimulatedVonage:
        """A Vonage whose clock stands."""
        return SimulatedVonage(clock=lambda: now)

    def open(self, numbers: list[tuple[str, str, int]]) -> None:
        """An account in credit."""
        world = self.carrier.world
        self._account = world.open(LABEL, NAME, has_subaccounts=True)
        self._kinds = {}
        for country, kind, count in numbers:
            for number in world.give(self._account, country, kind, count):
                self._kinds[number.msisdn] = kind
        listed = list(self._account.numbers.values())
        if listed:
            listed[TEXTS_ONLY].features = ("SMS",)
            listed[ROUTED].put({"voiceCallbackType": "sip", "voiceCallbackValue": _DESK, "moHttpUrl": CALLS})

    def numbers(self) -> list[NumberFact]:
        """Each without name and price: Vonage tells neither."""
        return [
            NumberFact(
                number.e164,
                None,
                self._kinds[number.msisdn].replace("-", "_"),
                tuple(feature.lower() for feature in number.features),
                region_of(number.e164, number.country, self._kinds[number.msisdn]),
                "unknown",
            )
            for number in self._account.numbers.values()
        ]

    def routing(self) -> RoutingFact:
        """The customer's own SIP address."""
        return RoutingFact("sip", _DESK)

    def identity(self) -> str:
        """The API key."""
        return self._account.api_key

    def account_name(self) -> str:
        """The name that the Subaccounts API tells."""
        return self._account.name

    def route_elsewhere(self, number: str) -> None:
        """To a telephone."""
        fields = {"voiceCallbackType": "tel", "voiceCallbackValue": "442079460002"}
        self.carrier.change(LABEL, "numbers", number, fields)

    def revoke(self) -> None:
        """The customer rotates the secret."""
        self._account.secrets[:] = ["rotated"]

    def forbid(self) -> None:
        """Nothing is known of keys with fewer rights: this is Vonage's 403 wherever it was seen."""
        self.fault(
            "status",
            status=403,
            json={
                "type": "https://developer.vonage.com/api-errors#unprovisioned",
                "title": "Authorisation error",
                "detail": "Account is not provisioned to access this",
                "instance": "0123",
            },
        )

    def suspend(self) -> None:
        """No scenario does."""
        raise NotImplementedError(self.without["trouble/suspended"])
