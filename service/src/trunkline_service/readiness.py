"""Whether requests may be sent to this process."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from trunkline_service import key_use
from trunkline_service.service import Service
from trunkline_service.storage import schema


def why_not_ready(service: Service) -> str | None:
    """One sentence on why requests should go to another process, or None."""
    if service.draining.is_set():
        return "This process is about to stop."
    try:
        with service.database.reading() as db:
            if not schema.is_present(db):
                return "The database's schema is not the one that this version needs."
            key_use.hold(db, service.sealer, service.now())
    except SQLAlchemyError:
        return "The database cannot be used."
    except key_use.KeyMissing:
        return "The keys do not open this database."
    return None
