"""Whether requests may be sent to this process."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from trunkline_service.sealing import SealBroken
from trunkline_service.service import Service
from trunkline_service.start import CANARY_PLACE
from trunkline_service.storage import schema
from trunkline_service.storage.tables import installation


def why_not_ready(service: Service) -> str | None:
    """One sentence on why requests should go to another process, or None."""
    if service.draining.is_set():
        return "This process is about to stop."
    try:
        with service.database.reading() as db:
            if not schema.is_present(db):
                return "The database's schema is not the one that this version needs."
            canary = db.execute(select(installation.c.canary)).scalar_one()
    except SQLAlchemyError:
        return "The database cannot be used."
    try:
        service.sealer.open(canary, CANARY_PLACE)
    except SealBroken:
        return "The keys do not open this database."
    return None
