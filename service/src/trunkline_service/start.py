"""Bringing a service up from its settings, or saying clearly why it cannot start."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Mapping, Sequence

from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from trunkline.engine import Engine, Observer, utc_now
from trunkline.http.dial import CarrierDial, SandboxDial
from trunkline.registry import Registry
from trunkline.sip.dial import NetworkSipDial, SandboxSipDial
from trunkline_service import key_use
from trunkline_service.clock import in_milliseconds
from trunkline_service.key_ring import KeyRing
from trunkline_service.key_use import KeyMissing
from trunkline_service.limits import RequestLimit
from trunkline_service.logs import get_logger
from trunkline_service.metrics import Metrics
from trunkline_service.observers import observers
from trunkline_service.sealing import Sealer
from trunkline_service.service import Service
from trunkline_service.settings import Settings
from trunkline_service.storage import import_jobs, schema
from trunkline_service.storage.database import Database
from trunkline_service.storage.organizations import LIVE, SANDBOX
from trunkline_service.storage.tables import installation

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


def bring_up(settings: Settings) -> None:
    """Bring the database to the present schema; raises `StartError`."""
    database = Database(settings.database_url)
    try:
        schema.migrate(database)
    except schema.SchemaMismatch as error:
        raise StartError(str(error)) from None
    except DBAPIError as error:
        raise StartError(_unreachable(settings, error)) from None
    finally:
        database.dispose()


def open_keys(database: Database, keys: KeyRing) -> Sealer:
    """The sealer of these keys; refuses keys that do not open all that is sealed."""
    sealer = Sealer(keys)
    try:
        with database.writing(serial="keys") as db:
            key_use.check(db, sealer, in_milliseconds(utc_now()))
    except KeyMissing as error:
        raise StartError(f"TRUNKLINE_KEYS: {error}") from None
    return sealer


def start(settings: Settings, registry: Registry | None = None) -> Service:
    """A service with everything it needs; plugins are those installed unless a registry is given."""
    database = open_database(settings)
    try:
        sealer = open_keys(database, settings.keys)
    except StartError:
        database.dispose()
        raise
    name = _installation(database)
    registry = registry or Registry.discover()
    for problem in registry.problems():
        _log.error("plugin_not_used", plugin=problem.plugin, version=problem.version, problem=problem.summary)
    metrics = Metrics()
    metrics.show_queue(functools.partial(_unfinished_jobs, database))
    return Service(
        database=database,
        sealer=sealer,
        engines=_engines(settings, registry, observers(metrics)),
        installation=name,
        clock=utc_now,
        request_limit=RequestLimit(database, settings.rates.requests),
        rates=settings.rates,
        watch_minutes=settings.watch_minutes,
        evidence_minutes=settings.evidence_minutes,
        metrics=metrics,
        metrics_token=settings.metrics_token,
    )


def _unfinished_jobs(database: Database) -> int:
    with database.reading() as db:
        return import_jobs.unfinished(db)


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


def _installation(database: Database) -> str:
    """This installation's name, made at the first start."""
    with database.writing(serial="installation") as db:
        name = db.execute(select(installation.c.name)).scalar()
        if name is None:
            name = secrets.token_hex(4)
            db.execute(insert(installation).values(id=1, name=name, created_at=in_milliseconds(utc_now())))
    return name


def _unreachable(settings: Settings, error: DBAPIError) -> str:
    where = settings.database_url.render_as_string(hide_password=True)
    return f"TRUNKLINE_DATABASE_URL: {where} cannot be used ({type(error.orig).__name__}). Is it running and writable?"
