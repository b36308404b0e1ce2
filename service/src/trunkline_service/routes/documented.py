"""How routes are documented in the OpenAPI document: bodies, errors, the key."""

from __future__ import annotations

import http
from collections.abc import Mapping
from functools import cache
from typing import Any

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    Parameter,
    RequestBody,
    Schema,
)

from trunkline_service.bodies import MAX_BYTES
from trunkline_service.drafts import MAX_NAME
from trunkline_service.errors import CODES, ErrorView
from trunkline_service.surveys import MOST_NUMBERS
from trunkline_service.webhook_endpoints import MAX_URL

_ALWAYS = ("bad_request", "missing_key", "unknown_key", "too_many_requests", "internal", "overloaded")
_WRITE = ("read_only_key", "invalid_parameter")
_BODY = (
    "invalid_json", "duplicate_field", "invalid_fields", "bad_request", "body_too_large", "unsupported_media_type"
)  # fmt: skip
_CARRIER = (
    "provider_unavailable", "credentials_rejected", "permission_missing", "account_suspended", "carrier_refused",
    "unsupported", "rate_limited", "carrier_answer_unexpected", "plugin_broken", "carrier_unavailable",
    "carrier_timed_out", "plugin_timed_out",
)  # fmt: skip
_EVIDENCE = (
    "evidence_required", "evidence_unknown", "evidence_wrong_provider", "evidence_spent", "evidence_reserved",
    "evidence_stale",
    "evidence_wrong_credentials",
)  # fmt: skip
_IDEMPOTENCY = ("invalid_idempotency_key", "idempotency_key_reused", "idempotency_key_running")

GROUPS: Mapping[str, tuple[str, ...]] = {
    "body": _BODY,
    "carrier": _CARRIER,
    "evidence": _EVIDENCE,
    "idempotency": _IDEMPOTENCY,
    "write": _WRITE,
}
"""Codes that go together, by a word for them."""


def errors(*codes: str) -> dict[int, ResponseSpec]:
    """The error answers of a route: these codes or groups of codes, and those that every route has."""
    named = [code for name in (*_ALWAYS, *codes) for code in GROUPS.get(name, (name,))]
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(named):
        by_status.setdefault(CODES[code].status, []).append(code)
    return {
        status: ResponseSpec(
            ErrorView,
            generate_examples=False,
            description=f"{http.HTTPStatus(status).phrase}: "
            + " ".join(f"`{code}` — {CODES[code].when}" for code in those),
        )
        for status, those in sorted(by_status.items())
    }


def succeeds(kind: Any, description: str = "Done.") -> ResponseSpec:
    """An answer that its handler's signature does not tell."""
    return ResponseSpec(kind, generate_examples=False, description=description)


def _text(description: str, **more: Any) -> Schema:
    return Schema(type=OpenAPIType.STRING, description=description, **more)


def _object(description: str, **more: Any) -> Schema:
    return Schema(type=OpenAPIType.OBJECT, description=description, **more)


_CREDENTIALS = _object(
    "By one of the provider's credential forms, see GET /v1/voip-providers. Never shown again.", write_only=True
)
_EVIDENCE_ID = _text("The evidence of a test that passed; good once.", format=OpenAPIFormat.UUID)
_NAME = _text("What to call the connection.", min_length=1, max_length=MAX_NAME)
_AGENT = Schema(
    type=[OpenAPIType.STRING, OpenAPIType.INTEGER, OpenAPIType.NULL], description="An id of yours; opaque to us."
)


def _or_null(schema: Schema) -> Schema:
    return Schema(
        type=[schema.type, OpenAPIType.NULL],  # type: ignore[list-item]
        description=schema.description,
        format=schema.format,
        min_length=schema.min_length,
        max_length=schema.max_length,
        write_only=schema.write_only,
    )


_DRAFT = {
    "provider": _text("The provider's id, see GET /v1/voip-providers."),
    "credentials": _CREDENTIALS,
    "sip_config": _or_null(_object("By the provider's SIP fields.")),
    "setup_method": _or_null(_text("The provider's first where it is left out.")),
    "name": _or_null(_NAME),
    "verification_evidence_id": _or_null(_EVIDENCE_ID),
}

BODIES: Mapping[str, Schema] = {
    "ConnectionDraft": _object(
        "A connection to be tested or named.",
        properties=_DRAFT,
        required=["provider", "credentials"],
        additional_properties=False,
    ),
    "NewConnection": _object(
        "A connection to be created.",
        properties={**_DRAFT, "verification_evidence_id": _EVIDENCE_ID},
        required=["provider", "credentials", "verification_evidence_id"],
        additional_properties=False,
    ),
    "ConnectionPatch": _object(
        "Changes to a connection; what is left out stays.",
        properties={
            "name": _NAME,
            "sip_config": _object("Joins the present one; null removes a key."),
            "credentials": _CREDENTIALS,
            "verification_evidence_id": _or_null(_EVIDENCE_ID),
        },
        additional_properties=False,
    ),
    "ImportRequest": _object(
        "Numbers to import.",
        properties={
            "numbers": Schema(
                type=OpenAPIType.ARRAY,
                items=_text("E.164."),
                min_items=1,
                max_items=MOST_NUMBERS,
            )
        },
        required=["numbers"],
        additional_properties=False,
    ),
    "NumberPatch": _object(
        "The agents of a number; what is left out stays.",
        properties={"inbound_agent_id": _AGENT, "outbound_agent_id": _AGENT},
        additional_properties=False,
    ),
    "WebhookEndpoint": _object(
        "Where events are to be sent.",
        properties={"url": _text("An https address that the internet can reach.", max_length=MAX_URL)},
        required=["url"],
        additional_properties=False,
    ),
    "Nothing": _object("Nothing, or an empty object.", additional_properties=False),
}
"""The request bodies, by name; the classes in `drafts` read them."""

_OPTIONAL_BODIES = ("Nothing",)
_KEY_HEADER = Parameter(
    name="Idempotency-Key",
    param_in="header",
    required=False,
    description="The same request under the same key gets the first answer again, for 24 hours.",
    schema=_text("Of your choice.", min_length=1, max_length=255),
)
_PREFER = Parameter(
    name="Prefer",
    param_in="header",
    required=False,
    description="`respond-async`: make an import job, however short it is, and answer at once.",
    schema=_text("RFC 7240."),
)
_DRY_RUN = Parameter(
    name="dry_run",
    param_in="query",
    required=False,
    description="`true`: write nothing, and answer 200 with the plan.",
    schema=Schema(type=OpenAPIType.BOOLEAN),
)
_RELEASE = Parameter(
    name="release_numbers",
    param_in="query",
    required=False,
    description="`true`: first put back the routing of every number imported through the connection.",
    schema=Schema(type=OpenAPIType.BOOLEAN),
)
_BEFORE = Parameter(
    name="before",
    param_in="query",
    required=False,
    description="An event's id: list those before it.",
    schema=Schema(type=OpenAPIType.INTEGER),
)


@cache
def takes(body: str | None = None, *parameters: str) -> type[Operation]:
    """An OpenAPI operation with this body, which we read ourselves, and with these parameters of ours."""
    ours = {
        "Idempotency-Key": _KEY_HEADER,
        "Prefer": _PREFER,
        "before": _BEFORE,
        "dry_run": _DRY_RUN,
        "release_numbers": _RELEASE,
    }

    class Taking(Operation):
        def __init__(self, **fields: Any) -> None:
            super().__init__(**fields)
            if body is not None:
                self.request_body = RequestBody(
                    content={"application/json": OpenAPIMediaType(schema=BODIES[body])},
                    required=body not in _OPTIONAL_BODIES,
                    description=f"At most {MAX_BYTES // 1024} KiB. Unknown and duplicate fields are refused.",
                )
            if parameters:
                self.parameters = [*(self.parameters or []), *(ours[name] for name in parameters)]

    return Taking
