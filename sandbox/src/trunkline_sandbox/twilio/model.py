"""What a Twilio account holds, and the rules that tie its parts together."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import attrs

from trunkline_sandbox.carrier import encode_json
from trunkline_sandbox.dates import iso_8601, rfc_2822

KeyKind = Literal["main", "standard", "restricted"]

NUMBER_DEFAULTS: dict[str, Any] = {
    "origin": "twilio",
    "beta": False,
    "status": "in-use",
    "address_requirements": "none",
    "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
    "trunk_sid": "",
    "voice_application_sid": "",
    "voice_url": "",
    "voice_method": "POST",
    "voice_fallback_url": "",
    "voice_fallback_method": "POST",
    "voice_caller_id_lookup": False,
    "voice_receive_mode": "voice",
    "status_callback": "",
    "status_callback_method": "POST",
    "sms_url": "",
    "sms_method": "POST",
    "sms_fallback_url": "",
    "sms_fallback_method": "POST",
    "sms_application_sid": "",
    "address_sid": "",
    "identity_sid": "",
    "bundle_sid": "",
    "emergency_status": "Active",
    "emergency_address_sid": "",
    "emergency_address_status": "registered",
    "api_version": "2010-04-01",
}
# The carrier writes "unset" as null or as "", and which of the two is not the same for all fields nor all numbers.
_ALWAYS_NULL = ("address_sid", "identity_sid", "bundle_sid", "emergency_address_sid")
_NULL_IN_ONE = (*_ALWAYS_NULL, "trunk_sid", "voice_url", "voice_fallback_url")
_NULL_IN_OTHER = (*_ALWAYS_NULL, "voice_application_sid", "voice_fallback_url", "status_callback", "sms_url")


def _member(field: str, value: Any) -> str:
    return f'"{field}":{encode_json(value)}'


_UNSET = {
    way: {field: None if field in nulls else value for field, value in NUMBER_DEFAULTS.items()}
    for way, nulls in ((True, _NULL_IN_ONE), (False, _NULL_IN_OTHER))
}
_UNSET_ENCODED = {
    way: {field: _member(field, value) for field, value in fields.items()} for way, fields in _UNSET.items()
}

NUMBER_FIELDS = frozenset(NUMBER_DEFAULTS) | {"friendly_name"}


@attrs.define(eq=False)
class Number:
    """A phone number of an account; `own` holds only what differs from the defaults, unset is ""."""

    sid: str
    account_sid: str
    phone_number: str
    kind: str
    friendly_name: str
    created: float
    updated: float
    own: dict[str, Any] = attrs.Factory(dict)
    _encoded: bytes | None = attrs.field(default=None, init=False)

    def value(self, field: str) -> Any:
        """The value of a field; "" when it is unset."""
        return self.own.get(field, NUMBER_DEFAULTS[field]) if field != "friendly_name" else self.friendly_name

    def put(self, fields: Mapping[str, Any], now: float) -> None:
        """Set fields; what depends on them is the account's affair."""
        for field, value in fields.items():
            if field == "friendly_name":
                self.friendly_name = value
            elif value == NUMBER_DEFAULTS[field]:
                self.own.pop(field, None)
            else:
                self.own[field] = value
        self.updated = now
        self._encoded = None

    def values(self) -> dict[str, Any]:
        """All fields with unset ones written as the carrier writes them."""
        return {**_UNSET[self._ways], **self.own}

    def encoded(self) -> bytes:
        """As the 2010 API shows it, in JSON; kept until the number changes."""
        if self._encoded is None:
            self._encoded = self._encode().encode()
        return self._encoded

    def _encode(self) -> str:
        # From parts encoded beforehand: a page of a thousand numbers takes a third of the time that way.
        parts = _UNSET_ENCODED[self._ways]
        if self.own:
            parts = parts | {field: _member(field, value) for field, value in self.own.items()}
        created = rfc_2822(self.created)
        updated = created if self.updated == self.created else rfc_2822(self.updated)
        return (
            f'{{"sid":"{self.sid}","account_sid":"{self.account_sid}","phone_number":"{self.phone_number}",'
            f'"type":"{self.kind}","friendly_name":{encode_json(self.friendly_name)},{",".join(parts.values())},'
            f'"date_created":"{created}","date_updated":"{updated}",'
            f'"uri":"/2010-04-01/Accounts/{self.account_sid}/IncomingPhoneNumbers/{self.sid}.json"}}'
        )

    @property
    def _ways(self) -> bool:
        """Which of the two ways of writing unset fields this number has."""
        return self.sid[-1] in "02468ace"


@attrs.define(eq=False)
class OriginationUrl:
    """Where a trunk sends calls."""

    sid: str
    friendly_name: str
    sip_url: str
    priority: int
    weight: int
    enabled: bool
    created: float
    updated: float


@attrs.define(eq=False)
class Trunk:
    """An Elastic SIP trunk."""

    sid: str
    friendly_name: str
    created: float
    updated: float
    domain_name: str = ""
    disaster_recovery_url: str = ""
    disaster_recovery_method: str = ""
    secure: bool = False
    transfer_mode: str = "disable-all"
    transfer_caller_id: str = "from-transferee"
    cnam_lookup_enabled: bool = False
    origination_urls: dict[str, OriginationUrl] = attrs.Factory(dict)
    credential_lists: dict[str, float] = attrs.Factory(dict)
    """Sids of the credential lists attached, with the time each was."""
    ip_access_control_lists: dict[str, float] = attrs.Factory(dict)

    def auth_types(self) -> list[str]:
        """How outbound calls may authenticate; with none the domain takes no calls."""
        kinds = {"IP_ACL": self.ip_access_control_lists, "CREDENTIAL_LIST": self.credential_lists}
        return [kind for kind, attached in kinds.items() if attached]


@attrs.define(eq=False)
class Named:
    """Anything of which a sid, a name and two dates are enough: an application, a list of addresses."""

    sid: str
    friendly_name: str
    created: float
    updated: float


@attrs.define(eq=False)
class Credential:
    """A SIP user; the password itself is not kept."""

    sid: str
    username: str
    created: float
    updated: float


@attrs.define(eq=False)
class CredentialList(Named):
    """SIP users that a trunk may admit."""

    credentials: dict[str, Credential] = attrs.Factory(dict)


@attrs.define(eq=False)
class CallerId(Named):
    """A number of somebody else's that was verified for outbound calls."""

    phone_number: str = ""


@attrs.define(eq=False)
class ApiKey(Named):
    """An API key."""

    secret: str = attrs.field(default="", repr=False)
    kind: KeyKind = "main"
    permissions: tuple[str, ...] = ()
    """For a restricted key: expressions for the "METHOD path" it may use."""


Filters = tuple[tuple[str, str], ...]


@attrs.define(eq=False)
class Account:
    """A Twilio account or subaccount."""

    label: str
    sid: str
    auth_token: str = attrs.field(repr=False)
    friendly_name: str
    created: float
    expect: str = "healthy"
    status: str = "active"
    type: str = "Full"
    owner_sid: str = ""
    test_credentials: bool = False
    balance: str = "214.37"
    discount: str = "0"
    """Share of the list price that this account is let off."""
    keys: dict[str, ApiKey] = attrs.Factory(dict)
    numbers: dict[str, Number] = attrs.Factory(dict)
    trunks: dict[str, Trunk] = attrs.Factory(dict)
    applications: dict[str, Named] = attrs.Factory(dict)
    caller_ids: dict[str, CallerId] = attrs.Factory(dict)
    credential_lists: dict[str, CredentialList] = attrs.Factory(dict)
    ip_access_control_lists: dict[str, Named] = attrs.Factory(dict)
    dialing: dict[str, dict[str, bool]] = attrs.Factory(dict)
    """Dialing permissions that differ from the defaults, by ISO code."""
    dialing_inheritance: bool = True
    voice_regions: dict[str, str] = attrs.Factory(dict)
    """Numbers whose calls another region than us1 handles."""
    on_trunk: dict[str, dict[str, Number]] = attrs.Factory(dict)
    """Numbers by the trunk they are on."""
    _lists: dict[Filters, list[Number]] = attrs.field(factory=dict, init=False)
    _places: dict[str, int] | None = attrs.field(default=None, init=False)

    @property
    def is_subaccount(self) -> bool:
        """Whether another account owns it."""
        return bool(self.owner_sid)

    def number(self, phone_number: str) -> Number:
        """The number in E.164; KeyError when the account does not have it."""
        for number in self.numbers.values():
            if number.phone_number == phone_number:
                return number
        raise KeyError(phone_number)

    def add_number(self, number: Number) -> None:
        """Take a number in."""
        self.numbers[number.sid] = number
        if number.value("trunk_sid"):
            self.on_trunk.setdefault(number.value("trunk_sid"), {})[number.sid] = number
        self._places = None
        self._lists.clear()

    def drop_number(self, number: Number) -> None:
        """Give a number up: it is lost."""
        del self.numbers[number.sid]
        self.on_trunk.get(number.value("trunk_sid"), {}).pop(number.sid, None)
        self._places = None
        self._lists.clear()

    def update_number(self, number: Number, fields: Mapping[str, Any], now: float) -> None:
        """Set fields of a number; a trunk drives out the voice application, and the other way round."""
        fields = dict(fields)
        if fields.get("trunk_sid"):
            fields["voice_application_sid"] = ""
        elif fields.get("voice_application_sid"):
            fields["trunk_sid"] = ""
        before = number.value("trunk_sid")
        number.put(fields, now)
        after = number.value("trunk_sid")
        if before != after:
            self.on_trunk.get(before, {}).pop(number.sid, None)
            if after:
                self.on_trunk.setdefault(after, {})[number.sid] = number
        # The list of all numbers is still right; one that was filtered may not be.
        self._lists = {filters: listed for filters, listed in self._lists.items() if not filters}

    def drop_trunk(self, trunk: Trunk, now: float) -> None:
        """Delete a trunk; the numbers on it stay, on no trunk."""
        for number in list(self.on_trunk.get(trunk.sid, {}).values()):
            self.update_number(number, {"trunk_sid": ""}, now)
        del self.trunks[trunk.sid]

    def listed_numbers(self, filters: Filters = (), wanted: Callable[[Number], bool] | None = None) -> list[Number]:
        """The numbers that are wanted, in order; kept under the filters' name until something changes."""
        found = self._lists.get(filters)
        if found is None:
            found = [number for number in self.numbers.values() if wanted is None or wanted(number)]
            self._lists[filters] = found
        return found

    def place_of(self, sid: str) -> int | None:
        """Where a number stands among all of the account's numbers."""
        if self._places is None:
            self._places = {known: at for at, known in enumerate(self.numbers)}
        return self._places.get(sid)

    def described(self) -> dict[str, Any]:
        """What the account holds, without secrets, as control shows it."""
        return {
            "label": self.label,
            "sid": self.sid,
            "friendly_name": self.friendly_name,
            "status": self.status,
            "type": self.type,
            "numbers": {number.phone_number: described_number(number) for number in self.numbers.values()},
            "trunks": {trunk.sid: self._described_trunk(trunk) for trunk in self.trunks.values()},
            "credential_lists": {
                known.sid: [credential.username for credential in known.credentials.values()]
                for known in self.credential_lists.values()
            },
            "applications": sorted(self.applications),
        }

    def _described_trunk(self, trunk: Trunk) -> dict[str, Any]:
        return {
            "friendly_name": trunk.friendly_name,
            "domain_name": trunk.domain_name,
            "origination_urls": [_plain(url) for url in trunk.origination_urls.values()],
            "credential_lists": list(trunk.credential_lists),
            "ip_access_control_lists": list(trunk.ip_access_control_lists),
            "numbers": [number.phone_number for number in self.on_trunk.get(trunk.sid, {}).values()],
        }


_ROUTING = (
    "trunk_sid",
    "voice_application_sid",
    "voice_url",
    "voice_method",
    "voice_fallback_url",
    "voice_fallback_method",
    "voice_receive_mode",
    "voice_caller_id_lookup",
    "status_callback",
    "status_callback_method",
)


def described_number(number: Number) -> dict[str, Any]:
    """A number with its routing, unset written as ""."""
    routing = {field: number.value(field) for field in _ROUTING}
    return {"sid": number.sid, "type": number.kind, "friendly_name": number.friendly_name, **routing}


def _plain(url: OriginationUrl) -> dict[str, Any]:
    shown = attrs.asdict(url)
    return {**shown, "created": iso_8601(url.created), "updated": iso_8601(url.updated)}
