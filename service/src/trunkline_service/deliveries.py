"""Delivering events to webhook endpoints: signed, at least once, again later where an endpoint does not take one."""

from __future__ import annotations

import hmac
import random
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import requests
import urllib3

from trunkline.deadline import Deadline
from trunkline.http.bounded import answered_by
from trunkline_service.key_ring import SealBroken
from trunkline_service.logs import get_logger
from trunkline_service.service import Service
from trunkline_service.storage import webhooks
from trunkline_service.storage.webhooks import Due, Target
from trunkline_service.views import encode, event_view

RETRY_SECONDS = (10, 60, 300, 1800, 7200, 21600, 43200)
"""How long after each attempt that failed comes the next, a little more or less; after the last, none does."""

_AT_ONCE = 8
_BATCH = 16
_MOST_EACH = 4
"""How many of them go to one endpoint: one that is slow keeps others waiting for a moment only."""
_LEASE_MS = 60_000
_CONNECT_SECONDS, _READ_SECONDS, _SECONDS = 5.0, 10.0, 15.0
_AGENT = f"trunkline-service/{version('trunkline-service')}"

_log = get_logger()


def deliver_due(service: Service) -> int:
    """Make some of the attempts that are due; gives how many were made."""
    with service.database.reading() as db:
        batch = webhooks.due(db, service.now(), most=_BATCH, most_each=_MOST_EACH)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="webhook") as pool:
        return sum(pool.map(lambda each: _attempt(service, each), batch))


def signature(secret: str, at: int, body: bytes) -> str:
    """The value of `Trunkline-Signature`: the second of sending, and HMAC-SHA256 over `t`, a dot and the body."""
    signed = hmac.digest(secret.encode(), f"{at}.".encode() + body, "sha256").hex()
    return f"t={at},v1={signed}"


def _attempt(service: Service, each: Due) -> bool:
    with service.database.writing() as db:
        if not webhooks.begin_attempt(db, each, service.now() + _LEASE_MS):
            return False
    try:
        answered = _send(service, each.endpoint.target(service.sealer), each)
    except SealBroken:
        answered = "seal_broken"
    delivered = answered.startswith("2")
    later = RETRY_SECONDS[each.attempts] if each.attempts < len(RETRY_SECONDS) else None
    with service.database.writing() as db:
        if delivered:
            webhooks.end_attempt(db, each, "delivered", answered, None)
        elif later is None:
            webhooks.end_attempt(db, each, "given_up", answered, None)
        else:
            next_at = service.now() + int(later * 1000 * random.uniform(0.9, 1.1))
            webhooks.end_attempt(db, each, "pending", answered, next_at)
    if not delivered:
        _log.warning(
            "event_not_delivered",
            event_id=each.event.id,
            endpoint_id=each.endpoint.id,
            answered=answered,
            last=not later,
        )
    return True


def _send(service: Service, target: Target, each: Due) -> str:
    """Send it once: the HTTP status of the answer, or a word for why there was none."""
    body = encode(event_view(each.event))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": _AGENT,
        "Trunkline-Event-Id": str(each.event.id),
        "Trunkline-Signature": signature(target.secret, service.now() // 1000, body),
    }
    try:
        request = requests.Request("POST", target.url, headers=headers, data=body).prepare()
        with answered_by(Deadline.after(_SECONDS)):
            answer = service.webhooks.send(request, (_CONNECT_SECONDS, _READ_SECONDS))
        # What it says beside its status is nobody's business; a redirect is not followed.
        answer.close()
    except requests.exceptions.SSLError:
        return "tls_failed"
    except (requests.exceptions.Timeout, TimeoutError):
        return "timed_out"
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
        return "unreachable"
    return str(answer.status_code)
