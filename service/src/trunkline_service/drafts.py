"""What clients send, as classes that the strict converter fills."""

from __future__ import annotations

import json
import uuid
from typing import Any

import attrs

from trunkline.account import CarrierAccount
from trunkline.engine import Engine
from trunkline.errors import UnknownProvider
from trunkline.evidence import Evidence
from trunkline_service.clock import in_milliseconds
from trunkline_service.errors import ApiError, field_error
from trunkline_service.storage.connections import NewConnection

MAX_NAME = 255
_MAX_AGENT_ID = 255
_MAX_TOLD = 64
_INT64 = range(-(2**63), 2**63)


class _Absent:
    """Stands where a client sent nothing at all, which is not the same as null."""


ABSENT: Any = _Absent()


@attrs.frozen
class ConnectionDraft:
    """A connection to be tested, named or created: the three take the same fields."""

    provider: str
    credentials: dict[str, Any] = attrs.field(repr=False)
    sip_config: dict[str, Any] | None = attrs.field(default=None, repr=False)
    setup_method: str | None = None
    name: str | None = None
    verification_evidence_id: str | None = None

    def account(self, engine: Engine, marker: str) -> CarrierAccount:
        """The carrier account that the fields describe, held against the provider's forms."""
        if self.name is not None:
            check_name(self.name)
        try:
            return engine.account(
                self.provider,
                self.credentials,
                self.sip_config,
                setup_method=self.setup_method,
                marker=marker,
            )
        except UnknownProvider as error:
            raise field_error("provider", error.summary, code="unknown_provider", detail=error.summary) from None

    def connection(self, engine: Engine, account: CarrierAccount, proven: Evidence) -> NewConnection:
        """The connection to be stored, once it is proven that its credentials were tested."""
        return NewConnection(
            organization=proven.organization,
            provider=account.provider,
            setup_method=account.setup_method,
            name=proven.suggested_name if self.name is None else self.name,
            inferred_name=self.name is None and proven.name_inferred,
            identity=proven.identity,
            credentials=account.credentials,
            sip_config=account.sip_config,
            shown_sip_config=engine.redact_sip_config(account.provider, account.sip_config),
            tested_at=in_milliseconds(proven.made_at),
        )

    def evidence_id(self) -> uuid.UUID:
        """The evidence that creating needs."""
        return evidence_id(self.verification_evidence_id)


@attrs.frozen
class ConnectionPatch:
    """Changes to a connection; what is left out stays."""

    name: Any = ABSENT
    sip_config: Any = attrs.field(default=ABSENT, repr=False)
    credentials: Any = attrs.field(default=ABSENT, repr=False)
    verification_evidence_id: str | None = None

    def check(self) -> None:
        """Refuse what cannot be told from the types above."""
        if self.name is not ABSENT:
            check_name(self.name)
        for field in ("sip_config", "credentials"):
            if getattr(self, field) is not ABSENT and type(getattr(self, field)) is not dict:
                raise field_error(field, "must be an object")


@attrs.frozen
class ImportRequest:
    """The numbers to import."""

    numbers: list[str]

    def wanted(self) -> list[str]:
        """The numbers; what is far too long to be one is cut short, since it is told again."""
        return [each if len(each) <= _MAX_TOLD else each[:_MAX_TOLD] + "…" for each in self.numbers]


@attrs.frozen
class WebhookEndpointDraft:
    """Where events are to be sent."""

    url: str = attrs.field(repr=False)


@attrs.frozen
class NumberPatch:
    """The agents of a number; what is left out stays."""

    inbound_agent_id: Any = ABSENT
    outbound_agent_id: Any = ABSENT

    def changed(self) -> dict[str, str | None]:
        """The columns to change."""
        given = {"inbound_agent_id": self.inbound_agent_id, "outbound_agent_id": self.outbound_agent_id}
        return {name: _stored_agent(name, value) for name, value in given.items() if value is not ABSENT}


def check_name(name: Any) -> None:
    """Refuse a connection name that is no name."""
    if type(name) is not str:
        raise field_error("name", "must be a string")
    if not name.strip():
        raise field_error("name", "must not be empty")
    if len(name) > MAX_NAME:
        raise field_error("name", f"must have at most {MAX_NAME} characters")
    if not name.isprintable():
        raise field_error("name", "must not have control characters")


def evidence_id(text: str | None) -> uuid.UUID:
    """A given evidence id; refuses none, and what is no UUID."""
    field = "verification_evidence_id"
    if text is None:
        needed = "Test the credentials first, and send the evidence id of a test that passed."
        raise field_error(field, "required", code="evidence_required", detail=needed)
    try:
        id = uuid.UUID(text)
    except ValueError:
        raise field_error(field, "must be a UUID") from None
    if text.lower() != str(id):
        raise field_error(field, "must be a UUID")
    return id


def _stored_agent(name: str, value: Any) -> str | None:
    match value:
        case None:
            return None
        case bool():
            pass
        case int() if value in _INT64:
            return json.dumps(value)
        case str() if 0 < len(value) <= _MAX_AGENT_ID and value.isprintable():
            return json.dumps(value)
    raise ApiError(
        "invalid_fields",
        f"{name}: must be a string of 1 to {_MAX_AGENT_ID} characters, a 64-bit whole number, or null",
        errors={name: [f"must be a string of 1 to {_MAX_AGENT_ID} characters, a 64-bit whole number, or null"]},
    )
