"""Where an account may call: Twilio's voice geographic permissions."""

from __future__ import annotations

import attrs

from trunkline.errors import PermissionMissing
from trunkline.refusals import NotThere
from trunkline_twilio.client import Twilio
from trunkline_twilio.refusals import unexpected


@attrs.frozen
class Dialing:
    """Whether numbers of a country may be called; `allowed` is None where Twilio does not tell these credentials."""

    country: str
    allowed: bool | None


def permission(twilio: Twilio, country: str) -> Dialing:
    """Read the permission of one country."""
    # Twilio's "United States/Canada" is one entry.
    iso = "US" if country == "CA" else country
    try:
        answer = twilio.ask(lambda sdk: sdk.voice.v1.dialing_permissions.countries(iso).fetch())
    except (PermissionMissing, NotThere):
        return Dialing(iso, None)
    allowed = answer.get("low_risk_numbers_enabled")
    if not isinstance(allowed, bool):
        raise unexpected("a dialing permission that is neither true nor false")
    return Dialing(iso, allowed)


def inherited(twilio: Twilio) -> bool:
    """Whether a subaccount takes its permissions from its parent; True where it cannot be read."""
    try:
        answer = twilio.ask(lambda sdk: sdk.voice.v1.dialing_permissions.settings().fetch())
    except (PermissionMissing, NotThere):
        return True
    return answer.get("dialing_permissions_inheritance") is not False
