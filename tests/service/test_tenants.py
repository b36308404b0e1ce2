"""Keys: who may speak, what they see of others, and where their words go."""

from __future__ import annotations

from pathlib import Path

import pytest
from acme import KEY
from harness import CONNECTIONS, NUMBERS, PHONE_NUMBERS, World, draft, world_on

from trunkline_service.storage import organizations

ONE = NUMBERS[0]

ROUTES = [
    ("GET", CONNECTIONS, None),
    ("POST", CONNECTIONS, draft()),
    ("GET", CONNECTIONS + "/{connection}", None),
    ("PATCH", CONNECTIONS + "/{connection}", {"name": "x"}),
    ("DELETE", CONNECTIONS + "/{connection}", None),
    ("GET", CONNECTIONS + "/{connection}/setup-steps", None),
    ("POST", CONNECTIONS + "/test", draft()),
    ("POST", CONNECTIONS + "/suggest-name", draft()),
    ("GET", CONNECTIONS + "/{connection}/available-numbers", None),
    ("POST", CONNECTIONS + "/{connection}/import-numbers", {"numbers": [ONE]}),
    ("POST", CONNECTIONS + "/{connection}/import-numbers?dry_run=true", {"numbers": [ONE]}),
    ("GET", "/v1/import-jobs/{job}", None),
    ("POST", "/v1/import-jobs/{job}/cancel", None),
    ("GET", PHONE_NUMBERS, None),
    ("GET", PHONE_NUMBERS + "/{number}", None),
    ("PATCH", PHONE_NUMBERS + "/{number}", {"inbound_agent_id": 1}),
    ("DELETE", PHONE_NUMBERS + "/{number}", None),
    ("POST", PHONE_NUMBERS + "/{number}/verify-voip", None),
    ("GET", "/v1/voip-providers", None),
    ("GET", "/v1/events", None),
    ("GET", "/v1/webhook-endpoints", None),
    ("POST", "/v1/webhook-endpoints", {"url": "https://hooks.example.com"}),
    ("GET", "/v1/webhook-endpoints/{endpoint}", None),
    ("PATCH", "/v1/webhook-endpoints/{endpoint}", {"url": "https://hooks.example.com"}),
    ("DELETE", "/v1/webhook-endpoints/{endpoint}", None),
]
OWNED = [route for route in ROUTES if "{" in route[1]]
WRITES = [route for route in ROUTES if route[0] != "GET"]


@pytest.fixture(scope="module")
def world(shared_world: World) -> World:
    """One service for all: who has no key leaves no trace."""
    return shared_world


@pytest.fixture
def path_of(any_world: World):  # type: ignore[no-untyped-def]
    connection = any_world.connect()["id"]
    number = any_world.import_(connection, ONE)["results"][0]["id"]
    endpoint = any_world.post("/v1/webhook-endpoints", {"url": "https://hooks.example.com"}).json()["id"]
    path = f"{CONNECTIONS}/{connection}/import-numbers"
    job = any_world.post(path, {"numbers": [ONE]}, Prefer="respond-async").json()["id"]
    return lambda path: path.format(connection=connection, number=number, endpoint=endpoint, job=job)


def test_every_route_is_looked_at_here(world: World) -> None:
    documented = {
        (method.upper(), path)
        for path, item in world.http.get("/schema").json()["paths"].items()
        for method in item
        if method in ("get", "post", "patch", "delete", "put")
    }
    here = {(method, path.split("?")[0].replace("}", "_id}")) for method, path, _ in ROUTES}
    assert documented - {("GET", "/v1/healthz"), ("GET", "/v1/readyz")} == here


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "missing_key"),
        ("", "missing_key"),
        ("Bearer", "unknown_key"),
        ("Bearer sk_live_", "unknown_key"),
        ("Bearer sk_live_" + "a" * 43, "unknown_key"),
        ("Basic c2tfbGl2ZTo=", "unknown_key"),
    ],
)
def test_without_a_known_key_nothing_is_answered(
    world: World, method: str, path: str, body: object, authorization: str | None, code: str
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    path = path.format(connection=1, number=1, endpoint=1, job=1)
    answer = world.http.request(method, path, json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def everything(world: World, path_of) -> tuple[object, ...]:  # type: ignore[no-untyped-def]
    lists = (CONNECTIONS, PHONE_NUMBERS, path_of("/v1/import-jobs/{job}"))
    return (*(world.get(path).json() for path in lists), repr(world.carrier.accounts))


@pytest.mark.parametrize(("method", "path", "body"), OWNED)
def test_what_is_another_organization_s_does_not_exist(
    any_world: World,
    path_of,
    method: str,
    path: str,
    body: object,  # type: ignore[no-untyped-def]
) -> None:
    before = everything(any_world, path_of)
    for mode in ("live", "sandbox"):
        _, other = any_world.organization_with_key(mode)
        answer = any_world.call(method, path_of(path), body, key=other)
        missing = any_world.call(
            method, path.format(connection=999, number=999, endpoint=999, job=999), body, key=other
        )
        assert (answer.status_code, answer.json()) == (404, missing.json())
    assert everything(any_world, path_of) == before


@pytest.mark.parametrize("path", [CONNECTIONS, PHONE_NUMBERS, "/v1/events", "/v1/webhook-endpoints"])
def test_lists_hold_nothing_of_others(any_world: World, path_of, path: str) -> None:  # type: ignore[no-untyped-def]
    _, other = any_world.organization_with_key()
    assert any_world.get(path, key=other).json() == []


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_a_read_only_key_changes_nothing_and_asks_no_carrier(
    any_world: World,
    path_of,
    method: str,
    path: str,
    body: object,  # type: ignore[no-untyped-def]
) -> None:
    key = any_world.read_only_key()
    any_world.carrier.calls.clear()
    answer = any_world.call(method, path_of(path), body, key=key)
    assert (answer.status_code, answer.json()["code"]) == (403, "read_only_key")
    assert any_world.carrier.calls == []


def test_a_read_only_key_reads(any_world: World, path_of) -> None:  # type: ignore[no-untyped-def]
    key = any_world.read_only_key()
    for method, path, _ in ROUTES:
        if method == "GET":
            assert any_world.get(path_of(path), key=key).status_code == 200


def test_a_revoked_key_is_unknown_at_once(any_world: World) -> None:
    with any_world.service.database.writing() as db:
        (known,) = organizations.list_keys(db)
        assert organizations.revoke_key(db, known.id, any_world.service.now())
        assert not organizations.revoke_key(db, known.id, any_world.service.now())
    assert any_world.get(CONNECTIONS).json()["code"] == "unknown_key"


def test_only_a_hash_of_a_key_is_stored(tmp_path: Path) -> None:
    with world_on(f"sqlite:///{tmp_path / 'service.db'}", tmp_path) as world:
        key = world.key
    for file in tmp_path.iterdir():
        assert key.encode() not in file.read_bytes()


def test_a_key_s_prefix_tells_its_mode(any_world: World) -> None:
    assert any_world.organization_with_key("live")[1].startswith("sk_live_")
    assert any_world.organization_with_key("sandbox")[1].startswith("sk_test_")


def test_a_sandbox_key_reaches_no_carrier(tmp_path: Path) -> None:
    """A plugin that does ask over the wire is refused: no origin is mapped."""
    from harness import settings_for

    from trunkline.errors import Unsupported
    from trunkline.registry import Registry
    from trunkline_service.start import start

    service = start(settings_for(f"sqlite:///{tmp_path / 's.db'}", tmp_path), Registry.of())
    try:
        import requests

        dial = service.engines["sandbox"]._roads().dial
        assert dial is not None
        request = requests.Request("GET", "https://api.twilio.com/2010-04-01").prepare()
        with pytest.raises(Unsupported):
            dial.send(request, (1, 1))
        assert type(service.engines["live"]._roads().dial).__name__ == "CarrierDial"
        sips = [type(service.engines[mode]._roads().sip_dial).__name__ for mode in ("live", "sandbox")]
        assert sips == ["NetworkSipDial", "SandboxSipDial"]
    finally:
        service.database.dispose()


def test_evidence_does_not_cross_modes(any_world: World) -> None:
    id, (_, sandbox) = any_world.evidence(), any_world.organization_with_key("sandbox")
    answer = any_world.post(CONNECTIONS, draft({"apiKey": KEY}, verification_evidence_id=id), key=sandbox)
    assert answer.json()["code"] == "evidence_unknown"
