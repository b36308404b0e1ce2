"""The plugins that are installed: the working ones by provider id, the broken ones by what is wrong with them."""

from __future__ import annotations

import functools
import inspect
import logging
import re
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Any, TypeVar

import attrs
import pluggy

from trunkline.descriptor import ENGINE_API, Can, ProviderDescriptor
from trunkline.errors import PluginBroken, UnknownProvider
from trunkline.hookspec import ALWAYS_NEEDED, NEEDED_FOR, OBSERVERS, PROJECT, PROVIDERS, ObserverSpec, ProviderSpec
from trunkline.threads import DaemonThreads

T = TypeVar("T")

STUCK_CALLS_ALLOWED = 3
_log = logging.getLogger("trunkline")


@attrs.frozen
class Problem:
    """A plugin that is not used, or not used any more, and why."""

    plugin: str
    version: str
    entry_point: str
    summary: str


@attrs.define(eq=False)
class ProviderPlugin:
    """One working plugin: its descriptor, its hooks, and the calls that never came back."""

    descriptor: ProviderDescriptor
    distribution: str
    version: str
    entry_point: str
    _hooks: pluggy.HookRelay
    _stuck: list[Future[Any]] = attrs.field(factory=list)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def call(self, hook: str, **arguments: Any) -> Any:
        """Run one hook of this plugin, in the calling thread."""
        return getattr(self._hooks, hook)(**arguments)

    def has(self, hook: str) -> bool:
        """Whether the plugin implements the hook."""
        return bool(getattr(self._hooks, hook).get_hookimpls())

    def note_stuck(self, future: Future[Any]) -> None:
        """Remember a call that did not come back by its deadline."""
        with self._lock:
            self._stuck.append(future)

    def stuck_calls(self) -> int:
        """How many calls hang at this moment."""
        with self._lock:
            self._stuck = [future for future in self._stuck if not future.done()]
            return len(self._stuck)

    @property
    def switched_off(self) -> bool:
        """True while too many of its calls hang."""
        return self.stuck_calls() >= STUCK_CALLS_ALLOWED

    def problem(self, summary: str) -> Problem:
        """Name this plugin in a problem."""
        return Problem(self.distribution, self.version, self.entry_point, summary)


@attrs.frozen
class _Candidate:
    """Something that claims to be a plugin, and where it came from."""

    source: EntryPoint | object
    distribution: str
    version: str
    entry_point: str

    def problem(self, summary: str) -> Problem:
        return Problem(self.distribution, self.version, self.entry_point, summary)


class Registry:
    """Finds plugins and keeps the working ones. A plugin that cannot be used becomes a `Problem` and harms no other.

    `load_seconds` bounds how long one plugin's import and self-description may take.
    """

    def __init__(self, candidates: Iterable[_Candidate], *, load_seconds: float = 10.0) -> None:
        self._threads = DaemonThreads()
        self._load_seconds = load_seconds
        self._problems: list[Problem] = []
        self._plugins = self._settle([plugin for each in candidates if (plugin := self._load(each))])

    @classmethod
    def discover(cls, *, load_seconds: float = 10.0) -> Registry:
        """The plugins that installed distributions publish under `trunkline.providers`."""
        return cls(_candidates(PROVIDERS), load_seconds=load_seconds)

    @classmethod
    def of(cls, *plugins: object) -> Registry:
        """These plugin objects and no others, for an application that brings its own."""
        return cls([_Candidate(plugin, type(plugin).__name__, "", "") for plugin in plugins])

    @property
    def plugins(self) -> Mapping[str, ProviderPlugin]:
        """Working plugins by provider id."""
        return self._plugins

    def plugin(self, provider: str) -> ProviderPlugin:
        """The plugin of a provider; raises `UnknownProvider`, or `PluginBroken` while it is switched off."""
        found = self._plugins.get(provider)
        if found is None:
            known = ", ".join(sorted(self._plugins)) or "none"
            raise UnknownProvider(f"There is no such provider here. Installed providers: {known}.")
        if found.switched_off:
            raise PluginBroken(
                f"{found.descriptor.display_name} is switched off for now: its plugin does not come back.",
                detail=f"{found.distribution} {found.version}: {found.stuck_calls()} calls hang",
            )
        return found

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the plugins that are not used."""
        hanging = [
            plugin.problem(f"switched off: {plugin.stuck_calls()} calls did not come back")
            for plugin in self._plugins.values()
            if plugin.switched_off
        ]
        return (*self._problems, *hanging)

    def _load(self, candidate: _Candidate) -> ProviderPlugin | None:
        loaded = _in_time(self._threads, lambda: _make(candidate), self._load_seconds)
        if isinstance(loaded, str):
            self._problems.append(candidate.problem(loaded))
            return None
        return loaded

    def _settle(self, plugins: list[ProviderPlugin]) -> dict[str, ProviderPlugin]:
        """Refuse every claimant of an id that more than one distribution claims."""
        by_id: dict[str, list[ProviderPlugin]] = {}
        for plugin in plugins:
            by_id.setdefault(plugin.descriptor.id, []).append(plugin)
        for id, claimants in by_id.items():
            if len(claimants) > 1:
                names = " and ".join(sorted(plugin.distribution for plugin in claimants))
                self._problems += [p.problem(f"the provider id {id!r} is claimed by {names}") for p in claimants]
        return {id: claimants[0] for id, claimants in sorted(by_id.items()) if len(claimants) == 1}


def load_observers(*, load_seconds: float = 10.0) -> tuple[list[Any], list[Problem]]:
    """The installed observers, as hook relays of one observer each, and what is wrong with the others."""
    threads = DaemonThreads()
    observers: list[Any] = []
    problems = []
    for candidate in _candidates(OBSERVERS):
        loaded = _in_time(threads, functools.partial(_observer, candidate), load_seconds)
        if isinstance(loaded, str):
            problems.append(candidate.problem(loaded))
        else:
            observers.append(loaded)
    return observers, problems


def _in_time(threads: DaemonThreads, load: Callable[[], T], seconds: float) -> T | str:
    """What loading gives, or a text that says why there is nothing."""

    def attempt() -> T | str:
        try:
            return load()
        except BaseException as error:
            return _why(error)

    try:
        return threads.start(attempt).result(timeout=seconds)
    except TimeoutError:
        return f"did not load within {seconds:g} s"


def _candidates(group: str) -> list[_Candidate]:
    """Every entry point of the group; a distribution whose records cannot be read hides none of the others."""
    found: list[_Candidate] = []
    seen: set[str] = set()
    for distribution in filter(functools.partial(_points, group=group), distributions()):
        name, version = _name_and_version(distribution)
        canonical = re.sub(r"[-_.]+", "-", name).lower()
        if canonical in seen:
            continue
        if canonical:
            seen.add(canonical)
            distribution = _imported(distribution, name)
            version = _name_and_version(distribution)[1]
        for point in _points(distribution, group):
            found.append(_Candidate(point, name or point.value.partition(".")[0], version, point.name))
    return sorted(found, key=lambda each: (each.entry_point, each.distribution))


def _points(distribution: Distribution, group: str) -> list[EntryPoint]:
    try:
        return [point for point in distribution.entry_points if point.group == group]
    except Exception:
        _log.warning("the entry points of %s %s cannot be read", *_name_and_version(distribution))
        return []


def _imported(distribution: Distribution, name: str) -> Distribution:
    """Of the copies of a distribution along the path, the one that an import finds: the first."""
    try:
        return Distribution.from_name(name)
    except Exception:
        return distribution


def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    """What a distribution calls itself. Its records take long to read, so only those that matter are asked."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            metadata = distribution.metadata
            return metadata["Name"] or "", metadata["Version"] or ""
        except Exception:
            return "", ""


def _observer(candidate: _Candidate) -> pluggy.HookRelay:
    manager = _manager(candidate, ObserverSpec)
    manager.check_pending()
    if not manager.hook.observe.get_hookimpls():
        raise TypeError("it does not implement observe")
    return manager.hook


def _manager(candidate: _Candidate, spec: type) -> pluggy.PluginManager:
    """A plugin manager that holds this plugin alone, so that hooks never fan out and one failure stays one."""
    plugin = candidate.source.load() if isinstance(candidate.source, EntryPoint) else candidate.source
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(spec)
    manager.register(plugin() if inspect.isclass(plugin) else plugin)
    return manager


def _make(candidate: _Candidate) -> ProviderPlugin:
    manager = _manager(candidate, ProviderSpec)
    hooks = manager.hook
    if not hooks.describe_provider.get_hookimpls():
        manager.check_pending()  # A misspelt name says more than a missing one.
        raise TypeError("it does not implement describe_provider")
    descriptor = hooks.describe_provider()
    if not isinstance(descriptor, ProviderDescriptor):
        raise TypeError(f"describe_provider answers {type(descriptor).__name__}, not a ProviderDescriptor")
    if descriptor.engine_api != ENGINE_API:
        raise TypeError(f"it is written for engine API {descriptor.engine_api}, and this is {ENGINE_API}")
    manager.check_pending()
    needed = [
        *ALWAYS_NEEDED,
        *(
            hook
            for name, hooks_needed in NEEDED_FOR.items()
            for hook in hooks_needed
            if descriptor.capability(name).can is Can.YES
        ),
    ]
    if missing := [hook for hook in needed if not getattr(hooks, hook).get_hookimpls()]:
        raise TypeError(f"it does not implement {', '.join(missing)}")
    return ProviderPlugin(descriptor, candidate.distribution, candidate.version, candidate.entry_point, hooks)


def _why(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())[:300]
    except BaseException:
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
