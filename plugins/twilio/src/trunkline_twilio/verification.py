"""Whether an imported number is still routed to the platform, and may dial out."""

from __future__ import annotations

import attrs

from trunkline import e164
from trunkline.checks import FAIL, INBOUND_ROUTED, OUTBOUND_AUTHORIZED, PASS, UNKNOWN, Check, Exchange, Verification
from trunkline.errors import AccountSuspended, NumberNotFound, PermissionMissing
from trunkline.numbers import NumberRef, Route, RoutingSnapshot
from trunkline.refusals import NotThere
from trunkline_twilio import accounts, dialing, regions, routing, trunks
from trunkline_twilio.accounts import Account
from trunkline_twilio.checks import outbound, suspended
from trunkline_twilio.client import Twilio
from trunkline_twilio.trunks import Origination, Trunk

_CONSOLE_ORIGINATION = "In the Twilio Console, open the trunk's Origination settings"


def verify(twilio: Twilio, number: NumberRef, route: Route) -> Verification:
    """Five requests: the number, its region, where our trunk sends calls, the account, its permission to call.

    One more where a termination domain is given, for the trunk that has it.
    """
    with twilio.call.proving() as proof:
        try:
            present = routing.fetch(twilio, number)
        except NumberNotFound as gone:
            return Verification(
                _not_there(INBOUND_ROUTED, gone, proof()), _not_there(OUTBOUND_AUTHORIZED, gone, proof())
            )
        except AccountSuspended as error:
            return Verification(
                suspended(INBOUND_ROUTED, error.summary, proof()),
                suspended(OUTBOUND_AUTHORIZED, error.summary, proof()),
            )
        inbound = _inbound(twilio, present, route)
        status = routing.not_in_use(present.restore)
        if status is not None and inbound.outcome is PASS:
            inbound = _not_in_use(status)
    return Verification(attrs.evolve(inbound, proof=proof()), _outbound(twilio, number))


def _not_there(name: str, gone: NumberNotFound, proof: tuple[Exchange, ...]) -> Check:
    remedy = "If it was moved to another account or given up, remove it here too."
    return Check(name, FAIL, "number_not_on_account", gone.summary, remedy, proof)


# Inbound


def _inbound(twilio: Twilio, present: RoutingSnapshot, route: Route) -> Check:
    name = INBOUND_ROUTED
    if present.points_at != route.id:
        return Check(
            name,
            FAIL,
            "routed_elsewhere",
            f"Twilio routes the number to {_words(present)}, not to this platform's trunk.",
            "Import the number again, or put it back on the trunk in the Twilio Console.",
        )
    if present.restore.get("voice_receive_mode") == "fax":
        return Check(
            name,
            FAIL,
            "receives_fax",
            "Twilio has the number receive faxes, not voice calls.",
            "Set the number to accept voice calls in the Twilio Console.",
        )
    own, handled = regions.of_credentials(twilio), regions.handling(twilio, present.number.number)
    if handled not in (own, None):
        return Check(
            name,
            FAIL,
            "handled_in_another_region",
            f"Twilio handles the number's calls in its region {handled}; these credentials set them up in {own} only.",
            f"Set the number's region to {own} in the Twilio Console, which takes up to five minutes, or connect the "
            f"account with its credentials for {handled}.",
        )
    try:
        found = trunks.originations(twilio, route.id)
    except NotThere:
        return Check(
            name,
            FAIL,
            "trunk_deleted",
            "The SIP trunk that the number is routed to has been deleted at Twilio.",
            "Import the number again: the trunk is made anew.",
        )
    except PermissionMissing as missing:
        summary = "These credentials may not read SIP trunks, so where the calls go could not be checked."
        return Check(name, UNKNOWN, "permission_missing", summary, missing.summary)
    verdict = _origination(twilio, found)
    if verdict.outcome is PASS and handled is None:
        return Check(
            name,
            UNKNOWN,
            "region_unreadable",
            f"{verdict.summary} Twilio does not tell which of its regions handles the number's calls.",
            f"See in the Twilio Console that the number's region is {own}.",
        )
    return verdict


def _not_in_use(status: str) -> Check:
    return Check(
        INBOUND_ROUTED,
        UNKNOWN,
        "number_not_active",
        f"Twilio has the number as {status}, not as in use, and does not say whether calls reach it then.",
        "Look at the number in the Twilio Console, or ask Twilio's support.",
    )


def _words(present: RoutingSnapshot) -> str:
    return {
        "trunk": "another SIP trunk",
        "application": "a TwiML application",
        "webhook": "a webhook",
        "fax": "a fax receiver",
    }.get(present.view.kind, "nothing")


def _origination(twilio: Twilio, found: list[Origination]) -> Check:
    name, platform = INBOUND_ROUTED, twilio.call.platform
    if platform is None:
        return Check(
            name,
            UNKNOWN,
            "platform_not_set",
            "The number is on this platform's trunk, but the platform has no SIP host to compare its target with.",
            "The operator of this platform has to set its SIP host.",
        )
    here = [platform.same_place(each.sip_url) for each in trunks.first_tried(found)]
    if here and all(here):
        return Check(name, PASS, "routed_here", f"The number is on our trunk, which sends calls to {platform.host}.")
    if any(here):
        return Check(
            name,
            UNKNOWN,
            "calls_shared",
            f"The trunk shares its calls between {platform.host} and another place, so some of them arrive elsewhere.",
            f"{_CONSOLE_ORIGINATION}, and switch the other origination URLs of the same priority off.",
        )
    if any(trunks.leads_to(each, platform) for each in found):
        return Check(
            name,
            FAIL,
            "another_host_first",
            f"The trunk sends calls to another place first, and to {platform.host} only where that fails.",
            f"{_CONSOLE_ORIGINATION}, and switch off the URLs whose priority is a lower number than that of "
            f"{platform.host}.",
        )
    if any(platform.same_place(each.sip_url) for each in found):
        return Check(
            name,
            FAIL,
            "origination_disabled",
            f"The trunk's origination URL for {platform.host} is switched off.",
            "Switch it on under the trunk's Origination settings in the Twilio Console, or import the number again.",
        )
    return Check(
        name,
        FAIL,
        "origination_elsewhere",
        f"The trunk that the number is on does not send calls to {platform.host}.",
        "Import the number again, which mends the trunk's origination URL.",
    )


# Outbound


def _outbound(twilio: Twilio, number: NumberRef) -> Check:
    with twilio.call.proving() as proof:
        account = _account(twilio)
        if account is not None and not account.active:
            return suspended(OUTBOUND_AUTHORIZED, accounts.suspended(account), proof())
        allowed = dialing.permission(twilio, e164.country(number.number) or "US")
        inherits = allowed.allowed is False and account is not None and account.subaccount and dialing.inherited(twilio)
        found = _trunks(twilio) if twilio.domain else []
    return outbound(account, allowed, inherits, twilio.domain, found, proof())


def _account(twilio: Twilio) -> Account | None:
    try:
        return accounts.fetch(twilio)
    except PermissionMissing:
        return None


def _trunks(twilio: Twilio) -> list[Trunk] | PermissionMissing:
    try:
        return trunks.read_all(twilio)
    except PermissionMissing as missing:
        return missing
