"""The HTTP routes: each authenticates, reads its request, calls one use case and shows the outcome."""

from trunkline_service.routes import (
    connections,
    events,
    health,
    import_jobs,
    metrics,
    phone_numbers,
    providers,
    webhook_endpoints,
)
from trunkline_service.routes.options import options_for

_HANDLERS = [
    *connections.HANDLERS,
    *import_jobs.HANDLERS,
    *phone_numbers.HANDLERS,
    *providers.HANDLERS,
    *events.HANDLERS,
    *webhook_endpoints.HANDLERS,
    *health.HANDLERS,
    *metrics.HANDLERS,
]
# First, so that Litestar makes no OPTIONS handlers of its own.
HANDLERS = [*options_for(_HANDLERS), *_HANDLERS]

__all__ = ["HANDLERS"]
