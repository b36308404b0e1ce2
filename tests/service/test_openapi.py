"""The OpenAPI document: complete, valid, and true to what is answered."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from harness import CONNECTIONS, NUMBERS, PHONE_NUMBERS, World
from jsonschema import Draft202012Validator
from openapi_schema_validator import OAS31Validator

from trunkline_service.drafts import ConnectionDraft, ConnectionPatch, ImportRequest, NumberPatch
from trunkline_service.errors import CODES
from trunkline_service.routes.documented import BODIES


@pytest.fixture
def document(world: World) -> dict[str, Any]:
    answer = world.http.get("/schema")
    assert answer.status_code == 200
    made: dict[str, Any] = answer.json()
    return made


def test_it_is_openapi_3_1_and_needs_no_key(world: World, document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert world.http.get("/schema/openapi.json").json() == document
    assert world.http.get("/schema/openapi.yaml").status_code == 200
    assert "<script" not in world.http.get("/schema").text


def test_every_route_tells_its_answers_and_its_errors(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if path in ("/v1/healthz", "/v1/readyz"):
                continue
            statuses = set(operation["responses"])
            assert statuses & {"200", "201", "204"}, (method, path)
            assert {"401", "500"} <= statuses, (method, path)
            if "{" in path:
                assert "404" in statuses, (method, path)
            if method != "get":
                assert "403" in statuses, (method, path)
                assert "`invalid_parameter`" in operation["responses"]["400"]["description"], (method, path)
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    schema = answer["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/ErrorView"}, (method, path, status)


def test_every_body_is_documented_with_the_fields_that_are_read(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert ("requestBody" in operation) == (method in ("post", "patch")), (method, path)
    read = {
        "ConnectionDraft": ConnectionDraft,
        "NewConnection": ConnectionDraft,
        "ConnectionPatch": ConnectionPatch,
        "ImportRequest": ImportRequest,
        "NumberPatch": NumberPatch,
    }
    for name, kind in read.items():
        assert set(BODIES[name].properties or {}) == {field.name for field in attrs.fields(kind)}


def test_every_code_stands_in_the_description_and_on_some_route(document: dict[str, Any]) -> None:
    everything = str(document["paths"])
    for code, meaning in CODES.items():
        assert f"| `{code}` | {meaning.status} |" in document["info"]["description"]
        everywhere = {"not_found", "method_not_allowed", "snapshot_stale"}
        assert f"`{code}`" in everything or code in everywhere, code


def test_every_schema_is_a_schema(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        OAS31Validator.check_schema(schema)


def test_answers_are_what_the_document_says(world: World, document: dict[str, Any]) -> None:
    connection = world.connect(sip_config={"domain": "a.example"})["id"]
    number = world.import_(connection, NUMBERS[0])["results"][0]["id"]
    path = f"{CONNECTIONS}/{connection}/import-numbers"
    job = world.post(path, {"numbers": [NUMBERS[0], "bad"]}, Prefer="respond-async").json()["id"]
    calls = [
        ("get", CONNECTIONS, CONNECTIONS, None),
        ("get", CONNECTIONS + "/{connection_id}", f"{CONNECTIONS}/{connection}", None),
        ("post", CONNECTIONS + "/test", f"{CONNECTIONS}/test", {"provider": "acme", "credentials": {"apiKey": "x"}}),
        (
            "get",
            CONNECTIONS + "/{connection_id}/available-numbers",
            f"{CONNECTIONS}/{connection}/available-numbers",
            None,
        ),
        (
            "post",
            CONNECTIONS + "/{connection_id}/import-numbers",
            f"{CONNECTIONS}/{connection}/import-numbers",
            {"numbers": [NUMBERS[1], "bad"]},
        ),
        (
            "post",
            CONNECTIONS + "/{connection_id}/import-numbers",
            f"{CONNECTIONS}/{connection}/import-numbers?dry_run=true",
            {"numbers": [NUMBERS[2], "bad"]},
        ),
        ("get", "/v1/import-jobs/{job_id}", f"/v1/import-jobs/{job}", None),
        ("post", "/v1/import-jobs/{job_id}/cancel", f"/v1/import-jobs/{job}/cancel", {}),
        ("get", PHONE_NUMBERS, PHONE_NUMBERS, None),
        ("post", PHONE_NUMBERS + "/{number_id}/verify-voip", f"{PHONE_NUMBERS}/{number}/verify-voip", None),
        ("delete", PHONE_NUMBERS + "/{number_id}", f"{PHONE_NUMBERS}/{number}", None),
        ("get", "/v1/voip-providers", "/v1/voip-providers", None),
        ("post", CONNECTIONS, CONNECTIONS, {"provider": "acme"}),
        ("get", PHONE_NUMBERS + "/{number_id}", f"{PHONE_NUMBERS}/999", None),
    ]
    for method, template, path, body in calls:
        answer = world.call(method.upper(), path, body)
        told = document["paths"][template][method]["responses"][str(answer.status_code)]
        schema = {**told["content"]["application/json"]["schema"], "components": document["components"]}
        Draft202012Validator(schema).validate(answer.json())


def test_providers_tell_enough_to_draw_a_form(world: World) -> None:
    acme = next(each for each in world.get("/v1/voip-providers").json() if each["provider"] == "acme")
    assert acme["setup_methods"] == [{"id": "api_key", "label": "API key", "guided": False}]
    (form,) = acme["credential_forms"]
    assert form["fields"][0] == {
        "name": "apiKey",
        "label": "API key",
        "help": "the key from the console",
        "secret": True,
        "required": True,
        "kind": "text",
        "pattern": None,
        "default": None,
        "max_length": 255,
        "steers": False,
        "tested": False,
    }
    assert {each["name"] for each in acme["capabilities"]} >= {"import_numbers"}
