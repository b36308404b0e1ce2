"""A plugin that misspells describe_provider."""

from trunkline.descriptor import CredentialForm, ProviderDescriptor, SetupMethod
from trunkline.hookspec import hookimpl


@hookimpl
def describe_providr():
    return ProviderDescriptor(
        "misspelt_too", "Misspelt_Too", (SetupMethod("api_key", "Key"),), (CredentialForm("key", "Key", (), None),), ()
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
