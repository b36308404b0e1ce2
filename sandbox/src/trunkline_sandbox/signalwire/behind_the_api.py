"""What the customer, or SignalWire, does while nobody's API call is looking."""

from collections.abc import Mapping
from typing import Any

from trunkline_sandbox.behind_the_api import known, put, turn
from trunkline_sandbox.carrier import UnknownThing

from .model import ALL_SCOPES, NUMBER_FIELDS, Number, Project
from .world import World

_PROJECT_FIELDS = {"name", "trial", "script_limit", "sip_domain", "scopes"}
_SCRIPT_FIELDS = {"display_name", "contents", "request_url"}
_BIN_FIELDS = {"name", "contents"}


def find_project(world: World, name: str) -> Project:
    """A project by its id or its label."""
    project = world.by_id.get(name) or world.projects.get(name)
    if project is None:
        raise UnknownThing(f"no account {name}")
    return project


def change(world: World, project: Project, collection: str, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Set raw field values of one thing."""
    now = world.clock.now()
    match collection:
        case "numbers":
            number = _number(project, name)
            number.put(known(fields, NUMBER_FIELDS), now)
            return {"id": number.id, "number": number.number, **number.routing()}
        case "scripts":
            return _set(_named(project.scripts, name), fields, _SCRIPT_FIELDS, now)
        case "bins":
            return _set(_named(project.bins, name), fields, _BIN_FIELDS, now)
        case "switches":
            return turn(project.switches, fields)
        case "account":
            for field, value in known(fields, _PROJECT_FIELDS).items():
                setattr(project, field, frozenset(value) & ALL_SCOPES if field == "scopes" else value)
            return dict(fields)
    raise UnknownThing(f"an account has no {collection}")


def remove(project: Project, collection: str, name: str) -> None:
    """Take one thing away."""
    match collection:
        case "numbers":
            project.drop_number(_number(project, name))
        case "scripts":
            _named(project.scripts, name)
            del project.scripts[name]
        case "bins":
            _named(project.bins, name)
            del project.bins[name]
        case "objects":
            _named(project.objects, name)
            del project.objects[name]
        case _:
            raise UnknownThing(f"an account has no {collection}")


def _set(thing: Any, fields: Mapping[str, Any], allowed: set[str], now: float) -> dict[str, Any]:
    put(thing, fields, allowed)
    thing.updated = now
    return dict(fields)


def _named(things: dict[str, Any], name: str) -> Any:
    if name not in things:
        raise UnknownThing(f"no {name} there")
    return things[name]


def _number(project: Project, name: str) -> Number:
    try:
        return project.numbers.get(name) or project.number(name)
    except KeyError:
        raise UnknownThing(f"no number {name}") from None
