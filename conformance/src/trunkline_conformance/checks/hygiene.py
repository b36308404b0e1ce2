"""Installing: importing the plugin does nothing but define it, and its requirements leave room for its host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution, entry_points
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from trunkline.hookspec import PROVIDERS
from trunkline_conformance.check import RIGHT, About, Check, Finding, Judge, wrong
from trunkline_conformance.subject import Subject

_SECONDS = 0.020
_TRIES = 3
_HOOK = "describe_provider"

# Looks at a fresh process before and after the plugin is imported and describes itself.
_PROBE = """
import json, logging, os, signal, socket, sys, threading, time
import trunkline.engine, trunkline.redaction, trunkline.hookspec
opened = []
def note(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.__new__", "subprocess.Popen", "os.system", "os.fork"):
        opened.append(event)
def seen():
    return {
        "threads": sorted(each.name for each in threading.enumerate()),
        "signals": [str(signal.getsignal(each)) for each in sorted(signal.valid_signals())],
        "environment": dict(os.environ),
        "logging": [logging.root.level, len(logging.root.handlers), str(logging.getLoggerClass())],
        "folder": os.getcwd(),
        "hooks": [str(sys.excepthook), str(sys.displayhook), str(threading.excepthook)],
    }
before, modules = seen(), set(sys.modules)
sys.addaudithook(note)
began = time.process_time()
module = __import__(sys.argv[1], fromlist=["_"])
target = module
for part in filter(None, sys.argv[2].split(".")):
    target = getattr(target, part)
target = target() if isinstance(target, type) else target
target.describe_provider()
took = time.process_time() - began
after = seen()
changed = [name for name in before if before[name] != after[name]]
new = sorted({name.partition(".")[0] for name in set(sys.modules) - modules})
print(json.dumps({"changed": changed, "opened": opened, "modules": new, "seconds": took}))
"""


def _imported(subject: Subject, attempt: int = 0) -> Iterator[Any]:
    """What a fresh process tells of the import; nothing where that fails, which is for the first check."""
    told = _probed(subject, attempt)
    if not isinstance(told, str):
        yield told


def _probed(subject: Subject, attempt: int = 0) -> Any:
    """What importing the plugin does to a fresh process; a text where it cannot be imported."""
    if subject.target is None:
        return "it was not found by an entry point"
    module, _, name = subject.target.partition(":")
    return _probe(module, name.strip(), os.pathsep.join(sys.path), attempt)


@lru_cache(maxsize=64)
def _probe(module: str, name: str, path: str, attempt: int) -> Any:
    run = subprocess.run(
        [sys.executable, "-c", _PROBE, module, name],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if run.returncode:
        return (run.stderr.strip().splitlines() or ["it ended without a word"])[-1]
    return json.loads(run.stdout.strip().splitlines()[-1])


def _changes_nothing(subject: Subject) -> Iterator[Finding]:
    told = _probed(subject)
    if isinstance(told, str):
        yield wrong("import, in a fresh process", expected="a plugin", came=told)
    elif told["changed"] or told["opened"]:
        came = "; ".join([*(f"changed {name}" for name in told["changed"]), *told["opened"]])
        expected = "no thread, socket, process, signal handler, environment or logging change"
        yield wrong("import, in a fresh process", expected=expected, came=came, hook=_HOOK)
    else:
        yield RIGHT


def _imports_no_sdk(subject: Subject) -> Iterator[Finding]:
    for told in _imported(subject):
        own = {subject.module.partition(".")[0], "trunkline", *sys.stdlib_module_names}
        if foreign := [name for name in told["modules"] if name not in own]:
            came = ", ".join(foreign)
            yield wrong("import, in a fresh process", expected="nothing but itself and core", came=came, hook=_HOOK)
        else:
            yield RIGHT


def _is_quick(subject: Subject) -> Iterator[Finding]:
    took = list[float]()
    for attempt in range(_TRIES):
        took += (told["seconds"] for told in _imported(subject, attempt))
        if took and min(took) <= _SECONDS:
            yield RIGHT
            return
    if took:
        expected = f"at most {_SECONDS * 1000:.0f} ms of processor time over core"
        came = f"{min(took) * 1000:.0f} ms at best, {_TRIES} times over"
        yield wrong("import, in a fresh process", expected=expected, came=came, hook=_HOOK)


def _leaves_room(subject: Subject) -> Iterator[Finding]:
    """What is installed here meets this plugin's requirements, and, of what they name, the host's and the others'."""
    try:
        own = _requirements(distribution(subject.distribution))
    except PackageNotFoundError:
        yield RIGHT  # A plugin that an application brings along itself requires nothing of its own.
        return
    named = {canonicalize_name(requirement.name) for requirement in own}
    theirs = [(other.name, each) for other in _others() for each in _requirements(other)]
    for name, requirement in [*((subject.distribution, each) for each in own), *theirs]:
        version = _installed(requirement.name) if canonicalize_name(requirement.name) in named else None
        if version is None or requirement.specifier.contains(version, prereleases=True):
            yield RIGHT
        else:
            expected = f"room for {requirement.name} {version}, which is installed here"
            yield wrong(f"{name} requires {requirement}", expected=expected, came="it excludes it")


def _requirements(dist: Distribution) -> list[Requirement]:
    """What a distribution requires here, without its extras."""
    asked = [Requirement(each) for each in dist.requires or ()]
    return [each for each in asked if each.marker is None or each.marker.evaluate({"extra": ""})]


def _others() -> Iterator[Distribution]:
    """The host, and every installed provider."""
    yield distribution("trunkline")
    yield from filter(None, (point.dist for point in entry_points(group=PROVIDERS)))


def _installed(name: str) -> str | None:
    try:
        return distribution(name).version
    except PackageNotFoundError:
        return None


def _check(id: str, rule: str, why: str, remedy: str, judge: Judge) -> Check:
    return Check(f"installing/{id}", rule, why, remedy, judge, About.PLUGIN)


CHECKS = (
    _check(
        "changes-nothing",
        "Importing the plugin starts nothing, opens nothing, and changes no signal, environment or logging.",
        "A host imports every installed plugin only to list them.",
        "Do it in the hook that needs it.",
        _changes_nothing,
    ),
    _check(
        "imports-no-sdk",
        "Importing the plugin imports nothing but itself and core.",
        "SDKs take seconds; listing the providers must not.",
        "Import the SDK inside the hook, and in warm_up.",
        _imports_no_sdk,
    ),
    _check(
        "is-quick",
        f"Importing the plugin takes at most {_SECONDS * 1000:.0f} ms over core.",
        "A host has many providers.",
        "Import what a hook needs inside the hook.",
        _is_quick,
    ),
    _check(
        "leaves-room",
        "The plugin's requirements exclude nothing that the host or another provider needs.",
        "Of two distributions that exclude each other one cannot be installed.",
        "Give lower bounds, and upper ones only where a version is known to break.",
        _leaves_room,
    ),
)
