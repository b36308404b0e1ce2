"""Telnyx as data: what it asks for, which host it speaks to, what it can do."""

from __future__ import annotations

from trunkline.descriptor import (
    BearerAuth,
    Can,
    Capability,
    CredentialForm,
    Field,
    Host,
    Pace,
    ProviderDescriptor,
    SetupMethod,
)

API_KEY = "api_key"
GUIDED = "guided_telnyx"

ID = r"[0-9A-Za-z-]{1,64}"
"""What an id looks like: opaque, mostly a 64-bit number or a UUID."""

SUBDOMAIN = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.sip\.telnyx\.com"
"""A connection's own address for calls to it; not where calls are sent out (OpenAPI, `sip_subdomain`)."""

SIP_FIELDS = (
    Field(
        "domain",
        "SIP subdomain",
        "The connection's SIP subdomain, as acme.sip.telnyx.com, or the Telnyx SIP host that calls are sent to.",
        pattern=rf"(?i)(?:{SUBDOMAIN}|sip(?:-eu|-ca|-au)?\.telnyx\.com)",
        tested=True,
    ),
)


def describe() -> ProviderDescriptor:
    """Everything the engine, a form and the documentation need to know of Telnyx."""
    return ProviderDescriptor(
        id="telnyx",
        display_name="Telnyx",
        setup_methods=(
            SetupMethod(API_KEY, "API key"),
            SetupMethod(GUIDED, "API key, and Trunkline sets the account up", guided=True, shared="connection_id"),
        ),
        credential_forms=(
            CredentialForm(
                "api_key",
                "API key",
                (
                    Field(
                        "apiKey",
                        "API key",
                        "An API v2 key, which begins with KEY, from API Keys in the Telnyx Mission Control Portal.",
                        secret=True,
                        required=True,
                        pattern=r"[!-~]+",
                    ),
                    Field(
                        "connectionId",
                        "Connection ID",
                        "The ID of the FQDN connection that numbers are put on, from SIP Trunking in the Portal.",
                        pattern=ID,
                        max_length=64,
                    ),
                ),
                BearerAuth("apiKey"),
            ),
        ),
        hosts=(Host(r"api\.telnyx\.com"),),
        sip_fields=SIP_FIELDS,
        # No figure is published; 429/10011 and x-ratelimit headers tell when it was too much
        # (https://developers.telnyx.com, rate limiting).
        pace=Pace(concurrency=8),
        capabilities=(
            Capability("list_numbers"),
            Capability("import_numbers"),
            Capability("verify_numbers"),
            Capability("release_numbers"),
            Capability("guided_setup"),
            Capability("check_inbound", Can.YES, "with connectionId, or after guided set-up"),
            Capability("check_outbound", Can.YES, "with connectionId, or after guided set-up"),
            Capability("monthly_fee", Can.YES, "where the key may read charges, and the month's fee was posted"),
            Capability("account_state", Can.UNKNOWN, "no API tells whether an account is a trial or verified"),
            Capability("balance", Can.YES, "not with the key of a sub-user who may not see money"),
        ),
        request_id_headers=("x-request-id",),
        documentation="https://developers.telnyx.com/docs/voice/sip-trunking",
    )
