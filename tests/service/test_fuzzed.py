"""Every operation of the OpenAPI document, asked whatever it allows and forbids: no failure, no undocumented answer."""

from __future__ import annotations

from typing import Any

import httpx
import requests
import schemathesis
from acme import ACME, KEY
from harness import NUMBERS, World
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def cases(operation: Any, ids: dict[str, int]) -> st.SearchStrategy[Any]:
    """Requests by the document and against it, half of them for what is really there."""
    real = {each.name: str(ids[each.name]) for each in operation.path_parameters}
    return st.one_of(
        [
            operation.as_strategy(generation_mode=mode, path_parameters=path)
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
            for path in ([real, None] if real else [None])
        ]
    )


def send(world: World, case: Any, key: str) -> httpx.Response:
    kwargs = case.as_transport_kwargs(base_url="http://testserver.local")
    kwargs["headers"] = {**kwargs["headers"], "Authorization": f"Bearer {key}"}
    asked = requests.Request(**kwargs).prepare()
    return world.http.request(asked.method, asked.url, headers=dict(asked.headers), content=asked.body or b"")


def test_no_request_gets_a_failure_or_an_undocumented_answer(world: World) -> None:
    document = world.http.get("/schema").json()
    schema = schemathesis.openapi.from_dict(document)
    answered: set[int] = set()
    for result in schema.get_all_operations():
        operation = result.ok()
        connection = world.connect()["id"]
        number = world.import_(connection, NUMBERS[0])["results"][0]["id"]
        ids = {"connection_id": connection, "number_id": number}

        @BOUNDED
        @given(case=cases(operation, ids), known=st.booleans())
        def answers(case: Any, known: bool) -> None:
            if known and isinstance(case.body, dict) and "provider" in case.body:
                case.body |= {"provider": ACME, "credentials": {"apiKey": KEY}}
            answer = send(world, case, world.key)
            answered.add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        answers()
    assert {200, 201, 204, 400, 404} <= answered
