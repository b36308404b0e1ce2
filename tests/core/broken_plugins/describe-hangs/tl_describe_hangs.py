"""A plugin that hangs when asked what it is."""

from trunkline.hookspec import hookimpl


@hookimpl
def describe_provider():
    import threading

    threading.Event().wait()


@hookimpl
def test_credentials(account, call):
    """Asks nothing."""


@hookimpl
def suggest_name(account, call):
    """Asks nothing."""


@hookimpl
def redact_sip_config(sip_config):
    return {}
