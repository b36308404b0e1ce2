"""The plugin under test: found by its entry point, and where in it each hook stands."""

from __future__ import annotations

import enum
import inspect
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import attrs

from trunkline.descriptor import Can, DigestAuth, ProviderDescriptor
from trunkline.hookspec import PROVIDERS, ProviderSpec
from trunkline.registry import Registry

HOOKS = tuple(name for name in vars(ProviderSpec) if not name.startswith("_"))
"""Every hook of a provider."""


class Road(enum.Enum):
    """How a carrier is asked."""

    HTTP = "http"
    SIP = "sip"


class NotTestable(Exception):
    """There is no such plugin, or it cannot be loaded; says what to do."""


@attrs.frozen(eq=False)
class Subject:
    """One plugin, with all that is asked of it. `folder` is where its package lies."""

    plugin: Any
    descriptor: ProviderDescriptor
    distribution: str
    version: str
    folder: Path
    module: str
    entry_point: str | None = None
    target: str | None = None
    """Where the entry point leads, as `package:plugin`; None for a plugin that was not found by one."""

    @property
    def id(self) -> str:
        """The provider id."""
        return self.descriptor.id

    def can(self, capability: str | None) -> bool:
        """Whether the plugin says that it can; of no capability in particular it always can."""
        return capability is None or self.descriptor.capability(capability).can is Can.YES

    def takes(self, road: Road | None) -> bool:
        """Whether the plugin asks by this road: HTTP at the descriptor's hosts, SIP where a login is a digest."""
        match road:
            case Road.HTTP:
                return bool(self.descriptor.hosts)
            case Road.SIP:
                forms = self.descriptor.credential_forms
                return any(isinstance(form.authentication, DigestAuth) for form in forms)
        return True

    def has(self, hook: str) -> bool:
        """Whether the plugin implements the hook."""
        return hasattr(getattr(self.plugin, hook, None), "trunkline_impl")

    def warm_up(self) -> None:
        """Let the plugin import what its first call needs, so that no step is measured with it."""
        if self.has("warm_up"):
            self.plugin.warm_up()

    def place_of(self, hook: str) -> str:
        """The hook, and the file and line where the plugin implements it."""
        try:
            code = inspect.unwrap(getattr(self.plugin, hook)).__code__
        except AttributeError:
            return hook
        return f"{hook} ({code.co_filename}:{code.co_firstlineno})"


def subject_of(plugin: Any, *, point: EntryPoint | None = None) -> Subject:
    """A plugin object as the subject of a run; raises `NotTestable` with what the registry has against it."""
    plugin = plugin() if inspect.isclass(plugin) else plugin
    registry = Registry.of(plugin)
    if registry.problems():
        raise NotTestable("; ".join(problem.summary for problem in registry.problems()))
    (found,) = registry.plugins.values()
    module = plugin.__name__ if inspect.ismodule(plugin) else type(plugin).__module__
    source = inspect.getsourcefile(plugin if inspect.ismodule(plugin) else type(plugin)) or "."
    dist = point.dist if point else None
    return Subject(
        plugin,
        found.descriptor,
        dist.name if dist else module.partition(".")[0],
        dist.version if dist else "",
        Path(source).parent,
        module,
        point.name if point else None,
        point.value if point else None,
    )


def installed(provider: str) -> Subject:
    """The installed plugin of that entry-point name; raises `NotTestable`."""
    points = entry_points(group=PROVIDERS)
    named = [point for point in points if point.name == provider]
    if not named:
        known = ", ".join(sorted(point.name for point in points)) or "none"
        raise NotTestable(f"No installed distribution publishes {provider!r} under {PROVIDERS}. Installed: {known}.")
    if len(named) > 1:
        names = " and ".join(sorted(_name_of(point) for point in named))
        raise NotTestable(f"{provider!r} is published by {names}: uninstall one of them.")
    (point,) = named
    try:
        plugin = point.load()
    except BaseException as error:
        raise NotTestable(f"{point.value} does not load: {type(error).__name__}: {error}") from error
    return subject_of(plugin, point=point)


def _name_of(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value.partition(".")[0]
