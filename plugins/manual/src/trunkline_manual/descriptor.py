"""A SIP trunk as data: what is asked of the customer, and what can be known of a carrier without an API."""

from __future__ import annotations

from trunkline.descriptor import (
    Can,
    Capability,
    CredentialForm,
    DigestAuth,
    Field,
    FieldKind,
    Pace,
    ProviderDescriptor,
    SetupMethod,
)
from trunkline.numbers import E164

BY_ADDRESS, BY_DIGEST, BY_REGISTRATION = "address", "digest", "registration"
"""How a trunk knows whom it serves: by the address calls come from, by a login, or by a login that registers."""

MOST_NUMBERS = 1000
MOST_NETWORKS = 100

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}\.)+{_LABEL}|\[[0-9A-Fa-f:.]{{2,45}}\]"
_PORT = r"[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"

SIP_FIELDS = (
    Field(
        "domain",
        "Host",
        "The trunk's host name or IP address, as sip.carrier.example: without sip:, without a port.",
        required=True,
        pattern=_HOST,
        max_length=253,
        steers=True,
    ),
    Field(
        "port",
        "Port",
        "From 1 to 65535. Left out, DNS decides, and else it is 5060, or 5061 for TLS.",
        kind=FieldKind.INTEGER,
        pattern=_PORT,
        max_length=5,
        steers=True,
    ),
    Field(
        "transport",
        "Transport",
        "How the trunk is reached: auto, udp, tcp or tls.",
        pattern="auto|udp|tcp|tls",
        default="auto",
        steers=True,
    ),
    Field(
        "authentication",
        "Authentication",
        "How the trunk knows its customers: address, digest or registration. Left out: digest where a password is "
        "given, else address.",
        pattern=f"{BY_ADDRESS}|{BY_DIGEST}|{BY_REGISTRATION}",
    ),
    Field(
        "realm",
        "Realm",
        "Optional: the realm the trunk asks for a login of. The login answers no other.",
        pattern=r"[^\"\\]+",
    ),
    Field(
        "outboundProxy",
        "Outbound proxy",
        "Optional: the host that everything for the trunk is sent to, as proxy.carrier.example or "
        "proxy.carrier.example:5080.",
        pattern=rf"(?:{_HOST})(?::(?:{_PORT}))?",
        steers=True,
    ),
    Field(
        "mediaEncryption",
        "Media encryption",
        "Whether calls use SRTP: disable, allow or require.",
        pattern="disable|allow|require",
        default="allow",
    ),
    Field(
        "numberFormat",
        "Number format",
        "How the trunk wants numbers written in calls: e164_plus (+15550001234), e164 (15550001234) or national.",
        pattern="e164_plus|e164|national",
        default="e164_plus",
    ),
    Field(
        "callerIdHeader",
        "Caller ID header",
        "Where the trunk looks for the caller's number: from, pai (P-Asserted-Identity), rpid (Remote-Party-ID) or "
        "diversion.",
        pattern="from|pai|rpid|diversion",
        default="from",
    ),
    Field(
        "allowedAddresses",
        "Allowed addresses",
        "Optional: the IP addresses or networks that the trunk's calls come from, as 203.0.113.0/28.",
        kind=FieldKind.TEXT_LIST,
        pattern=r"[0-9A-Fa-f:.]{2,45}(?:/[0-9]{1,3})?",
        max_length=49,
    ),
    Field(
        "numbers",
        "Numbers",
        "The numbers of the trunk in E.164 form, as +15550001234.",
        kind=FieldKind.TEXT_LIST,
        pattern=E164,
        max_length=16,
    ),
)

_NOT_ASKED = "a trunk has no API that tells"


def describe() -> ProviderDescriptor:
    """Everything the engine, a form and the documentation need to know of a SIP trunk."""
    return ProviderDescriptor(
        id="manual",
        display_name="SIP trunk",
        setup_methods=(SetupMethod("manual", "Any SIP trunk, entered by hand"),),
        credential_forms=(
            CredentialForm("none", "None: the trunk knows this platform by its address", (), None),
            CredentialForm(
                "login",
                "User name and password",
                (
                    Field(
                        "username",
                        "User name",
                        "The SIP user name of the trunk. A password needs it; leave both out where there is no login.",
                        required=True,
                        pattern=r"[^\s\"<>]+",
                    ),
                    Field(
                        "password",
                        "Password",
                        "The SIP password of that user. A user name needs it; leave both out where there is no login.",
                        secret=True,
                        required=True,
                    ),
                ),
                DigestAuth("username", "password"),
            ),
        ),
        hosts=(),
        sip_fields=SIP_FIELDS,
        pace=Pace(concurrency=4),
        capabilities=(
            Capability("list_numbers", Can.YES, "those the customer entered; no carrier backs them"),
            Capability(
                "import_numbers", Can.YES, "nothing is changed at the carrier; the answer says what to enter there"
            ),
            Capability(
                "verify_numbers", Can.YES, "that the trunk answers and takes the login; the rest only a call proves"
            ),
            Capability(
                "release_numbers", Can.YES, "nothing was changed at the carrier; the answer says what to change back"
            ),
            Capability("check_inbound", Can.NO, "only a call to the number can prove it"),
            Capability(
                "check_outbound",
                Can.UNKNOWN,
                "a refused login or address is told; that calls go out only a call proves",
            ),
            Capability("account_state", Can.NO, _NOT_ASKED),
            Capability("balance", Can.NO, _NOT_ASKED),
            Capability("monthly_fee", Can.NO, _NOT_ASKED),
            Capability("guided_setup", Can.NO, "nothing can be set up at a trunk from outside"),
        ),
        documentation="https://www.rfc-editor.org/rfc/rfc3261",
    )
