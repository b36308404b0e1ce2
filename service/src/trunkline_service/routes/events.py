"""`/v1/events`."""

from __future__ import annotations

from litestar import Response, get

from trunkline_service.auth import authenticate
from trunkline_service.routes.documented import errors, takes
from trunkline_service.routes.reading import Req, Serving, id_parameter
from trunkline_service.storage import events
from trunkline_service.views import ListedEventView, answer, listed_event_view


@get(
    "/v1/events",
    sync_to_thread=True,
    operation_class=takes(None, "before"),
    responses=errors("invalid_parameter"),
    tags=["Events"],
)
def list_events(request: Req, service: Serving) -> Response[list[ListedEventView]]:
    """What changed of connections and numbers, and why: the newest first, a hundred at a time, for a month."""
    with service.database.reading() as db:
        caller = authenticate(db, request, service)
        listed = events.list_events(db, caller.organization, id_parameter(request, "before"))
    return answer([listed_event_view(event, deliveries) for event, deliveries in listed])


HANDLERS = [list_events]
