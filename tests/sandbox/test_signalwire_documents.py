"""Every answer of the simulated SignalWire is what SignalWire's own documents say, but for the differences known."""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
import yaml

from trunkline_sandbox import Fault, Sandbox, running
from trunkline_sandbox.signalwire import SimulatedSignalWire
from trunkline_sandbox.signalwire.routing import ROUTES, Route

PLACES = [parent / "shared" / "specs" / "signalwire" for parent in Path(__file__).resolve().parents]
SPECS = next((place for place in PLACES if place.is_dir()), PLACES[-1])
LAML = "/api/laml/2010-04-01"

# Where the documents are known to be wrong or silent: what really comes, and how that is known.
KNOWN_DIFFERENCES = {
    ("GET", "/api/fabric/resources/swml_scripts"): (
        "SwmlScriptListResponse is a page by itself, and the SDK reads it as one; the operation wraps it in an array"
    ),
}
# Statuses that the operations do not list, and how it is known that they come.
UNLISTED = {
    403: "the page of error codes has 403 Forbidden for a missing scope",
    404: "a space that does not exist has none of the operations",
}


@functools.cache
def document(name: str) -> Any:
    path = SPECS / f"{name}.openapi.yaml"
    if not path.exists():
        pytest.skip(f"the carrier's document is not here: {path}")
    return yaml.load(path.read_text(), Loader=yaml.CSafeLoader)


def operation(method: str, path: str) -> tuple[Any, Any]:
    """The document that a path is in, and what it says of the method."""
    name, path = ("compatibility", path.removeprefix(LAML)) if path.startswith(LAML) else ("signalwire-rest", path)
    content = document(name)
    fitting = [
        template
        for template in content["paths"]
        if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path)
    ]
    assert fitting, f"{path} is not documented"
    template = min(fitting, key=lambda each: each.count("{"))
    return content, content["paths"][template][method.lower()]


def check(method: str, path: str, answer: requests.Response) -> None:
    """Hold an answer against the document: its status and its whole body."""
    content, said = operation(method, path)
    responses = said["responses"]
    assert str(answer.status_code) in responses, f"{answer.status_code} is not documented"
    media = responses[str(answer.status_code)].get("content")
    if media is None:
        assert not answer.content
        return
    schema = media["application/json"]["schema"]
    if answer.ok and (method, path) in KNOWN_DIFFERENCES:
        schema = schema["items"]
    validate(content, schema, answer.json())


def validate(content: Any, schema: Any, payload: Any) -> None:
    """Hold a value against a schema of a document."""
    whole = {**schema, "components": content["components"]}
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(payload)


@pytest.fixture
def signalwire() -> Iterator[Sandbox[SimulatedSignalWire]]:
    with running(SimulatedSignalWire()) as sandbox:
        yield sandbox


class Caller:
    """One project's token, over plain HTTP."""

    def __init__(self, sandbox: Sandbox[SimulatedSignalWire], label: str = "healthy") -> None:
        (entry,) = [each for each in sandbox.carrier.listing() if each.label == label]
        self.given = entry.credentials
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = (self.given["projectId"], self.given["apiToken"])
        self.session.headers["Host"] = self.given["spaceUrl"]
        self.address = sandbox.address

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.session.request(method, self.address + path, timeout=5, allow_redirects=False, **more)

    @property
    def account(self) -> str:
        return f"{LAML}/Accounts/{self.given['projectId']}"


SWML = {"version": "1.0.0", "sections": {"main": [{"connect": {"to": "sip:%{call.to}@sip.platform.example"}}]}}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("PUT", "/api/relay/rest/phone_numbers/{id}"): {"json": {"call_handler": "relay_topic", "call_relay_topic": "x"}},
    ("POST", "/api/fabric/resources/swml_scripts"): {"json": {"name": "Ours", "contents": SWML}},
    ("PUT", "/api/fabric/resources/swml_scripts/{id}"): {"json": {"contents": SWML}},
    ("POST", LAML + "/Accounts/{account}/LamlBins"): {"data": {"Name": "Ours", "Contents": "<Response/>"}},
    ("POST", LAML + "/Accounts/{account}/LamlBins/{sid}"): {"data": {"Contents": "<Response/>"}},
}
NOT_FOR_SALE = ("POST", "/api/relay/rest/phone_numbers")


def path_of(route: Route, sandbox: Sandbox[SimulatedSignalWire], caller: Caller) -> str:
    project = sandbox.carrier.accounts["healthy"]
    if "LamlBins/{sid}" in route.path:
        made = caller.ask("POST", caller.account + "/LamlBins", data={"Name": "x"}).json()["sid"]
        return f"{caller.account}/LamlBins/{made}"
    ids = {"phone_numbers": next(iter(project.numbers)), "swml_scripts": next(iter(project.scripts))}
    ids["projects"] = project.id
    collection = route.path.split("/")[-2]
    path = route.path.replace("{id}", ids.get(collection, "")).replace("{number}", "+15551234567")
    return path.replace("{account}", project.id)


@pytest.mark.parametrize(
    "route",
    [
        pytest.param(route, id=f"{route.method} {route.path}")
        for route in ROUTES
        if (route.method, route.path) != NOT_FOR_SALE
    ],
)
def test_an_endpoint_answers_as_documented(signalwire: Any, route: Route) -> None:
    caller = Caller(signalwire)
    path = path_of(route, signalwire, caller)
    answer = caller.ask(route.method, path, **BODIES.get((route.method, route.path), {}))
    assert answer.ok, answer.text
    check(route.method, path, answer)


@pytest.mark.parametrize("label", ["healthy", "empty", "every_handler"])
@pytest.mark.parametrize("path", ["/api/relay/rest/phone_numbers", "/api/fabric/resources/swml_scripts"])
def test_lists_are_as_documented(signalwire: Any, label: str, path: str) -> None:
    caller = Caller(signalwire, label)
    check("GET", path, caller.ask("GET", path + "?page_size=40"))


def test_a_page_in_the_middle_is_as_documented(signalwire: Any) -> None:
    caller = Caller(signalwire)
    path = "/api/relay/rest/phone_numbers"
    link = caller.ask("GET", path + "?page_size=3").json()["links"]["next"]
    answer = caller.ask("GET", path + "?" + link.partition("?")[2])
    assert set(answer.json()["links"]) == {"self", "first", "next", "prev"}
    check("GET", path, answer)


def test_the_list_of_scripts_is_what_the_document_says_where_the_switch_has_it_so(signalwire: Any) -> None:
    signalwire.carrier.change("healthy", "switches", "-", {"script_list": "array"})
    path = "/api/fabric/resources/swml_scripts"
    content, said = operation("GET", path)
    answer = Caller(signalwire).ask("GET", path)
    validate(content, said["responses"]["200"]["content"]["application/json"]["schema"], answer.json())


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/api/relay/rest/phone_numbers/{id}", {"json": {"call_handler": "sip_gateway"}}),
        ("PUT", "/api/relay/rest/phone_numbers/{id}", {"json": {"call_request_url": "ftp://x"}}),
        ("POST", "/api/fabric/resources/swml_scripts", {"json": {"contents": SWML}}),
        ("POST", "/api/fabric/resources/swml_scripts", {"json": {"name": "x", "contents": "y"}}),
        ("POST", LAML + "/Accounts/{account}/LamlBins", {"data": {"Contents": "<Response/>"}}),
        ("POST", LAML + "/Accounts/{account}/LamlBins", {"data": {"Name": "x", "Contents": "<Response>"}}),
    ],
)
def test_a_failed_validation_is_written_as_documented(
    signalwire: Any, method: str, path: str, body: dict[str, Any]
) -> None:
    caller = Caller(signalwire)
    (route,) = [each for each in ROUTES if (each.method, each.path) == (method, path)]
    path = path_of(route, signalwire, caller)
    answer = caller.ask(method, path, **body)
    assert answer.status_code == 422
    check(method, path, answer)


@pytest.mark.parametrize(
    "path", ["/api/relay/rest/phone_numbers", "/api/fabric/resources/swml_scripts", "/api/relay/rest/sip_profile"]
)
def test_bad_credentials_and_a_missing_scope_are_written_as_documented(signalwire: Any, path: str) -> None:
    for label in ("bad_credentials", "no_scopes"):
        answer = Caller(signalwire, label).ask("GET", path)
        assert answer.status_code == 401
        check("GET", path, answer)


@pytest.mark.parametrize("label", ["bad_credentials", "no_scopes"])
def test_the_compatibility_api_writes_them_in_its_own_way(signalwire: Any, label: str) -> None:
    caller = Caller(signalwire, label)
    path = caller.account + "/LamlBins"
    answer = caller.ask("GET", path)
    assert answer.json()["code"] == 20003
    check("GET", path, answer)


def test_a_number_that_is_not_there_is_written_as_documented(signalwire: Any) -> None:
    path = "/api/relay/rest/phone_numbers/00000000-0000-0000-0000-000000000000"
    answer = Caller(signalwire).ask("GET", path)
    assert answer.status_code == 404
    check("GET", path, answer)


@pytest.mark.parametrize("status", sorted(UNLISTED))
def test_statuses_that_are_not_listed_have_the_shape_of_their_family(signalwire: Any, status: int) -> None:
    label = "no_scopes" if status == 403 else "wrong_space"
    if status == 403:
        signalwire.carrier.change(label, "switches", "-", {"missing_scope": 403})
    answer = Caller(signalwire, label).ask("GET", "/api/relay/rest/phone_numbers")
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": 7},
        {"call_handler": "hologram"},
        {"created_at": "yesterday"},
        {"call_receive_mode": None},
        {"capabilities": {"0": "telepathy"}},
        {"undocumented": True},
        {"$remove": ["country_code"]},
    ],
    ids=str,
)
def test_the_check_against_the_document_notices(signalwire: Any, wrong: dict[str, Any]) -> None:
    path = f"/api/relay/rest/phone_numbers/{next(iter(signalwire.carrier.accounts['healthy'].numbers))}"
    signalwire.faults.add(Fault("patch_json", patch=wrong))
    with pytest.raises(jsonschema.ValidationError):
        check("GET", path, Caller(signalwire).ask("GET", path))
