"""Ready, alive and stopping: what a load balancer and a supervisor are told."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import attrs
import httpx
import pytest
from harness import CONNECTIONS, World
from sqlalchemy import make_url, text
from test_server import served

from trunkline_service.key_ring import LocalKeyRing
from trunkline_service.readiness import why_not_ready
from trunkline_service.sealing import Sealer
from trunkline_service.settings import Settings
from trunkline_service.start import open_database
from trunkline_service.storage import organizations
from trunkline_service.storage.database import Database

HELD = {"provider": "twilio", "credentials": {"accountSid": "AC" + "0" * 32, "authToken": "0" * 32}}


def test_it_is_ready_with_its_database_its_schema_and_its_keys(any_world: World) -> None:
    ready = any_world.http.get("/v1/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True})


@pytest.mark.parametrize("revision", ["0001", "9999"])
def test_it_is_not_ready_with_another_schema(any_world: World, revision: str) -> None:
    with any_world.service.database.writing() as db:
        db.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    told = any_world.http.get("/v1/readyz")
    assert (told.status_code, told.json()["code"]) == (503, "not_ready")
    assert "schema" in told.json()["detail"]


def test_it_is_not_ready_without_its_database_its_keys_or_a_future(world: World) -> None:
    world.connect()  # So that a key is in use.
    other = attrs.evolve(world.service, sealer=Sealer(LocalKeyRing.parse(LocalKeyRing.generate())))
    assert "keys" in str(why_not_ready(other))
    gone = Database(make_url("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    assert "database" in str(why_not_ready(attrs.evolve(world.service, database=gone)))
    world.service.draining.set()
    assert world.http.get("/v1/readyz").json()["detail"] == "This process is about to stop."
    assert world.http.get("/v1/healthz").status_code == 200


class Gate(BaseHTTPRequestHandler):
    """A carrier that holds its answer back until the test opens."""

    asked, opened = threading.Event(), threading.Event()

    def do_GET(self) -> None:
        self.asked.set()
        self.opened.wait(60)
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def gate() -> Iterator[str]:
    Gate.asked.clear()
    Gate.opened.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Gate) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            Gate.opened.set()
            server.shutdown()
            thread.join()


def a_sandbox_key(folder: Path) -> str:
    database = open_database(Settings.from_environment({"TRUNKLINE_DATA_DIR": str(folder)}))
    with database.writing() as db:
        organization = organizations.create_organization(db, "Acme", organizations.SANDBOX, 0)
        made = organizations.create_key(db, organization, may_write=True, now=0)
    database.dispose()
    assert made
    return made[1]


def test_sigterm_takes_it_out_of_service_and_what_was_begun_is_answered(tmp_path: Path) -> None:
    """A second signal cuts the notice short, so that no test waits for it."""
    key = a_sandbox_key(tmp_path)
    with gate() as carrier, ThreadPoolExecutor(1) as pool:
        mapped = {"TRUNKLINE_SANDBOX": f"https://api.twilio.com={carrier}", "TRUNKLINE_DRAIN_SECONDS": "300"}
        with served(tmp_path, **mapped) as (address, process), httpx.Client(base_url=address, timeout=60) as http:
            headers = {"Authorization": f"Bearer {key}"}
            begun = pool.submit(http.post, f"{CONNECTIONS}/test", json=HELD, headers=headers)
            assert Gate.asked.wait(60)
            assert http.get("/v1/readyz").status_code == 200
            process.send_signal(signal.SIGTERM)
            for _ in range(1000):
                if (told := http.get("/v1/readyz")).status_code == 503:
                    break
            assert told.json()["detail"] == "This process is about to stop."
            assert http.get(CONNECTIONS, headers=headers).status_code == 200
            process.send_signal(signal.SIGTERM)
            assert not begun.done()
            Gate.opened.set()
            answer = begun.result(60)
            assert (answer.status_code, answer.json()["status"]) == (201, "fail")
            assert process.wait(60) == 0
