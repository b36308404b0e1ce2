"""What is shown of connections, in a table of its own and with the count of their numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shown_connections",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("numbers_imported", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_shown_connections_connection_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_shown_connections_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "connection_id", name=op.f("pk_shown_connections")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_shown_connections_connection_id"), "shown_connections", ["connection_id"], unique=False)
    op.execute(
        "INSERT INTO shown_connections (organization_id, connection_id, fields, numbers_imported) "
        "SELECT c.organization_id, c.id, c.shown, "
        "(SELECT count(*) FROM phone_numbers AS n WHERE n.voip_connection_id = c.id) FROM connections AS c"
    )
    op.drop_column("connections", "shown")


def downgrade() -> None:
    op.add_column("connections", sa.Column("shown", sa.Text(), nullable=False, server_default=""))
    op.execute(
        "UPDATE connections SET shown = "
        "(SELECT s.fields FROM shown_connections AS s WHERE s.connection_id = connections.id)"
    )
    op.drop_table("shown_connections")
