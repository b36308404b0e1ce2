"""Bringing a service up from its settings, or saying clearly why it cannot start."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from trunkline.engine import Engine, Observer, utc_now
from trunkline.http.dial import CarrierDial, SandboxDial
from trunkline.registry import Registry
from trunkline.sip.dial import NetworkSipDial, SandboxSipDial
from trunkline_service.clock import in_milliseconds
from trunkline_service.logs import get_logger
from trunkline_service.metrics import Metrics
from trunkline_service.observers import observers
from trunkline_service.sealing import Place, SealBroken, Sealer
from trunkline_service.service import Service
from trunkline_service.settings import Settings
from trunkline_service.storage import schema
from trunkline_service.storage.database import Database
from trunkline_service.storage.organizations import LIVE, SANDBOX
from trunkline_service.storage.tables import installation

_CANARY = "this installation's keys"
CANARY_PLACE = Place(0, "installation", 1, "canary")

_log = get_logger()


class StartError(Exception):
    """The service cannot start; the text says what to do."""


def open_database(settings: Settings) -> Database:
    """The database, with the schema this version needs."""
    database = Database(settings.database_url)
    try:
        schema.make_ready(database)
    except schema.SchemaMismatch as error:
        database.dispose()
        raise StartError(str(error)) from None
    except DBAPIError as error:
        database.dispose()
        raise StartError(_unreachable(settings, error)) from None
    return database


def start(settings: Settings, registry: Registry | None = None) -> Service:
    """A service with everything it needs; plugins are those installed unless a registry is given."""
    database = open_database(settings)
    sealer = Sealer(settings.keys)
    try:
        name = _installation(database, sealer)
    except StartError:
        database.dispose()
        raise
    registry = registry or Registry.discover()
    for problem in registry.problems():
        _log.error("plugin_not_used", plugin=problem.plugin, version=problem.version, problem=problem.summary)
    metrics = Metrics()
    return Service(
        database=database,
        sealer=sealer,
        engines=_engines(settings, registry, observers(metrics)),
        installation=name,
        clock=utc_now,
        evidence_minutes=settings.evidence_minutes,
        metrics=metrics,
        metrics_token=settings.metrics_token,
    )


def _engines(settings: Settings, registry: Registry, told: Sequence[Observer]) -> Mapping[str, Engine]:
    """Live keys reach carriers; sandbox keys reach what the operator mapped, and cannot reach a carrier."""
    return {
        LIVE: Engine(
            registry,
            dial=CarrierDial(),
            sip=NetworkSipDial(allowed_hosts=settings.sip_allowed_hosts),
            platform=settings.sip_host,
            observers=told,
        ),
        SANDBOX: Engine(
            registry,
            dial=SandboxDial(settings.sandbox),
            sip=SandboxSipDial(settings.sip_sandbox),
            platform=settings.sip_host,
            observers=told,
        ),
    }


def _installation(database: Database, sealer: Sealer) -> str:
    """This installation's name, made at the first start; refuses keys that are not those it was sealed with."""
    query = select(installation.c.name, installation.c.canary)
    with database.writing(serial="installation") as db:
        row = db.execute(query).first()
        if row is None:
            name, canary = secrets.token_hex(4), sealer.seal(_CANARY, CANARY_PLACE)
            now = in_milliseconds(utc_now())
            db.execute(insert(installation).values(id=1, name=name, canary=canary, created_at=now))
            return name
    try:
        sealer.open(row.canary, CANARY_PLACE)
    except SealBroken:
        raise StartError(
            "TRUNKLINE_KEYS: these keys do not open this database. Give the key ring it was made with; to rotate, "
            "put the new key first and keep the old one behind it."
        ) from None
    return str(row.name)


def _unreachable(settings: Settings, error: DBAPIError) -> str:
    where = settings.database_url.render_as_string(hide_password=True)
    return f"TRUNKLINE_DATABASE_URL: {where} cannot be used ({type(error.orig).__name__}). Is it running and writable?"
