"""A plugin that shares its entry-point name."""

from trunkline.descriptor import CredentialForm, ProviderDescriptor, SetupMethod
from trunkline.hookspec import hookimpl


@hookimpl
def describe_provider():
    return ProviderDescriptor(
        "same_one", "Same_One", (SetupMethod("api_key", "Key"),), (CredentialForm("key", "Key", (), None),), ()
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
