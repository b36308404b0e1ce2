"""What an import job leaves to the customer."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "import_job_instructions",
        sa.Column("id", _ID, sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["import_jobs.id"], name=op.f("fk_import_job_instructions_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job_instructions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_import_job_instructions_job_id"), "import_job_instructions", ["job_id"], unique=False)


def downgrade() -> None:
    op.drop_table("import_job_instructions")
