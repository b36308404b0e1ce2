"""A canary for each key, what is watched, events and their webhooks, rate limits."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _give_each_key_a_canary()
    op.add_column("connections", sa.Column("watched_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE connections SET watched_at = created_at")
    op.create_index(op.f("ix_connections_watched_at"), "connections", ["watched_at"], unique=False)
    _add_events()
    _add_webhooks()
    op.create_table(
        "rate_limits",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("used_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rate_limits")),
    )
    op.create_index(op.f("ix_rate_limits_used_until"), "rate_limits", ["used_until"], unique=False)


def downgrade() -> None:
    for table in ("rate_limits", "webhook_deliveries", "webhook_endpoints", "events"):
        op.drop_table(table)
    op.drop_index(op.f("ix_connections_watched_at"), table_name="connections")
    op.drop_column("connections", "watched_at")
    op.add_column("installation", sa.Column("canary", sa.LargeBinary(), nullable=True))
    op.execute("UPDATE installation SET canary = (SELECT canary FROM sealing_keys ORDER BY created_at LIMIT 1)")
    op.drop_table("sealing_keys")


def _give_each_key_a_canary() -> None:
    op.create_table(
        "sealing_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("canary", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealing_keys")),
    )
    db = op.get_bind()
    for canary, created_at in db.execute(sa.text("SELECT canary, created_at FROM installation")).all():
        # A seal begins with its format, the length of its key's id, and the id.
        row = {"id": canary[2 : 2 + canary[1]].decode(), "canary": bytes(canary), "created_at": created_at}
        db.execute(sa.text("INSERT INTO sealing_keys VALUES (:id, :canary, :created_at)"), row)
    op.drop_column("installation", "canary")


def _add_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", _ID, sa.Identity(always=False), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_events_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_events_organization_id"), "events", ["organization_id"], unique=False)
    op.create_index(op.f("ix_events_created_at"), "events", ["created_at"], unique=False)


def _add_webhooks() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", _ID, sa.Identity(always=False), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed_target", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_webhook_endpoints_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_webhook_endpoints_organization_id"), "webhook_endpoints", ["organization_id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("answered", sa.String(length=32), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'given_up')", name=op.f("ck_webhook_deliveries_state")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_webhook_deliveries_event_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_webhook_deliveries_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("event_id", "endpoint_id", name=op.f("pk_webhook_deliveries")),
    )
    op.create_index(op.f("ix_webhook_deliveries_endpoint_id"), "webhook_deliveries", ["endpoint_id"])
    op.create_index(
        "ix_webhook_deliveries_next",
        "webhook_deliveries",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
