"""Every answer of the simulated Telnyx is what Telnyx' own document says, but for the differences known."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
import yaml

from trunkline_sandbox import Sandbox, running
from trunkline_sandbox.telnyx import SimulatedTelnyx
from trunkline_sandbox.telnyx.accounts import give_connection
from trunkline_sandbox.telnyx.simulated import ROUTES

DOCUMENT = "shared/specs/telnyx/spec3.yml"
"""Beside the project, or beside a folder that it is in."""

# Newer than the document; in the official SDK telnyx 4.189.0.
UNDOCUMENTED = {"/connections/count", "/fqdn_connections/{id}/fqdn_authentication"}

# Where the document is known to be wrong: the resource and its property, what really comes, how that is known.
KNOWN_DIFFERENCES: dict[tuple[str, str], tuple[dict[str, Any], str]] = {
    ("fqdns", "connection_id"): ({"type": ["string", "integer"]}, "answered as a number (read live 2026-09-21)"),
    ("phone_numbers", "connection_id"): ({"type": ["string", "null"]}, "null where a number is on none"),
}

# What comes though the document does not have it, and how that is known.
KNOWN_EXTRAS = {
    "fqdn_authentication_method": "what the document calls ip_authentication_method (read live 2026-08-29)",
}

BODIES: dict[str, Any] = {
    "PATCH /phone_numbers/{id}": {"customer_reference": "Front desk"},
    "PATCH /phone_numbers/{id}/voice": {"inbound_call_screening": "flag_calls"},
    "POST /phone_numbers/actions/verify_ownership": {"phone_numbers": ["+13035550100"]},
    "POST /fqdn_connections": {"connection_name": "Ours", "user_name": "ours1234", "password": "correct0Horse"},
    "PATCH /fqdn_connections/{id}": {"transport_protocol": "TCP"},
    "PATCH /fqdns/{id}": {"port": 5070},
    "POST /outbound_voice_profiles": {"name": "Ours"},
    "PATCH /outbound_voice_profiles/{id}": {"enabled": False},
}


@pytest.fixture(scope="module")
def document() -> Any:
    """The document as JSON, read once: it has four megabytes."""
    path = next((each / DOCUMENT for each in Path(__file__).resolve().parents if (each / DOCUMENT).exists()), None)
    if path is None:
        pytest.skip(f"the carrier's document is not here: {DOCUMENT}")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    # Its dates are strings to JSON.
    loader = type("Plain", (loader,), {"yaml_implicit_resolvers": dict(loader.yaml_implicit_resolvers)})
    for first, resolvers in loader.yaml_implicit_resolvers.items():
        kept = [pair for pair in resolvers if pair[0] != "tag:yaml.org,2002:timestamp"]
        loader.yaml_implicit_resolvers[first] = kept
    return yaml.load(path.read_text(), Loader=loader)


@pytest.fixture
def telnyx() -> Iterator[Sandbox[SimulatedTelnyx]]:
    with running(SimulatedTelnyx()) as sandbox:
        yield sandbox


def resolved(document: Any, schema: Any, resource: str, name: str = "") -> Any:
    """The schema with references resolved and the known differences of a resource put in."""
    if (resource, name) in KNOWN_DIFFERENCES:
        return KNOWN_DIFFERENCES[resource, name][0]
    if isinstance(schema, list):
        return [resolved(document, each, resource) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return resolved(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], resource)
    plain = {key: value for key, value in schema.items() if key not in ("example", "examples", "description", "format")}
    if "properties" in plain:
        known = {key: resolved(document, value, resource, key) for key, value in plain.pop("properties").items()}
        return {**resolved(document, plain, resource), "properties": known}
    return {key: resolved(document, value, resource) for key, value in plain.items()}


def resource_of(path: str) -> str:
    return path.split("/")[1]


def answer_schema(document: Any, method: str, path: str, status: int) -> Any:
    template = next(
        each
        for each in document["paths"]
        if re.sub(r"\{\w+\}", "{id}", each) == path and method in document["paths"][each]
    )
    answer = document["paths"][template][method]["responses"][str(status)]
    if "$ref" in answer:
        answer = document["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    return resolved(document, answer["content"]["application/json"]["schema"], resource_of(path))


def strangers(schema: Any, payload: Any) -> set[str]:
    """Names in an answer that its schema does not have."""
    if isinstance(payload, list):
        return {name for item in payload for name in strangers(schema.get("items", {}), item)}
    documented = properties(schema)
    if not isinstance(payload, dict) or not documented:
        return set()
    found = payload.keys() - documented.keys()
    for name in payload.keys() & documented.keys():
        found |= strangers(documented[name], payload[name])
    return found


def properties(schema: Any) -> dict[str, Any]:
    found = dict(schema.get("properties", {}))
    for each in schema.get("allOf", []):
        found |= properties(each)
    return found


class Prepared:
    """An account that has one of everything a path can name."""

    def __init__(self, sandbox: Sandbox[SimulatedTelnyx]) -> None:
        account = sandbox.carrier.accounts["healthy"]
        for kind in ("fax_application", "external_connection", "uac_connection"):
            give_connection(sandbox.carrier.world, account, kind, kind, webhook_url="https://calls.acme.example/x")
        by_kind = {each.record_type: each.id for each in account.connections.values()}
        fqdn_connection = next(each for each in account.connections.values() if each.name == "Head office")
        unused = sandbox.carrier.accounts["healthy"].profiles
        self.ids = {
            "phone_numbers": next(iter(account.numbers)),
            "connections": by_kind["ip_connection"],
            "fqdn_connections": fqdn_connection.id,
            "ip_connections": by_kind["ip_connection"],
            "credential_connections": by_kind["credential_connection"],
            "call_control_applications": by_kind["call_control_application"],
            "texml_applications": by_kind["texml_application"],
            "fax_applications": by_kind["fax_application"],
            "external_connections": by_kind["external_connection"],
            "uac_connections": by_kind["uac_connection"],
            "fqdns": next(iter(account.fqdns)),
            "outbound_voice_profiles": next(iter(unused)),
        }
        self.bodies = {**BODIES, "POST /fqdns": {"connection_id": fqdn_connection.id, "fqdn": "b.example.com"}}
        self.bodies["POST /fqdns"] |= {"dns_record_type": "a", "port": 5061}

    def path(self, template: str) -> str:
        return re.sub(r"/(\w+)/\{id\}", lambda found: f"/{found[1]}/{self.ids[found[1]]}", template)


def test_every_endpoint_answers_as_documented(telnyx: Sandbox[SimulatedTelnyx], document: Any) -> None:
    key = telnyx.carrier.accounts["healthy"].api_key
    with requests.Session() as session:
        session.trust_env = False
        for route in ROUTES:
            if route.path in UNDOCUMENTED:
                continue
            telnyx.carrier.reset()
            telnyx.carrier.change("healthy", "switches", "", {"delete_in_use": "detaches"})
            prepared = Prepared(telnyx)
            method = route.method.lower()
            answer = session.request(
                method,
                f"{telnyx.address}/v2{prepared.path(route.path)}",
                params={"start_date": "2026-11-01", "end_date": "2026-11-23"} if "charges" in route.path else None,
                json=prepared.bodies.get(f"{route.method} {route.path}"),
                headers={"Authorization": f"Bearer {key}"},
                timeout=5,
            )
            assert answer.ok, (route.method, route.path, answer.text)
            schema = answer_schema(document, method, route.path, answer.status_code)
            try:
                jsonschema.Draft202012Validator(schema).validate(answer.json())
            except jsonschema.ValidationError as wrong:
                pytest.fail(f"{route.method} {route.path}: {wrong.message} at {list(wrong.absolute_path)}")
            assert strangers(schema, answer.json()) <= KNOWN_EXTRAS.keys(), (route.method, route.path)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("get", "/phone_numbers", None, 401),
        ("get", "/phone_numbers/1", None, 404),
        ("patch", "/phone_numbers/{id}", {"connection_id": "1"}, 422),
        ("get", "/fqdn_connections/1", None, 404),
        ("post", "/fqdn_connections", {}, 422),
    ],
)
def test_refusals_have_the_documented_shape(
    telnyx: Sandbox[SimulatedTelnyx], document: Any, method: str, path: str, body: Any, status: int
) -> None:
    account = telnyx.carrier.accounts["healthy"]
    key = "KEYwrong" if status == 401 else account.api_key
    answer = requests.request(
        method,
        f"{telnyx.address}/v2{path.replace('{id}', next(iter(account.numbers)))}",
        json=body,
        headers={"Authorization": f"Bearer {key}"},
        timeout=5,
    )
    assert answer.status_code == status
    template = re.sub(r"/1$", "/{id}", path)
    documented = document["paths"]
    found = next(each for each in documented if re.sub(r"\{\w+\}", "{id}", each) == template)
    response = documented[found][method]["responses"][str(status)]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    if "content" in response:
        schema = resolved(document, response["content"]["application/json"]["schema"], resource_of(path))
        jsonschema.Draft202012Validator(schema).validate(answer.json())
    (error,) = answer.json()["errors"]
    assert isinstance(error["code"], str)
    assert json.dumps(error)
