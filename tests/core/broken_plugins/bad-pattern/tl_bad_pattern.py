"""A plugin that has a pattern that is none."""

from trunkline.descriptor import Host, ProviderDescriptor, SetupMethod
from trunkline.hookspec import hookimpl


@hookimpl
def describe_provider():
    return ProviderDescriptor("bad_pattern", "B", (SetupMethod("a", "A"),), (), (Host("("),))


@hookimpl
def test_credentials(account, call):
    """Asks nothing."""


@hookimpl
def suggest_name(account, call):
    """Asks nothing."""


@hookimpl
def redact_sip_config(sip_config):
    return {}
