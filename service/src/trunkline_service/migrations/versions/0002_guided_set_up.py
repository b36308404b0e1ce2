"""Guided set-up: reserved evidence, and a journal of steps."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("evidence", sa.Column("reserved_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "set_ups",
        sa.Column("connection_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("evidence_id", sa.String(length=36), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("goal", sa.String(length=16), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("goal IN ('finish', 'undo', 'none')", name=op.f("ck_set_ups_goal")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_set_ups_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_set_ups")),
    )
    op.create_index(op.f("ix_set_ups_evidence_id"), "set_ups", ["evidence_id"], unique=False)
    op.create_index(
        "ix_set_ups_lease",
        "set_ups",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("lease_until IS NOT NULL"),
        postgresql_where=sa.text("lease_until IS NOT NULL"),
    )
    op.create_table(
        "set_up_steps",
        sa.Column("connection_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('intended', 'found', 'done', 'undone')", name=op.f("ck_set_up_steps_state")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["set_ups.connection_id"], name=op.f("fk_set_up_steps_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connection_id", "position", name=op.f("pk_set_up_steps")),
    )


def downgrade() -> None:
    op.drop_table("set_up_steps")
    op.drop_table("set_ups")
    op.drop_column("evidence", "reserved_at")
