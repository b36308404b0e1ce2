"""Alembic's environment: runs in the transaction that `storage.schema` holds."""

from alembic import context

from trunkline_service.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # The caller's transaction is the one transaction, in SQLite too.
    transactional_ddl=True,
)
context.run_migrations()
