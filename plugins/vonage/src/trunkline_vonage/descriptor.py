"""Vonage as data: what it asks for, which hosts it speaks to, what it can do."""

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

SIP_FIELDS = (
    Field(
        "domain",
        "SIP domain",
        "The host that outbound calls are sent to, as acme.sip-us.vonage.com or sip.nexmo.com.",
        pattern=r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,4}(?:vonage|nexmo)\.com",
    ),
)


def describe() -> ProviderDescriptor:
    """Everything the engine, a form and the documentation need to know of Vonage."""
    return ProviderDescriptor(
        id="vonage",
        display_name="Vonage",
        setup_methods=(SetupMethod("api_key", "API key and secret"),),
        credential_forms=(
            CredentialForm(
                "api_key",
                "API key and API secret",
                (
                    Field(
                        "apiKey",
                        "API key",
                        "About 8 letters and digits, from the front page of the Vonage API dashboard.",
                        required=True,
                        # Eight characters in every example, and no rule: only what would break the header is refused.
                        pattern=r"[A-Za-z0-9_-]+",
                        max_length=64,
                    ),
                    Field(
                        "apiSecret",
                        "API secret",
                        "The account's API secret, without spaces, from the Vonage API dashboard.",
                        secret=True,
                        required=True,
                        pattern=r"\S+",
                    ),
                    Field(
                        "applicationId",
                        "Application ID",
                        "Optional: the application that the connection is named after, as it stands in the dashboard.",
                        pattern=r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
                        max_length=36,
                    ),
                ),
                BasicAuth("apiKey", "apiSecret"),
            ),
        ),
        hosts=(Host(r"(?:rest|api)\.nexmo\.com"),),
        sip_fields=SIP_FIELDS,
        # Vonage publishes a limit for the Numbers API in an article that cannot be read; what its customers keep to is
        # about one write a second. Reads follow one another, and a 429 is waited for as long as it asks.
        pace=Pace(concurrency=4, writes_per_second=1.0),
        capabilities=(
            Capability("list_numbers"),
            Capability("import_numbers"),
            Capability("verify_numbers"),
            Capability("release_numbers"),
            Capability("check_inbound", Can.YES, "that numbers can be routed; no API calls the platform to try it"),
            Capability(
                "check_outbound", Can.YES, "credit and each number's limitations; a trial's limits are not told"
            ),
            Capability(
                "account_state",
                Can.UNKNOWN,
                "only accounts that have the Subaccounts product can read whether suspended",
            ),
            Capability("balance"),
            Capability(
                "monthly_fee",
                Can.NO,
                "the list of rented numbers has no price; what the search tells is the price of another, new number",
            ),
            Capability("guided_setup", Can.NO, "a Vonage account needs none: each number holds its own SIP address"),
        ),
        request_id_headers=("X-Nexmo-Trace-Id",),
        documentation="https://developer.vonage.com/en/numbers/overview",
    )
