"""Every table. Migrations make them; a test holds that both agree.

Moments are whole milliseconds since 1970 (see `clock`). Ids are 64-bit and never used again.
"""

from __future__ import annotations

import enum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Named,
    String,
    Table,
    Text,
    TypedColumns,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts only an INTEGER primary key by itself; it is 64-bit all the same.
Id = BigInteger().with_variant(Integer(), "sqlite")


class Hold(enum.StrEnum):
    """How firmly an organization holds a number."""

    FREE = "free"
    """Not held: never imported, or released."""
    CLAIMED = "claimed"
    """Claimed; nothing can have been written at the carrier yet. Leased."""
    WRITING = "writing"
    """Its earlier routing is saved; a write may have left. Leased."""
    HELD = "held"
    """Imported."""
    RELEASING = "releasing"
    """Earlier routing is being put back. Leased."""


UNFINISHED = (Hold.CLAIMED, Hold.WRITING, Hold.RELEASING)


class Goal(enum.StrEnum):
    """Where a guided set-up is going."""

    FINISH = "finish"
    """To a connection that works. Leased."""
    UNDO = "undo"
    """Back to how the carrier account was. Leased."""
    NONE = "none"
    """Finished."""


class JobState(enum.StrEnum):
    """How far an import job is."""

    QUEUED = "queued"
    """Nothing of it was begun."""
    RUNNING = "running"
    """Some of its numbers may have an outcome, others wait."""
    DONE = "done"
    """Every number has its outcome."""
    FAILED = "failed"
    """Something stopped it for good; numbers without an outcome were not touched."""
    CANCELLED = "cancelled"
    """The customer stopped it; numbers without an outcome were not touched."""


UNFINISHED_JOBS = (JobState.QUEUED, JobState.RUNNING)


class _Installation(TypedColumns):
    id = Column(Integer, primary_key=True, autoincrement=False)
    name: Named[str] = Column(String(8))
    created_at: Named[int] = Column(BigInteger)


class _SealingKeys(TypedColumns):
    # A key of the ring, and a word sealed with it: another key under the same id does not open it.
    id = Column(String(32), primary_key=True)
    canary: Named[bytes] = Column(LargeBinary)
    created_at: Named[int] = Column(BigInteger)


class _Organizations(TypedColumns):
    id = Column(Id, Identity(), primary_key=True)
    name: Named[str] = Column(Text)
    mode: Named[str] = Column(String(8))
    created_at: Named[int] = Column(BigInteger)


class _ApiKeys(TypedColumns):
    id = Column(Id, Identity(), primary_key=True)
    organization_id: Named[int] = Column(BigInteger, ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    hash: Named[bytes] = Column(LargeBinary, unique=True)
    may_write: Named[bool]
    created_at: Named[int] = Column(BigInteger)
    revoked_at: Named[int | None] = Column(BigInteger)


class _Evidence(TypedColumns):
    id = Column(String(36), primary_key=True)
    organization_id: Named[int] = Column(BigInteger, ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    provider: Named[str] = Column(String(32))
    identity: Named[str | None] = Column(Text)
    suggested_name: Named[str] = Column(Text)
    name_inferred: Named[bool]
    key_id: Named[str] = Column(String(32))
    fingerprint: Named[str] = Column(String(64))
    checks: Named[str] = Column(Text)
    made_at: Named[int] = Column(BigInteger)
    good_until: Named[int] = Column(BigInteger, index=True)
    spent_at: Named[int | None] = Column(BigInteger)
    # Set while a guided set-up is under way, which will spend it or free it.
    reserved_at: Named[int | None] = Column(BigInteger)


class _Connections(TypedColumns):
    id = Column(Id, Identity(), primary_key=True)
    organization_id: Named[int] = Column(BigInteger, ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    provider: Named[str] = Column(String(32))
    setup_method: Named[str] = Column(String(64))
    name: Named[str] = Column(Text)
    inferred_name: Named[bool]
    status: Named[str] = Column(String(16))
    identity: Named[str | None] = Column(Text)
    sealed_credentials: Named[bytes] = Column(LargeBinary)
    sealed_sip_config: Named[bytes] = Column(LargeBinary)
    # What may be shown of the SIP config, as JSON.
    shown_sip_config: Named[str] = Column(Text)
    sealed_made: Named[bytes | None] = Column(LargeBinary)
    last_tested_at: Named[int | None] = Column(BigInteger)
    # When it was looked at by itself; a little earlier or later, so that not all fall due at once.
    watched_at: Named[int] = Column(BigInteger, index=True)
    created_at: Named[int] = Column(BigInteger)
    updated_at: Named[int] = Column(BigInteger)


class _ShownConnections(TypedColumns):
    organization_id = Column(
        BigInteger, ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    connection_id = Column(
        BigInteger, ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
    # What answers show of the connection, see `storage.shown`.
    fields: Named[str] = Column(Text)
    numbers_imported: Named[int] = Column(BigInteger)


class _SetUps(TypedColumns):
    connection_id = Column(
        BigInteger, ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    # The carrier account: its identity, or the fingerprint of its credentials where it has none.
    account: Named[str] = Column(Text)
    evidence_id: Named[str] = Column(String(36), index=True)
    idempotency_key: Named[str | None] = Column(String(255))
    goal: Named[str] = Column(String(16))
    # None once it is finished. Without a token nobody is at work, and it is the moment of the next try.
    lease_until: Named[int | None] = Column(BigInteger)
    lease_token: Named[str | None] = Column(String(32))
    begun_at: Named[int] = Column(BigInteger)


class _SetUpSteps(TypedColumns):
    connection_id = Column(
        BigInteger, ForeignKey("set_ups.connection_id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    # A journal: what was said of a step before is never overwritten.
    position: Named[int] = Column(Integer, primary_key=True, autoincrement=False)
    step: Named[str] = Column(Text)
    state: Named[str] = Column(String(16))
    summary: Named[str] = Column(Text)
    # What it made and how it is undone.
    sealed: Named[bytes] = Column(LargeBinary)
    at: Named[int] = Column(BigInteger)


class _PhoneNumbers(TypedColumns):
    id = Column(Id, Identity(), primary_key=True)
    organization_id: Named[int] = Column(BigInteger, ForeignKey("organizations.id", ondelete="CASCADE"))
    mode: Named[str] = Column(String(8))
    number: Named[str] = Column(String(16))
    provider: Named[str] = Column(String(32))
    identity: Named[str | None] = Column(Text)
    handle: Named[str] = Column(Text)
    # True where a carrier's own list says that the number is on the account; typed numbers are not backed.
    backed: Named[bool]
    # What `backed` was before the claim under way.
    backed_before: Named[bool | None]
    hold: Named[str] = Column(String(16))
    # Counts every change of the hold: whoever read the routing before a change knows that it is out of date.
    changes: Named[int] = Column(BigInteger)
    lease_until: Named[int | None] = Column(BigInteger)
    lease_token: Named[str | None] = Column(String(32))
    lease_connection_id: Named[int | None] = Column(BigInteger, ForeignKey("connections.id", ondelete="SET NULL"))
    sealed_snapshot: Named[bytes | None] = Column(LargeBinary)
    sealed_route: Named[bytes | None] = Column(LargeBinary)
    route_id: Named[str | None] = Column(Text)
    imported_at: Named[int | None] = Column(BigInteger)
    status: Named[str] = Column(String(16))
    voip_connection_id: Named[int | None] = Column(
        BigInteger, ForeignKey("connections.id", ondelete="SET NULL"), index=True
    )
    voip_verification_status: Named[str] = Column(String(16))
    voip_last_verified_at: Named[int | None] = Column(BigInteger)
    # Opaque to us: JSON of a string or a number.
    inbound_agent_id: Named[str | None] = Column(Text)
    outbound_agent_id: Named[str | None] = Column(Text)
    created_at: Named[int] = Column(BigInteger)
    updated_at: Named[int] = Column(BigInteger)


class _ImportJobs(TypedColumns):
    id = Column(Id, Identity(), primary_key=True)
    organization_id: Named[int] = Column(BigInteger, ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    connection_id: Named[int | None] = Column(BigInteger, ForeignKey("connections.id", ondelete="SET NULL"), index=True)
    # The carrier account: one of its jobs goes on at a time, whoever has it.
    account: Named[str] = Column(Text)
    state: Named[str] = Column(String(16))
    # When it goes on; None once it is finished.
    due_at: Named[int | None] = Column(BigInteger)
    # What stopped it, where it failed.
    error_code: Named[str | None] = Column(String(64))
    error_detail: Named[str | None] = Column(Text)
    created_at: Named[int] = Column(BigInteger)
    finished_at: Named[int | None] = Column(BigInteger, index=True)


class _ImportJobNumbers(TypedColumns):
    job_id = Column(BigInteger, ForeignKey("import_jobs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    # In the order asked.
    position: Named[int] = Column(Integer, primary_key=True, autoincrement=False)
    number: Named[str] = Column(Text)
    # How often its import was tried and has to be tried again.
    tries: Named[int] = Column(Integer)
    # The outcome; None while it waits.
    status: Named[str | None] = Column(String(16))
    phone_number_id: Named[int | None] = Column(BigInteger)
    error_code: Named[str | None] = Column(String(64))
    error_detail: Named[str | None] = Column(Text)


class _ImportJobChunks(TypedColumns):
    id = Column(Id, Identity(), primary_key=True)
    job_id: Named[int] = Column(BigInteger, ForeignKey("import_jobs.id", ondelete="CASCADE"), index=True)
    # What the plan of these numbers told, as JSON.
    charges: Named[str] = Column(Text)
    warnings: Named[str] = Column(Text)


class _ImportJobInstructions(TypedColumns):
    id = Column(Id, Identity(), primary_key=True)
    job_id: Named[int] = Column(BigInteger, ForeignKey("import_jobs.id", ondelete="CASCADE"), index=True)
    # What the plan of some numbers leaves to the customer, as JSON.
    instructions: Named[str] = Column(Text)


class _QueueMigrations(TypedColumns):
    name = Column(String(255), primary_key=True)


class _IdempotencyKeys(TypedColumns):
    organization_id: Named[int] = Column(
        BigInteger, ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    key: Named[str] = Column(String(255), primary_key=True)
    mac_key_id: Named[str] = Column(String(32))
    request_mac: Named[bytes] = Column(LargeBinary)
    token: Named[str] = Column(String(32))
    lease_until: Named[int] = Column(BigInteger)
    status: Named[int | None] = Column(Integer)
    answer: Named[bytes | None] = Column(LargeBinary)
    created_at: Named[int] = Column(BigInteger, index=True)


class _Locks(TypedColumns):
    name = Column(String(255), primary_key=True)
    token: Named[str] = Column(String(32))
    lease_until: Named[int] = Column(BigInteger)


class _Events(TypedColumns):
    id = Column(Id, Identity(), primary_key=True)
    organization_id: Named[int] = Column(BigInteger, ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    # What is told of it beside its id and moment, as JSON.
    told: Named[str] = Column(Text)
    created_at: Named[int] = Column(BigInteger, index=True)


class _WebhookEndpoints(TypedColumns):
    id = Column(Id, Identity(), primary_key=True)
    organization_id: Named[int] = Column(BigInteger, ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    # Its address, which may hold a secret, and the secret that signs what it gets.
    sealed_target: Named[bytes] = Column(LargeBinary)
    created_at: Named[int] = Column(BigInteger)


class _WebhookDeliveries(TypedColumns):
    event_id = Column(BigInteger, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    endpoint_id = Column(
        BigInteger,
        ForeignKey("webhook_endpoints.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        index=True,
    )
    state: Named[str] = Column(String(16))
    attempts: Named[int] = Column(Integer)
    # The moment of the next attempt; while one is under way, the end of its lease. None once there is none to come.
    next_at: Named[int | None] = Column(BigInteger)
    # How the last attempt was answered: an HTTP status, or a word for what went wrong.
    answered: Named[str | None] = Column(String(32))


class _RateLimits(TypedColumns):
    name = Column(String(128), primary_key=True)
    # Up to this moment, in microseconds, all that the rate allows is used.
    used_until: Named[int] = Column(BigInteger, index=True)


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


installation = Table("installation", metadata, _Installation, CheckConstraint("id = 1", name="only_one"))
sealing_keys = Table("sealing_keys", metadata, _SealingKeys)
organizations = Table(
    "organizations", metadata, _Organizations, _one_of("mode", "live", "sandbox"), sqlite_autoincrement=True
)
api_keys = Table("api_keys", metadata, _ApiKeys, sqlite_autoincrement=True)
evidence = Table("evidence", metadata, _Evidence)
connections = Table(
    "connections",
    metadata,
    _Connections,
    _one_of("status", "pending", "testing", "connected", "error"),
    sqlite_autoincrement=True,
)
# In the order of its key, so that SQLite reads the list of an organization from a few pages.
shown_connections = Table("shown_connections", metadata, _ShownConnections, sqlite_with_rowid=False)
set_ups = Table("set_ups", metadata, _SetUps, _one_of("goal", *Goal))
set_up_steps = Table("set_up_steps", metadata, _SetUpSteps, _one_of("state", "intended", "found", "done", "undone"))
phone_numbers = Table(
    "phone_numbers",
    metadata,
    _PhoneNumbers,
    UniqueConstraint("organization_id", "number"),
    _one_of("hold", *Hold),
    _one_of("status", "provisioning", "active", "failed", "released"),
    _one_of("voip_verification_status", "unverified", "verified", "failed"),
    sqlite_autoincrement=True,
)
import_jobs = Table("import_jobs", metadata, _ImportJobs, _one_of("state", *JobState), sqlite_autoincrement=True)
import_job_numbers = Table("import_job_numbers", metadata, _ImportJobNumbers)
import_job_chunks = Table("import_job_chunks", metadata, _ImportJobChunks, sqlite_autoincrement=True)
import_job_instructions = Table("import_job_instructions", metadata, _ImportJobInstructions, sqlite_autoincrement=True)
queue_migrations = Table("queue_migrations", metadata, _QueueMigrations)
"""The steps of Procrastinate's own schema that a PostgreSQL database has, see `storage.queue_schema`."""
idempotency_keys = Table("idempotency_keys", metadata, _IdempotencyKeys)
locks = Table("locks", metadata, _Locks)
events = Table("events", metadata, _Events, sqlite_autoincrement=True)
webhook_endpoints = Table("webhook_endpoints", metadata, _WebhookEndpoints, sqlite_autoincrement=True)
webhook_deliveries = Table(
    "webhook_deliveries", metadata, _WebhookDeliveries, _one_of("state", "pending", "delivered", "given_up")
)
rate_limits = Table("rate_limits", metadata, _RateLimits)

_HELD_BY_SOMEONE = text("backed AND hold <> 'free'")
one_holder = Index(
    "uq_phone_numbers_one_holder",
    phone_numbers.c.mode,
    phone_numbers.c.number,
    unique=True,
    sqlite_where=_HELD_BY_SOMEONE,
    postgresql_where=_HELD_BY_SOMEONE,
)
"""The claim itself: of all organizations of a mode, one holds a number."""

_LEASED = text("lease_until IS NOT NULL")
Index("ix_phone_numbers_lease", phone_numbers.c.lease_until, sqlite_where=_LEASED, postgresql_where=_LEASED)
Index("ix_phone_numbers_lease_connection_id", phone_numbers.c.lease_connection_id)
_DUE = text("due_at IS NOT NULL")
Index("ix_import_jobs_due", import_jobs.c.due_at, sqlite_where=_DUE, postgresql_where=_DUE)
_WAITING = text("status IS NULL")
Index(
    "ix_import_job_numbers_waiting",
    import_job_numbers.c.job_id,
    import_job_numbers.c.tries,
    import_job_numbers.c.position,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)
Index("ix_set_ups_lease", set_ups.c.lease_until, sqlite_where=_LEASED, postgresql_where=_LEASED)

_TO_COME = text("next_at IS NOT NULL")
Index("ix_webhook_deliveries_next", webhook_deliveries.c.next_at, sqlite_where=_TO_COME, postgresql_where=_TO_COME)
