"""Every operation of the OpenAPI document, asked as an organization asks; for the tests that hold for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import requests
import schemathesis
from harness import CONNECTIONS, NUMBERS, World, draft
from hypothesis import HealthCheck, Phase, settings

NAME = "Owner's connection"

FITTING = {**draft(sip_config={}, name="A name"), "setup_method": None, "url": "https://hooks.example.com"}
"""Values that the document does not tell."""

OPEN = {"/v1/healthz", "/v1/readyz"}
"""What answers without a key."""


def a_connection(world: World) -> int:
    return int(world.connect(name=NAME)["id"])


def a_number(world: World) -> int:
    return int(world.import_(a_connection(world), NUMBERS[0])["results"][0]["id"])


def a_job(world: World) -> int:
    path = f"{CONNECTIONS}/{a_connection(world)}/import-numbers"
    return int(world.post(path, {"numbers": [NUMBERS[1]]}, Prefer="respond-async").json()["id"])


def an_endpoint(world: World) -> int:
    return int(world.post("/v1/webhook-endpoints", {"url": "https://owner.example.com"}).json()["id"])


OWNED: dict[str, Callable[[World], int]] = {
    "connection_id": a_connection,
    "number_id": a_number,
    "job_id": a_job,
    "endpoint_id": an_endpoint,
}
"""How the owner comes by what a path parameter names. A new kind of id has to be told here."""


def operations(document: dict[str, Any]) -> Iterator[Any]:
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        yield result.ok()


def send(world: World, case: Any, key: str) -> httpx.Response:
    kwargs = case.as_transport_kwargs(base_url="http://testserver.local")
    kwargs["headers"] = {**kwargs["headers"], "Authorization": f"Bearer {key}"}
    asked = requests.Request(**kwargs).prepare()
    return world.http.request(asked.method, asked.url, headers=dict(asked.headers), content=asked.body or b"")


def fit(case: Any) -> None:
    """Give the body what generated values seldom hit, so that more of them get past its fields."""
    if isinstance(case.body, dict):
        case.body |= {name: value for name, value in FITTING.items() if name in case.body}


def bounded(examples: int) -> settings:
    """The same examples at each run, and no more of them than these."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
