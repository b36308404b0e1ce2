"""A plugin that exits when asked what it is."""

from trunkline.hookspec import hookimpl


@hookimpl
def describe_provider():
    raise SystemExit(3)


@hookimpl
def test_credentials(account, call):
    """Asks nothing."""


@hookimpl
def suggest_name(account, call):
    """Asks nothing."""


@hookimpl
def redact_sip_config(sip_config):
    return {}
