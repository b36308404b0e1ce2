"""`/v1/voip-providers`."""

from __future__ import annotations

from litestar import Response, get

from trunkline_service.auth import caller_of
from trunkline_service.provider_views import ProviderView, provider_view
from trunkline_service.routes.documented import errors
from trunkline_service.routes.reading import Req, Serving
from trunkline_service.views import answer


@get("/v1/voip-providers", sync_to_thread=True, responses=errors(), tags=["Providers"])
def list_providers(request: Req, service: Serving) -> Response[list[ProviderView]]:
    """The installed providers: what to ask a customer for, and what each can do."""
    caller = caller_of(request, service)
    return answer([provider_view(each) for each in service.engines[caller.mode].providers()])


HANDLERS = [list_providers]
