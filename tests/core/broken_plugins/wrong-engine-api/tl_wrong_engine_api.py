"""A plugin that is written for another engine."""

from trunkline.descriptor import CredentialForm, ProviderDescriptor, SetupMethod
from trunkline.hookspec import hookimpl


@hookimpl
def describe_provider():
    return ProviderDescriptor(
        "future",
        "Future",
        (SetupMethod("api_key", "Key"),),
        (CredentialForm("key", "Key", (), None),),
        (),
        engine_api=99,
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
