"""What every provider says of itself, and what importing it costs."""

import re
import subprocess
import sys
from typing import Any

import pytest

import trunkline_manual
from trunkline.descriptor import CAPABILITIES, Can
from trunkline.registry import Registry

from .conftest import Desk
from .providers import PROVIDERS, Provider

HEAVY = ("twilio", "telnyx", "signalwire", "vonage", "vonage_http_client", "requests", "urllib3", "httpx", "pydantic")
HEAVY += ("phonenumbers", "cattrs", "dns")

PLUGINS = {provider.id: provider.plugin for provider in PROVIDERS} | {"manual": trunkline_manual.plugin}
"""The carriers' own, and that of any SIP trunk, which speaks to no carrier's API."""

plugin_of_each = pytest.mark.parametrize("plugin", PLUGINS.values(), ids=PLUGINS)


def printed(program: str, *options: str) -> str:
    done = subprocess.run([sys.executable, *options, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


def test_importing_all_of_them_loads_no_sdk_and_nothing_slow() -> None:
    modules = ", ".join(f"trunkline_{id}" for id in PLUGINS)
    program = (
        f"import sys, {modules}; from trunkline.registry import Registry;"
        f"described = [Registry.of(each.plugin).plugins.values() for each in ({modules})];"
        f"print(len(described), [name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert printed(program) == f"{len(PLUGINS)} []"


def test_warming_up_loads_what_calls_use_of_the_sdk_and_nothing_else(provider: Provider) -> None:
    others = {"fastapi", "uvicorn", "vonage_video", "twilio", "telnyx", "signalwire", "vonage"} - {provider.id}
    program = (
        f"import sys, trunkline_{provider}; trunkline_{provider}.plugin.warm_up();"
        f"print([name for name in {provider.warmed!r} if name not in sys.modules], {others!r} & sys.modules.keys())"
    )
    options = () if provider.id == "vonage" else ("-W", "error")
    assert printed(program, *options) == "[] set()"


def test_each_is_found_by_its_entry_point() -> None:
    registry = Registry.discover()
    for id, plugin in PLUGINS.items():
        assert not [problem for problem in registry.problems() if problem.plugin == f"trunkline-{id}"]
        assert registry.plugins[id].distribution == f"trunkline-{id}"
        assert registry.plugins[id].descriptor == plugin.describe_provider()


@plugin_of_each
def test_every_capability_is_answered_for_and_what_cannot_be_done_says_why(plugin: Any) -> None:
    descriptor = plugin.describe_provider()
    assert {capability.name for capability in descriptor.capabilities} == set(CAPABILITIES)
    assert all(capability.why for capability in descriptor.capabilities if capability.can is not Can.YES)
    for name in ("list_numbers", "import_numbers", "verify_numbers", "release_numbers"):
        assert descriptor.capability(name).can is Can.YES


def test_it_may_speak_to_the_hosts_of_its_carrier_and_to_nobody_else(desk: Desk) -> None:
    hosts = desk.provider.plugin.describe_provider().hosts

    def allowed(host: str) -> bool:
        return any(re.fullmatch(each.pattern, host) for each in hosts)

    known = [host for host in desk.sandbox.carrier.hosts if not host.startswith("routes.")]
    assert known
    for host in known:
        assert allowed(host), host
        for stranger in (f"{host}.evil.example", f"evil.example/{host}", f"{host}\n", f"{host}:8443", f"a@{host}"):
            assert not allowed(stranger), stranger
        assert not allowed(host.replace(".", "X"))
        assert not allowed(host.split(".", 1)[1])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "evil.example", "", ".", "twilio.com"])
@plugin_of_each
def test_it_never_speaks_to_a_host_that_is_no_carriers(plugin: Any, host: str) -> None:
    assert not any(re.fullmatch(each.pattern, host) for each in plugin.describe_provider().hosts)
