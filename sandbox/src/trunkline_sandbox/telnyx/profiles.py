"""/v2/outbound_voice_profiles: who may be called, and how much of it."""

from typing import Any

import attrs

from trunkline_sandbox.carrier import Response

from .errors import DUPLICATE, FEATURE_LIMITED, IN_USE, Refusal, invalid, not_found
from .model import Profile, moment
from .paging import page
from .routing import Call, Part, data

profiles = Part()

_SETTABLE = frozenset(each.name for each in attrs.fields(Profile)) - {"id", "created", "updated"}


def show(call: Call, profile: Profile) -> dict[str, Any]:
    """A profile."""
    using = [each for each in call.account.connections.values() if each.profile_id == profile.id]
    shown = {
        "record_type": "outbound_voice_profile",
        "id": profile.id,
        "name": profile.name,
        "connections_count": len(using),
        "traffic_type": "conversational",
        "service_plan": "global",
        "concurrent_call_limit": profile.concurrent_call_limit,
        "enabled": profile.enabled,
        "tags": profile.tags,
        "usage_payment_method": "rate-deck",
        "whitelisted_destinations": profile.whitelisted_destinations,
        "daily_spend_limit_enabled": profile.daily_spend_limit_enabled,
        "billing_group_id": None,
        "created_at": moment(profile.created),
        "updated_at": moment(profile.updated),
    }
    return shown if profile.daily_spend_limit is None else {**shown, "daily_spend_limit": profile.daily_spend_limit}


def _profile(call: Call) -> Profile:
    found = call.account.profiles.get(call.params["id"])
    if found is None:
        raise not_found()
    return found


def _name(body: dict[str, Any]) -> str:
    name = body.get("name")
    if not isinstance(name, str) or len(name) < 3:
        raise invalid("name must have at least 3 characters", "/name")
    return name


@profiles.on("GET", "/outbound_voice_profiles")
def list_profiles(call: Call) -> Response:
    """The profiles, the newest first, twenty to a page unless more are asked for."""
    part = call.query.get("filter[name][contains]", "").lower()
    found = [each for each in call.account.profiles.values() if part in each.name.lower()]
    return page(call, found[::-1], lambda each: show(call, each), default=20)


@profiles.on("GET", "/outbound_voice_profiles/{id}")
def fetch_profile(call: Call) -> Response:
    """One profile."""
    return data(200, show(call, _profile(call)))


@profiles.on("POST", "/outbound_voice_profiles")
def create_profile(call: Call) -> Response:
    """A new profile, of any name, even one that is there already."""
    body = call.body()
    name = _name(body)
    if call.account.level == "trial" and call.account.profiles:
        raise Refusal(403, FEATURE_LIMITED, "This account level allows one outbound voice profile.")
    if call.switches.names_unique and any(each.name == name for each in call.account.profiles.values()):
        raise Refusal(422, DUPLICATE, "name has already been taken", "/name")
    made = Profile(call.world.id(), name, call.now, call.now)
    for field in _SETTABLE & body.keys():
        setattr(made, field, body[field])
    call.account.profiles[made.id] = made
    return data(200, show(call, made))


@profiles.on("PATCH", "/outbound_voice_profiles/{id}")
def update_profile(call: Call) -> Response:
    """Changes what is named."""
    profile = _profile(call)
    body = call.body()
    _name({"name": profile.name, **body})
    for field in _SETTABLE & body.keys():
        setattr(profile, field, body[field])
    profile.updated = call.now
    return data(200, show(call, profile))


@profiles.on("DELETE", "/outbound_voice_profiles/{id}")
def delete_profile(call: Call) -> Response:
    """Deletes the profile, if no connection has it, or whoever has it."""
    profile = _profile(call)
    using = [each for each in call.account.connections.values() if each.profile_id == profile.id]
    if using and call.switches.delete_in_use == "refused":
        raise Refusal(422, IN_USE, "The outbound voice profile has connections assigned to it.")
    shown = show(call, profile)
    for connection in using:
        connection.profile_id = None
    del call.account.profiles[profile.id]
    return data(200, shown)
