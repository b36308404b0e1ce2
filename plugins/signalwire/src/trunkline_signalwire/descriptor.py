"""SignalWire as data: what it asks for, which host it speaks to, what it can do."""

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
    Spelling,
)

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"

SPACE = rf"{_LABEL}\.signalwire\.com"
"""A space's host: one label in front of signalwire.com, in lower case. Anything else would be another's host."""

WRITTEN = Spelling(rf"({_LABEL})|(?:https://)?({_LABEL})\.signalwire\.com/?", r"\1\2.signalwire.com")
"""How a space may be written: its name alone, its host, or its URL with nothing behind the host."""

SIP_FIELDS = (
    Field(
        "domain",
        "SIP domain",
        "The domain that calls are sent out through, as acme-1a2b3c4d5e6f.sip.signalwire.com, from the SIP page of the "
        "SignalWire Dashboard. Leave it out if calls only come in.",
        pattern=r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+signalwire\.com",
        max_length=253,
        tested=True,
    ),
)


def describe() -> ProviderDescriptor:
    """Everything the engine, a form and the documentation need to know of SignalWire."""
    return ProviderDescriptor(
        id="signalwire",
        display_name="SignalWire",
        setup_methods=(SetupMethod("api_key", "API token"),),
        credential_forms=(
            CredentialForm(
                "api_token",
                "Project ID and API token",
                (
                    Field(
                        "projectId",
                        "Project ID",
                        "36 characters like 1deeadfb-79c3-4ad9-93d1-1c24456412ac, from the API page of the SignalWire "
                        "Dashboard.",
                        required=True,
                        pattern=r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
                        max_length=36,
                    ),
                    Field(
                        "apiToken",
                        "API token",
                        "A token with the scopes Numbers and Voice, without spaces, from the API page of the "
                        "SignalWire Dashboard.",
                        secret=True,
                        required=True,
                        pattern=r"\S+",
                    ),
                    Field(
                        "spaceUrl",
                        "Space URL",
                        "The host of your space, as acme.signalwire.com, with nothing behind it.",
                        required=True,
                        pattern=SPACE,
                        max_length=79,
                        steers=True,
                        spelling=WRITTEN,
                    ),
                ),
                BasicAuth("projectId", "apiToken"),
            ),
        ),
        hosts=(Host(SPACE, field="spaceUrl"),),
        sip_fields=SIP_FIELDS,
        # Reads are "effectively unlimited", writes 13,800 in 10 s: ten at once are polite, and no limit is near.
        # https://signalwire.com/docs/platform/core/rate-limits
        pace=Pace(concurrency=10),
        capabilities=(
            Capability("list_numbers"),
            Capability("import_numbers"),
            Capability("verify_numbers"),
            Capability(
                "release_numbers",
                Can.YES,
                "not where a call flow, an AI agent, a subscriber, a SIP gateway or a queue took the calls before: "
                "those are warned of before an import",
            ),
            Capability("check_inbound"),
            Capability(
                "check_outbound",
                Can.UNKNOWN,
                "SignalWire tells neither whether a project is in trial mode nor which countries it may call",
            ),
            Capability("monthly_fee", Can.NO, "SignalWire's API has no prices"),
            Capability("account_state", Can.NO, "SignalWire's API shows every project as active and full"),
            Capability("balance", Can.NO, "SignalWire's API has no balance"),
            Capability(
                "guided_setup", Can.NO, "a SignalWire project needs none: importing makes the one script it needs"
            ),
        ),
        # Which header carries it is not documented; these are the ones that the official SDK looks for.
        request_id_headers=("X-Request-Id", "X-SignalWire-Request-Id", "Request-Id"),
        documentation="https://developer.signalwire.com/rest/signalwire-rest/",
    )
