"""`/v1/webhook-endpoints`."""

from __future__ import annotations

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, RawBody

from trunkline_service import webhook_endpoints as use_cases
from trunkline_service.auth import authenticate, caller_of
from trunkline_service.bodies import read_body
from trunkline_service.drafts import WebhookEndpointDraft
from trunkline_service.errors import not_found
from trunkline_service.routes.documented import errors, takes
from trunkline_service.routes.reading import Req, Serving, id_from, refuse_parameters
from trunkline_service.storage import webhooks
from trunkline_service.views import NewWebhookEndpointView, WebhookEndpointView, answer

PATH = "/v1/webhook-endpoints"


@get(PATH, sync_to_thread=True, responses=errors(), tags=["Events"])
def list_webhook_endpoints(request: Req, service: Serving) -> Response[list[WebhookEndpointView]]:
    """Where the organization's events are sent, oldest first."""
    with service.database.reading() as db:
        caller = authenticate(db, request, service)
        endpoints = webhooks.list_endpoints(db, caller.organization)
    return answer(use_cases.list_all(service, endpoints))


@post(
    PATH,
    sync_to_thread=True,
    operation_class=takes("WebhookEndpoint"),
    responses=errors("write", "body", "too_many_endpoints"),
    tags=["Events"],
)
def create_webhook_endpoint(request: Req, service: Serving, body: RawBody) -> Response[NewWebhookEndpointView]:
    """Send events to an address from now on. The answer alone shows the secret that signs them."""
    caller = caller_of(request, service)
    refuse_parameters(request)
    return answer(use_cases.create(service, caller, read_body(request, body, WebhookEndpointDraft).url), 201)


@get(PATH + "/{endpoint_id:str}", sync_to_thread=True, responses=errors("not_found"), tags=["Events"])
def get_webhook_endpoint(request: Req, service: Serving, endpoint_id: FromPath[str]) -> Response[WebhookEndpointView]:
    """One endpoint."""
    with service.database.reading() as db:
        caller = authenticate(db, request, service)
        found = webhooks.find(db, caller.organization, id_from(endpoint_id))
    if found is None:
        raise not_found()
    (view,) = use_cases.list_all(service, [found])
    return answer(view)


@patch(
    PATH + "/{endpoint_id:str}",
    sync_to_thread=True,
    operation_class=takes("WebhookEndpoint"),
    responses=errors("write", "not_found", "body"),
    tags=["Events"],
)
def change_webhook_endpoint(
    request: Req, service: Serving, endpoint_id: FromPath[str], body: RawBody
) -> Response[WebhookEndpointView]:
    """Send events to another address; the secret stays."""
    caller = caller_of(request, service)
    refuse_parameters(request)
    id = id_from(endpoint_id)
    return answer(use_cases.change(service, caller, id, read_body(request, body, WebhookEndpointDraft).url))


@delete(
    PATH + "/{endpoint_id:str}",
    sync_to_thread=True,
    responses=errors("write", "not_found"),
    tags=["Events"],
)
def delete_webhook_endpoint(request: Req, service: Serving, endpoint_id: FromPath[str]) -> None:
    """Send no more events there."""
    caller = caller_of(request, service)
    refuse_parameters(request)
    use_cases.remove(service, caller, id_from(endpoint_id))


HANDLERS = [
    list_webhook_endpoints,
    create_webhook_endpoint,
    get_webhook_endpoint,
    change_webhook_endpoint,
    delete_webhook_endpoint,
]
