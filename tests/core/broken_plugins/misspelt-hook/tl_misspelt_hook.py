"""A plugin that misspells a hook."""

from trunkline.descriptor import CredentialForm, ProviderDescriptor, SetupMethod
from trunkline.hookspec import hookimpl


@hookimpl
def describe_provider():
    return ProviderDescriptor(
        "misspelt", "Misspelt", (SetupMethod("api_key", "Key"),), (CredentialForm("key", "Key", (), None),), ()
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


@hookimpl
def list_nubmers(account, call):
    """Never called."""
