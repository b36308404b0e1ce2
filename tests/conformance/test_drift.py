"""Drift: what was recorded is what the carriers' own documents say, and the comparison notices where it is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from typer.testing import CliRunner

from trunkline_conformance.cassettes import Cassette, load
from trunkline_conformance.cli import app
from trunkline_conformance.documents import Document, Documents, read
from trunkline_conformance.drift import Difference, KnownDifference, drift_of

CASSETTES = Path(__file__).resolve().parents[2] / "cassettes"
SPECS = Path(__file__).resolve().parents[2].parent / "shared" / "specs"
TELLING = ("test-credentials/valid", "import/new", "release/restored", "trouble/rejected")
"""Scenarios whose exchanges are compared in a test; the command compares all."""


@pytest.mark.parametrize("provider", ["twilio", "vonage", "telnyx", "signalwire"])
def test_recorded_conversations_are_as_the_carriers_documents_say_but_for_the_differences_known(
    provider: str, tmp_path: Path
) -> None:
    specs = sorted(path for path in (SPECS / provider).glob("*") if path.suffix in (".json", ".yml", ".yaml"))
    if not specs:
        pytest.skip(f"the carrier's documents are not here: {SPECS / provider}")
    for scenario in (*TELLING, *(["set-up/undone"] if provider == "telnyx" else ())):
        (tmp_path / scenario).parent.mkdir(exist_ok=True)
        (tmp_path / f"{scenario}.yaml").symlink_to(CASSETTES / provider / f"{scenario}.yaml")
    known = CASSETTES / provider / "known_differences.toml"
    options = [word for spec in specs for word in ("--spec", str(spec))]
    result = CliRunner().invoke(app, ["drift", "--cassettes", str(tmp_path), "--known", str(known), *options])
    assert result.exit_code == 0, result.output
    assert ": 0 differences" in result.output


# What is noticed, on a small document

ROW = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string", "pattern": "^PN"},
        "kind": {"type": "string", "enum": ["local", "mobile"]},
        "fee": {"type": "number", "nullable": True},
        "tags": {"type": "array", "items": {"type": "string"}},
        "rare": {"type": "string"},
    },
}
DOCUMENT: dict[str, Any] = {
    "servers": [{"url": "https://api.acme.example/v1"}],
    "components": {"schemas": {"Row": ROW}},
    "paths": {
        "/numbers/{id}": {
            "get": {
                "parameters": [{"name": "full", "in": "query", "required": True}],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Row"}}}}
                },
            },
            "patch": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Row"}}}},
                "responses": {"204": {}},
            },
        }
    },
}
GOOD = {"id": "PN1", "kind": "local", "fee": None, "tags": ["a"]}


def recorded(
    answer: Any = GOOD, *, method: str = "GET", uri: str = "/numbers/PN1?full=1", sent: Any = None, status: int = 200
) -> Cassette:
    kept = load(CASSETTES / "vonage" / "list-numbers" / "empty.yaml", "list-numbers/empty")
    kind = {"Content-Type": ["application/json"]}
    (only,) = kept.interactions
    interaction = attrs.evolve(
        only,
        request={
            "method": method,
            "uri": f"https://api.acme.example/v1{uri}",
            "body": None if sent is None else json.dumps(sent),
            "headers": kind,
        },
        response={
            "status": {"code": status, "message": ""},
            "headers": kind,
            "body": {"string": "" if answer is None else json.dumps(answer)},
        },
    )
    return attrs.evolve(kept, interactions=(interaction,))


def differences(cassette: Cassette, *known: KnownDifference) -> list[Difference]:
    return list(drift_of([cassette], Documents((Document("acme", DOCUMENT),)), known).differences)


@pytest.mark.parametrize(
    ("cassette", "kind", "field"),
    [
        (lambda: recorded(uri="/prices"), "undocumented operation", ""),
        (lambda: recorded(status=404), "undocumented status", "404"),
        (lambda: recorded({**GOOD, "new": 1}), "undocumented field", "200.new"),
        (lambda: recorded({"kind": "local"}), "missing field", "200.id"),
        (lambda: recorded({**GOOD, "fee": "1.00"}), "wrong type", "200.fee"),
        (lambda: recorded({**GOOD, "kind": None}), "wrong type", "200.kind"),
        (lambda: recorded({**GOOD, "tags": [1]}), "wrong type", "200.tags[]"),
        (lambda: recorded({**GOOD, "kind": "fax"}), "wrong value", "200.kind"),
        (lambda: recorded({**GOOD, "id": "1"}), "wrong value", "200.id"),
        (lambda: recorded([GOOD]), "wrong type", "200"),
        (lambda: recorded(uri="/numbers/PN1"), "missing field", "query.full"),
        (lambda: recorded(uri="/numbers/PN1?full=1&x=2"), "undocumented field", "query.x"),
        (
            lambda: recorded(None, method="PATCH", uri="/numbers/PN1", status=204, sent={**GOOD, "sip": 1}),
            "undocumented field",
            "body.sip",
        ),
    ],
)
def test_a_difference_is_noticed_and_told_where_it_is(cassette: Callable[[], Cassette], kind: str, field: str) -> None:
    (found,) = differences(cassette())
    assert (found.kind, found.field) == (kind, field)
    assert differences(recorded()) == []


def test_a_known_difference_is_none_and_one_that_is_gone_is_told() -> None:
    known = KnownDifference("undocumented field", "seen live", field=r"200\.new")
    assert differences(recorded({**GOOD, "new": 1}), known) == []
    found = drift_of([recorded()], Documents((Document("acme", DOCUMENT),)), [known])
    assert found.unused == (known,)
    assert found.unseen == {"GET /numbers/{id}": ("200.rare",)}


def test_an_answer_that_never_came_is_not_compared() -> None:
    cassette = recorded({"nonsense": 1})
    lost = attrs.evolve(
        cassette, interactions=tuple(attrs.evolve(each, lost="timeout") for each in cassette.interactions)
    )
    assert differences(lost) == []


@pytest.mark.parametrize(
    ("text", "said"), [("[1]", "this is no OpenAPI document"), ("{", "Expecting"), (None, "No such file")]
)
def test_a_document_that_cannot_be_read_is_named(tmp_path: Path, text: str | None, said: str) -> None:
    spec = tmp_path / "spec.json"
    if text is not None:
        spec.write_text(text)
    result = CliRunner().invoke(app, ["drift", "--spec", str(spec), "--cassettes", str(CASSETTES / "vonage")])
    assert result.exit_code == 2
    assert said in result.output


def test_references_lead_into_files_beside(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps({"paths": {}, "it": {"$ref": "two.json#/there~1here"}}))
    (tmp_path / "two.json").write_text(json.dumps({"there/here": {"$ref": "#/end"}, "end": 7}))
    one = read(str(tmp_path / "one.json"))
    assert one.resolved(one.content["it"])[1] == 7
