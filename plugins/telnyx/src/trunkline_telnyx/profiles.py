"""Outbound voice profiles: whether a connection may call out, and where to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import attrs

from trunkline.checks import FAIL, PASS, UNKNOWN
from trunkline.errors import PermissionMissing
from trunkline.refusals import NotThere
from trunkline_telnyx.client import Row, Telnyx, text
from trunkline_telnyx.connections import Connection
from trunkline_telnyx.findings import PORTAL, Finding, not_permitted
from trunkline_telnyx.refusals import unexpected

DEFAULT_DESTINATIONS = ("US", "CA")
"""Where a new profile may call (OpenAPI, `whitelisted_destinations`)."""


@attrs.frozen
class Profile:
    """One outbound voice profile."""

    id: str
    name: str
    enabled: bool
    destinations: tuple[str, ...]
    full: bool
    """True where its limit of calls at once lets none out."""
    spent: bool = False
    """True where its limit of daily spend, which is in force, is 0."""
    made_at: str = ""


def fetch(telnyx: Telnyx, id: str) -> Profile:
    """One profile; `NotThere` without it."""
    return of_row(telnyx.ask(lambda sdk: sdk.outbound_voice_profiles.retrieve(id)))


def listed(telnyx: Telnyx) -> list[Profile]:
    """All profiles of the account, the oldest first."""
    found = [of_row(row) for row in telnyx.rows("/outbound_voice_profiles", {})]
    return sorted(found, key=lambda each: (each.made_at, len(each.id), each.id))


def named(telnyx: Telnyx, name: str) -> list[Profile]:
    """The profiles of exactly this name, the oldest first; the filter finds those that contain it."""
    found = [of_row(row) for row in telnyx.rows("/outbound_voice_profiles", {"filter[name][contains]": name})]
    return sorted((each for each in found if each.name == name), key=lambda each: (each.made_at, len(each.id), each.id))


def attached(telnyx: Telnyx, connection: Connection) -> Profile | Finding:
    """The profile of a connection, or why there is none to be had."""
    if connection.profile_id is None:
        # Telnyx answers calls with D38 then, the commonest failure of connections made by an API.
        summary = "The connection has no outbound voice profile, so Telnyx refuses every call from it (D38)."
        remedy = f"{PORTAL}, open Outbound Voice Profiles and add the connection to one."
        return Finding(FAIL, "no_outbound_profile", summary, remedy)
    try:
        return fetch(telnyx, connection.profile_id)
    except NotThere:
        summary = "The connection's outbound voice profile is not in this account any more."
        return Finding(FAIL, "no_outbound_profile", summary, f"{PORTAL}, add the connection to another profile.")
    except PermissionMissing as missing:
        return not_permitted("This API key may not read the outbound voice profile.", missing.summary)


def judge(connection: Connection, profile: Profile | Finding, countries: Sequence[str]) -> Finding:
    """Whether calls may go out through this connection, to these countries."""
    if not connection.active:
        summary = "The connection is switched off, so no call leaves it (D18)."
        return Finding(FAIL, "connection_inactive", summary, f"{PORTAL}, open SIP Trunking and switch it on.")
    return profile if isinstance(profile, Finding) else allows(profile, countries)


def allows(profile: Profile, countries: Sequence[str]) -> Finding:
    """Whether calls may go out through whatever has this profile, to these countries."""
    where = f"{PORTAL}, open Outbound Voice Profiles,"
    if not profile.enabled:
        summary = "The connection's outbound voice profile is switched off, so Telnyx blocks every call."
        return Finding(FAIL, "profile_disabled", summary, f"{where} and switch it on.")
    if profile.full:
        summary = "The connection's outbound voice profile allows 0 calls at once."
        return Finding(FAIL, "no_channels", summary, f"{where} and raise its limit of concurrent calls.")
    if not countries:
        summary = "Which country the number belongs to is not known, so whether it may be called could not be checked."
        return Finding(
            UNKNOWN, "country_unknown", summary, f"{where} and see that the countries to be called are allowed."
        )
    refused = [each for each in countries if each not in profile.destinations]
    allowed = [each for each in countries if each in profile.destinations]
    remedy = f"{where} and allow the countries that are to be called."
    if not allowed:
        return Finding(
            FAIL, "geo_permission_missing", f"Telnyx is set to refuse calls to {', '.join(refused)}.", remedy
        )
    if profile.spent:
        # What is allowed in a day before new calls are refused (OpenAPI); of 0 there is no word.
        summary = "The outbound voice profile's daily spend limit is 0 and in force, so Telnyx may refuse every call."
        return Finding(UNKNOWN, "no_daily_spend", summary, f"{where} and raise or switch off its daily spend limit.")
    if refused:
        summary = (
            f"The outbound voice profile allows calls to {', '.join(allowed)}, but not to {', '.join(refused)}, where "
            "the account has numbers too."
        )
        return Finding(UNKNOWN, "geo_permission_partial", summary, remedy)
    return Finding(PASS, "calls_allowed", f"The outbound voice profile is on and allows calls to {', '.join(allowed)}.")


def of_row(row: Row) -> Profile:
    """A profile as Telnyx tells it."""
    id, allowed, limit = text(row, "id"), row.get("whitelisted_destinations"), row.get("concurrent_call_limit")
    if not id:
        raise unexpected("an outbound voice profile without an id")
    destinations = DEFAULT_DESTINATIONS if allowed is None else allowed
    if not isinstance(destinations, list | tuple):
        raise unexpected("an outbound voice profile whose destinations are no list")
    return Profile(
        id,
        text(row, "name"),
        row.get("enabled") is not False,
        tuple(str(each).upper() for each in destinations),
        limit == 0 and limit is not False,
        row.get("daily_spend_limit_enabled") is True and _is_nothing(text(row, "daily_spend_limit")),
        text(row, "created_at"),
    )


def _is_nothing(amount: str) -> bool:
    try:
        return Decimal(amount) == 0
    except InvalidOperation:
        return False
