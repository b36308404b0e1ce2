"""Every operation of the OpenAPI document, asked whatever it allows and forbids: no failure, no undocumented answer."""

from __future__ import annotations

from typing import Any

import pytest
from any_operation import OWNED, bounded, fit, operations, send
from harness import World
from hypothesis import given
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


@pytest.mark.timeout(300)
def test_no_request_gets_a_failure_or_an_undocumented_answer(world: World) -> None:
    document = world.http.get("/schema").json()
    answered: set[int] = set()
    for operation in operations(document):
        ids = {each.name: OWNED[each.name](world) for each in operation.path_parameters}

        @bounded(8)
        @given(case=cases(operation, ids), known=st.booleans())
        def answers(case: Any, known: bool) -> None:
            if known:
                fit(case)
            answer = send(world, case, world.key)
            answered.add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        answers()
    assert {200, 201, 204, 400, 404} <= answered
