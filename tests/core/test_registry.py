"""Real distributions, most of them broken: each is named with what is wrong, and none harms the others."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SHELF = Path(__file__).parent / "broken_plugins"
SCRIPT = """
import json, sys
from trunkline.registry import Registry, load_observers

registry = Registry.discover(load_seconds=3)
observers, observer_problems = load_observers(load_seconds=1)
json.dump(
    {
        "providers": {id: [p.distribution, p.version, p.entry_point] for id, p in registry.plugins.items()},
        "problems": {p.plugin: [p.version, p.entry_point, p.summary] for p in registry.problems()},
        "observers": [each.function.__module__ for relay in observers for each in relay.observe.get_hookimpls()],
        "observer_problems": {p.plugin: [p.version, p.entry_point, p.summary] for p in observer_problems},
    },
    sys.stdout,
)
"""


@pytest.fixture(scope="module")
def found():
    """What a fresh interpreter finds with the whole shelf installed."""
    path = os.pathsep.join(str(folder) for folder in sorted(SHELF.iterdir()))
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


WRONG = {
    "fails-on-import": ("1.1", "RuntimeError: no such luck"),
    "exits-on-import": ("1.2", "SystemExit: goodbye"),
    "interrupts-on-import": ("1.3", "KeyboardInterrupt"),
    "hangs-on-import": ("1.4", "did not load within 3 s"),
    "misspelt-hook": ("1.6", "list_nubmers"),
    "misspelt-describe": ("1.7", "describe_providr"),
    "wrong-argument": ("1.8", "session"),
    "wrong-type": ("1.9", "describe_provider answers dict, not a ProviderDescriptor"),
    "no-describe": ("1.10", "does not implement describe_provider"),
    "describe-raises": ("1.11", "LookupError: what am I"),
    "describe-exits": ("1.12", "SystemExit: 3"),
    "describe-hangs": ("1.13", "did not load within 3 s"),
    "unreadable-error": ("1.14", "Unreadable"),
    "missing-hook": ("1.15", "does not implement list_numbers"),
    "wrong-engine-api": ("1.16", "written for engine API 99, and this is 1"),
    "bad-pattern": ("1.17", "error: missing )"),
    "claims-one": ("2.0", "'claimed' is claimed by tl-claims-one and tl-claims-two"),
    "claims-two": ("2.1", "'claimed' is claimed by tl-claims-one and tl-claims-two"),
    "missing-module": ("4.0", "ModuleNotFoundError"),
    "bad-reference": ("4.1", "Error"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_broken_plugin_is_reported_by_name_and_version(found, name):
    version, summary = WRONG[name]
    reported = found["problems"][f"tl-{name}"]
    assert reported[:2] == [version, name]
    assert summary in reported[2]


def test_a_healthy_plugin_works_beside_all_the_broken_ones(found):
    assert found["providers"]["healthy"] == ["tl-healthy", "1.0", "healthy"]


def test_two_distributions_with_one_entry_point_name_are_both_loaded(found):
    assert found["providers"]["same_one"] == ["tl-same-name-one", "3.0", "shared"]
    assert found["providers"]["same_two"] == ["tl-same-name-two", "3.1", "shared"]


def test_nothing_else_on_the_shelf_is_used(found):
    ours = {name for _, (name, *_) in found["providers"].items() if name.startswith("tl-")}
    assert ours == {"tl-healthy", "tl-same-name-one", "tl-same-name-two"}


def test_a_broken_observer_is_reported_and_the_others_watch(found):
    assert "tl_observer_healthy" in found["observers"]
    assert not {"tl_observer_exits", "tl_observer_hangs", "tl_observer_blind"} & set(found["observers"])
    assert {name: wrong[2] for name, wrong in found["observer_problems"].items()} == {
        "tl-observer-exits": "SystemExit",
        "tl-observer-hangs": "did not load within 1 s",
        "tl-observer-blind": "TypeError: it does not implement observe",
    }


def test_a_distribution_that_is_on_the_path_twice_is_one(tmp_path, monkeypatch):
    from trunkline.registry import Registry

    for copy in ("new", "old"):
        info = tmp_path / copy / "tl_twice-1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Name: tl{'-' if copy == 'new' else '_'}Twice\nVersion: {copy}\n")
        (info / "entry_points.txt").write_text("[trunkline.providers]\ntwice = tl_no_such_module\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "new"), str(tmp_path / "old"), *sys.path])
    found = [problem for problem in Registry.discover().problems() if problem.entry_point == "twice"]
    assert [problem.version for problem in found] == ["new"]


def test_a_copy_that_no_import_finds_brings_no_plugin(tmp_path, monkeypatch):
    from trunkline.registry import Registry

    for copy, points in (("new", ""), ("old", "[trunkline.providers]\nshadowed = tl_no_such_module\n")):
        info = tmp_path / copy / "tl_shadowed-1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Name: tl-shadowed\nVersion: {copy}\n")
        (info / "entry_points.txt").write_text(points)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "new"), str(tmp_path / "old"), *sys.path])
    assert [problem for problem in Registry.discover().problems() if problem.entry_point == "shadowed"] == []


def test_a_distribution_without_a_name_is_called_by_its_module(tmp_path, monkeypatch):
    from trunkline.registry import Registry

    info = tmp_path / "nameless.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[trunkline.providers]\nnameless = tl_nameless.plugin\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (found,) = [problem for problem in Registry.discover().problems() if problem.entry_point == "nameless"]
    assert (found.plugin, found.version) == ("tl_nameless", "")


def test_plugin_objects_and_classes_are_taken_as_they_are(acme):
    from trunkline.registry import Registry

    assert list(Registry.of(acme).plugins) == ["acme"]
    assert list(Registry.of(acme()).plugins) == ["acme"]
