"""Webhook endpoints of an organization: where its events are sent."""

from __future__ import annotations

import secrets
from typing import NoReturn
from urllib.parse import urlsplit

from trunkline.public_addresses import is_public
from trunkline.sip.server import is_literal
from trunkline_service.errors import ApiError, field_error, not_found
from trunkline_service.service import Service
from trunkline_service.storage import webhooks
from trunkline_service.storage.organizations import Caller
from trunkline_service.storage.webhooks import StoredEndpoint, Target
from trunkline_service.views import NewWebhookEndpointView, WebhookEndpointView, webhook_endpoint_fields

MOST_ENDPOINTS = 10
MAX_URL = 2048


def create(service: Service, caller: Caller, url: str) -> NewWebhookEndpointView:
    """Make an endpoint and the secret that signs what it gets, which is shown this once."""
    target = Target(_checked_url(service, url), f"whsec_{secrets.token_urlsafe(32)}")
    with service.database.writing(serial=f"webhook endpoints {caller.organization}") as db:
        if webhooks.count(db, caller.organization) >= MOST_ENDPOINTS:
            raise ApiError("too_many_endpoints", f"There are {MOST_ENDPOINTS} endpoints. Delete one first.")
        made = webhooks.create(db, caller.organization, target, service.sealer, service.now())
    return NewWebhookEndpointView(**webhook_endpoint_fields(made, target), secret=target.secret)


def list_all(service: Service, endpoints: list[StoredEndpoint]) -> list[WebhookEndpointView]:
    """Endpoints as they are shown."""
    return [
        WebhookEndpointView(**webhook_endpoint_fields(endpoint, endpoint.target(service.sealer)))
        for endpoint in endpoints
    ]


def change(service: Service, caller: Caller, id: int, url: str) -> WebhookEndpointView:
    """Send events to another address; the secret stays."""
    checked = _checked_url(service, url)
    with service.database.writing() as db:
        found = webhooks.find(db, caller.organization, id) or _missing()
        target = Target(checked, found.target(service.sealer).secret)
        webhooks.change(db, caller.organization, id, target, service.sealer)
    return WebhookEndpointView(**webhook_endpoint_fields(found, target))


def remove(service: Service, caller: Caller, id: int) -> None:
    """Forget an endpoint; what is on its way to it goes nowhere."""
    with service.database.writing() as db:
        if not webhooks.remove(db, caller.organization, id):
            _missing()


def _checked_url(service: Service, url: str) -> str:
    """An address that events may be sent to."""
    if _is_private(service, _host_of(url)):
        raise field_error("url", "must have a host with a public address, since events are sent over the internet")
    return url


def _host_of(url: str) -> str:
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise field_error("url", f"must be an address of at most {MAX_URL} characters, without spaces")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise field_error("url", "must be an address like https://hooks.example.com/trunkline") from None
    if parts.scheme != "https" or not host:
        raise field_error("url", "must begin with https:// and a host name")
    if "@" in parts.netloc or parts.fragment:
        raise field_error("url", "must have no user, password or fragment: events are signed instead")
    return host


def _is_private(service: Service, host: str) -> bool:
    """Whether a host has private addresses only, for all that is known now.

    A name that has none just now may get some: where it leads is looked at again each time it is dialled.
    """
    if is_literal(host):
        return not is_public(host)
    if "." not in host or host.rstrip(".").endswith((".local", ".localhost", ".internal")):
        return True
    addresses = service.addresses_of(host)
    return bool(addresses) and not any(is_public(address) for address in addresses)


def _missing() -> NoReturn:
    raise not_found()
