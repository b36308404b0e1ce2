"""Holds recorded conversations against the carrier's own OpenAPI documents, and tells where they differ."""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import attrs

from trunkline.converter import structure
from trunkline_conformance.cassettes import PLACEHOLDER, Cassette, Interaction
from trunkline_conformance.documents import Document, Documents, Operation
from trunkline_conformance.leaves import FORM

Kind = Literal[
    "undocumented operation", "undocumented status", "undocumented field", "missing field", "wrong type", "wrong value"
]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@attrs.frozen
class Difference:
    """One way in which what was recorded is not what the documents say. `field` leads to it, `[]` for every item."""

    kind: Kind
    operation: str
    side: Literal["request", "response"]
    field: str
    detail: str

    def __str__(self) -> str:
        at = f", {self.side} {self.field}" if self.field else ""
        return f"{self.operation}{at}: {self.kind}: {self.detail}"


@attrs.frozen
class KnownDifference:
    """One that is accepted: expressions for operation and field, and how it is known that the carrier differs."""

    kind: Kind
    source: str
    operation: str = ".*"
    field: str = ".*"

    def covers(self, difference: Difference) -> bool:
        """Whether the difference is of this sort."""
        return (
            self.kind == difference.kind
            and re.fullmatch(self.operation, difference.operation) is not None
            and re.fullmatch(self.field, difference.field) is not None
        )


@attrs.frozen
class Drift:
    """What came of a comparison.

    `differences` are not known, each with the scenario that shows it first; `known` were covered by one that is;
    `unseen` are documented fields that answers may have and none has, by operation; `elsewhere` are the requests to
    hosts that no document speaks of.
    """

    compared: int
    differences: Mapping[Difference, str]
    known: Mapping[Difference, KnownDifference]
    unused: tuple[KnownDifference, ...]
    unseen: Mapping[str, tuple[str, ...]]
    elsewhere: tuple[str, ...]


def known_in(file: Path) -> tuple[KnownDifference, ...]:
    """The accepted differences of a file's `[[difference]]` tables; raises `InvalidFields`."""
    if not file.exists():
        return ()
    return structure(tomllib.loads(file.read_text("utf-8")), _File).difference


@attrs.frozen
class _File:
    difference: tuple[KnownDifference, ...] = ()


def drift_of(cassettes: Iterable[Cassette], documents: Documents, known: Sequence[KnownDifference] = ()) -> Drift:
    """Compare every exchange whose answer came."""
    found: dict[Difference, str] = {}
    elsewhere: dict[str, None] = {}
    fields = _Fields()
    compared = 0
    for cassette in cassettes:
        for interaction in cassette.interactions:
            request = interaction.request
            if not documents.speak_of(request["uri"]):
                elsewhere[f"{request['method']} {urlsplit(request['uri']).netloc}"] = None
                continue
            compared += 1
            for difference in _of_exchange(interaction, documents, fields):
                found.setdefault(difference, cassette.scenario)
    covered = {each: by for each in found if (by := next((one for one in known if one.covers(each)), None))}
    return Drift(
        compared,
        {each: scenario for each, scenario in found.items() if each not in covered},
        covered,
        tuple(each for each in known if each not in covered.values()),
        fields.unseen(),
        tuple(elsewhere),
    )


def _of_exchange(interaction: Interaction, documents: Documents, fields: _Fields) -> Iterator[Difference]:
    request, response = interaction.request, interaction.response
    operation = documents.operation(request["method"], request["uri"])
    if operation is None:
        path = re.sub(r"(?<=/)[^/]*\d{3,}[^/]*|\{\{[^}]*\}\}", "{…}", urlsplit(request["uri"]).path)
        asked = f"{request['method']} {path}"
        yield Difference("undocumented operation", asked, "request", "", "no document has it")
        return
    yield from _of_query(operation, request["uri"])
    yield from _of_body(operation, request)
    if interaction.lost is None:
        yield from _of_answer(operation, response, fields)


def _of_query(operation: Operation, uri: str) -> Iterator[Difference]:
    said = {each["name"]: each for each in operation.parameters if each.get("in") == "query"}
    given = dict(parse_qsl(urlsplit(uri).query, keep_blank_values=True))
    for name in given:
        if name not in said and name.partition("[")[0] not in said:
            yield Difference("undocumented field", str(operation), "request", f"query.{name}", "no such parameter")
    for name, parameter in said.items():
        if parameter.get("required") and name not in given:
            yield Difference("missing field", str(operation), "request", f"query.{name}", "it is required")


def _of_body(operation: Operation, request: Mapping[str, Any]) -> Iterator[Difference]:
    if not request.get("body"):
        return
    kind = _content_type(request)
    found = operation.request_schema(kind)
    if found is None:
        yield Difference("undocumented field", str(operation), "request", "body", "no body is documented")
        return
    form = kind.startswith(FORM)
    body = dict(parse_qsl(request["body"], keep_blank_values=True)) if form else json.loads(request["body"])
    for kind_, field, detail in _compared(*found, body, "body", _Fields(), textual=form):
        yield Difference(kind_, str(operation), "request", field, detail)


def _of_answer(operation: Operation, response: Mapping[str, Any], fields: _Fields) -> Iterator[Difference]:
    status, body = response["status"]["code"], (response.get("body") or {}).get("string") or ""
    if operation.response(status) is None:
        yield Difference(
            "undocumented status", str(operation), "response", str(status), "the operation does not list it"
        )
        return
    found = operation.response_schema(status, _content_type(response))
    try:
        content = json.loads(body) if body else None
    except ValueError:
        yield Difference("wrong type", str(operation), "response", f"{status}", "a body that is no JSON")
        return
    if found is None or content is None:
        return
    here = _Fields()
    for kind, field, detail in _compared(*found, content, f"{status}", here, textual=False):
        yield Difference(kind, str(operation), "response", field, detail)
    if status < 300:
        fields.add(str(operation), here)


def _content_type(message: Mapping[str, Any]) -> str:
    headers = {name.lower(): value for name, value in (message.get("headers") or {}).items()}
    value = headers.get("content-type", "")
    return str(value[0] if isinstance(value, list) else value)


class _Fields:
    """Fields that are documented, and those of them that came."""

    def __init__(self) -> None:
        self.documented: dict[str, set[str]] = defaultdict(set)
        self.seen: dict[str, set[str]] = defaultdict(set)

    def note(self, place: str, documented: Iterable[str], seen: Iterable[str]) -> None:
        """An object with these fields, and those that it could have."""
        self.documented[""] |= {f"{place}.{name}" for name in documented}
        self.seen[""] |= {f"{place}.{name}" for name in seen}

    def add(self, operation: str, other: _Fields) -> None:
        """What one answer of an operation showed."""
        self.documented[operation] |= other.documented[""]
        self.seen[operation] |= other.seen[""]

    def unseen(self) -> dict[str, tuple[str, ...]]:
        """By operation, the fields that never came."""
        left = {operation: fields - self.seen[operation] for operation, fields in self.documented.items()}
        return {operation: tuple(sorted(fields)) for operation, fields in sorted(left.items()) if fields}


Problem = tuple[Kind, str, str]


def _compared(
    document: Document, schema: Any, value: Any, place: str, fields: _Fields, *, textual: bool
) -> Iterator[Problem]:
    """Where a value is not as its schema says. `textual` where every value is written as text, as in a form."""
    document, schema = _whole(document, schema)
    if branches := schema.get("oneOf") or schema.get("anyOf"):
        yield from _best(document, branches, value, place, fields, textual=textual)
        return
    if value is None and _may_be_null(schema):
        return
    types = _types(schema)
    if types and not _is_of(value, types, textual=textual):
        yield "wrong type", place, f"{_name(value)} instead of {' or '.join(types)}"
    elif isinstance(value, dict):
        yield from _of_object(document, schema, value, place, fields, textual=textual)
    elif isinstance(value, list):
        for each in value:
            yield from _compared(document, schema.get("items") or {}, each, f"{place}[]", fields, textual=textual)
    elif "enum" in schema and value not in schema["enum"] and not textual:
        yield "wrong value", place, f"{value!r} is none of {', '.join(map(str, schema['enum'][:8]))}"
    elif isinstance(value, str) and "pattern" in schema and not _may_fit(value, schema["pattern"]):
        yield "wrong value", place, f"{value!r} does not fit {schema['pattern']}"


def _may_fit(value: str, pattern: str) -> bool:
    """Whether a value fits; a credential is another one at each replay."""
    return PLACEHOLDER.search(value) is not None or re.search(pattern, value) is not None


def _of_object(
    document: Document, schema: Any, value: Mapping[str, Any], place: str, fields: _Fields, *, textual: bool
) -> Iterator[Problem]:
    known, more = schema.get("properties") or {}, schema.get("additionalProperties")
    fields.note(place, known, value)
    for name in schema.get("required", ()):
        if name not in value:
            yield "missing field", f"{place}.{name}", "it is required"
    for name, inner in value.items():
        if name in known:
            yield from _compared(document, known[name], inner, f"{place}.{name}", fields, textual=textual)
        elif isinstance(more, dict) and more:
            yield from _compared(document, more, inner, f"{place}.*", fields, textual=textual)
        elif known and more in (None, False):
            yield "undocumented field", f"{place}.{name}", "no such field"


def _best(
    document: Document, branches: Sequence[Any], value: Any, place: str, fields: _Fields, *, textual: bool
) -> Iterator[Problem]:
    """The problems of the branch that has fewest."""
    tried = []
    for branch in branches:
        seen = _Fields()
        tried.append((list(_compared(document, branch, value, place, seen, textual=textual)), seen))
    problems, seen = min(tried, key=lambda each: len(each[0]))
    fields.documented[""] |= seen.documented[""]
    fields.seen[""] |= seen.seen[""]
    yield from problems


def _whole(document: Document, schema: Any) -> tuple[Document, dict[str, Any]]:
    """The schema with references followed and `allOf` joined."""
    document, schema = document.resolved(schema)
    if not isinstance(schema, dict):
        return document, {}
    if "allOf" not in schema:
        return document, schema
    joined: dict[str, Any] = {name: each for name, each in schema.items() if name != "allOf"}
    for part in schema["allOf"]:
        inner, known = _whole(document, part)
        properties = {name: _absolute(inner, each) for name, each in (known.get("properties") or {}).items()}
        required = [*joined.get("required", ()), *known.get("required", ())]
        joined = {
            **known,
            **joined,
            "properties": {**(joined.get("properties") or {}), **properties},
            "required": required,
        }
        document = inner if not joined["properties"] else document
    return document, joined


def _absolute(document: Document, schema: Any) -> Any:
    """A property of a part, with its own references followed while it is known where they lead."""
    return document.resolved(schema)[1]


def _may_be_null(schema: Mapping[str, Any]) -> bool:
    types = schema.get("type")
    null = isinstance(types, list) and "null" in types
    return bool(schema.get("nullable")) or null or types == "null" or None in (schema.get("enum") or ()) or not types


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    types = schema.get("type") or ("object" if "properties" in schema else ())
    return tuple(each for each in ([types] if isinstance(types, str) else types) if each in _TYPES)


def _is_of(value: Any, types: Sequence[str], *, textual: bool) -> bool:
    if textual and isinstance(value, str):
        return True
    if isinstance(value, bool):
        return "boolean" in types
    if isinstance(value, float) and value.is_integer() and "integer" in types:
        return True
    return any(isinstance(value, _TYPES[each]) for each in types)


def _name(value: Any) -> str:
    if value is None:
        return "null"
    named = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return named.get(type(value), type(value).__name__)
