"""A plugin that describes itself by a dict."""

from trunkline.hookspec import hookimpl


@hookimpl
def describe_provider():
    return {"id": "wrong_type"}


@hookimpl
def test_credentials(account, call):
    """Asks nothing."""


@hookimpl
def suggest_name(account, call):
    """Asks nothing."""


@hookimpl
def redact_sip_config(sip_config):
    return {}
