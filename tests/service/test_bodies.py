"""What a request body may look like, and how each mistake in it is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from harness import CONNECTIONS, PHONE_NUMBERS, World, draft

GOOD = draft(verification_evidence_id="5f2b7a54-3a8e-4f64-9d5d-0a3b1c2d4e5f")


@pytest.fixture(scope="module")
def world(shared_world: World) -> World:
    """One service for all: what is refused leaves no trace."""
    return shared_world


@pytest.fixture(scope="module")
def number(world: World) -> int:
    connection = world.connect()
    return int(world.import_(connection["id"], "+15550001111")["results"][0]["id"])


def routes(world: World, number: int) -> dict[str, tuple[str, str, dict[str, Any]]]:
    connection = world.get(CONNECTIONS).json()[0]["id"]
    return {
        "test": ("POST", f"{CONNECTIONS}/test", GOOD),
        "suggest": ("POST", f"{CONNECTIONS}/suggest-name", GOOD),
        "create": ("POST", CONNECTIONS, GOOD),
        "change": ("PATCH", f"{CONNECTIONS}/{connection}", {"name": "New"}),
        "import": ("POST", f"{CONNECTIONS}/{connection}/import-numbers", {"numbers": ["+15550002222"]}),
        "change number": ("PATCH", f"{PHONE_NUMBERS}/{number}", {"inbound_agent_id": "a"}),
        "verify": ("POST", f"{PHONE_NUMBERS}/{number}/verify-voip", {}),
    }


ROUTES = ("test", "suggest", "create", "change", "import", "change number", "verify")


def send(world: World, method: str, path: str, content: bytes, content_type: str | None = "application/json") -> Any:
    headers = {"Authorization": f"Bearer {world.key}"}
    if content_type is not None:
        headers["Content-Type"] = content_type
    return world.http.request(method, path, content=content, headers=headers)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "invalid_json"),
        (b"[]", "invalid_json"),
        (b'"text"', "invalid_json"),
        (b"null", "invalid_json"),
        (b"12", "invalid_json"),
        (b'{"a": NaN}', "invalid_json"),
        (b'{"a": Infinity}', "invalid_json"),
        (b'{"a": 1e999}', "invalid_json"),
        (b'{"a": "\xff"}', "invalid_json"),
        (b'\xef\xbb\xbf{"a": 1}', "invalid_json"),
        (b'{"a": "\\ud800"}', "invalid_json"),
        (b'{"a": "\\u0000"}', "invalid_json"),
        (b'{"a": ' + b"9" * 5000 + b"}", "invalid_json"),
        (b'{"a":' * 40_000, "invalid_json"),
        (b'{"a": 1} extra', "invalid_json"),
        (b'{"twice": 1, "twice": 2}', "duplicate_field"),
        (b'{"in": {"twice": 1, "twice": 1}}', "duplicate_field"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    world: World, number: int, route: str, content: bytes, code: str
) -> None:
    method, path, _ = routes(world, number)[route]
    answer = send(world, method, path, content)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    if code == "duplicate_field":
        assert answer.json()["errors"] == {"twice": ["stands there twice"]}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "*/*"],
)
def test_a_body_of_another_content_type_is_refused(
    world: World, number: int, route: str, content_type: str | None
) -> None:
    method, path, body = routes(world, number)[route]
    answer = send(world, method, path, json.dumps(body).encode(), content_type)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
def test_a_charset_of_utf_8_is_accepted(world: World, content_type: str) -> None:
    answer = send(world, "POST", f"{CONNECTIONS}/suggest-name", json.dumps(draft()).encode(), content_type)
    assert answer.status_code == 200


@pytest.mark.parametrize("route", ROUTES)
def test_an_unknown_field_is_named(world: World, number: int, route: str) -> None:
    method, path, body = routes(world, number)[route]
    answer = world.call(method, path, {**body, "surprise": 1})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_fields"
    assert answer.json()["errors"] == {"surprise": ["unknown field"]}


@pytest.mark.parametrize("route", ["test", "suggest", "create"])
@pytest.mark.parametrize("field", ["provider", "credentials"])
def test_a_missing_field_is_named(world: World, number: int, route: str, field: str) -> None:
    method, path, body = routes(world, number)[route]
    answer = world.call(method, path, {name: value for name, value in body.items() if name != field})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields")
    assert answer.json()["errors"] == {field: ["required"]}


WRONG = {
    "provider": [None, 1, True, [], {}],
    "credentials": [None, 1, "text", [], True],
    "sip_config": [1, "text", [], True],
    "setup_method": [1, [], {}, True, "", "x" * 300],
    "name": [1, [], {}, True, "", "  ", "x" * 256, "a\nb"],
    "verification_evidence_id": [1, [], {}, True, "", "not a uuid", "5f2b7a54", "5" * 5000],
}


@pytest.mark.parametrize(
    ("route", "field", "value"),
    [
        (route, field, value)
        for route in ("test", "suggest", "create")
        for field, values in WRONG.items()
        for value in values
        # Only creating looks into the evidence id, see below.
        if route == "create" or field != "verification_evidence_id" or not isinstance(value, str)
    ],
)
def test_a_field_of_the_wrong_kind_is_named(world: World, number: int, route: str, field: str, value: Any) -> None:
    method, path, body = routes(world, number)[route]
    answer = world.call(method, path, {**body, field: value})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields")
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize("path", ["/test", "/suggest-name"])
@pytest.mark.parametrize("id", ["", "not a uuid", "5" * 5000])
def test_an_evidence_id_means_nothing_where_nothing_is_created(world: World, path: str, id: str) -> None:
    answer = world.post(CONNECTIONS + path, draft(verification_evidence_id=id))
    assert answer.status_code in (200, 201)
    assert "5" * 50 not in answer.text


@pytest.mark.parametrize("field", ["sip_config", "setup_method", "name"])
def test_null_in_an_optional_field_means_that_it_is_left_out(world: World, field: str) -> None:
    answer = world.post(CONNECTIONS, {**draft(verification_evidence_id=world.evidence()), field: None})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"credentials": {}}, "credentials.apiKey"),
        ({"credentials": {"apiKey": 5}}, "credentials.apiKey"),
        ({"credentials": {"apiKey": None}}, "credentials.apiKey"),
        ({"credentials": {"apiKey": "x" * 300}}, "credentials.apiKey"),
        ({"credentials": {"apiKey": "k", "apikey": "k"}}, "credentials.apikey"),
        ({"credentials": {"apiKey": "k", "secretThing": None}}, "credentials.secretThing"),
        ({"sip_config": {"domain": "UPPER CASE"}}, "sip_config.domain"),
        ({"sip_config": {"port": "5060"}}, "sip_config.port"),
        ({"sip_config": {"colour": "red"}}, "sip_config.colour"),
        ({"sip_config": {"colour": None}}, "sip_config.colour"),
        ({"setup_method": "magic"}, "setup_method"),
    ],
)
@pytest.mark.parametrize("path", ["/test", "/suggest-name", ""])
def test_what_the_provider_s_form_does_not_take_is_named(
    world: World, path: str, fields: dict[str, Any], named: str
) -> None:
    world.carrier.calls.clear()
    answer = world.post(CONNECTIONS + path, {**GOOD, **fields})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields")
    assert named in answer.json()["errors"]
    assert world.carrier.calls == []


@pytest.mark.parametrize("path", ["/test", "/suggest-name", ""])
@pytest.mark.parametrize("provider", ["nobody", "", "x" * 5000])
def test_an_unknown_provider_is_refused_and_not_repeated(world: World, path: str, provider: str) -> None:
    answer = world.post(CONNECTIONS + path, {**GOOD, "provider": provider})
    assert "x" * 50 not in answer.text
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_provider")
    assert list(answer.json()["errors"]) == ["provider"]


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        (None, "invalid_fields"),
        ("+15550001111", "invalid_fields"),
        ({}, "invalid_fields"),
        ([], "invalid_fields"),
        ([1], "invalid_fields"),
        (["+15550001111", None], "invalid_fields"),
        ([["+15550001111"]], "invalid_fields"),
        ([f"+1555{n:07}" for n in range(10_001)], "too_many_numbers"),
    ],
)
def test_a_list_of_numbers_that_is_none_is_refused(world: World, numbers: Any, code: str) -> None:
    connection = world.connect()["id"]
    answer = world.post(f"{CONNECTIONS}/{connection}/import-numbers", {"numbers": numbers})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert next(iter(answer.json()["errors"])).startswith("numbers")


@pytest.mark.parametrize(("query", "headers"), [("", {}), ("?dry_run=true", {}), ("", {"Prefer": "respond-async"})])
def test_what_is_far_too_long_for_a_number_is_told_short(world: World, query: str, headers: dict[str, str]) -> None:
    path = f"{CONNECTIONS}/{world.connect()['id']}/import-numbers{query}"
    answer = world.post(path, {"numbers": ["+1" * 50_000, "9" * 64]}, **headers)
    results = answer.json()["results"]
    assert [each["number"] for each in results] == ["+1" * 32 + "…", "9" * 64]
    assert {each["error"]["code"] for each in results} == {"invalid_number"}


def test_the_numbers_must_be_given(world: World) -> None:
    connection = world.connect()["id"]
    answer = world.post(f"{CONNECTIONS}/{connection}/import-numbers", {})
    assert answer.json()["errors"] == {"numbers": ["required"]}


@pytest.mark.parametrize("field", ["name", "sip_config", "credentials"])
@pytest.mark.parametrize("value", [None, 1, True, []])
def test_a_change_to_nothing_sensible_is_refused(world: World, field: str, value: Any) -> None:
    connection = world.connect()["id"]
    answer = world.call("PATCH", f"{CONNECTIONS}/{connection}", {field: value})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields")
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize("name", ["", "  ", "x" * 256, "a\nb"])
def test_a_change_to_a_name_that_is_none_is_refused(world: World, number: int, name: str) -> None:
    _, path, _ = routes(world, number)["change"]
    answer = world.call("PATCH", path, {"name": name})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields")
    assert list(answer.json()["errors"]) == ["name"]


@pytest.mark.parametrize("id", [1, [], {}, True, "", "not a uuid", "5f2b7a54", "5" * 5000])
def test_a_change_with_an_evidence_id_that_is_none_is_refused(world: World, number: int, id: Any) -> None:
    _, path, _ = routes(world, number)["change"]
    body = {"credentials": GOOD["credentials"], "verification_evidence_id": id}
    answer = world.call("PATCH", path, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields")
    assert list(answer.json()["errors"]) == ["verification_evidence_id"]


@pytest.mark.parametrize("field", ["inbound_agent_id", "outbound_agent_id"])
@pytest.mark.parametrize("value", [True, 1.5, [], {}, "", "x" * 256, 2**63, "a\nb"])
def test_an_agent_id_that_is_none_is_refused(world: World, number: int, field: str, value: Any) -> None:
    answer = world.call("PATCH", f"{PHONE_NUMBERS}/{number}", {field: value})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields")
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize("id", ["0", "-1", "1_0", "01", "1.0", "9223372036854775808", "9" * 40, "abc", "%20", "+1"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", CONNECTIONS + "/{}"),
        ("DELETE", CONNECTIONS + "/{}"),
        ("GET", CONNECTIONS + "/{}/available-numbers"),
        ("GET", PHONE_NUMBERS + "/{}"),
        ("DELETE", PHONE_NUMBERS + "/{}"),
        ("POST", PHONE_NUMBERS + "/{}/verify-voip"),
    ],
)
def test_an_id_that_is_no_id_names_nothing(world: World, method: str, path: str, id: str) -> None:
    answer = world.call(method, path.format(id))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("value", ["1", "yes", "TRUE", "", "true&dry_run=false"])
def test_a_flag_is_true_or_false(world: World, value: str) -> None:
    connection = world.connect()["id"]
    path = f"{CONNECTIONS}/{connection}/import-numbers?dry_run={value}"
    answer = world.post(path, {"numbers": ["+15550003333"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")
    assert list(answer.json()["errors"]) == ["dry_run"]
    assert world.points_at("+15550003333") == "old-app"


@pytest.mark.parametrize(
    ("method", "path", "accepted"),
    [
        ("POST", CONNECTIONS, "none"),
        ("PATCH", CONNECTIONS + "/{connection}", "none"),
        ("DELETE", CONNECTIONS + "/{connection}", "release_numbers"),
        ("POST", CONNECTIONS + "/test", "none"),
        ("POST", CONNECTIONS + "/suggest-name", "none"),
        ("POST", CONNECTIONS + "/{connection}/import-numbers", "dry_run"),
        ("PATCH", PHONE_NUMBERS + "/{number}", "none"),
        ("DELETE", PHONE_NUMBERS + "/{number}", "none"),
        ("POST", PHONE_NUMBERS + "/{number}/verify-voip", "none"),
        ("POST", "/v1/import-jobs/1/cancel", "none"),
        ("POST", "/v1/webhook-endpoints", "none"),
        ("PATCH", "/v1/webhook-endpoints/1", "none"),
        ("DELETE", "/v1/webhook-endpoints/1", "none"),
        ("GET", "/v1/events", "before"),
    ],
)
@pytest.mark.parametrize("query", ["dryrun=true", "{accepted}=true&dryrun", "dryrun=1&dryrun=2"])
def test_an_unknown_query_parameter_is_named_and_nothing_is_done(
    world: World, number: int, method: str, path: str, accepted: str, query: str
) -> None:
    connection = world.get(f"{PHONE_NUMBERS}/{number}").json()["voip_connection_id"]
    body = {"numbers": ["+15550003333"]} if path.endswith("import-numbers") else None
    world.carrier.calls.clear()
    query = query.format(accepted=accepted if accepted != "none" else "dryrun")
    path = path.format(connection=connection, number=number) + "?" + query
    answer = world.call(method, path, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")
    assert answer.json()["errors"] == {"dryrun": [f"unknown query parameter; accepted here: {accepted}"]}
    assert world.carrier.calls == []
    assert world.get(f"{PHONE_NUMBERS}/{number}").json()["voip_connection_id"] == connection
    assert world.http.request(method, path).json()["code"] == "missing_key"


def test_verifying_takes_an_empty_body_and_an_empty_object(world: World, number: int) -> None:
    path = f"{PHONE_NUMBERS}/{number}/verify-voip"
    assert send(world, "POST", path, b"", None).status_code == 200
    assert send(world, "POST", path, b"{}").status_code == 200
