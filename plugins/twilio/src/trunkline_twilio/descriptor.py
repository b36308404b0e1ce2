"""Twilio as data: what it asks for, which hosts it speaks to, what it can do."""

from __future__ import annotations

from trunkline.descriptor import (
    BasicAuth,
    Can,
    Capability,
    CredentialForm,
    Field,
    Host,
    Pace,
    ProviderDescriptor,
    SetupMethod,
)

PRODUCTS = ("api", "trunking", "voice", "pricing", "routes")
"""The products whose hosts the plugin speaks to: the first label of `<product>.twilio.com`."""

REGION = r"[a-z]{2}[1-9]"
EDGE = r"[a-z]+(?:-[a-z]+){0,2}"

_ACCOUNT_SID = Field(
    "accountSid",
    "Account SID",
    "34 characters that begin with AC, from the front page of the Twilio Console.",
    required=True,
    pattern=r"AC[0-9a-fA-F]{32}",
    max_length=34,
)
_REGION = Field(
    "region",
    "Region",
    "The Twilio Region that the numbers' calls are handled in, as us1, ie1 or au1. Leave it out for us1.",
    pattern=REGION,
    max_length=3,
    steers=True,
)
_EDGE = Field(
    "edge",
    "Edge",
    "The Twilio Edge to reach the region by, as dublin or sydney. Seldom needed.",
    pattern=EDGE,
    max_length=40,
    steers=True,
)

SIP_FIELDS = (
    Field(
        "domain",
        "Termination domain",
        "The Termination SIP URI of the trunk for outbound calls, as acme.pstn.twilio.com.",
        pattern=rf"[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\.pstn(?:\.{EDGE})?(?:\.{REGION})?\.twilio\.com",
        tested=True,
    ),
)


def describe() -> ProviderDescriptor:
    """Everything the engine, a form and the documentation need to know of Twilio."""
    return ProviderDescriptor(
        id="twilio",
        display_name="Twilio",
        setup_methods=(SetupMethod("api_key", "API key or auth token"),),
        credential_forms=(
            CredentialForm(
                "auth_token",
                "Account SID and auth token",
                (
                    _ACCOUNT_SID,
                    Field(
                        "authToken",
                        "Auth token",
                        "The account's auth token, without spaces, from the front page of the Twilio Console.",
                        secret=True,
                        required=True,
                        pattern=r"\S+",
                    ),
                    _REGION,
                    _EDGE,
                ),
                BasicAuth("accountSid", "authToken"),
            ),
            CredentialForm(
                "api_key",
                "Account SID and API key",
                (
                    _ACCOUNT_SID,
                    Field(
                        "apiKeySid",
                        "API key SID",
                        "34 characters that begin with SK. A Main or a Standard key; not a Restricted one.",
                        required=True,
                        pattern=r"SK[0-9a-fA-F]{32}",
                        max_length=34,
                    ),
                    Field(
                        "apiKeySecret",
                        "API key secret",
                        "The secret that Twilio showed once when the key was made, without spaces.",
                        secret=True,
                        required=True,
                        pattern=r"\S+",
                    ),
                    _REGION,
                    _EDGE,
                ),
                BasicAuth("apiKeySid", "apiKeySecret"),
            ),
        ),
        hosts=(Host(rf"(?:{'|'.join(PRODUCTS)})(?:\.{EDGE})?(?:\.{REGION})?\.twilio\.com"),),
        sip_fields=SIP_FIELDS,
        # The number behind 429/20429 is not published; 5 to 10 at once is what its documentation is read to allow.
        pace=Pace(concurrency=10),
        capabilities=(
            Capability("list_numbers"),
            Capability("import_numbers"),
            Capability("verify_numbers"),
            Capability("release_numbers"),
            Capability("check_inbound"),
            Capability("check_outbound"),
            Capability("monthly_fee"),
            Capability("account_state", Can.YES, "not with a Standard API key, which cannot read the account"),
            Capability(
                "balance", Can.NO, "it may lag, and subaccounts have none: the account's status says what counts"
            ),
            Capability("guided_setup", Can.NO, "a Twilio account needs none: importing makes the one trunk it needs"),
        ),
        request_id_headers=("Twilio-Request-Id",),
        documentation="https://www.twilio.com/docs/sip-trunking",
    )
