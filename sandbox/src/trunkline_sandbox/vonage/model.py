"""What a Vonage account holds, and what an update does to a number."""

from collections.abc import Mapping
from typing import Any

import attrs

from .switches import Switches

SETTINGS = (
    "app_id",
    "moHttpUrl",
    "moSmppSysType",
    "voiceCallbackType",
    "voiceCallbackValue",
    "voiceStatusCallback",
    "messagesCallbackType",
    "messagesCallbackValue",
)
"""All that an update may set, and clears where it leaves it out."""

_HIDDEN = ("moSmppSysType", "voiceStatusCallback")
_VOICE = ("voiceCallbackType", "voiceCallbackValue")


@attrs.frozen
class Limitation:
    """What a number may not be used for."""

    feature: str
    type: str
    reach: str


@attrs.define(eq=False)
class Number:
    """A number that an account rents; `settings` holds what is set, and nothing that is not."""

    country: str
    msisdn: str
    type: str
    features: tuple[str, ...] = ("VOICE", "SMS", "MMS")
    limitations: tuple[Limitation, ...] = ()
    settings: dict[str, str] = attrs.Factory(dict)
    earlier: dict[str, str] = attrs.Factory(dict)
    """The settings before the last write, which a lagging list still shows."""
    stale_reads: int = 0

    @property
    def e164(self) -> str:
        """The number with its plus, which Vonage leaves out."""
        return f"+{self.msisdn}"

    def update(self, given: Mapping[str, str], switches: Switches) -> None:
        """Take over what was given; what was left out is cleared, and so is what is empty."""
        before = dict(self.settings)
        after = {} if switches.clears_left_out else dict(before)
        after |= {name: given[name] for name in SETTINGS if name in given}
        if after.get("voiceCallbackType") == "app":
            application = after.setdefault("app_id", after["voiceCallbackValue"])
            if application == after["voiceCallbackValue"]:
                del after["voiceCallbackType"], after["voiceCallbackValue"]
        if switches.sip_drops_application and "voiceCallbackType" in given:
            after.pop("app_id", None)
        self.settings = {name: value for name, value in after.items() if value}
        self.earlier, self.stale_reads = before, switches.lag

    def put(self, fields: Mapping[str, str | None]) -> None:
        """Set some fields, as the customer does in the dashboard; None or empty clears one."""
        for name, value in fields.items():
            if value:
                self.settings[name] = value
            else:
                self.settings.pop(name, None)
        self.stale_reads = 0

    def listed(self, switches: Switches) -> dict[str, Any]:
        """As the list of owned numbers shows it."""
        settings = self.settings
        if self.stale_reads:
            self.stale_reads -= 1
            settings = self.earlier
        row: dict[str, Any] = {"country": self.country, "msisdn": self.msisdn}
        if "moHttpUrl" in settings:
            row["moHttpUrl"] = settings["moHttpUrl"]
        row["type"] = self.type
        row["features"] = list(self.features)
        if self.limitations:
            row["limitations"] = [attrs.asdict(each) for each in self.limitations]
        row |= {name: settings[name] for name in ("messagesCallbackType", "messagesCallbackValue") if name in settings}
        row |= _voice(settings, switches)
        if "app_id" in settings:
            row["app_id"] = settings["app_id"]
        if switches.hidden_fields != "unlisted":
            row |= {_hidden(name, switches): settings[name] for name in _HIDDEN if name in settings}
        return row

    def described(self) -> dict[str, Any]:
        """All of it, as control shows it."""
        return {"country": self.country, "type": self.type, "features": list(self.features), **self.settings}


def _voice(settings: Mapping[str, str], switches: Switches) -> dict[str, str]:
    if "voiceCallbackType" in settings:
        voice = {name: settings[name] for name in _VOICE if name in settings}
        if voice["voiceCallbackType"] == "sip":
            voice["voiceCallbackValue"] = _rewritten(voice["voiceCallbackValue"], switches)
        return voice
    if "app_id" in settings and switches.shows_app_as_voice:
        return {"voiceCallbackType": "app", "voiceCallbackValue": settings["app_id"]}
    return {}


def _rewritten(uri: str, switches: Switches) -> str:
    if switches.sip_value == "escaped":
        return uri.replace("sip:+", "sip:%2B")
    if switches.sip_value == "upper_host":
        user, at, place = uri.rpartition("@")
        host, semicolon, parameters = place.partition(";")
        return f"{user}{at}{host.upper()}{semicolon}{parameters}"
    return uri


def _hidden(name: str, switches: Switches) -> str:
    if name == "voiceStatusCallback" and switches.hidden_fields == "listed_as_url":
        return "voiceStatusCallbackUrl"
    return name


@attrs.define(eq=False)
class Application:
    """An application: what answers calls and messages of the numbers linked to it."""

    id: str
    name: str


@attrs.define(eq=False)
class Account:
    """A Vonage account; its API key is its name everywhere."""

    label: str
    api_key: str
    secrets: list[str] = attrs.field(repr=False)
    """Two may be valid at once, so that one can be replaced by the other."""
    name: str
    expect: str = "healthy"
    balance: float = 128.4417
    auto_reload: bool = False
    credit_limit: float = 0.0
    suspended: bool = False
    has_subaccounts: bool = False
    """Whether the Subaccounts product, which alone tells name and suspension, is provisioned."""
    numbers: dict[tuple[str, str], Number] = attrs.Factory(dict)
    """By country and number without its plus, in the order they are listed."""
    applications: dict[str, Application] = attrs.Factory(dict)
    switches: Switches = attrs.Factory(Switches)
    last_write: float = float("-inf")

    def add_number(self, number: Number) -> Number:
        """Take a number in."""
        self.numbers[number.country, number.msisdn] = number
        return number

    def number(self, name: str) -> Number:
        """The number in E.164, with or without its plus; KeyError when the account does not have it."""
        for number in self.numbers.values():
            if number.msisdn == name.lstrip("+"):
                return number
        raise KeyError(name)

    def described(self) -> dict[str, Any]:
        """What the account holds, without secrets, as control shows it."""
        return {
            "label": self.label,
            "api_key": self.api_key,
            "name": self.name,
            "balance": self.balance,
            "auto_reload": self.auto_reload,
            "suspended": self.suspended,
            "numbers": {number.e164: number.described() for number in self.numbers.values()},
            "applications": sorted(self.applications),
            "switches": attrs.asdict(self.switches),
        }
