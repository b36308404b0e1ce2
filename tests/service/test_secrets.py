"""Planted secrets are found nowhere: not in answers, logs, exceptions or the database's files."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from acme import KEY, SECRET_URL
from harness import CONNECTIONS, NUMBERS, PHONE_NUMBERS, World, draft, world_on

from trunkline_service.logs import set_up_logging, where

ONE, TWO, _ = NUMBERS
PIN = "SipPinCanary99"
CANARIES = [KEY, PIN, SECRET_URL, "PwCanary0123456789", base64.b64encode(KEY.encode()).decode()]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged at DEBUG."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    set_up_logging("debug", stream)
    try:
        yield stream
    finally:
        root.handlers, root.level = handlers, level
        structlog.reset_defaults()


def whole_life(world: World) -> list[str]:
    """Every route, in good days and bad; what was answered."""
    answers = []

    def call(method: str, path: str, body: object = None, **headers: str) -> dict[str, object]:
        answer = world.call(method, path, body, **headers)
        answers.append(answer.text + repr(answer.headers))
        return answer.json() if answer.content else {}

    sip = {"pin": PIN, "domain": "a.example"}
    tested = call("POST", f"{CONNECTIONS}/test", draft(sip_config=sip))
    body = draft(sip_config=sip, verification_evidence_id=tested["verification_evidence_id"])
    made = call("POST", CONNECTIONS, body, Idempotency_Key="k")
    call("POST", CONNECTIONS, body, Idempotency_Key="k")
    call("POST", CONNECTIONS, body)
    path = f"{CONNECTIONS}/{made['id']}"
    call("POST", f"{CONNECTIONS}/suggest-name", draft())
    call("POST", f"{CONNECTIONS}/test", draft({"apiKey": KEY, "surprise": PIN}))
    call("POST", f"{CONNECTIONS}/test", draft({"apiKey": KEY + "\u200b"}))
    call("GET", f"{path}/available-numbers")
    call("POST", f"{path}/import-numbers?dry_run=true", {"numbers": [ONE]})
    imported = call("POST", f"{path}/import-numbers", {"numbers": [ONE, TWO]})
    number = f"{PHONE_NUMBERS}/{imported['results'][0]['id']}"  # type: ignore[index]
    for hook in ("verify_number", "release_number", "list_numbers", "read_routing"):
        world.carrier.fail[hook] = RuntimeError(f"tells {KEY} and {SECRET_URL}")
    call("POST", f"{number}/verify-voip")
    call("GET", f"{path}/available-numbers")
    world.carrier.fail.clear()
    call("POST", f"{number}/verify-voip")
    call("PATCH", path, {"sip_config": {"pin": PIN + "2"}})
    call("GET", CONNECTIONS)
    call("GET", PHONE_NUMBERS)
    call("DELETE", number)
    call("DELETE", path)
    return answers


def test_no_answer_and_no_log_line_holds_a_secret(world: World, log: io.StringIO) -> None:
    answers = "\n".join(whole_life(world))
    logged = log.getvalue()
    for canary in CANARIES:
        assert canary not in answers
        assert canary not in logged
    lines = [json.loads(line) for line in logged.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) > 15
    assert {"request_id", "organization", "route", "status", "ms"} <= set(requests[0])
    assert "?" not in "".join(str(line["route"]) for line in requests)


def test_no_file_of_the_database_holds_a_secret(tmp_path: Path) -> None:
    with world_on(f"sqlite:///{tmp_path / 'service.db'}", tmp_path) as world:
        sip = {"pin": PIN}
        connection = world.connect(sip_config=sip)["id"]
        world.import_(connection, ONE, Idempotency_Key="k")
        for file in tmp_path.iterdir():
            held = file.read_bytes()
            assert not [canary for canary in CANARIES if canary.encode() in held], file
            assert file.stat().st_mode & 0o077 == 0, file


def test_no_postgresql_table_holds_a_secret(any_world: World) -> None:
    from trunkline_service.storage.tables import metadata

    connection = any_world.connect(sip_config={"pin": PIN})["id"]
    any_world.import_(connection, ONE, Idempotency_Key="k")
    with any_world.service.database.reading() as db:
        for table in metadata.sorted_tables:
            rows = repr(db.execute(table.select()).all())
            assert not [canary for canary in CANARIES if canary in rows], table.name


def test_where_tells_the_places_of_an_error_and_none_of_its_words() -> None:
    try:
        try:
            raise KeyError(KEY)
        except KeyError as cause:
            raise ValueError(SECRET_URL) from cause
    except ValueError as error:
        told = "\n".join(where(error))
    assert KEY not in told
    assert SECRET_URL not in told
    assert "ValueError at test_secrets.py" in told
    assert "KeyError at test_secrets.py" in told


def test_what_holds_secrets_does_not_show_them(world: World) -> None:
    from trunkline_service.drafts import ConnectionDraft, ConnectionPatch
    from trunkline_service.storage import connections, numbers

    made = world.connect(sip_config={"pin": PIN})["id"]
    id = world.import_(made, ONE)["results"][0]["id"]
    with world.service.database.reading() as db:
        shown = repr([connections.find(db, world.organization, made), numbers.by_id(db, id)])
    shown += repr(ConnectionDraft("acme", {"apiKey": KEY}, {"pin": PIN}))
    shown += repr(ConnectionPatch(credentials={"apiKey": KEY}, sip_config={"pin": PIN}))
    shown += repr(world.service)
    assert not [canary for canary in CANARIES if canary in shown]
    assert "sealed" not in shown


def test_other_people_s_logging_brings_no_words_of_an_exception(log: io.StringIO) -> None:
    try:
        raise ValueError(KEY)
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
        logging.getLogger("anything").warning("careful", exc_info=True)
    logging.getLogger("urllib3").debug("GET /?secret=%s", KEY)
    assert KEY not in log.getvalue()
    assert "ValueError at test_secrets.py" in log.getvalue()
