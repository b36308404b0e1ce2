"""A plugin that asks for an argument that no hook has."""

from trunkline.descriptor import CredentialForm, ProviderDescriptor, SetupMethod
from trunkline.hookspec import hookimpl


@hookimpl
def describe_provider():
    return ProviderDescriptor(
        "wrong_argument",
        "Wrong_Argument",
        (SetupMethod("api_key", "Key"),),
        (CredentialForm("key", "Key", (), None),),
        (),
    )


@hookimpl
def test_credentials(account, session):
    """Asks nothing."""


@hookimpl
def suggest_name(account, call):
    """Asks nothing."""


@hookimpl
def redact_sip_config(sip_config):
    return {}
