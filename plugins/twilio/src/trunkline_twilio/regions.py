"""Which Twilio Region handles a number's calls; each has a configuration of the number of its own.

https://www.twilio.com/docs/global-infrastructure/inbound-call-processing
"""

from __future__ import annotations

import re

from trunkline.errors import CarrierAnswerUnexpected, CarrierRefused, CarrierUnavailable, PermissionMissing
from trunkline.refusals import NotThere
from trunkline_twilio.client import Twilio
from trunkline_twilio.descriptor import REGION

HOME = "us1"
"""The region of credentials that name none, and of numbers that were never sent to another."""

_UNREADABLE = (PermissionMissing, CarrierRefused, CarrierUnavailable, CarrierAnswerUnexpected)


def of_credentials(twilio: Twilio) -> str:
    """The region whose configuration these credentials read and write."""
    return twilio.region or HOME


def handling(twilio: Twilio, number: str) -> str | None:
    """The region that a number's calls are sent to; None where Twilio does not tell."""
    home = of_credentials(twilio) == HOME
    try:
        answer = twilio.ask(lambda sdk: sdk.routes.v2.phone_numbers(number).fetch())
    except NotThere:
        # Another region's host may not know the API at all: it is documented for routes.twilio.com only.
        return HOME if home else None
    except _UNREADABLE:
        return None
    region = answer.get("voice_region")
    return region if isinstance(region, str) and re.fullmatch(REGION, region) else None
