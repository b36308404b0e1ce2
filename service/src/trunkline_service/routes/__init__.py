"""The HTTP routes: each authenticates, reads its request, calls one use case and shows the outcome."""

from trunkline_service.routes import connections, health, phone_numbers, providers

HANDLERS = [*connections.HANDLERS, *phone_numbers.HANDLERS, *providers.HANDLERS, *health.HANDLERS]

__all__ = ["HANDLERS"]
