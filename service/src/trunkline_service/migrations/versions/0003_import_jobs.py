"""Import jobs, and the queue that they wait in."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "import_jobs",
        sa.Column("id", _ID, sa.Identity(always=False), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=True),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_import_jobs_state")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_import_jobs_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_import_jobs_connection_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_jobs")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_import_jobs_organization_id"), "import_jobs", ["organization_id"], unique=False)
    op.create_index(op.f("ix_import_jobs_connection_id"), "import_jobs", ["connection_id"], unique=False)
    op.create_index(op.f("ix_import_jobs_finished_at"), "import_jobs", ["finished_at"], unique=False)
    op.create_index(
        "ix_import_jobs_due",
        "import_jobs",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "import_job_numbers",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("phone_number_id", sa.BigInteger(), nullable=True),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"], ["import_jobs.id"], name=op.f("fk_import_job_numbers_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_import_job_numbers")),
    )
    op.create_index(
        "ix_import_job_numbers_waiting",
        "import_job_numbers",
        ["job_id", "tries", "position"],
        unique=False,
        sqlite_where=sa.text("status IS NULL"),
        postgresql_where=sa.text("status IS NULL"),
    )
    op.create_table(
        "import_job_chunks",
        sa.Column("id", _ID, sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("charges", sa.Text(), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["import_jobs.id"], name=op.f("fk_import_job_chunks_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job_chunks")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_import_job_chunks_job_id"), "import_job_chunks", ["job_id"], unique=False)
    # Procrastinate's own tables are made after the migrations, see `storage.queue_schema`.
    op.create_table(
        "queue_migrations",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_queue_migrations")),
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_DROP_PROCRASTINATE)
    op.drop_table("queue_migrations")
    op.drop_table("import_job_chunks")
    op.drop_table("import_job_numbers")
    op.drop_table("import_jobs")


_DROP_PROCRASTINATE = """
DO $$
DECLARE
    each text;
BEGIN
    FOR each IN SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND starts_with(relname, 'procrastinate_') LOOP
        EXECUTE 'DROP TABLE ' || each || ' CASCADE';
    END LOOP;
    FOR each IN SELECT oid::regprocedure FROM pg_proc WHERE starts_with(proname, 'procrastinate_') LOOP
        EXECUTE 'DROP FUNCTION ' || each;
    END LOOP;
    FOR each IN SELECT oid::regtype FROM pg_type WHERE starts_with(typname, 'procrastinate_') LOOP
        EXECUTE 'DROP TYPE ' || each;
    END LOOP;
END;
$$
"""
