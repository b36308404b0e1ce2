"""A service with a carrier behind it, as the tests speak to it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
import psycopg
from acme import ACME, KEY, Carrier, Plugin
from litestar.testing import TestClient
from psycopg import sql
from sqlalchemy import make_url

from trunkline.engine import Engine
from trunkline.registry import Registry
from trunkline.sip.dial import SandboxSipDial
from trunkline_service.app import create_app
from trunkline_service.clock import in_milliseconds
from trunkline_service.observers import observers
from trunkline_service.service import Service
from trunkline_service.settings import Settings
from trunkline_service.start import start
from trunkline_service.storage import organizations, schema
from trunkline_service.storage.database import Database

KEYS = "t1:" + "A" * 43 + "="
NUMBERS = ("+15550001111", "+15550002222", "+15550003333")
CONNECTIONS, PHONE_NUMBERS = "/v1/voip-connections", "/v1/phone-numbers"


class Clock:
    """The time, which tests move forward."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta(0)
        self.stopped: dt.datetime | None = None

    def __call__(self) -> dt.datetime:
        return (self.stopped or dt.datetime.now(dt.UTC)) + self.ahead

    def stop(self) -> None:
        """From now on no time passes but what the test moves it."""
        self.stopped = dt.datetime.now(dt.UTC)

    def forward(self, **by: float) -> None:
        self.ahead += dt.timedelta(**by)


@attrs.define(eq=False)
class World:
    """A carrier, a service before it, and clients with keys."""

    carrier: Carrier
    service: Service
    clock: Clock
    http: TestClient[Any]
    key: str
    organization: int
    url: str

    def organization_with_key(self, mode: str = "live", *, may_write: bool = True) -> tuple[int, str]:
        with self.service.database.writing() as db:
            now = in_milliseconds(self.clock())
            id = organizations.create_organization(db, "An organization", mode, now)
            made = organizations.create_key(db, id, may_write=may_write, now=now)
        assert made is not None
        return id, made[1]

    def read_only_key(self) -> str:
        with self.service.database.writing() as db:
            made = organizations.create_key(db, self.organization, may_write=False, now=self.service.now())
        assert made is not None
        return made[1]

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> httpx.Response:
        sent = {"Authorization": f"Bearer {key or self.key}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        json = {} if body is None else {"json": body}
        return self.http.request(method, path, headers=sent, **json)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return self.call("POST", path, body, **more)

    def evidence(self, credentials: Mapping[str, Any] | None = None, *, key: str | None = None, **fields: Any) -> str:
        """Evidence of a test that passed."""
        answer = self.post(f"{CONNECTIONS}/test", draft(credentials, **fields), key=key)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["verification_evidence_id"])

    def connect(
        self, credentials: Mapping[str, Any] | None = None, *, key: str | None = None, **fields: Any
    ) -> dict[str, Any]:
        """A new connection."""
        tested = {name: value for name, value in fields.items() if name in ("provider", "sip_config")}
        evidence = self.evidence(credentials, key=key, **tested)
        answer = self.post(CONNECTIONS, draft(credentials, verification_evidence_id=evidence, **fields), key=key)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def import_(self, connection: int, *numbers: str, key: str | None = None, **headers: str) -> dict[str, Any]:
        """The answer to an import."""
        path = f"{CONNECTIONS}/{connection}/import-numbers"
        answer = self.post(path, {"numbers": list(numbers)}, key=key, **headers)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def points_at(self, number: str, key: str = KEY) -> str:
        return str(self.carrier.accounts[key]["numbers"][number]["points_at"])


def draft(credentials: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"provider": ACME, "credentials": dict(credentials or {"apiKey": KEY}), **fields}


def settings_for(url: str, data_dir: Path, **environment: str) -> Settings:
    return Settings.from_environment(
        {
            "TRUNKLINE_DATABASE_URL": url,
            "TRUNKLINE_DATA_DIR": str(data_dir),
            "TRUNKLINE_KEYS": KEYS,
            "TRUNKLINE_SIP_HOST": "sip.example.com",
            **environment,
        }
    )


def service_for(settings: Settings, carrier: Carrier, clock: Clock, *more: Plugin) -> Service:
    registry = Registry.of(
        Plugin(carrier),
        Plugin(carrier, "other"),
        Plugin(carrier, "typed", typed=True),
        Plugin(carrier, "guided", guided=True),
        Plugin(carrier, "named", named=True),
        Plugin(carrier, "counting", counting=True),
    )
    assert registry.problems() == ()
    made = start(settings, registry)
    nowhere, told = SandboxSipDial({}), observers(made.metrics)
    engines = {
        mode: Engine(registry, sip=nowhere, platform=settings.sip_host, observers=told, now=clock)
        for mode in made.engines
    }
    return attrs.evolve(made, clock=clock, engines=engines, addresses_of=lambda host: ())


@contextmanager
def world_on(url: str, data_dir: Path, carrier: Carrier | None = None, **environment: str) -> Iterator[World]:
    clock = Clock()
    if carrier is None:
        carrier = Carrier()
        carrier.open(KEY, *NUMBERS)
    service = service_for(settings_for(url, data_dir, **environment), carrier, clock)
    try:
        with TestClient(create_app(service, background=False)) as http:
            world = World(carrier, service, clock, http, "", 0, url)
            world.organization, world.key = world.organization_with_key()
            yield world
    finally:
        service.database.dispose()


@contextmanager
def a_database(postgres: str) -> Iterator[str]:
    """The URL of an empty database of one's own on a PostgreSQL server."""
    name = f"trunkline_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    try:
        yield make_url(postgres).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(postgres, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def empty(url: str) -> None:
    """Break off who is still connected to a PostgreSQL database, and leave it the schema and no row."""
    with psycopg.connect(url, autocommit=True) as db:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        db.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        db.execute("SET session_replication_role = replica")  # so that the order of tables makes no difference
        of_data = "schemaname = 'public' AND tablename NOT IN ('alembic_version', 'queue_migrations')"
        for (table,) in db.execute(f"SELECT tablename FROM pg_tables WHERE {of_data}").fetchall():
            db.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        db.execute("DELETE FROM alembic_version")
        db.execute("INSERT INTO alembic_version VALUES (%s)", [schema._head()])
        db.execute("SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence")


def migrated(url: str) -> str:
    """Give an empty database the present schema, so that not every test has to."""
    database = Database(make_url(url))
    schema.make_ready(database)
    database.dispose()
    return url
