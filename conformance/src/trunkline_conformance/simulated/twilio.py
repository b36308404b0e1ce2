"""Accounts on a simulated Twilio."""

from __future__ import annotations

from trunkline_conformance.cassettes import NumberFact, RoutingFact
from trunkline_conformance.simulated.account import CALLS, LABEL, NAME, ROUTED, TEXTS_ONLY, SimulatedAccount, region_of
from trunkline_sandbox.twilio import SimulatedTwilio
from trunkline_sandbox.twilio.accounts import give_numbers, list_with_token, open_account
from trunkline_sandbox.twilio.countries import COUNTRIES
from trunkline_sandbox.twilio.errors import KEY_LACKS_PERMISSION

_DENIED = {
    "code": KEY_LACKS_PERMISSION,
    "message": "Authorization Failed",
    "more_info": f"https://www.twilio.com/docs/errors/{KEY_LACKS_PERMISSION}",
    "status": 403,
}


class TwilioAccount(SimulatedAccount[SimulatedTwilio]):
    """An account opened by its auth token."""

    list_path = r"/IncomingPhoneNumbers\.json$"
    list_key = "incoming_phone_numbers"
    page_size_parameter = "PageSize"
    # A suspended account can still be read; nothing else of it can.
    ends_otherwise = {"trouble/suspended": {"suggest_name": ("answered",), "verify_number": ("not_passed",)}}

    def build(self, now: float) -> SimulatedTwilio:
        """A Twilio whose clock stands."""
        carrier = SimulatedTwilio()
        carrier.clock.stop(now)
        return carrier

    def open(self, numbers: list[tuple[str, str, int]]) -> None:
        """An account of US1."""
        world = self.carrier.home
        self._account = open_account(world, LABEL, NAME)
        self._countries = {}
        for country, kind, count in numbers:
            for number in give_numbers(world, self._account, country, kind, count):
                self._countries[number.sid] = country
        listed = list(self._account.numbers.values())
        if listed:
            voiceless = {"voice": False, "sms": True, "mms": False, "fax": False}
            self._account.update_number(listed[TEXTS_ONLY], {"capabilities": voiceless}, listed[TEXTS_ONLY].updated)
            routed = {"voice_url": CALLS, "voice_method": "GET", "status_callback": CALLS}
            self._account.update_number(listed[ROUTED], routed, listed[ROUTED].updated)
        list_with_token(world, self._account)

    def numbers(self) -> list[NumberFact]:
        """Each with the list price, since this account has no discount."""
        facts = []
        for number in self._account.numbers.values():
            country = COUNTRIES[self._countries[number.sid]]
            price = country.numbers[number.kind.replace("-", " ")]
            able = number.value("capabilities")
            facts.append(
                NumberFact(
                    number.phone_number,
                    number.friendly_name,
                    number.kind.replace("-", "_"),
                    tuple(name for name in able if able[name]),
                    region_of(number.phone_number, country.iso, number.kind),
                    f"{price} {country.unit}",
                )
            )
        return facts

    def routing(self) -> RoutingFact:
        """A webhook."""
        return RoutingFact("webhook", CALLS)

    def identity(self) -> str:
        """The account's SID."""
        return self._account.sid

    def account_name(self) -> str:
        """The friendly name."""
        return self._account.friendly_name

    def route_elsewhere(self, number: str) -> None:
        """To another webhook, off the trunk."""
        self.carrier.change(LABEL, "numbers", number, {"trunk_sid": "", "voice_url": "https://elsewhere.example/"})

    def revoke(self) -> None:
        """The customer rotates the auth token."""
        self.carrier.change(LABEL, "account", "-", {"auth_token": "rotated"})

    def forbid(self) -> None:
        """An auth token may do everything: this is what a restricted API key is answered."""
        self.fault("status", status=403, json=_DENIED)

    def suspend(self) -> None:
        """For a bill that was not paid."""
        self.carrier.change(LABEL, "account", "-", {"status": "suspended"})
