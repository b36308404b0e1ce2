"""What is shown of a provider: enough to draw its form."""

from __future__ import annotations

from typing import Literal

import msgspec

from trunkline.descriptor import Field, ProviderDescriptor


class FieldView(msgspec.Struct):
    """One field of a form."""

    name: str
    label: str
    help: str
    secret: bool
    required: bool
    kind: Literal["text", "integer", "text_list"]
    pattern: str | None
    default: str | int | None
    max_length: int
    steers: bool
    tested: bool


class CredentialFormView(msgspec.Struct):
    """One complete set of credentials."""

    id: str
    label: str
    fields: list[FieldView]


class SetupMethodView(msgspec.Struct):
    """One way to connect."""

    id: str
    label: str
    guided: bool


class CapabilityView(msgspec.Struct):
    """Whether the provider can do something, and why not."""

    name: str
    can: Literal["yes", "no", "unknown"]
    why: str


class ProviderView(msgspec.Struct):
    """A provider."""

    provider: str
    display_name: str
    setup_methods: list[SetupMethodView]
    credential_forms: list[CredentialFormView]
    sip_fields: list[FieldView]
    capabilities: list[CapabilityView]
    documentation: str


def provider_view(descriptor: ProviderDescriptor) -> ProviderView:
    """A descriptor."""
    return ProviderView(
        provider=descriptor.id,
        display_name=descriptor.display_name,
        setup_methods=[SetupMethodView(each.id, each.label, each.guided) for each in descriptor.setup_methods],
        credential_forms=[
            CredentialFormView(form.id, form.label, [_field(field) for field in form.fields])
            for form in descriptor.credential_forms
        ],
        sip_fields=[_field(field) for field in descriptor.sip_fields],
        capabilities=[CapabilityView(each.name, each.can.value, each.why) for each in descriptor.capabilities],
        documentation=descriptor.documentation,
    )


def _field(field: Field) -> FieldView:
    return FieldView(
        name=field.name,
        label=field.label,
        help=field.help,
        secret=field.secret,
        required=field.required,
        kind=field.kind.value,
        pattern=field.pattern,
        default=field.default,
        max_length=field.max_length,
        steers=field.steers,
        tested=field.tested,
    )
