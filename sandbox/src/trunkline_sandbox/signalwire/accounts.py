"""The projects that exist from the start: one for every way an account can be."""

from typing import Any

from trunkline_sandbox.number_plan import formatted

from .model import ALL_SCOPES, COMPANIONS, FABRIC_HANDLERS, OBJECT_FIELDS, Number, Project, Script
from .world import World

OPENED = 1_537_005_600.0
"""When the first project was opened; all dates at the start are counted from here, so that they never change."""

HEALTHY_NUMBERS = (
    ("DE", "mobile", 20),
    ("DE", "local", 30),
    ("GB", "mobile", 40),
    ("GB", "local", 60),
    ("US", "toll-free", 80),
    ("CA", "local", 170),
    ("US", "local", 1200),
)


def open_project(world: World, label: str, name: str, space: str = "", **details: Any) -> Project:
    """A new project, with a token that belongs to its label."""
    id = world.ids.named(f"project/{label}")
    space = f"{space or label.replace('_', '-')}.signalwire.com"
    sip_domain = f"{space.partition('.')[0]}-{id[-12:]}.sip.signalwire.com"
    project = Project(label, id, space, name, OPENED, world.ids.token(label), sip_domain=sip_domain, **details)
    world.add(project)
    return project


def give_numbers(
    world: World, project: Project, country: str, kind: str, count: int, webhook: str | None = None
) -> list[Number]:
    """Numbers fresh from the plan, the last as the newest; every third has a name, every other one the webhook."""
    given: list[Number] = []
    for _ in range(count):
        number = world.plan.take(country, kind)
        at = OPENED + 600.0 * (len(project.numbers) + len(given))
        shape = "toll-free" if kind == "toll-free" else "longcode"
        name = formatted(number) if len(given) % 3 == 0 else None
        id = world.ids.named(f"number/{number}")
        routed = webhook is not None and len(given) % 2 == 1
        own = {"call_handler": "laml_webhooks", "call_request_url": webhook} if routed else {}
        given.append(Number(id, number, shape, country, name, at, at, own=own))
    project.add_numbers(given)
    return given


def build_projects(world: World) -> None:
    """All of them, the same ones for the same seed."""
    healthy = _healthy(world)
    world.list_entry("empty", open_project(world, "empty", "Hollow Tree Catering", "hollow-tree"), "empty")
    wrong = world.ids.token("wrong token")
    world.list_entry("bad_credentials", healthy, "bad_credentials", token=wrong)
    world.list_entry("wrong_space", healthy, "bad_credentials", space="nobody-here.signalwire.com")
    _scopes(world)
    _handlers(world)
    _trial(world)
    email = open_project(world, "email_name", "pat.lindqvist@northwind.example", "northwind")
    give_numbers(world, email, "US", "local", 6)
    world.list_entry("email_name", email, "email_name")
    full = open_project(world, "limit_reached", "Harbour View Hotel", "harbour-view", script_limit=0)
    give_numbers(world, full, "US", "local", 3)
    world.list_entry("limit_reached", full, "limit_reached")


def _healthy(world: World) -> Project:
    project = open_project(world, "healthy", "Acme Voice Ltd", "acme-voice")
    for country, kind, count in HEALTHY_NUMBERS:
        give_numbers(world, project, country, kind, count, "https://calls.acme.example/inbound")
    menu = give_script(world, project, "Call menu")
    application, endpoint = (give_object(world, project, kind) for kind in ("laml_application", "sip_endpoint"))
    numbers = project.listed_numbers()
    calls_with_login = "https://menu:s3same-0pen@calls.acme.example/voice?line=1"
    odd: dict[int, dict[str, Any]] = {
        3: {"capabilities": ("sms", "mms")},
        5: {"call_receive_mode": "fax"},
        7: {
            "call_handler": "laml_webhooks",
            "call_request_url": calls_with_login,
            "call_status_callback_url": "https://calls.acme.example/status",
        },
        9: {"call_handler": "relay_script", "call_relay_script_url": menu.request_url, **_resource(menu.id)},
        11: {"call_handler": "laml_application", "call_laml_application_id": application},
        13: {"call_handler": "sip_gateway", **_resource(world.ids.named("gateway"))},
        15: {"call_handler": "relay_sip_endpoint", "call_sip_endpoint_id": endpoint},
        17: {"name": "Front desk"},
        19: {"name": "Störung Köln ☎"},
        21: {"name": '<b>Sales</b> & "Support"'},
        23: {
            "call_handler": "laml_webhooks",
            "call_request_url": "https://calls.acme.example/voice",
            "call_request_method": "GET",
            "call_fallback_url": "https://calls.acme.example/fallback",
            "call_fallback_method": "GET",
        },
        25: {"call_handler": "relay_topic", "call_relay_topic": "front-office"},
        27: {"message_handler": "laml_webhooks", "message_request_url": "https://texts.acme.example/in"},
    }
    for at, fields in odd.items():
        numbers[at].put(fields, numbers[at].updated)
    world.list_entry("healthy", project, "healthy")
    return project


def _resource(id: str) -> dict[str, str]:
    return {"calling_handler_resource_id": id}


def give_script(world: World, project: Project, name: str) -> Script:
    """A script of the customer's own."""
    id, inner = (world.ids.named(f"script/{project.label}/{name}/{part}") for part in ("outer", "inner"))
    contents = {"version": "1.0.0", "sections": {"main": [{"answer": {}}, {"play": {"url": "say:Hello"}}]}}
    script = Script(id, inner, name, contents, f"https://{project.space}/relay-bins/{inner}", OPENED, OPENED)
    project.scripts[id] = script
    return script


def give_object(world: World, project: Project, kind: str) -> str:
    """Something that a handler can name: an application, an endpoint, an agent."""
    id = world.ids.named(f"object/{project.label}/{kind}")
    project.objects[id] = kind
    return id


def _scopes(world: World) -> None:
    for label, name, scopes, expect in (
        ("no_management", "Cedar Dental Group", {"Numbers", "Voice"}, "healthy_without_name"),
        ("no_numbers", "Quarry Lane Legal", {"Voice", "Messaging"}, "missing_scope"),
        ("no_voice", "Blue Kite Studio", {"Numbers", "Management"}, "missing_scope"),
        ("video_only", "Lantern Film Hire", {"Numbers", "Video"}, "healthy_without_bins"),
        ("no_scopes", "Gone Fishing Tours", set[str](), "missing_scope"),
    ):
        project = open_project(world, label, name, scopes=frozenset(scopes))
        give_numbers(world, project, "US", "local", 4)
        world.list_entry(label, project, expect)


def _handlers(world: World) -> None:
    """A project whose numbers go to every handler there is, and to none."""
    project = open_project(world, "every_handler", "Late Payer Logistics", "late-payer", scopes=ALL_SCOPES)
    settings: list[dict[str, Any]] = [{}]
    for handler, fields in COMPANIONS.items():
        settings.append({"call_handler": handler, **_companion(world, project, handler, fields[0])})
    for handler in FABRIC_HANDLERS:
        settings.append({"call_handler": handler, **_resource(world.ids.named(f"{handler}/resource"))})
    # Assigned as a resource: the handler could be set by PUT, but it has no address that one could set.
    settings.append({"call_handler": "laml_webhooks", **_resource(world.ids.named("cxml_webhook/resource"))})
    numbers = give_numbers(world, project, "US", "local", len(settings))
    for number, setting in zip(numbers, settings, strict=True):
        number.put(setting, number.updated)
    world.list_entry("every_handler", project, "every_handler")


def _companion(world: World, project: Project, handler: str, field: str) -> dict[str, Any]:
    if field in OBJECT_FIELDS:
        return {field: give_object(world, project, handler)}
    if handler == "relay_script":
        return {field: "https://swml.late-payer.example/main?key=91ac77"}
    return {field: "https://late-payer.example/voice" if field.endswith("_url") else f"{handler}-target"}


def _trial(world: World) -> None:
    project = open_project(world, "trial", "Otter Bay Rentals", "otter-bay", trial=True)
    give_numbers(world, project, "US", "local", 1)
    for number in project.numbers.values():
        number.created = world.clock.now()
    world.list_entry("trial", project, "trial")
