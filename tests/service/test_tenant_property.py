"""The wall between organizations, for every operation of the OpenAPI document and whatever is sent to it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from any_operation import NAME, OPEN, OWNED, bounded, fit, operations, send
from harness import CONNECTIONS, World, draft
from hypothesis import given
from hypothesis import strategies as st
from litestar.routes import HTTPRoute

from trunkline_service.app import create_app
from trunkline_service.storage.tables import metadata, rate_limits

MISSING = "987654321"
UNDOCUMENTED = ("/metrics", "/schema")
"""What no organization's key opens, and what tells nothing of an organization."""


@pytest.fixture
def document(world: World) -> dict[str, Any]:
    made: dict[str, Any] = world.http.get("/schema").json()
    return made


def everything_stored(world: World) -> str:
    """Every row but those that keep count of a key's own requests."""
    with world.service.database.reading() as db:
        tables = [table for table in metadata.sorted_tables if table is not rate_limits]
        return repr([db.execute(table.select()).all() for table in tables])


def test_every_route_is_in_the_document(world: World, document: dict[str, Any]) -> None:
    routes = create_app(world.service, background=False).app.routes
    served = {route.path_format for route in routes if isinstance(route, HTTPRoute)}
    assert {path for path in served if not path.startswith(UNDOCUMENTED)} == set(document["paths"])


def test_another_organization_s_id_is_answered_as_one_that_nobody_has(world: World, document: dict[str, Any]) -> None:
    """Whatever else is sent along, the two answers are the same, nothing is written, and no carrier is asked."""
    _, stranger = world.organization_with_key()
    with_ids = [each for each in operations(document) if each.path not in OPEN and list(each.path_parameters)]
    assert len(with_ids) >= 10
    for operation in with_ids:
        theirs = {each.name: str(OWNED[each.name](world)) for each in operation.path_parameters}
        statuses = ask_for(world, operation, theirs, stranger)
        assert 404 in statuses, operation.label
        assert statuses <= {400, 404}, operation.label


def ask_for(world: World, operation: Any, theirs: dict[str, str], stranger: str) -> set[int]:
    statuses = set()

    @bounded(6)
    @given(case=operation.as_strategy(path_parameters=theirs))
    def is_not_there(case: Any) -> None:
        fit(case)
        case.headers.pop("Idempotency-Key", None)  # The stranger's second use of one would be refused as such.
        before = everything_stored(world)
        world.carrier.calls.clear()
        answer = send(world, case, stranger)
        assert everything_stored(world) == before
        assert world.carrier.calls == []
        case.path_parameters = dict.fromkeys(theirs, MISSING)
        missing = send(world, case, stranger)
        assert (answer.status_code, answer.content) == (missing.status_code, missing.content)
        statuses.add(answer.status_code)

    is_not_there()
    return statuses


def test_what_needs_no_id_tells_nothing_of_another_organization(world: World, document: dict[str, Any]) -> None:
    """Another's evidence is answered as evidence that nobody has."""
    OWNED["number_id"](world)
    evidence = world.evidence()
    _, stranger = world.organization_with_key()
    for operation in operations(document):
        if operation.path not in OPEN and not list(operation.path_parameters):
            ask_without_id(world, operation, evidence, stranger)
    assert world.post(CONNECTIONS, draft(verification_evidence_id=evidence)).status_code == 201


def ask_without_id(world: World, operation: Any, evidence: str, stranger: str) -> None:
    @bounded(6)
    @given(case=operation.as_strategy(), known=st.booleans())
    def is_silent(case: Any, known: bool) -> None:
        if known:
            fit(case)
        body = case.body if isinstance(case.body, dict) else {}
        if "verification_evidence_id" not in body:
            assert NAME not in send(world, case, stranger).text
            return
        case.headers.pop("Idempotency-Key", None)
        answers = []
        for id in (evidence, str(uuid.UUID(int=7))):
            body["verification_evidence_id"] = id
            answers.append(send(world, case, stranger))
        if operation.path == CONNECTIONS:
            assert len({(answer.status_code, answer.content) for answer in answers}) == 1
            assert answers[0].status_code == 400

    is_silent()
