"""The shelf of wrong plugins: an honest one with one small lie each, and the check that has to catch it.

A file `ABOUT/NAME.diff` tells the lie in a sentence, names the check, and shows the lie itself: what it changes in the
honest plugin, which is the template with its defaults, or, for what only SIP can show, the plugin of a trunk. It may
name checks besides that have to let it pass; a plugin that only looks wrong names no other.
"""

from __future__ import annotations

import importlib
import random
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any
from unittest import mock

import attrs

from trunkline.hookspec import PROVIDERS
from trunkline_conformance.check import About, Check, Finding
from trunkline_conformance.checks import BY_ID as BY_CHECK
from trunkline_conformance.checks import CHECKS
from trunkline_conformance.conversation import Run
from trunkline_conformance.exemptions import read
from trunkline_conformance.fault_pass import FaultPass
from trunkline_conformance.faults import Case, FaultRun
from trunkline_conformance.new_provider import write_provider
from trunkline_conformance.replaying import Library, called_for, library, replay
from trunkline_conformance.scenarios import BY_ID
from trunkline_conformance.simulated import simulation_of
from trunkline_conformance.simulated.acme import AcmeAccount
from trunkline_conformance.subject import Subject, subject_of

SHELF = Path(__file__).parent
ROOT = SHELF.parents[1]
ACME, TRUNK = "trunkline_acme", "trunkline_manual"
"""The packages of the honest plugins."""


class NoSuchPlace(LookupError):
    """What a lie changes does not stand in the honest plugin, or more than once."""


@attrs.frozen
class Change:
    """Lines of one file, and what stands in their place."""

    file: str
    before: str
    after: str

    def make(self, project: Path) -> None:
        """Change the file, or make it where nothing stood before; raises `NoSuchPlace`."""
        path = project / self.file
        text = path.read_text("utf-8") if self.before else ""
        if text.count(self.before) != 1:
            raise NoSuchPlace(f"{self.file} holds {text.count(self.before)} times:\n{self.before}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(self.before, self.after), "utf-8")


@attrs.frozen
class WrongPlugin:
    """One lie: what it is, which check has to catch it, and where the honest plugin is changed.

    It is caught in one scenario, or, by a check of the law under faults, in one case; some checks look at neither.
    `passed_by` are checks that have nothing against it; where none catches it, it is no lie.
    """

    name: str
    story: str
    caught_by: str | None
    passed_by: tuple[str, ...]
    scenario: str | None
    case: Case | None
    changes: tuple[Change, ...]

    @property
    def package(self) -> str:
        """That of the honest plugin that it differs from."""
        return TRUNK if any(change.file.startswith(f"src/{TRUNK}/") for change in self.changes) else ACME

    @property
    def named(self) -> str:
        """The check that it is on the shelf for."""
        return self.caught_by or self.passed_by[0]


def wrong_plugins(shelf: Path = SHELF) -> tuple[WrongPlugin, ...]:
    """Every wrong plugin on the shelf, by name."""
    return tuple(_read(path, shelf) for path in sorted(shelf.rglob("*.diff")))


_WHERE = re.compile(
    r"(?P<verdict>caught|passed) by: (?P<check>[^\s,]+)(?: in (?P<scenario>[^\s,]+))?"
    r"(?:, (?P<fault>\S+) at (?P<at>\d+)(?P<lasting> and on)?(?: in field (?P<field>\d+))?)?"
    r"(?:\npassed by: (?P<passed>.+))?"
)


def _read(path: Path, shelf: Path) -> WrongPlugin:
    head, *files = path.read_text("utf-8").split("\n--- ")
    story, _, said = head.strip().partition("\n\n")
    where = _WHERE.fullmatch(said)
    if where is None:
        raise ValueError(f"{path}: not a check, a scenario and a fault: {said!r}")
    scenario, fault = where["scenario"], where["fault"]
    case = Case(scenario, int(where["at"]), fault, bool(where["lasting"]), int(where["field"] or 0)) if fault else None
    caught = where["check"] if where["verdict"] == "caught" else None
    passed = (where["passed"] or "").split(", ") if caught else [where["check"]]
    return WrongPlugin(
        path.relative_to(shelf).with_suffix("").as_posix(),
        story,
        caught,
        tuple(filter(None, passed)),
        scenario,
        case,
        tuple(each for file in files for each in _changes(file)),
    )


def _changes(diff: str) -> Iterator[Change]:
    """The places that one file is changed in; where they stand is told by their lines alone, so that they may move."""
    names, *places = re.split(r"\n@@.*@@", diff.rstrip("\n"))
    file = names.splitlines()[1].removeprefix("+++ b/")
    for place in places:
        lines = place.splitlines()[1:]
        before, after = (
            "".join(f"{line[1:]}\n" for line in lines if not line or line[0] in kept) for kept in (" -", " +")
        )
        yield Change(file, before, after)


def scenarios_of(subject: Subject) -> list[str]:
    """The scenarios that a plugin is gone through."""
    return [scenario.id for scenario in called_for(subject)]


def cases_of(lies: Iterable[WrongPlugin], package: str = ACME) -> list[Case]:
    """Every case that is on the shelf for plugins that differ from this one."""
    return [lie.case for lie in lies if lie.case and lie.package == package]


# A plugin before the checks


@attrs.frozen(eq=False)
class Seen:
    """What the checks are shown of one plugin: itself, its recordings, and its way through scenarios and faults."""

    library: Library
    runs: Mapping[str, Run]
    struck: tuple[FaultRun, ...]

    @classmethod
    def of(cls, subject: Subject, folder: Path, scenarios: Iterable[str], cases: Iterable[Case]) -> Seen:
        """Go through these scenarios, and these cases."""
        found, rng = library(subject, folder, read(folder, CHECKS).without), random.Random(7)
        runs = {id: replay(subject, BY_ID[id], found.cassettes[id], rng) for id in scenarios if id in found.cassettes}
        # Acme's simulation is not published.
        simulation = AcmeAccount if subject.id == "acme" else simulation_of(subject.id)
        fault_pass = FaultPass(found, runs, CHECKS, rng, simulation)
        return cls(found, runs, tuple(seen for case in cases for seen in fault_pass.struck(case)))

    def findings(self, check: Check) -> Iterator[Finding]:
        """What one check finds."""
        return (finding for each in self._shown_to(check) for finding in check.judge(each))

    def _shown_to(self, check: Check) -> Sequence[object]:
        match check.about:
            case About.PLUGIN:
                return [self.library.subject]
            case About.CASSETTES:
                return [self.library]
            case About.FAULTS:
                return self.struck
        return [run for id, run in self.runs.items() if check.looks_at(id)]

    def passes(self, check: Check) -> bool:
        """Whether the check finds something to look at, and all of it right."""
        found = False
        for finding in self.findings(check):
            if not finding.right:
                return False
            found = True
        return found

    def is_caught_by(self, check: Check) -> bool:
        """Whether the check finds something wrong, and not merely nothing to look at."""
        return any(not finding.right for finding in self.findings(check))


@attrs.frozen
class Shelf:
    """The wrong plugins beside the honest ones, in a folder of their own."""

    folder: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Shelf:
        """The honest plugins put there, and imported once, so that their copies need not be compiled anew."""
        shelf = cls(folder)
        write_provider(shelf.honest_project(ACME), {})
        shutil.copytree(ROOT / "plugins/manual", shelf.honest_project(TRUNK))
        shutil.copytree(ROOT / "cassettes/manual", _cassettes(shelf.honest_project(TRUNK)))
        for package in (ACME, TRUNK):
            with _imported(shelf.honest_project(package)):
                pass
        return shelf

    def honest_project(self, package: str) -> Path:
        """Where the honest plugin of this package is."""
        return self.folder / "honest" / package

    @contextmanager
    def honest(self, cases: Iterable[Case] = (), package: str = ACME) -> Iterator[Seen]:
        """An honest plugin, in every scenario, and in these cases."""
        project = self.honest_project(package)
        with _imported(project) as subject:
            yield Seen.of(subject, _cassettes(project), scenarios_of(subject), cases)

    @contextmanager
    def wrong(self, lie: WrongPlugin) -> Iterator[Seen]:
        """A wrong plugin, where it has to be caught; in a case that is struck on the simulated carrier, there alone."""
        honest = self.honest_project(lie.package)
        project = tell(lie, honest, self.folder / "wrong")
        # What a plugin does when it is imported is looked at in another process, and must not happen in this one.
        safe = honest if lie.named.startswith("installing/") else project
        folder = _cassettes(project if _cassettes(project).exists() else honest)
        with _imported(safe) as subject, _findable(project):
            seen = Seen.of(subject, folder, filter(None, [lie.scenario]), filter(None, [lie.case]))
            yield attrs.evolve(seen, struck=seen.struck[-1:])


def tell(lie: WrongPlugin, honest: Path, folder: Path) -> Path:
    """A copy of the honest plugin's project that tells this lie; with its recordings only where it changes them."""
    whole = any((honest / change.file).is_relative_to(_cassettes(honest)) for change in lie.changes)
    ignored = () if whole else ("cassettes", "records")
    project = folder / lie.name
    shutil.copytree(honest, project, ignore=shutil.ignore_patterns(*ignored), dirs_exist_ok=True)
    for change in lie.changes:
        change.make(project)
    return project


@contextmanager
def _imported(project: Path) -> Iterator[Subject]:
    """The plugin of a project, found by its entry point for as long as the block runs."""
    package = _package(project)
    before = _taken_out(package)
    with _findable(project):
        (point,) = Distribution.at(_recorded(project)).entry_points
        try:
            yield subject_of(point.load(), point=point)
        finally:
            _taken_out(package)
            sys.modules.update(before)


@contextmanager
def _findable(project: Path) -> Iterator[None]:
    """The project's package and its distribution are found before all others."""
    places = [str(project / "src"), str(_recorded(project).parent)]
    with mock.patch.object(sys, "path", [*places, *sys.path]):
        importlib.invalidate_caches()
        yield


def _recorded(project: Path) -> Path:
    """What an installer records of a project: its name, what it requires, its entry point."""
    folder = project / "records" / f"{_package(project)}-0.1.0.dist-info"
    if not folder.exists():
        folder.mkdir(parents=True)
        said = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
        requires = "".join(f"Requires-Dist: {each}\n" for each in said["dependencies"])
        about = f"Metadata-Version: 2.3\nName: {said['name']}\nVersion: {said['version']}\n{requires}"
        (folder / "METADATA").write_text(about, "utf-8")
        points = "".join(f"{name} = {value}\n" for name, value in said["entry-points"][PROVIDERS].items())
        (folder / "entry_points.txt").write_text(f"[{PROVIDERS}]\n{points}", "utf-8")
    return folder


def _package(project: Path) -> str:
    (package,) = (project / "src").iterdir()
    return package.name


def _cassettes(project: Path) -> Path:
    return project / "src" / _package(project) / "cassettes"


def _taken_out(package: str) -> dict[str, Any]:
    names = [name for name in sys.modules if name.partition(".")[0] == package]
    return {name: sys.modules.pop(name) for name in names}


# The matrix


def main() -> None:
    """Print for each wrong plugin whether the check that names it catches it, and which others do in the same place."""
    away = 0
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf.in_folder(Path(folder))
        for lie in wrong_plugins():
            with shelf.wrong(lie) as seen:
                named = BY_CHECK[lie.named]
                caught = [each.id for each in CHECKS if each.about is named.about and seen.is_caught_by(each)]
            right = (lie.caught_by is None or lie.caught_by in caught) and not set(lie.passed_by).intersection(caught)
            away += not right
            said = ("caught" if lie.caught_by else "passed") if right else "GOT AWAY"
            print(f"{lie.name:<40} {said:<9} {named.id:<42} {', '.join({*caught} - {named.id})}", flush=True)
    print(f"{len(wrong_plugins())} plugins, {away} got away")
    raise SystemExit(bool(away))


if __name__ == "__main__":
    main()
