"""A plugin that declares what it does not implement."""

from trunkline.descriptor import Capability, CredentialForm, ProviderDescriptor, SetupMethod
from trunkline.hookspec import hookimpl


@hookimpl
def describe_provider():
    return ProviderDescriptor(
        "missing",
        "Missing",
        (SetupMethod("api_key", "Key"),),
        (CredentialForm("key", "Key", (), None),),
        (),
        capabilities=(Capability("list_numbers"),),
    )


@hookimpl
def test_credentials(account, call):
    """Asks nothing."""


@hookimpl
def suggest_name(account, call):
    """Asks nothing."""


@hookimpl
def redact_sip_config(sip_config):
    return {}
